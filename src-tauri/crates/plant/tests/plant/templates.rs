//! What is wrong with formulas and templates.

use crate::common::check;

/// A formula compiles and is not calculated from itself.
#[test]
fn formulas() {
    check(
        r#"TAG
id = "t"
formula = "speed + "
"#,
        &["4 the formula ends too early, at character 9; complete it: an operand or a closing bracket is missing"],
    );
    check(
        r#"TAG
id = "t"
formula = "sped * 2"
TAG
id = "speed"
gateway = "broker"
address = { topic = "f/speed" }
"#,
        &["4 unknown tag `sped`, at character 1; did you mean `speed`?"],
    );
    check(
        r#"TAG
id = "t"
formula = "tag(\"ulm/fill/line1/filler/sped\")"
TAG
id = "speed"
gateway = "broker"
address = { topic = "f/speed" }
"#,
        &["4 unknown tag `ulm/fill/line1/filler/sped`, at character 1; did you mean `ulm/fill/line1/filler/speed`?"],
    );
    check(
        r#"TAG
id = "t"
formula = "t + 1"
"#,
        &[
            "4 the tag is calculated from itself: ulm/fill/line1/filler/t -> ulm/fill/line1/filler/t; leave one of these tags out of the formula",
        ],
    );
    check(
        r#"TAG
id = "a"
formula = "b + 1"
TAG
id = "b"
formula = "a + 1"
"#,
        &[
            "4 the tag is calculated from itself: ulm/fill/line1/filler/a -> ulm/fill/line1/filler/b -> ulm/fill/line1/filler/a; leave one of these tags out of the formula",
            "8 the tag is calculated from itself: ulm/fill/line1/filler/b -> ulm/fill/line1/filler/a -> ulm/fill/line1/filler/b; leave one of these tags out of the formula",
        ],
    );
    check(
        r#"TAG
id = "a"
formula = "b"
TAG
id = "b"
formula = "c"
TAG
id = "c"
formula = "a + d"
TAG
id = "d"
formula = "1"
TAG
id = "e"
formula = "a"
"#,
        &[
            "4 the tag is calculated from itself: ulm/fill/line1/filler/a -> ulm/fill/line1/filler/b -> ulm/fill/line1/filler/c -> ulm/fill/line1/filler/a; leave one of these tags out of the formula",
            "8 the tag is calculated from itself: ulm/fill/line1/filler/b -> ulm/fill/line1/filler/c -> ulm/fill/line1/filler/a -> ulm/fill/line1/filler/b; leave one of these tags out of the formula",
            "12 the tag is calculated from itself: ulm/fill/line1/filler/c -> ulm/fill/line1/filler/a -> ulm/fill/line1/filler/b -> ulm/fill/line1/filler/c; leave one of these tags out of the formula",
        ],
    );
    check(
        r#"ALARM
id = "x"
message = "m"
formula = "nothing > 3"
"#,
        &[
            r#"5 unknown tag `nothing`, at character 1; use the id of a tag of the same machine, or `tag("line/machine/id")` for any other"#,
        ],
    );
}

/// Problems of a template are listed once, with the machine they were found for.
#[test]
fn templates() {
    check(
        r#"[[templates.fill.tags]]
id = "temp"
name = "{name} {number}"
gateway = "plc"
address = { register = "{base}+4" }
[[machines]]
path = "ulm/fill/line1/f1"
template = "fill"
with = { base = 100, number = 1 }
"#,
        &[],
    );
    check(
        r#"[[templates.fill.tags]]
id = "temp"
name = "{name} {number}"
gateway = "plc"
address = { register = "{base}+4" }
[[machines]]
path = "ulm/fill/line1/f1"
template = "fill"
with = { number = 1 }
"#,
        &["7 `{base}`, which template `fill` uses on line 5, has no value; add `with = { base = ... }` to the machine"],
    );
    check(
        r#"[[templates.fill.tags]]
id = "temp"
name = "{name} {number}"
gateway = "plc"
address = { register = "{base}+4" }
[[machines]]
path = "ulm/fill/line1/f1"
template = "fill"
with = { bsae = 100, number = 1 }
"#,
        &[
            "7 `{base}`, which template `fill` uses on line 5, has no value; add `with = { base = ... }` to the machine",
            "9 template `fill` does not use `{bsae}`; did you mean `base`?",
        ],
    );
    check(
        r#"[[templates.fill.tags]]
id = "temp"
name = "{name} {number}"
gateway = "plc"
address = { register = "{base}+4" }
[[machines]]
path = "ulm/fill/line1/f1"
template = "fill"
with = { base = "x", number = 1 }
"#,
        &[r#"5 `register` is "x+4", not a number (machine `ulm/fill/line1/f1`); use a number"#],
    );
    check(
        r#"[[templates.fill.tags]]
unti = "°C"
id = "temp"
name = "{name} {number}"
gateway = "plc"
address = { register = "{base}+4" }
[[machines]]
path = "ulm/fill/line1/f1"
template = "fill"
with = { base = 1, number = 1 }
[[machines]]
path = "ulm/fill/line1/f2"
template = "fill"
with = { base = 20, number = 2 }
[[machines]]
path = "ulm/fill/line1/f3"
template = "fill"
with = { base = 30, number = 3 }
"#,
        &["2 unknown key `unti` in tag (machine `ulm/fill/line1/f1` and 2 more); did you mean `unit`?"],
    );
    check(
        r#"[[templates.fill.tags]]
id = "temp"
name = "{name} {number}"
gateway = "plc"
address = { register = "{base}+4" }
[[machines]]
path = "ulm/fill/line1/f1"
template = "fill"
with = { base = 1, number = 1 }
[[machines]]
path = "ulm/fill/line1/f2"
template = "fill"
with = { base = 1, number = 2 }
"#,
        &[
            "5 warning: `ulm/fill/line1/f2/temp` has the same address as `ulm/fill/line1/f1/temp` on line 2 (machine `ulm/fill/line1/f2`); check the address, or remove one of the tags",
        ],
    );
    check(
        r#"[[templates.fill.tags]]
id = "temp"
name = "{name} {number}"
gateway = "plc"
address = { register = "{base}+4" }
[[machines]]
path = "ulm/fill/line1/f1"
template = "fill"
with = { base = 1, number = [1] }
"#,
        &[
            "7 `{number}`, which template `fill` uses on line 3, has no value; add `with = { number = ... }` to the machine",
            "9 the parameter `number` is a list; give a text, a number, true or false",
        ],
    );
    check(
        r#"[[templates.fill.tags]]
id = "temp"
name = "{name} {number}"
gateway = "plc"
address = { register = "{base}+4" }
[[machines]]
path = "ulm/fill/line1/f1"
template = "fill"
with = { base = 1, number = 1, name = "x" }
"#,
        &["9 `{name}` is filled by the machine itself; use another name"],
    );
    check(
        r#"[[templates.fill.tags]]
id = "temp"
name = "{name} {number}"
gateway = "plc"
address = { register = "{base}+4" }
"#,
        &["1 warning: no machine uses the template `fill`, so that it is not checked; use it, or remove it"],
    );
    check(
        r#"[[templates.fill.tags]]
machine = "ulm/fill/line1/f1"
id = "temp"
name = "{name} {number}"
gateway = "plc"
address = { register = "{base}+4" }
[[machines]]
path = "ulm/fill/line1/f1"
template = "fill"
with = { base = 1, number = 1 }
"#,
        &[
            "2 `machine` has no place in a template: it belongs to each machine that uses it (machine `ulm/fill/line1/f1`); remove it",
        ],
    );
    check(
        r#"[templates.fill]
defaults = { number = 7, base = 3 }
[[templates.fill.tags]]
id = "temp"
name = "{name} {number}"
gateway = "plc"
address = { register = "{base}+4" }
[[machines]]
path = "ulm/fill/line1/f1"
template = "fill"
with = {  }
"#,
        &[],
    );
    check(
        r#"[[machines]]
path = "ulm/fill/line1/f1"
with = { a = 1 }
"#,
        &["3 `with` is given without a template; add `template`, or remove it"],
    );
    check(
        r#"[templates.fill]
tag = 3
[[machines]]
path = "ulm/fill/line1/f1"
template = "fill"
with = {  }
"#,
        &["2 unknown key `tag` in template; did you mean `tags`?"],
    );
}
