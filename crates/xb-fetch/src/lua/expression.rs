//! Expressions, as far as they are known.

use super::read::{DEEPEST, Reader};
use super::token::Token;
use super::{LuaError, Table, Value};

/// What is made of strings is no longer than so many bytes; longer ones are not known.
const LONGEST_MADE: usize = 1024;

const COMPARING: [&str; 6] = ["==", "~=", "<", ">", "<=", ">="];

/// Which of them binds more tightly does not matter, as only `..` makes something that is known.
const OTHERS: [&str; 13] = ["..", "+", "-", "*", "/", "//", "%", "^", "&", "|", "~", "<<", ">>"];

impl Reader<'_> {
    pub(super) fn expression(&mut self, depth: u32) -> Result<Value, LuaError> {
        if depth > DEEPEST {
            return Err(self.wrong("nests too deeply"));
        }
        self.connected("or", true, depth, Self::conjunction)
    }

    fn conjunction(&mut self, depth: u32) -> Result<Value, LuaError> {
        self.connected("and", false, depth, Self::comparison)
    }

    /// Operands between which a word stands: the first whose truth settles it, or else the last.
    fn connected(
        &mut self,
        word: &str,
        settles: bool,
        depth: u32,
        operand: fn(&mut Self, u32) -> Result<Value, LuaError>,
    ) -> Result<Value, LuaError> {
        let mut value = operand(self, depth)?;
        while self.takes_word(word)? {
            let other = operand(self, depth)?;
            value = match value.truth() {
                Some(truth) if truth == settles => value,
                Some(_) => other,
                None => Value::Unknown,
            };
        }
        Ok(value)
    }

    fn comparison(&mut self, depth: u32) -> Result<Value, LuaError> {
        let mut value = self.joined(depth)?;
        while let Some(sign) = self.takes_one(&COMPARING)? {
            let other = self.joined(depth)?;
            value = match (sign, &value, &other) {
                (_, Value::Unknown | Value::Table(_), _) | (_, _, Value::Unknown | Value::Table(_)) => Value::Unknown,
                ("==", left, right) => Value::Truth(left == right),
                ("~=", left, right) => Value::Truth(left != right),
                _ => Value::Unknown,
            };
        }
        Ok(value)
    }

    fn joined(&mut self, depth: u32) -> Result<Value, LuaError> {
        let mut value = self.operand(depth)?;
        while let Some(sign) = self.takes_one(&OTHERS)? {
            let other = self.operand(depth)?;
            value = match (sign, value.joined(), other.joined()) {
                ("..", Some(left), Some(right)) => made(format!("{left}{right}")),
                _ => Value::Unknown,
            };
        }
        Ok(value)
    }

    fn takes_one(&mut self, signs: &[&'static str]) -> Result<Option<&'static str>, LuaError> {
        let Token::Sign(next) = self.next else {
            return Ok(None);
        };
        let found = signs.iter().copied().find(|sign| *sign == next);
        if found.is_some() {
            self.advance()?;
        }
        Ok(found)
    }

    fn operand(&mut self, depth: u32) -> Result<Value, LuaError> {
        let (mut is_changed, mut is_negated) = (false, None);
        loop {
            if self.takes_word("not")? {
                is_negated = Some(!is_negated.unwrap_or(false));
            } else if self.takes_one(&["-", "#", "~"])?.is_some() {
                is_changed = true;
            } else {
                break;
            }
        }
        let value = self.plain(depth)?;
        Ok(match (is_changed, is_negated, value.truth()) {
            (false, None, _) => value,
            (false, Some(negated), Some(truth)) => Value::Truth(truth != negated),
            _ => Value::Unknown,
        })
    }

    fn plain(&mut self, depth: u32) -> Result<Value, LuaError> {
        match self.advance()? {
            Token::Text(text) => Ok(Value::Text(text)),
            Token::Number(digits) => Ok(match digits.bytes().all(|byte| byte.is_ascii_digit()) {
                true if digits == "0" || !digits.starts_with('0') => Value::Number(digits),
                _ => Value::Unknown,
            }),
            Token::Sign("...") => Ok(Value::Unknown),
            Token::Sign("{") => Ok(Value::Table(self.table(depth + 1)?)),
            Token::Sign("(") => {
                let value = self.expression(depth + 1)?;
                self.expect(")")?;
                self.suffixes(value, depth)
            }
            Token::Name(word) => match word.as_str() {
                "nil" => Ok(Value::Nil),
                "true" => Ok(Value::Truth(true)),
                "false" => Ok(Value::Truth(false)),
                word if Self::is_keyword(word) => Err(self.keyword(word)),
                word => self.named(word, depth),
            },
            _ => Err(self.wrong("is not an expression")),
        }
    }

    /// A name, and what is in it by the names behind it. A table that another name stands for would be one and the same
    /// by both; so it is not known by the second.
    fn named(&mut self, word: &str, depth: u32) -> Result<Value, LuaError> {
        let mut path = Vec::new();
        while self.takes(".")? {
            path.push(self.name()?);
        }
        let found = path.iter().fold(self.find(word), |value, name| match value {
            Some(Value::Table(table)) => table.fields.get(name),
            _ => None,
        });
        let value = match found {
            Some(Value::Text(text) | Value::Number(text)) if text.len() > LONGEST_MADE => Value::Unknown,
            Some(Value::Table(_)) | None => Value::Unknown,
            Some(known) => known.clone(),
        };
        self.suffixes(value, depth)
    }

    /// What is done with a value: a call of `format` is followed, others and what is in it are not.
    fn suffixes(&mut self, mut value: Value, depth: u32) -> Result<Value, LuaError> {
        loop {
            if self.takes(".")? {
                self.name()?;
                value = Value::Unknown;
            } else if self.takes("[")? {
                self.expression(depth + 1)?;
                self.expect("]")?;
                value = Value::Unknown;
            } else if self.takes(":")? {
                let method = self.name()?;
                let arguments = self.arguments(depth)?;
                value = match (value, method.as_str(), arguments) {
                    (Value::Text(pattern), "format", Some(arguments)) => formatted(&pattern, &arguments),
                    (_, _, Some(_)) => Value::Unknown,
                    (_, _, None) => return Err(self.wrong("calls something without its arguments")),
                };
            } else if self.arguments(depth)?.is_some() {
                value = Value::Unknown;
            } else {
                return Ok(value);
            }
        }
    }

    /// The arguments of a call, if this is one.
    fn arguments(&mut self, depth: u32) -> Result<Option<Vec<Value>>, LuaError> {
        if let Token::Text(text) = &self.next {
            let text = text.clone();
            self.advance()?;
            return Ok(Some(vec![Value::Text(text)]));
        }
        if self.takes("{")? {
            return Ok(Some(vec![Value::Table(self.table(depth + 1)?)]));
        }
        if !self.takes("(")? {
            return Ok(None);
        }
        let mut arguments = Vec::new();
        while !self.takes(")")? {
            arguments.push(self.expression(depth + 1)?);
            if !self.takes(",")? {
                self.expect(")")?;
                break;
            }
        }
        Ok(Some(arguments))
    }

    /// A table, after its first bracket.
    fn table(&mut self, depth: u32) -> Result<Table, LuaError> {
        let mut table = Table::default();
        while !self.takes("}")? {
            self.entry(&mut table, depth)?;
            if !self.takes(",")? && !self.takes(";")? {
                self.expect("}")?;
                break;
            }
        }
        Ok(table)
    }

    fn entry(&mut self, table: &mut Table, depth: u32) -> Result<(), LuaError> {
        if self.takes("[")? {
            let key = self.expression(depth)?;
            self.expect("]")?;
            self.expect("=")?;
            let value = self.expression(depth)?;
            if let Value::Text(key) = key {
                table.fields.insert(key, value);
            }
            return Ok(());
        }
        if let Token::Name(_) = self.next
            && self.lexer.clone().next()? == Token::Sign("=")
        {
            let name = self.name()?;
            self.expect("=")?;
            let value = self.expression(depth)?;
            table.fields.insert(name, value);
            return Ok(());
        }
        let item = self.expression(depth)?;
        table.items.push(item);
        Ok(())
    }
}

fn made(text: String) -> Value {
    if text.len() > LONGEST_MADE { Value::Unknown } else { Value::Text(text) }
}

/// `string.format`, with `%s`, `%d` and `%%`.
fn formatted(pattern: &str, arguments: &[Value]) -> Value {
    let (mut text, mut arguments) = (String::new(), arguments.iter());
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        if text.len() > LONGEST_MADE {
            return Value::Unknown;
        }
        if sign != '%' {
            text.push(sign);
            continue;
        }
        match signs.next() {
            Some('%') => text.push('%'),
            Some('s' | 'd') => match arguments.next().and_then(Value::joined) {
                Some(argument) => text.push_str(argument),
                None => return Value::Unknown,
            },
            _ => return Value::Unknown,
        }
    }
    made(text)
}
