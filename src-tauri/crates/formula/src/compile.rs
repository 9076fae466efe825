//! From text to a tree that can be calculated: limits, parsing, and the parser's complaints in an engineer's words.

use std::fmt;
use std::sync::Arc;

use cel::common::ast::{Expr, IdedExpr};
use cel::{Env, ParseErrors};
use model::TagIndex;

use crate::constant::Constant;
use crate::lower::lower;
use crate::{CompileError, LENGTH_AT_MOST, functions};

/// How deep brackets and choices may nest. The parser works recursively and needs some ten kilobytes of stack for each
/// level; built without any optimisation it needs more than a hundred, which is why the workspace has no such profile.
const NESTING_AT_MOST: u16 = 24;

/// How deep the tree may be. The interpreter works recursively, and a sum of a hundred tags is a hundred levels deep.
const DEPTH_AT_MOST: usize = 200;

/// A formula ready to be calculated.
pub struct Compiled {
    pub text: Arc<str>,
    pub inputs: Vec<TagIndex>,
    pub constants: Vec<Constant>,
    pub tree: IdedExpr,
    pub env: Arc<Env>,
}

/// A complaint without its place.
pub struct Complaint {
    pub message: String,
    pub remedy: String,
}

impl Complaint {
    /// From both parts.
    pub fn new(message: impl fmt::Display, remedy: impl fmt::Display) -> Self {
        Self { message: message.to_string(), remedy: remedy.to_string() }
    }

    /// With the place where it is, counted in characters from 1.
    pub fn at(self, character: Option<usize>) -> CompileError {
        let message = match character {
            Some(character) => format!("{}, at character {character}", self.message),
            None => self.message,
        };
        CompileError { message, remedy: self.remedy, character, unknown_tag: None }
    }
}

impl Compiled {
    /// Compiles a text.
    pub fn new(text: &str, resolve: &dyn Fn(&str) -> Option<TagIndex>) -> Result<Compiled, CompileError> {
        check_size(text)?;
        let env = functions::environment()
            .map_err(|error| Complaint::new(error, "report this: the formula language itself is at fault").at(None))?;
        let parser = env.parser().max_recursion_depth(NESTING_AT_MOST);
        let (tree, source) = parser.parse_with_source_info(text).map_err(|errors| explain(text, &errors))?;
        if depth(&tree) > DEPTH_AT_MOST {
            return Err(too_deep().at(None));
        }
        let lowered = lower(&tree, &source, resolve)?;
        Ok(Compiled {
            text: text.into(),
            inputs: lowered.inputs,
            constants: lowered.constants,
            tree: lowered.tree,
            env: Arc::new(env),
        })
    }
}

fn check_size(text: &str) -> Result<(), CompileError> {
    let length = text.chars().count();
    if length > LENGTH_AT_MOST {
        let message = format!("the formula has {length} characters; {LENGTH_AT_MOST} is the most");
        return Err(Complaint::new(message, "split it into several calculated tags").at(None));
    }
    if text.trim().is_empty() {
        return Err(Complaint::new("the formula is empty", "write an expression such as `speed > 100`").at(None));
    }
    Ok(())
}

fn too_deep() -> Complaint {
    Complaint::new("the formula is nested too deeply", "split it into several calculated tags")
}

/// How deep a tree is, without recursion: it is not known yet whether recursion is safe.
fn depth(root: &IdedExpr) -> usize {
    let mut deepest = 0;
    let mut waiting = vec![(root, 1)];
    while let Some((expr, level)) = waiting.pop() {
        deepest = deepest.max(level);
        match &expr.expr {
            Expr::Call(call) => waiting.extend(call.args.iter().chain(call.target.as_deref()).map(|x| (x, level + 1))),
            Expr::List(list) => waiting.extend(list.elements.iter().map(|x| (x, level + 1))),
            Expr::Select(select) => waiting.push((&select.operand, level + 1)),
            // Refused as they stand, whatever they hold.
            Expr::Comprehension(_) | Expr::Map(_) | Expr::Struct(_) => {}
            Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        }
    }
    deepest
}

/// The parser's first complaint, in other words.
fn explain(text: &str, errors: &ParseErrors) -> CompileError {
    let Some(first) = errors.errors.first() else {
        return Complaint::new("the formula cannot be read", GENERAL).at(None);
    };
    complaint(&first.msg).at(character(text, first.pos))
}

const GENERAL: &str = "write an expression such as `speed > 100 && running`";

fn complaint(said: &str) -> Complaint {
    if said.contains("Recursion limit") {
        return too_deep();
    }
    if let Some(word) = said.strip_prefix("reserved identifier: ") {
        return Complaint::new(
            format!("`{word}` is a word of the formula language"),
            format!("for a choice write `condition ? a : b`; for a tag of this name write `tag(\"{word}\")`"),
        );
    }
    if said.starts_with("invalid") && said.contains("literal") {
        return Complaint::new(
            "a number or a text is not written correctly",
            "numbers have at most 64 bits; texts close with the quote that opened them",
        );
    }
    if said.contains("'<EOF>'") {
        return Complaint::new("the formula ends too early", "complete it: an operand or a closing bracket is missing");
    }
    match quoted(said) {
        Some(found) if found.starts_with(['"', '\'']) => {
            Complaint::new("a text is not closed or not written correctly", "close it with the quote that opened it")
        }
        Some("=") => Complaint::new("`=` is not an operator", "compare with `==`"),
        Some("&" | "|") => Complaint::new("a single `&` or `|` is not an operator", "write `&&` for and, `||` for or"),
        Some(found) => Complaint::new(format!("`{}` is not expected here", shortened(found)), GENERAL),
        None => Complaint::new("the formula cannot be read", GENERAL),
    }
}

/// What stands between the first single quote and the next one that ends a word.
fn quoted(said: &str) -> Option<&str> {
    let rest = &said[said.find('\'')? + 1..];
    let end = rest.find("' expecting").or_else(|| rest.rfind('\''))?;
    Some(rest[..end].trim())
}

fn shortened(found: &str) -> String {
    const SHOWN: usize = 40;
    if found.chars().count() <= SHOWN { found.to_owned() } else { found.chars().take(SHOWN).chain(['…']).collect() }
}

/// The place of a line and a column, both counted from 1, in the whole text.
fn character(text: &str, (line, column): (isize, isize)) -> Option<usize> {
    let (line, column) = (usize::try_from(line).ok()?.checked_sub(1)?, usize::try_from(column).ok()?);
    let before: usize = text.split_inclusive('\n').take(line).map(|line| line.chars().count()).sum();
    Some((before + column).max(1))
}
