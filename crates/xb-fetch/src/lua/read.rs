//! Statements: assignments, and what stands under conditions.

use std::collections::BTreeMap;

use super::token::{Lexer, Token};
use super::{LuaError, Table, Value};

/// How deep tables, brackets and blocks may nest.
pub(super) const DEEPEST: u32 = 100;

const KEYWORDS: [&str; 19] = [
    "break", "do", "else", "elseif", "end", "for", "function", "goto", "if", "in", "local", "not", "repeat", "return",
    "then", "until", "while", "and", "or",
];

/// What a file assigns to names that are not local to it.
///
/// # Errors
/// When it has statements that are not followed, or is no Lua.
pub(crate) fn read(text: &str) -> Result<Table, LuaError> {
    let mut lexer = Lexer::new(text);
    let next = lexer.next()?;
    let line = lexer.line();
    let mut reader = Reader {
        lexer,
        next,
        line,
        taken: line,
        locals: vec![BTreeMap::new()],
        globals: Table::default(),
        effect: Effect::Full,
    };
    while reader.statement(0)? {}
    match reader.next {
        Token::End => Ok(reader.globals),
        // What a file returns is not asked for, and nothing comes behind it.
        _ if reader.is_at("return") => Ok(reader.globals),
        _ => Err(reader.wrong("ends what was not begun")),
    }
}

/// What assignments do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// What they say.
    Full,
    /// Perhaps what they say: nobody knows.
    Perhaps,
    /// Nothing.
    None,
}

pub(super) struct Reader<'t> {
    pub(super) lexer: Lexer<'t>,
    pub(super) next: Token,
    /// The line of the word that comes next.
    line: u32,
    /// The line of the word that was taken last.
    taken: u32,
    /// The local names of each block that is open, the innermost last.
    locals: Vec<BTreeMap<String, Value>>,
    globals: Table,
    effect: Effect,
}

impl Reader<'_> {
    /// Reads one statement, if the block has another one.
    fn statement(&mut self, depth: u32) -> Result<bool, LuaError> {
        if self.takes(";")? {
            return Ok(true);
        }
        let Token::Name(word) = &self.next else {
            return if self.next == Token::End { Ok(false) } else { Err(self.wrong("is not an assignment")) };
        };
        match word.as_str() {
            "return" | "end" | "else" | "elseif" => return Ok(false),
            "local" => {
                self.advance()?;
                self.local()?;
            }
            "do" => {
                self.advance()?;
                self.block(depth + 1)?;
                self.expect_word("end")?;
            }
            "if" => {
                self.advance()?;
                self.conditions(depth)?;
            }
            _ => self.assignment()?,
        }
        Ok(true)
    }

    /// The statements up to the word that ends them. Its local names end there, too.
    fn block(&mut self, depth: u32) -> Result<(), LuaError> {
        if depth > DEEPEST {
            return Err(self.wrong("nests too deeply"));
        }
        let effect = self.effect;
        self.locals.push(BTreeMap::new());
        while self.statement(depth)? {}
        self.locals.pop();
        self.effect = effect;
        Ok(())
    }

    /// The branches behind an `if`, of which at most one does something.
    fn conditions(&mut self, depth: u32) -> Result<(), LuaError> {
        let outer = self.effect;
        let mut rest = outer;
        loop {
            let condition = self.expression(0)?.truth();
            self.expect_word("then")?;
            (self.effect, rest) = match (rest, condition) {
                (Effect::None, _) => (Effect::None, Effect::None),
                (rest, Some(true)) => (rest, Effect::None),
                (rest, Some(false)) => (Effect::None, rest),
                (_, None) => (Effect::Perhaps, Effect::Perhaps),
            };
            self.block(depth + 1)?;
            if self.takes_word("elseif")? {
                continue;
            }
            if self.takes_word("else")? {
                self.effect = rest;
                self.block(depth + 1)?;
            }
            self.effect = outer;
            return self.expect_word("end");
        }
    }

    fn local(&mut self) -> Result<(), LuaError> {
        let mut names = Vec::new();
        loop {
            names.push(self.name()?);
            if self.takes("<")? {
                self.name()?;
                self.expect(">")?;
            }
            if !self.takes(",")? {
                break;
            }
        }
        let values = if self.takes("=")? { self.values()? } else { Vec::new() };
        if names.iter().any(|name| name == "_ENV") {
            // Names in the rest of the block are those of another table.
            self.effect = Effect::None;
        }
        if let Some(locals) = self.locals.last_mut() {
            locals.extend(names.into_iter().zip(filled_up(values)));
        }
        Ok(())
    }

    fn assignment(&mut self) -> Result<(), LuaError> {
        let mut targets = vec![self.target()?];
        while self.takes(",")? {
            targets.push(self.target()?);
        }
        if !self.takes("=")? {
            return Err(self.wrong("is not an assignment"));
        }
        let values = self.values()?;
        for (target, value) in targets.into_iter().zip(filled_up(values)) {
            match (target, self.effect) {
                (Some(path), Effect::Full) => self.put(&path, value),
                (Some(path), Effect::Perhaps) => self.put(&path, Value::Unknown),
                (None, _) | (_, Effect::None) => {}
            }
        }
        Ok(())
    }

    /// What is assigned to: names, one in another; none where one of them is not known.
    fn target(&mut self) -> Result<Option<Vec<String>>, LuaError> {
        let mut path = Some(vec![self.name()?]);
        loop {
            let key = if self.takes(".")? {
                Some(self.name()?)
            } else if self.takes("[")? {
                let key = self.expression(0)?;
                self.expect("]")?;
                if let Value::Text(key) = key { Some(key) } else { None }
            } else {
                return Ok(path);
            };
            path = path.zip(key).map(|(mut path, key)| {
                path.push(key);
                path
            });
        }
    }

    /// What is put into something that is no table is forgotten, as LuaRocks would have failed there.
    fn put(&mut self, path: &[String], value: Value) {
        let [first, rest @ ..] = path else {
            return;
        };
        let local = self.locals.iter_mut().rev().find(|names| names.contains_key(first));
        let mut names = local.unwrap_or(&mut self.globals.fields);
        let mut name = first;
        for next in rest {
            let Some(Value::Table(table)) = names.get_mut(name) else {
                return;
            };
            (names, name) = (&mut table.fields, next);
        }
        names.insert(name.clone(), value);
    }

    /// What a name stands for.
    pub(super) fn find(&self, name: &str) -> Option<&Value> {
        let local = self.locals.iter().rev().find_map(|names| names.get(name));
        local.or_else(|| self.globals.fields.get(name))
    }

    fn values(&mut self) -> Result<Vec<Value>, LuaError> {
        let mut values = vec![self.expression(0)?];
        while self.takes(",")? {
            values.push(self.expression(0)?);
        }
        Ok(values)
    }

    pub(super) fn name(&mut self) -> Result<String, LuaError> {
        match self.advance()? {
            Token::Name(word) if KEYWORDS.contains(&word.as_str()) => Err(self.keyword(&word)),
            Token::Name(word) => Ok(word),
            _ => Err(self.wrong("lacks a name")),
        }
    }

    pub(super) fn takes(&mut self, sign: &str) -> Result<bool, LuaError> {
        let is_it = matches!(&self.next, Token::Sign(next) if *next == sign);
        if is_it {
            self.advance()?;
        }
        Ok(is_it)
    }

    pub(super) fn takes_word(&mut self, word: &str) -> Result<bool, LuaError> {
        let is_it = self.is_at(word);
        if is_it {
            self.advance()?;
        }
        Ok(is_it)
    }

    fn is_at(&self, word: &str) -> bool {
        matches!(&self.next, Token::Name(next) if next == word)
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<(), LuaError> {
        match self.takes(sign)? {
            true => Ok(()),
            false => Err(self.wrong(format!("lacks `{sign}`"))),
        }
    }

    fn expect_word(&mut self, word: &str) -> Result<(), LuaError> {
        match self.takes_word(word)? {
            true => Ok(()),
            false => Err(self.wrong(format!("lacks `{word}`"))),
        }
    }

    pub(super) fn advance(&mut self) -> Result<Token, LuaError> {
        let next = self.lexer.next()?;
        self.taken = std::mem::replace(&mut self.line, self.lexer.line());
        Ok(std::mem::replace(&mut self.next, next))
    }

    /// Whether no name can be this word.
    pub(super) fn is_keyword(word: &str) -> bool {
        KEYWORDS.contains(&word)
    }

    /// A keyword that was taken, and begins what is not followed.
    pub(super) fn keyword(&self, word: &str) -> LuaError {
        LuaError::new(self.taken, format!("has `{word}`, which xb does not follow"))
    }

    pub(super) fn wrong(&self, reason: impl Into<String>) -> LuaError {
        LuaError::new(self.line, reason)
    }
}

/// Names without a value are `nil`; what a call would have given for them nobody knows.
fn filled_up(values: Vec<Value>) -> impl Iterator<Item = Value> {
    let rest = if values.last() == Some(&Value::Unknown) { Value::Unknown } else { Value::Nil };
    values.into_iter().chain(std::iter::repeat(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str, path: &str) -> Value {
        let table = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut value = Value::Table(table);
        for name in path.split('.') {
            value = match value {
                Value::Table(mut table) => table.fields.remove(name).unwrap_or(Value::Nil),
                other => panic!("{text}: {other:?} at {name}"),
            };
        }
        value
    }

    fn is(text: &str, path: &str, expected: &str) {
        assert_eq!(field(text, path), Value::Text(expected.to_owned()), "{text}");
    }

    #[test]
    fn what_rockspecs_are_made_of_is_followed() {
        is("source = { url = \"a\", dir = 'b'; }", "source.dir", "b");
        is("local v <const>, r = '1.0', '-1'\nversion = v .. r", "version", "1.0-1");
        is("local v = '1'\nsource = { url = ('x/%s-%d%%'):format(v, 2) }", "source.url", "x/1-2%");
        is("package = 'p' source = { ['url'] = package .. [[/x]] }", "source.url", "p/x");
        is("source = {}\nsource.dir = 'd'\nsource['dir'] = source.dir .. 'e'", "source.dir", "de");
        is("a, b = 'x', 'y'", "b", "y");
        is("build = { 'x', n = 1.5, f = #a + -2 ^ 3, g = not h.i[1](2):j 'k' {} } z = 'l'", "z", "l");
        is("x = 'y' return { x = 1 }", "x", "y");
        is("local r = 12 x = 'a' .. r", "x", "a12");
    }

    #[test]
    fn branches_are_taken_as_their_conditions_say() {
        let release = "local v = '1.0' x = 'a' .. v\nif v == 'git' then d[#d + 1] = 'l' x = 'b' end";
        is(release, "x", "a1.0");
        is(&release.replace("'1.0'", "'git'"), "x", "b");
        let chain = "if v == '1' then x = 'a' elseif v == '2' or v == '3' then x = 'b' else x = 'c' end";
        for (version, expected) in [("1", "a"), ("2", "b"), ("3", "b"), ("4", "c")] {
            is(&format!("v = '{version}' x = '' {chain}"), "x", expected);
        }
        assert_eq!(field(&format!("v = f() x = 'z' {chain}"), "x"), Value::Unknown);
        is("x = 'a' do local x = 'b' x = 'c' end", "x", "a");
        is("p = 'q' x = 'a' do local _ENV = { p = nil } if p then x = 'b' end x = 'c' end", "x", "a");
        is("x = 'a' if false then if y then x = 'b' end else z = x end", "z", "a");
    }

    #[test]
    fn what_only_running_would_tell_is_not_known() {
        for text in [
            "x = y",
            "x = 'a' .. y",
            "x = f('a')",
            "x = ('a'):upper()",
            "x = ('%x'):format('a')",
            "x = ('%s'):format()",
            "x = 1.10",
            "x = 010",
            "x = 'a' < 'b'",
            "t = {} x = t",
            "a, x = f()",
            "x = 'a' if y then x = 'b' end",
        ] {
            assert_eq!(field(text, "x"), Value::Unknown, "{text}");
        }
        assert_eq!(field("local x = 'a'", "x"), Value::Nil);
        assert_eq!(field("x = {} y = x y.z = 'a'", "x.z"), Value::Nil);
    }

    #[test]
    fn what_is_not_followed_is_told_with_its_line() {
        for (text, line) in [
            ("x = 1\nfor i = 1, 9 do\nend", 2),
            ("f()", 1),
            ("\n\nx = function() end", 3),
            ("local function f() end", 1),
            ("x =", 1),
            ("x = {", 1),
            ("x = (1", 1),
            ("x = 'a", 1),
            ("= 1", 1),
            ("x.1 = 2", 1),
            ("x = y:z", 1),
            ("if x then\n", 2),
            ("if x then\nreturn end", 2),
            ("x = 1\nend", 2),
            ("else", 1),
        ] {
            let found = read(text).map_err(|error| error.line);
            assert_eq!(found, Err(line), "{text}");
        }
    }

    #[test]
    fn hostile_texts_come_to_an_end() {
        for part in ["{", "(", "x = (", "a[", "f(", "x = {{", "not ", "- ", "a.", "[[", "--[=[", "x = {y = "] {
            assert!(read(&format!("x = {}", part.repeat(100_000))).is_err(), "{part}");
        }
        for part in ["do ", "if x then ", "if x then else "] {
            assert!(read(&part.repeat(100_000)).is_err(), "{part}");
        }
        let doubled = format!("x = 'aaaaaaaa'\n{}", "x = x .. x\n".repeat(20_000));
        assert_eq!(field(&doubled, "x"), Value::Unknown);
        let nested = format!("x = {{}}\n{}", "y = { x }\nx = { y }\n".repeat(20_000));
        read(&nested).unwrap();
        let named = format!("x = [[{}]]\n{}", "a".repeat(1 << 20), "y = { x }\n".repeat(100_000));
        read(&named).unwrap();
        let filled = format!("x = ('%s'):format('a')\n{}", "x = ('%s%s'):format(x, x)\n".repeat(20_000));
        assert_eq!(field(&filled, "x"), Value::Unknown);
    }
}
