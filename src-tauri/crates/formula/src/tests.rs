//! What formulas say, and what they refuse.

use std::time::{Duration, Instant};

use model::{Quality, TagIndex, Value};
use proptest::prelude::*;

use crate::{CompileError, Formula, LENGTH_AT_MOST, Outcome, Reading, TEXT_AT_MOST};

/// The tags of the tests, with what they read.
fn tags() -> Vec<(&'static str, Reading)> {
    let good = |value| Reading { value: Some(value), quality: Quality::GOOD };
    vec![
        ("speed", good(Value::Float(120.0))),
        ("setpoint", good(Value::Int(100))),
        ("zero", good(Value::Int(0))),
        ("huge", good(Value::Int(i64::MAX))),
        ("vast", good(Value::UInt(u64::MAX))),
        ("running", good(Value::Bool(true))),
        ("jam", good(Value::Bool(false))),
        ("state", good(Value::text("Execute"))),
        ("code", good(Value::Int(6))),
        ("good_count", good(Value::Int(97))),
        ("total", good(Value::Int(100))),
        ("old", Reading { value: Some(Value::Float(7.0)), quality: Quality::STALE }),
        ("broken", Reading { value: Some(Value::Float(9.0)), quality: Quality::BAD_SENSOR_FAILURE }),
        ("lost", Reading { value: None, quality: Quality::BAD_TIMEOUT }),
        ("empty", Reading { value: None, quality: Quality::GOOD }),
        ("line1/filler/temp-1", good(Value::Float(80.5))),
        ("long", good(Value::text("x".repeat(TEXT_AT_MOST)))),
    ]
}

fn compile(text: &str) -> Result<Formula, CompileError> {
    let tags = tags();
    let resolve = |name: &str| {
        let at = tags.iter().position(|(tag, _)| *tag == name)?;
        u32::try_from(at).ok().map(TagIndex)
    };
    Formula::compile(text, &resolve)
}

fn evaluate(formula: &Formula) -> Outcome {
    let tags = tags();
    formula.evaluate(&|tag| tags[tag.slot()].1.clone())
}

#[track_caller]
fn check(text: &str, value: Value) {
    check_quality(text, Some(value), Quality::GOOD);
}

#[track_caller]
fn check_quality(text: &str, value: Option<Value>, quality: Quality) {
    let formula = compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(evaluate(&formula), Outcome { value, quality }, "{text}");
}

#[track_caller]
fn refused(text: &str, message: &str, remedy: &str) {
    let error = compile(text).expect_err(text);
    assert_eq!((error.message.as_str(), error.remedy.contains(remedy)), (message, true), "{text}: {}", error.remedy);
}

#[test]
fn numbers_mix_and_integers_stay_exact() {
    check("speed + setpoint", Value::Float(220.0));
    check("setpoint + 1", Value::Int(101));
    check("setpoint * 1.5", Value::Float(150.0));
    check("7 / 2", Value::Float(3.5));
    check("8 / 2", Value::Int(4));
    check("good_count / total * 100", Value::Float(97.0));
    check("code % 4", Value::Int(2));
    check("-code", Value::Int(-6));
    check("- -code", Value::Int(6));
    check("huge - 1", Value::Int(i64::MAX - 1));
    check("huge + 1", Value::UInt(i64::MAX as u64 + 1));
    check("vast - 1", Value::UInt(u64::MAX - 1));
    check("2 + 3 * 4 - (1 + 1)", Value::Int(12));
    check("9007199254740993 + 0", Value::Int(9_007_199_254_740_993));
    check("9007199254740993 == 9007199254740992.0", Value::Bool(false));
    check("5u + 1", Value::Int(6));
}

#[test]
fn comparisons_and_truths() {
    check("speed > 100", Value::Bool(true));
    check("speed >= 120 && speed <= 120.0", Value::Bool(true));
    check("setpoint == 100.0", Value::Bool(true));
    check("setpoint != 100", Value::Bool(false));
    check("running == true", Value::Bool(true));
    check("running == 1", Value::Bool(true));
    check("1 == running", Value::Bool(true));
    check("!jam", Value::Bool(true));
    check("jam || running && speed > 1", Value::Bool(true));
    check("running ? speed : 0", Value::Float(120.0));
    check("jam ? 1 : running ? 2 : 3", Value::Int(2));
    check("state == \"Execute\" && state != 'Held'", Value::Bool(true));
    check("code in [3, 6, 9]", Value::Bool(true));
    check("!(code in [1, 2])", Value::Bool(true));
    check("code in [6.0]", Value::Bool(true));
    check("state in ['Held', 'Execute']", Value::Bool(true));
    check("code in []", Value::Bool(false));
    check("'b' > 'a'", Value::Bool(true));
}

#[test]
fn functions() {
    check("min(speed, setpoint)", Value::Int(100));
    check("max(speed, setpoint, 1, 2)", Value::Float(120.0));
    check("abs(-3)", Value::Int(3));
    check("abs(-3.5)", Value::Float(3.5));
    check("round(2.5)", Value::Float(3.0));
    check("round(-2.5)", Value::Float(-3.0));
    check("round(2.345, 1)", Value::Float(2.3));
    check("round(7)", Value::Int(7));
    check("round(1e300, 9)", Value::Float(1e300));
    check("floor(2.9) + ceil(2.1)", Value::Float(5.0));
    check("sqrt(16)", Value::Float(4.0));
    check("clamp(speed, 0, 100)", Value::Int(100));
    check("clamp(-1, 0, 100)", Value::Int(0));
    check("clamp(50, 0, 100)", Value::Int(50));
    check("state.contains('ecu') && state.startsWith('Ex') && !state.endsWith('x')", Value::Bool(true));
    check("state + '!'", Value::text("Execute!"));
    check("tag(\"line1/filler/temp-1\") > 80", Value::Bool(true));
    check("\"größer\" + ''", Value::text("größer"));
}

#[test]
fn what_has_no_finite_result_is_out_of_range() {
    for text in [
        "1 / zero",
        "1.0 / zero",
        "0 / 0",
        "5 % zero",
        "5.0 % 0.0",
        "vast + 1",
        "vast * vast",
        "-vast",
        "1e308 * 10",
        "sqrt(-1)",
        "clamp(1, 5, 2)",
        "round(1.5, 10)",
        "round(1.5, 0.5)",
        "long + 'x'",
    ] {
        check_quality(text, None, Quality::BAD_OUT_OF_RANGE);
    }
}

#[test]
fn operands_that_do_not_fit_are_seen_when_they_are_read() {
    for text in [
        "state + 1",
        "1 + state",
        "state > 5",
        "state == 5",
        "5 != state",
        "running + 1",
        "!speed",
        "speed && running",
        "speed ? 1 : 2",
        "-state",
        "min(state, 1)",
        "code.contains('6')",
        "round(1.5, state)",
    ] {
        check_quality(text, None, Quality::BAD_TYPE);
    }
}

#[test]
fn the_result_has_the_worst_quality_it_depends_on() {
    check_quality("old + speed", Some(Value::Float(127.0)), Quality::STALE);
    check_quality("broken + speed", None, Quality::BAD_SENSOR_FAILURE);
    check_quality("old + lost", None, Quality::BAD_TIMEOUT);
    check_quality("lost + old", None, Quality::BAD_TIMEOUT);
    check_quality("empty + 1", None, Quality::BAD_NO_DATA);
    check_quality("broken > 5", None, Quality::BAD_SENSOR_FAILURE);
    check_quality("broken == 5", None, Quality::BAD_SENSOR_FAILURE);
    check_quality("max(speed, lost)", None, Quality::BAD_TIMEOUT);
    check_quality("code in [1, lost]", None, Quality::BAD_TIMEOUT);
    check_quality("broken / zero", None, Quality::BAD_SENSOR_FAILURE);
    check_quality("broken ? 1 : 2", None, Quality::BAD_SENSOR_FAILURE);
}

#[test]
fn a_formula_may_handle_a_bad_tag() {
    check_quality("good(broken) ? broken : speed", Some(Value::Float(120.0)), Quality::GOOD);
    check_quality("good(broken) ? broken : old", Some(Value::Float(7.0)), Quality::STALE);
    check_quality("good(old)", Some(Value::Bool(false)), Quality::GOOD);
    check_quality("good(speed) && good(tag(\"line1/filler/temp-1\"))", Some(Value::Bool(true)), Quality::GOOD);
    check_quality("running ? speed : broken", Some(Value::Float(120.0)), Quality::GOOD);
}

#[test]
fn what_decides_alone_decides_in_either_order() {
    check_quality("running || lost", Some(Value::Bool(true)), Quality::GOOD);
    check_quality("lost || running", Some(Value::Bool(true)), Quality::GOOD);
    check_quality("jam && lost", Some(Value::Bool(false)), Quality::GOOD);
    check_quality("lost && jam", Some(Value::Bool(false)), Quality::GOOD);
    check_quality("lost > 3 || old > 3", Some(Value::Bool(true)), Quality::STALE);
    check_quality("lost || jam", None, Quality::BAD_TIMEOUT);
    check_quality("running && lost", None, Quality::BAD_TIMEOUT);
}

#[test]
fn a_formula_knows_its_inputs() {
    let formula = compile("speed > setpoint ? speed : good(lost) ? 1 : tag(\"line1/filler/temp-1\")").unwrap();
    assert_eq!(formula.inputs(), [TagIndex(0), TagIndex(1), TagIndex(13), TagIndex(15)]);
    assert!(compile("1 + 1").unwrap().inputs().is_empty());
    assert_eq!(formula, compile(formula.text()).unwrap());
    assert_ne!(formula, compile("speed > 1").unwrap());
}

#[test]
fn a_refusal_says_where_and_what_to_do() {
    refused("speeed > 5", "unknown tag `speeed`, at character 1", "tag(\"line/machine/id\")");
    refused("1 + (nope)", "unknown tag `nope`, at character 6", "same machine");
    refused("'ä' == 'ä' && nope", "unknown tag `nope`, at character 15", "same machine");
    refused("speed >\n  5 && nope", "unknown tag `nope`, at character 16", "same machine");
    refused("good(nope)", "unknown tag `nope`, at character 6", "same machine");
    refused("speed > ", "the formula ends too early, at character 9", "operand");
    refused("(speed > 5", "the formula ends too early, at character 11", "bracket");
    refused("speed > * 5", "`*` is not expected here, at character 9", "speed > 100");
    refused("speed = 5", "`=` is not an operator, at character 7", "`==`");
    refused("'ä' == 'ä' && *", "`*` is not expected here, at character 15", "speed > 100");
    refused("running & jam", "a single `&` or `|` is not an operator, at character 9", "&&");
    refused("state == \"Ex", "a text is not closed or not written correctly, at character 10", "quote");
    refused("if > 3", "`if` is a word of the formula language, at character 1", "condition ? a : b");
    refused("1 + mx(1, 2)", "there is no function `mx`, at character 5", "max(a, b)");
    refused("teleport(1)", "there is no function `teleport`, at character 1", "there are tag, good, min");
    refused("abs(1, 2)", "`abs` is not used like this, at character 1", "abs(x)");
    refused("speed.abs()", "`abs` is not used like this, at character 7", "abs(x)");
    refused("filler.temp > 3", "`filler.temp` is no tag, at character 7", "tag(\"filler/temp\")");
    refused("tag(state)", "`tag` wants one name in quotes, at character 1", "fixed");
    refused("good(1)", "`good` wants one tag, at character 1", "good(speed)");
    refused("[1, 2].all(x, x > 0)", "formulas have no loops, at character 8", "name each tag");
    refused("[1].map(x, x)", "formulas have no loops, at character 5", "name each tag");
    refused("[1, 2]", "a list stands only to the right of `in`, at character 1", "x in [1, 2, 3]");
    refused("code in state", "`in` wants a written list, at character 9", "x in [1, 2, 3]");
    refused("{'a': 1}", "formulas have no objects, at character 1", "tags");
    refused("null", "this is no value of a tag, at character 1", "good(x)");
    refused("99999999999999999999", "a number or a text is not written correctly, at character 1", "64 bits");
    refused("1e999", "a number or a text is not written correctly, at character 1", "64 bits");
    refused("", "the formula is empty", "speed > 100");
}

#[test]
fn what_cannot_fit_together_is_refused_at_once() {
    refused("'a' * 3", "`*` wants a number, and this is a text, at character 1", "==");
    refused("'a' + 3", "`+` wants a text, and this is a number, at character 7", "quotes");
    refused("3 + (speed > 5)", "`+` wants a number, and this is true or false, at character 12", "? 1 : 0");
    refused("5 && running", "`&&` wants true or false, and this is a number, at character 1", "x > 0");
    refused("!5", "`!` wants true or false, and this is a number, at character 2", "x > 0");
    refused("'a' == 5", "a text is never the same as a number, at character 5", "texts with texts");
    refused("5 ? 1 : 2", "the condition before `?` wants true or false, and this is a number, at character 1", "x > 0");
    refused(
        "1 < speed < 3",
        "the comparison wants numbers or texts, and this is true or false, at character 3",
        "? 1 : 0",
    );
    refused("code in [1, 'a']", "a number is never the same as a text, at character 13", "texts with texts");
}

/// What somebody may send who wants the program to stop or to stand still.
fn hostile() -> Vec<String> {
    let nested = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    let mut texts = vec![
        nested("(", ")", 10_000),
        nested("(", ")", 900),
        nested("(", ")", 24),
        nested("[", "]", 10_000),
        nested("abs(", ")", 10_000),
        nested("abs(", ")", 24),
        nested("-(", ")", 24),
        nested("')'+(", ")", 300),
        nested("\"]\"+[", "]", 300),
        "(".repeat(2_000),
        "{".repeat(2_000),
        "!".repeat(1_999) + "running",
        "-".repeat(1_999) + "1",
        "- ".repeat(900) + "1",
        "running ? 1 : ".repeat(140) + "2",
        "running?".repeat(240) + "1",
        vec!["1"; 1_000].join("+"),
        vec!["1"; 199].join("+"),
        vec!["speed"; 199].join("*"),
        vec!["running"; 200].join("&&"),
        vec!["running"; 200].join("||"),
        vec!["jam"; 250].join("||"),
        vec!["1"; 600].join("=="),
        vec!["1"; 600].join("<"),
        vec!["a"; 1_000].join("."),
        format!("1{}", ".abs()".repeat(300)),
        format!("state{}", "[0]".repeat(600)),
        format!("code in [{}]", vec!["1"; 900].join(",")),
        format!("min({})", vec!["1"; 900].join(",")),
        vec!["long"; 300].join("+"),
        "9".repeat(2_000),
        "9".repeat(1_990) + ".0",
        "0x".to_owned() + &"f".repeat(1_000),
        "1e999999999".to_owned(),
        "[1].map(x, [1].map(y, [1].map(z, x)))".to_owned(),
        "[[1,2].all(x, [1,2].all(y, x == y))][0]".to_owned(),
        "unknown(1)".to_owned(),
        "'a' * 5".to_owned(),
        "\"\\u12\"".to_owned(),
        "'\\U99999999'".to_owned(),
        "'\\777'".to_owned(),
        "r'''".to_owned(),
        "b'\\xff'".to_owned(),
        "\0".to_owned(),
        "\u{feff}speed".to_owned(),
        "tag(\"\")".to_owned(),
        "tag(tag(\"speed\"))".to_owned(),
        ".speed".to_owned(),
        "i0 + g0 + c0".to_owned(),
        "@same(1, 1)".to_owned(),
        "has(speed.x)".to_owned(),
        "speed{}".to_owned(),
        "speed{x: 1}".to_owned(),
        "`speed`".to_owned(),
        "// nothing".to_owned(),
        "optional.of(1)".to_owned(),
        "speed.?x".to_owned(),
        "1 / 0 / 0 % 0".to_owned(),
    ];
    texts.extend(
        ["@", "#", "$", ";", "\\", ",", ")", "?", ":", "&&", "'", "\"", "💥", "\u{202e}"].map(|x| x.repeat(600)),
    );
    texts
}

#[test]
fn hostile_texts_are_answered_in_time() {
    const STACK: usize = 1 << 20;
    for text in hostile() {
        let shown: String = text.chars().take(40).collect();
        let started = Instant::now();
        let answered = std::thread::Builder::new().stack_size(STACK).spawn(move || {
            if let Ok(formula) = compile(&text) {
                let outcome = evaluate(&formula);
                assert_eq!(outcome.value.is_none(), outcome.quality.is_bad(), "{outcome:?}");
            }
        });
        assert!(answered.unwrap().join().is_ok(), "{shown}");
        assert!(started.elapsed() < Duration::from_secs(2), "{shown}: {:?}", started.elapsed());
    }
}

#[test]
fn too_much_is_refused_before_it_is_parsed() {
    let long = "1".repeat(LENGTH_AT_MOST + 1);
    refused(&long, "the formula has 2001 characters; 2000 is the most", "split");
    refused(&"(".repeat(100), "the formula is nested too deeply, at character 26", "split");
    refused(&vec!["1"; 300].join("+"), "the formula is nested too deeply", "split");
    check(&vec!["1"; 150].join(" + "), Value::Int(150));
    check(&format!("{}7", "jam ? 1 : ".repeat(20)), Value::Int(7));
}

/// Texts that look like formulas.
fn formula_like() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "speed",
        "zero",
        "running",
        "state",
        "lost",
        "old",
        "huge",
        "1",
        "0",
        "2.5",
        "true",
        "'a'",
        "+",
        "-",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "!",
        "?",
        ":",
        "(",
        ")",
        "[",
        "]",
        ",",
        "in",
        "min(",
        "max(",
        "abs(",
        "good(",
        "tag('speed')",
        ".contains(",
        "round(",
    ]);
    prop::collection::vec(word, 1..24).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_a_formula_or_refused_with_a_remedy(text in "\\PC{0,60}") {
        match compile(&text) {
            Ok(formula) => { evaluate(&formula); }
            Err(error) => prop_assert!(!error.message.is_empty() && !error.remedy.is_empty()),
        }
    }

    #[test]
    fn a_value_is_missing_exactly_where_the_quality_is_bad(text in formula_like()) {
        if let Ok(formula) = compile(&text) {
            let outcome = evaluate(&formula);
            prop_assert_eq!(outcome.value.is_none(), outcome.quality.is_bad(), "{}: {:?}", text, outcome);
        }
    }
}
