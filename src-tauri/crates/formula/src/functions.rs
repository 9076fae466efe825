//! The functions that formulas have.

use std::cmp::Ordering;

use cel::common::functions::Function;
use cel::common::types::{CelBool, DYN_TYPE, Type};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use crate::number::{Number, mismatch, out_of_range};
use crate::text::Text;

/// How many arguments `min` and `max` take at most.
const ARGUMENTS_AT_MOST: usize = 16;

/// The equality that `==` and `!=` are compiled to.
pub const SAME: &str = "@same";

/// How a function is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `f(x)`.
    Plain,
    /// `text.f(x)`.
    OnText,
}

/// One function.
pub struct Declared {
    /// Its name.
    pub name: &'static str,
    /// How it is written.
    pub style: Style,
    /// How many arguments it takes, the text it is called on not counted.
    pub arguments: std::ops::RangeInclusive<usize>,
    /// How to write it, for messages.
    pub usage: &'static str,
    op: Function,
}

/// All functions but `tag` and `good`, which are resolved while compiling.
pub const DECLARED: [Declared; 11] = [
    plain("min", 2..=ARGUMENTS_AT_MOST, "min(a, b)", |args| extreme(&args, "min", Ordering::Less)),
    plain("max", 2..=ARGUMENTS_AT_MOST, "max(a, b)", |args| extreme(&args, "max", Ordering::Greater)),
    plain("abs", 1..=1, "abs(x)", |args| match number(&args, 0, "abs")? {
        Number::Int(x) => answer("abs", x.checked_abs().and_then(Number::int)),
        Number::Float(x) => answer("abs", Number::float(x.abs())),
    }),
    plain("round", 1..=2, "round(x) or round(x, decimals)", |args| round(&args)),
    plain("floor", 1..=1, "floor(x)", |args| whole(&args, "floor", f64::floor)),
    plain("ceil", 1..=1, "ceil(x)", |args| whole(&args, "ceil", f64::ceil)),
    plain("sqrt", 1..=1, "sqrt(x)", |args| answer("sqrt", Number::float(number(&args, 0, "sqrt")?.as_float().sqrt()))),
    plain("clamp", 3..=3, "clamp(x, low, high)", |args| clamp(&args)),
    on_text("contains", "text.contains(\"part\")", |args| compare_texts(&args, "contains", |a, b| a.contains(b))),
    on_text("startsWith", "text.startsWith(\"part\")", |args| {
        compare_texts(&args, "startsWith", |a, b| a.starts_with(b))
    }),
    on_text("endsWith", "text.endsWith(\"part\")", |args| compare_texts(&args, "endsWith", |a, b| a.ends_with(b))),
];

const fn plain(
    name: &'static str,
    arguments: std::ops::RangeInclusive<usize>,
    usage: &'static str,
    op: Function,
) -> Declared {
    Declared { name, style: Style::Plain, arguments, usage, op }
}

const fn on_text(name: &'static str, usage: &'static str, op: Function) -> Declared {
    Declared { name, style: Style::OnText, arguments: 1..=1, usage, op }
}

/// The interpreter's environment: these functions and nothing else, neither macros nor the standard library.
pub fn environment() -> Result<Env, DeclarationError> {
    let mut env = Env::default().with_optional_support(false);
    env.add_overload(SAME, SAME, any(2), |args| same(&args))?;
    for Declared { name, style, arguments, op, usage: _ } in DECLARED {
        for count in arguments {
            let id = format!("{name}_{count}");
            match style {
                Style::Plain => env.add_overload(name, &id, any(count), op)?,
                Style::OnText => env.add_member_overload(name, &id, DYN_TYPE, any(count), op)?,
            }
        }
    }
    Ok(env)
}

/// So many arguments that may be anything: the functions look for themselves.
fn any(count: usize) -> Vec<Type> {
    std::iter::repeat_with(|| DYN_TYPE).take(count).collect()
}

type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

fn number(args: &[CowVal<'_, '_>], at: usize, function: &str) -> Result<Number, ExecutionError> {
    args.get(at).and_then(|arg| arg.downcast_ref::<Number>()).copied().ok_or_else(|| mismatch(function))
}

fn answer<'b, 'v>(function: &str, result: Option<Number>) -> Answer<'b, 'v> {
    result.map(CowVal::owned).ok_or_else(|| out_of_range(function))
}

fn extreme<'b, 'v>(args: &[CowVal<'b, 'v>], function: &str, wanted: Ordering) -> Answer<'b, 'v> {
    let mut best = number(args, 0, function)?;
    for at in 1..args.len() {
        let candidate = number(args, at, function)?;
        if candidate.order(best) == wanted {
            best = candidate;
        }
    }
    answer(function, Some(best))
}

fn whole<'b, 'v>(args: &[CowVal<'b, 'v>], function: &str, apply: fn(f64) -> f64) -> Answer<'b, 'v> {
    match number(args, 0, function)? {
        exact @ Number::Int(_) => answer(function, Some(exact)),
        Number::Float(x) => answer(function, Number::float(apply(x))),
    }
}

/// Rounds half away from zero, to whole numbers or to so many decimals.
fn round<'b, 'v>(args: &[CowVal<'b, 'v>]) -> Answer<'b, 'v> {
    if args.len() == 1 {
        return whole(args, "round", f64::round);
    }
    let decimals = match number(args, 1, "round")? {
        Number::Int(decimals) => i32::try_from(decimals).ok().filter(|decimals| (0..=9).contains(decimals)),
        Number::Float(_) => None,
    };
    let scale = 10_f64.powi(decimals.ok_or_else(|| out_of_range("round"))?);
    match number(args, 0, "round")? {
        exact @ Number::Int(_) => answer("round", Some(exact)),
        // So large a number has no decimals left to round.
        Number::Float(x) if !(x * scale).is_finite() => answer("round", Number::float(x)),
        Number::Float(x) => answer("round", Number::float((x * scale).round() / scale)),
    }
}

fn clamp<'b, 'v>(args: &[CowVal<'b, 'v>]) -> Answer<'b, 'v> {
    let (x, low, high) = (number(args, 0, "clamp")?, number(args, 1, "clamp")?, number(args, 2, "clamp")?);
    let within = match (x.order(low), x.order(high)) {
        _ if low.order(high) == Ordering::Greater => None,
        (Ordering::Less, _) => Some(low),
        (_, Ordering::Greater) => Some(high),
        (Ordering::Equal | Ordering::Greater, Ordering::Equal | Ordering::Less) => Some(x),
    };
    answer("clamp", within)
}

fn compare_texts<'b, 'v>(args: &[CowVal<'b, 'v>], function: &str, holds: fn(&str, &str) -> bool) -> Answer<'b, 'v> {
    match (args.first().and_then(|arg| text(arg.as_ref())), args.get(1).and_then(|arg| text(arg.as_ref()))) {
        (Some(a), Some(b)) => Ok(CowVal::owned(CelBool::from(holds(a, b)))),
        (None, _) | (_, None) => Err(mismatch(function)),
    }
}

fn text(arg: &dyn Val) -> Option<&str> {
    arg.downcast_ref::<Text>().map(|text| &*text.0)
}

/// Whether two values are the same; a text and something else cannot be compared.
fn same<'b, 'v>(args: &[CowVal<'b, 'v>]) -> Answer<'b, 'v> {
    let [a, b] = args else { return Err(mismatch("==")) };
    let (a, b) = (comparable(a.as_ref())?, comparable(b.as_ref())?);
    let equal = match (a, b) {
        (Comparable::Number(a), Comparable::Number(b)) => a.order(b) == Ordering::Equal,
        (Comparable::Text(a), Comparable::Text(b)) => a == b,
        (Comparable::Number(_), Comparable::Text(_)) | (Comparable::Text(_), Comparable::Number(_)) => {
            return Err(mismatch("=="));
        }
    };
    Ok(CowVal::owned(CelBool::from(equal)))
}

enum Comparable<'b> {
    Number(Number),
    Text(&'b str),
}

fn comparable(value: &dyn Val) -> Result<Comparable<'_>, ExecutionError> {
    if let Some(number) = value.downcast_ref::<Number>() {
        return Ok(Comparable::Number(*number));
    }
    if let Some(truth) = value.downcast_ref::<CelBool>() {
        return Ok(Comparable::Number(Number::Int(i128::from(*truth.inner()))));
    }
    text(value).map(Comparable::Text).ok_or_else(|| mismatch("=="))
}
