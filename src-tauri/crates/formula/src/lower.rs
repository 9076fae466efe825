//! Checks a parsed formula and puts tags and constants into its tree.
//!
//! What CEL knows and a formula does not is refused here by name. What is certain not to fit together, such as a text
//! and a number, is refused too; what a tag holds is only known when it is read.

use cel::common::ast::{CallExpr, Expr, IdedExpr, ListExpr, LiteralValue, SourceInfo, operators};
use cel::common::types::CelBool;
use model::TagIndex;

use crate::CompileError;
use crate::compile::Complaint;
use crate::constant::Constant;
use crate::evaluate::Name;
use crate::functions::{DECLARED, Declared, SAME, Style};
use crate::number::Number;
use crate::text::Text;

/// How many values a written list has at most.
const LIST_AT_MOST: usize = 100;

/// A checked formula.
pub struct Lowered {
    pub tree: IdedExpr,
    pub inputs: Vec<TagIndex>,
    pub constants: Vec<Constant>,
}

/// What an expression is known to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Truth,
    Text,
    /// A tag may hold anything.
    Any,
}

struct Lowering<'a> {
    source: &'a SourceInfo,
    resolve: &'a dyn Fn(&str) -> Option<TagIndex>,
    inputs: Vec<TagIndex>,
    constants: Vec<Constant>,
}

type Typed = Result<(IdedExpr, Kind), CompileError>;

/// Checks a tree that is not too deep for recursion.
pub fn lower(
    tree: &IdedExpr,
    source: &SourceInfo,
    resolve: &dyn Fn(&str) -> Option<TagIndex>,
) -> Result<Lowered, CompileError> {
    let mut lowering = Lowering { source, resolve, inputs: Vec::new(), constants: Vec::new() };
    let (tree, _) = lowering.any(tree)?;
    Ok(Lowered { tree, inputs: lowering.inputs, constants: lowering.constants })
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::Number => "a number",
            Kind::Truth => "true or false",
            Kind::Text => "a text",
            Kind::Any => "a tag",
        }
    }

    fn fits(self, wanted: Kind) -> bool {
        self == wanted || self == Kind::Any || wanted == Kind::Any
    }
}

impl Lowering<'_> {
    fn any(&mut self, expr: &IdedExpr) -> Typed {
        match &expr.expr {
            Expr::Ident(name) => Ok((self.input(expr, name)?, Kind::Any)),
            Expr::Literal(literal) => self.literal(expr, literal),
            Expr::Call(call) => self.call(expr, call),
            Expr::Select(select) => {
                let (name, path) = (dotted(expr), dotted(&select.operand));
                let message = match name {
                    Some(name) => format!("`{name}` is no tag"),
                    None => format!("`.{}` has no meaning here", select.field),
                };
                let example = path.map_or_else(|| "line/machine/speed".to_owned(), |path| path.replace('.', "/"));
                let remedy = format!("a tag of another machine is written `tag(\"{example}/{}\")`", select.field);
                Err(self.refuse(expr, message, remedy))
            }
            Expr::List(_) => {
                Err(self.refuse(expr, "a list stands only to the right of `in`", "write `x in [1, 2, 3]`"))
            }
            Expr::Map(_) | Expr::Struct(_) => {
                Err(self.refuse(expr, "formulas have no objects", "use tags, numbers, texts, true and false"))
            }
            Expr::Comprehension(_) => Err(self.no_loops(expr)),
            Expr::Unspecified => Err(self.refuse(expr, "something is missing here", "complete the expression")),
        }
    }

    fn refuse(&self, expr: &IdedExpr, message: impl std::fmt::Display, remedy: impl std::fmt::Display) -> CompileError {
        Complaint::new(message, remedy).at(self.place(expr))
    }

    fn no_loops(&self, expr: &IdedExpr) -> CompileError {
        self.refuse(expr, "formulas have no loops", "name each tag: `a > 5 || b > 5`")
    }

    /// Where an expression begins; an operator is where it stands.
    fn place(&self, expr: &IdedExpr) -> Option<usize> {
        let (start, _) = self.source.offset_for(expr.id)?;
        // The parser counts bytes here.
        let (before, rest) = self.source.source.split_at_checked(usize::try_from(start).ok()?)?;
        let start = before.chars().count();
        let name = match &expr.expr {
            // The parser places a call at its bracket.
            Expr::Call(call) if rest.starts_with('(') => call.func_name.chars().count(),
            _ => 0,
        };
        Some(start.saturating_sub(name) + 1)
    }

    fn wanted(&mut self, expr: &IdedExpr, wanted: Kind, user: &str) -> Result<IdedExpr, CompileError> {
        let (lowered, kind) = self.any(expr)?;
        if kind.fits(wanted) {
            return Ok(lowered);
        }
        let message = format!("{user} wants {}, and this is {}", wanted.words(), kind.words());
        let remedy = match (kind, wanted) {
            (Kind::Truth, Kind::Number) => "make a number of it: `(condition ? 1 : 0)`",
            (Kind::Number, Kind::Truth) => "compare it: `x > 0`",
            (Kind::Text, _) => "compare a text with `==`",
            (_, Kind::Text) => "write a text in quotes",
            (Kind::Any | Kind::Number | Kind::Truth, Kind::Any | Kind::Number | Kind::Truth) => "change the operand",
        };
        Err(self.refuse(expr, message, remedy))
    }

    fn input(&mut self, expr: &IdedExpr, name: &str) -> Result<IdedExpr, CompileError> {
        let at = self.slot(expr, name)?;
        Ok(named(expr, Name::Input(at)))
    }

    fn slot(&mut self, expr: &IdedExpr, name: &str) -> Result<usize, CompileError> {
        let Some(tag) = (self.resolve)(name) else {
            let remedy = "use the id of a tag of the same machine, or `tag(\"line/machine/id\")` for any other";
            let refused = self.refuse(expr, format!("unknown tag `{name}`"), remedy);
            return Err(CompileError { unknown_tag: Some(name.to_owned()), ..refused });
        };
        Ok(self.inputs.iter().position(|input| *input == tag).unwrap_or_else(|| {
            self.inputs.push(tag);
            self.inputs.len() - 1
        }))
    }

    fn literal(&mut self, expr: &IdedExpr, literal: &LiteralValue) -> Typed {
        let (constant, kind) = match literal {
            LiteralValue::Boolean(x) => (Some(Constant::Truth(CelBool::from(*x.inner()))), Kind::Truth),
            LiteralValue::Int(x) => (Number::int((*x.inner()).into()).map(Constant::Number), Kind::Number),
            LiteralValue::UInt(x) => (Number::int((*x.inner()).into()).map(Constant::Number), Kind::Number),
            LiteralValue::Double(x) => (Number::float(*x.inner()).map(Constant::Number), Kind::Number),
            LiteralValue::String(x) => (Some(Constant::Text(Text(x.inner().into()))), Kind::Text),
            LiteralValue::Bytes(_) => (None, Kind::Text),
            LiteralValue::Null => (None, Kind::Any),
        };
        let Some(constant) = constant else {
            return Err(self.refuse(
                expr,
                "this is no value of a tag",
                "use finite numbers, texts, true and false; `good(x)` says whether a tag has a value",
            ));
        };
        let at = self.constants.len();
        self.constants.push(constant);
        Ok((named(expr, Name::Constant(at)), kind))
    }

    fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Typed {
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            (operators::CONDITIONAL, None, [condition, yes, no]) => {
                let condition = self.wanted(condition, Kind::Truth, "the condition before `?`")?;
                let ((yes, yes_kind), (no, no_kind)) = (self.any(yes)?, self.any(no)?);
                let kind = if yes_kind == no_kind { yes_kind } else { Kind::Any };
                Ok((with_args(expr, call, vec![condition, yes, no]), kind))
            }
            (operators::LOGICAL_AND, None, args) => self.uniform(expr, call, args, "`&&`", [Kind::Truth, Kind::Truth]),
            (operators::LOGICAL_OR, None, args) => self.uniform(expr, call, args, "`||`", [Kind::Truth, Kind::Truth]),
            (operators::LOGICAL_NOT, None, args) => self.uniform(expr, call, args, "`!`", [Kind::Truth, Kind::Truth]),
            (operators::SUBSTRACT | operators::NEGATE, None, args) => {
                self.uniform(expr, call, args, "`-`", [Kind::Number, Kind::Number])
            }
            (operators::MULTIPLY, None, args) => self.uniform(expr, call, args, "`*`", [Kind::Number, Kind::Number]),
            (operators::DIVIDE, None, args) => self.uniform(expr, call, args, "`/`", [Kind::Number, Kind::Number]),
            (operators::MODULO, None, args) => self.uniform(expr, call, args, "`%`", [Kind::Number, Kind::Number]),
            (operators::ADD, None, [a, b]) => {
                let (args, kind) = self.pair(a, b, "`+`")?;
                Ok((with_args(expr, call, args), kind))
            }
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                None,
                [a, b],
            ) => {
                let (args, _) = self.pair(a, b, "the comparison")?;
                Ok((with_args(expr, call, args), Kind::Truth))
            }
            (operators::EQUALS, None, [a, b]) => Ok((self.same(expr, a, b)?, Kind::Truth)),
            (operators::NOT_EQUALS, None, [a, b]) => {
                let same = self.same(expr, a, b)?;
                let not = CallExpr { func_name: operators::LOGICAL_NOT.to_owned(), target: None, args: vec![same] };
                Ok((IdedExpr { id: expr.id, expr: Expr::Call(not) }, Kind::Truth))
            }
            (operators::IN, None, [value, list]) => Ok((self.contained(expr, call, value, list)?, Kind::Truth)),
            (operators::INDEX, None, _) => {
                Err(self.refuse(expr, "`[ ]` has no meaning here", "a list stands only to the right of `in`"))
            }
            ("tag", None, args) => Ok((self.tag(expr, args)?, Kind::Any)),
            ("good", None, args) => Ok((self.good(expr, args)?, Kind::Truth)),
            (name, target, args) => self.function(expr, call, name, target, args),
        }
    }

    /// An operator whose operands are all of one kind, and so is its result.
    fn uniform(
        &mut self,
        expr: &IdedExpr,
        call: &CallExpr,
        args: &[IdedExpr],
        user: &str,
        [of, gives]: [Kind; 2],
    ) -> Typed {
        let args = args.iter().map(|arg| self.wanted(arg, of, user)).collect::<Result<_, _>>()?;
        Ok((with_args(expr, call, args), gives))
    }

    /// Two numbers or two texts.
    fn pair(&mut self, a: &IdedExpr, b: &IdedExpr, user: &str) -> Result<(Vec<IdedExpr>, Kind), CompileError> {
        let (left, kind) = self.any(a)?;
        if kind == Kind::Truth {
            let message = format!("{user} wants numbers or texts, and this is true or false");
            return Err(self.refuse(a, message, "make a number of it: `(condition ? 1 : 0)`"));
        }
        if kind != Kind::Any {
            let right = self.wanted(b, kind, user)?;
            return Ok((vec![left, right], kind));
        }
        let (right, kind) = self.any(b)?;
        if kind == Kind::Truth {
            let message = format!("{user} wants numbers or texts, and this is true or false");
            return Err(self.refuse(b, message, "make a number of it: `(condition ? 1 : 0)`"));
        }
        Ok((vec![left, right], kind))
    }

    fn same(&mut self, expr: &IdedExpr, a: &IdedExpr, b: &IdedExpr) -> Result<IdedExpr, CompileError> {
        let ((left, left_kind), (right, right_kind)) = (self.any(a)?, self.any(b)?);
        self.comparable(expr, left_kind, right_kind)?;
        let call = CallExpr { func_name: SAME.to_owned(), target: None, args: vec![left, right] };
        Ok(IdedExpr { id: expr.id, expr: Expr::Call(call) })
    }

    fn comparable(&self, expr: &IdedExpr, a: Kind, b: Kind) -> Result<(), CompileError> {
        if (a == Kind::Text) == (b == Kind::Text) || a == Kind::Any || b == Kind::Any {
            return Ok(());
        }
        let message = format!("{} is never the same as {}", a.words(), b.words());
        Err(self.refuse(expr, message, "compare texts with texts and numbers with numbers"))
    }

    fn contained(
        &mut self,
        expr: &IdedExpr,
        call: &CallExpr,
        value: &IdedExpr,
        list: &IdedExpr,
    ) -> Result<IdedExpr, CompileError> {
        let (lowered, mut kind) = self.any(value)?;
        let Expr::List(ListExpr { elements, optional_indices: _ }) = &list.expr else {
            return Err(self.refuse(list, "`in` wants a written list", "write `x in [1, 2, 3]`"));
        };
        if elements.len() > LIST_AT_MOST {
            let message = format!("a list has at most {LIST_AT_MOST} values");
            return Err(self.refuse(list, message, "compare with a range: `x >= 1 && x <= 500`"));
        }
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            let (element, of) = self.any(element)?;
            self.comparable(&element, kind, of)?;
            kind = if kind == Kind::Any { of } else { kind };
            values.push(element);
        }
        let list = IdedExpr { id: list.id, expr: Expr::List(ListExpr::new(values)) };
        Ok(with_args(expr, call, vec![lowered, list]))
    }

    /// `tag("path")` anywhere in an expression.
    fn tag(&mut self, expr: &IdedExpr, args: &[IdedExpr]) -> Result<IdedExpr, CompileError> {
        let name = self.tag_name(expr, args)?;
        self.input(expr, &name)
    }

    fn tag_name(&self, expr: &IdedExpr, args: &[IdedExpr]) -> Result<String, CompileError> {
        match args {
            [IdedExpr { expr: Expr::Literal(LiteralValue::String(name)), .. }] => Ok(name.inner().to_owned()),
            _ => Err(self.refuse(
                expr,
                "`tag` wants one name in quotes",
                "write `tag(\"line/machine/id\")`: which tags a formula reads is fixed when the plant is read",
            )),
        }
    }

    /// `good(x)` and `good(tag("path"))`.
    fn good(&mut self, expr: &IdedExpr, args: &[IdedExpr]) -> Result<IdedExpr, CompileError> {
        let name = match args {
            [IdedExpr { expr: Expr::Ident(name), .. }] => name.clone(),
            [inner @ IdedExpr { expr: Expr::Call(call), .. }] if call.func_name == "tag" && call.target.is_none() => {
                self.tag_name(inner, &call.args)?
            }
            _ => return Err(self.refuse(expr, "`good` wants one tag", "write `good(speed)`")),
        };
        let at = self.slot(args.first().unwrap_or(expr), &name)?;
        Ok(named(expr, Name::Good(at)))
    }

    fn function(
        &mut self,
        expr: &IdedExpr,
        call: &CallExpr,
        name: &str,
        target: Option<&IdedExpr>,
        args: &[IdedExpr],
    ) -> Typed {
        let Some(declared) = DECLARED.iter().find(|declared| declared.name == name) else {
            return Err(match name {
                "all" | "exists" | "exists_one" | "map" | "filter" | "reduce" => self.no_loops(expr),
                _ => self.refuse(expr, format!("there is no function `{name}`"), suggestion(name)),
            });
        };
        let style = if target.is_some() { Style::OnText } else { Style::Plain };
        if style != declared.style || !declared.arguments.contains(&args.len()) {
            let message = format!("`{name}` is not used like this");
            return Err(self.refuse(expr, message, format!("write `{}`", declared.usage)));
        }
        let (of, gives) = match declared.style {
            Style::Plain => (Kind::Number, Kind::Number),
            Style::OnText => (Kind::Text, Kind::Truth),
        };
        let user = format!("`{name}`");
        let target = target.map(|target| self.wanted(target, of, &user)).transpose()?.map(Box::new);
        let args = args.iter().map(|arg| self.wanted(arg, of, &user)).collect::<Result<_, _>>()?;
        let call = CallExpr { func_name: call.func_name.clone(), target, args };
        Ok((IdedExpr { id: expr.id, expr: Expr::Call(call) }, gives))
    }
}

fn named(expr: &IdedExpr, name: Name) -> IdedExpr {
    IdedExpr { id: expr.id, expr: Expr::Ident(name.written()) }
}

fn with_args(expr: &IdedExpr, call: &CallExpr, args: Vec<IdedExpr>) -> IdedExpr {
    let call = CallExpr { func_name: call.func_name.clone(), target: None, args };
    IdedExpr { id: expr.id, expr: Expr::Call(call) }
}

/// `a.b.c` as it was written, where it is nothing but names.
fn dotted(expr: &IdedExpr) -> Option<String> {
    match &expr.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => Some(format!("{}.{}", dotted(&select.operand)?, select.field)),
        Expr::Unspecified
        | Expr::Call(_)
        | Expr::Comprehension(_)
        | Expr::List(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Struct(_) => None,
    }
}

fn suggestion(name: &str) -> String {
    let nearest = DECLARED.iter().min_by_key(|declared| distance(name, declared.name));
    match nearest {
        Some(near) if distance(name, near.name) <= 2 => format!("did you mean `{}`?", near.usage),
        _ => {
            let names: Vec<&str> = DECLARED.iter().map(|Declared { name, .. }| *name).collect();
            format!("there are tag, good, {}", names.join(", "))
        }
    }
}

/// How many letters to insert, remove or replace, capital letters aside.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
