//! `xb repl`: expressions, evaluated as they are typed; `let`, `use` and `package` define names that stay.
//!
//! What comes from a pipe or a file, or by a terminal that lines cannot be edited on, is answered in the same way,
//! without a prompt.

mod cursor;

use reedline::{
    Completer, CompletionResult, DefaultHinter, DefaultPrompt, DefaultPromptSegment, EditCommand, Emacs,
    FileBackedHistory, KeyCode, KeyModifiers, Reedline, ReedlineEvent, ReedlineMenu, Signal, Span, Suggestion,
    ValidationResult, Validator, default_emacs_keybindings,
};
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use etcetera::BaseStrategy;
use xb_core::{Diagnostic, RelPath};
use xb_eval::{Arena, Session};

use self::cursor::Asked;
use super::eval::place;
use crate::args::ReplArgs;
use crate::emission::limits;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_line, say};
use crate::project::ProjectWorld;
use crate::render;

/// How many inputs are remembered.
const HISTORY: usize = 2_000;

const HELP: &str =
    "expressions are evaluated, `let x = ...` and `use std { c }` define names; Tab completes, Ctrl-D ends";

/// Runs the command.
///
/// # Errors
/// When the file cannot be evaluated, or the terminal cannot be used; without a terminal, also when an input is wrong.
pub fn run(here: &Invocation, args: &ReplArgs) -> Result<(), Failure> {
    let (project, file) = place(here, args.file.as_deref())?;
    let world = ProjectWorld::new(&project.folder);
    let arena = Arena::new();
    let session = Session::new(&arena, &world, limits(&project.config.limits));
    if let Some(file) = &file {
        bring_in(&session, file)?;
    }
    if !(io::stdin().is_terminal() && io::stdout().is_terminal() && io::stderr().is_terminal()) {
        return answer_all(&session, io::stdin().lock())?.outcome();
    }
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let asked = if is_dumb { Asked::default() } else { cursor::ask().map_err(|error| unreadable(&error))? };
    if asked.has_answered {
        return converse(here, &session, &asked.typed);
    }
    if !here.is_quiet() {
        say("this terminal does not tell where its cursor is: lines are taken as they come, Ctrl-D ends");
    }
    let typed = asked.typed.as_slice();
    match asked.has_ended {
        true => answer_all(&session, typed)?.outcome(),
        false => answer_all(&session, BufReader::new(typed.chain(io::stdin().lock())))?.outcome(),
    }
}

/// Reads and answers on a terminal, after what was typed before it was ready.
fn converse(here: &Invocation, session: &Session<'_>, typed: &[u8]) -> Result<(), Failure> {
    let typed = String::from_utf8_lossy(typed);
    let (lines, begun) = typed.split_at(typed.rfind('\n').map_or(0, |end| end + 1));
    if !here.is_quiet() {
        say(HELP);
    }
    if answer_all(session, lines.as_bytes())?.was_told_to_end {
        return Ok(());
    }
    let names = Arc::new(Mutex::new(names_now(session)));
    let mut editor = editor(&names)?;
    editor.run_edit_commands(&[EditCommand::InsertString(begun.to_owned())]);
    let prompt = DefaultPrompt::new(DefaultPromptSegment::Basic("xb".to_owned()), DefaultPromptSegment::Empty);
    loop {
        match editor.read_line(&prompt).map_err(|error| unreadable(&error))? {
            Signal::Success(line) => match Order::of(&line) {
                Some(Order::End) => return Ok(()),
                Some(Order::Help) => say(HELP),
                None => {
                    answer(session, &line)?;
                    *names.lock().unwrap_or_else(PoisonError::into_inner) = names_now(session);
                }
            },
            Signal::CtrlD => return Ok(()),
            _ => {}
        }
    }
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::environment(format!("cannot read from the terminal: {error}"))
}

/// What is no expression, but about the conversation.
enum Order {
    Help,
    End,
}

impl Order {
    fn of(line: &str) -> Option<Self> {
        match line.trim() {
            "quit" | "exit" | ":quit" | ":exit" | ":q" => Some(Self::End),
            "help" | ":help" | ":h" | "?" => Some(Self::Help),
            _ => None,
        }
    }
}

/// Makes the names that a file defines known.
fn bring_in(session: &Session<'_>, file: &RelPath) -> Result<(), Failure> {
    let told = |diagnostics: Vec<Diagnostic>| Failure::findings(session.sources(), diagnostics);
    let value = session.eval_file(file).map_err(told)?;
    let names = session.fields(value);
    if !names.is_empty() {
        let text = format!("use \"./{file}\" {{ {} }}", names.join(", "));
        session.eval_text("<file>", &text).map_err(told)?;
    }
    Ok(())
}

/// What can be completed: the names in scope, and the functions of the language by their full names.
fn names_now(session: &Session<'_>) -> Vec<String> {
    let functions = xb_eval::NAMESPACES.iter().flat_map(|space| space.table).map(|builtin| builtin.path.to_owned());
    let mut names: Vec<_> = session.names().into_iter().chain(functions).collect();
    names.sort_unstable();
    names
}

/// How answering a text ended.
struct Answered {
    all_good: bool,
    was_told_to_end: bool,
}

impl Answered {
    fn outcome(&self) -> Result<(), Failure> {
        if self.all_good { Ok(()) } else { Err(Failure::already_told()) }
    }
}

/// Answers every input of a text, and goes on after one that is wrong.
fn answer_all(session: &Session<'_>, from: impl BufRead) -> Result<Answered, Failure> {
    let mut all_good = true;
    let mut input = String::new();
    for line in from.lines() {
        let line = line.map_err(|error| Failure::environment(format!("cannot read the input: {error}")))?;
        match Order::of(&line).filter(|_| input.is_empty()) {
            Some(Order::End) => return Ok(Answered { all_good, was_told_to_end: true }),
            Some(Order::Help) => {
                say(HELP);
                continue;
            }
            None => input += &line,
        }
        input.push('\n');
        if matches!(Whole.validate(&input), ValidationResult::Complete) {
            all_good &= answer(session, &std::mem::take(&mut input))?;
        }
    }
    all_good &= answer(session, &input)?;
    Ok(Answered { all_good, was_told_to_end: false })
}

/// Prints what an input gives; whether it gave something.
fn answer(session: &Session<'_>, line: &str) -> Result<bool, Failure> {
    let printed =
        session.eval_text("<input>", line).and_then(|value| value.map(|value| session.print(value)).transpose());
    match printed {
        Ok(Some(text)) => print_line(text).map(|()| true),
        Ok(None) => Ok(true),
        Err(diagnostics) => {
            render::diagnostics(&session.sources(), &diagnostics);
            Ok(false)
        }
    }
}

fn editor(names: &Arc<Mutex<Vec<String>>>) -> Result<Reedline, Failure> {
    let mut keys = default_emacs_keybindings();
    let complete = vec![ReedlineEvent::Menu("completion".to_owned()), ReedlineEvent::MenuNext];
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, ReedlineEvent::UntilFound(complete));
    keys.add_binding(KeyModifiers::ALT, KeyCode::Enter, ReedlineEvent::Edit(vec![EditCommand::InsertNewline]));
    let menu = reedline::ColumnarMenu::default();
    let menu = reedline::MenuBuilder::with_name(menu, "completion");
    let mut editor = Reedline::create()
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_completer(Box::new(Names(Arc::clone(names))))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
        .with_validator(Box::new(Whole))
        .with_hinter(Box::new(DefaultHinter::default()));
    if let Some(path) = history_path() {
        let history = FileBackedHistory::with_file(HISTORY, path.clone())
            .map_err(|error| Failure::environment(format!("cannot use the history `{}`: {error}", path.display())))?;
        editor = editor.with_history(Box::new(history));
    }
    Ok(editor)
}

fn history_path() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    let folder = strategy.state_dir().unwrap_or_else(|| strategy.data_dir()).join("xb");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("repl-history"))
}

/// Completes names in scope.
struct Names(Arc<Mutex<Vec<String>>>);

impl Completer for Names {
    fn complete(&mut self, line: &str, position: usize) -> CompletionResult {
        CompletionResult::fresh(self.fitting(line, position))
    }
}

impl Names {
    fn fitting(&self, line: &str, position: usize) -> Vec<Suggestion> {
        let before = line.get(..position).unwrap_or(line);
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let start = before.len() - before.chars().rev().take_while(|c| word(*c)).map(char::len_utf8).sum::<usize>();
        let begun = &before[start..];
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = names.iter().filter(|name| !begun.is_empty() && name.starts_with(begun));
        fitting
            .map(|name| Suggestion { value: name.clone(), span: Span::new(start, position), ..Suggestion::default() })
            .collect()
    }
}

/// An input with open brackets goes on on the next line.
struct Whole;

impl Validator for Whole {
    fn validate(&self, line: &str) -> ValidationResult {
        let open = |bracket: char| line.matches(bracket).count();
        let closed = open('(') <= open(')') && open('[') <= open(']') && open('{') <= open('}');
        if closed && line.matches("\"\"\"").count().is_multiple_of(2) {
            ValidationResult::Complete
        } else {
            ValidationResult::Incomplete
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_from_where_the_word_begins() {
        let names = ["list", "list.map", "let_it"].map(str::to_owned).to_vec();
        let completer = Names(Arc::new(Mutex::new(names)));
        let values = |line: &str| {
            let found = completer.fitting(line, line.len());
            found.into_iter().map(|one| (one.value, one.span.start)).collect::<Vec<_>>()
        };
        assert_eq!(values("1 + list.m"), [("list.map".to_owned(), 4)]);
        assert_eq!(values("ü + li").len(), 2);
        assert!(values("1 + ").is_empty());
    }

    #[test]
    fn open_brackets_ask_for_more() {
        let whole = |line: &str| matches!(Whole.validate(line), ValidationResult::Complete);
        assert!(whole("{ a = 1 }") && whole("f(x)") && whole(")"));
        assert!(!whole("{ a = 1") && !whole("[1,") && !whole("\"\"\"x"));
    }
}
