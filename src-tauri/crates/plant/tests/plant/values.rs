//! What is wrong with a value by itself.

use model::WritePolicy;
use plant::{Source, TagIndices};

use crate::common::{AROUND, check, folder, plant};

/// A value that does not fit says what would.
#[test]
fn values_of_another_kind() {
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
name = 5
"#,
        &["6 `name` is a whole number, which does not fit; write a text in quotes"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
unit = ["°C"]
"#,
        &["6 `unit` is a list, which does not fit; write a text in quotes"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
decimals = "2"
"#,
        &["6 `decimals` is a text, which does not fit; write a whole number"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
decimals = 2.5
"#,
        &["6 `decimals` is a number, which does not fit; write a whole number"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
record = "yes"
"#,
        &["6 `record` is a text, which does not fit; write true or false, without quotes"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
range = 100
"#,
        &["6 `range` is a whole number, which does not fit; write two numbers: [low, high]"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
range = [0, "100"]
"#,
        &["6 `range` is a list, which does not fit; write two numbers: [low, high]"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
range = [0, 50, 100]
"#,
        &["6 `range` is a list, which does not fit; write two numbers: [low, high]"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
type = "bool"
words = ["off"]
"#,
        &[r#"7 `words` is a list, which does not fit; write two texts: ["off", "on"]"#],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
scaling = 0.1
"#,
        &["6 `scaling` is a number, which does not fit; write a table: { ... }"],
    );
    check(
        r#"tags = 3
"#,
        &["1 `tags` is a whole number, which does not fit; write a list of tables, each begun by a line `[[tags]]`"],
    );
    check(
        r#"[tags]
id = "x"
"#,
        &["1 `tags` is a table, which does not fit; write a list of tables, each begun by a line `[[tags]]`"],
    );
    check(
        r#"machines = ["a"]
"#,
        &[
            "1 `machines` is a text, which does not fit; write a list of tables, each begun by a line `[[machines]]`",
            "13 `machines` is given twice; keep one of them",
        ],
    );
    check(
        r#"TAG
id = "t"
address = "f/t"
gateway = "broker"
"#,
        &["4 `address` is a text, which does not fit; write a table: { ... }"],
    );
    check(
        r#"[[machines]]
path = "ulm/fill/line1/capper"
with = "x"
"#,
        &["3 `with` is a text, which does not fit; write a table: { ... }"],
    );
}

/// Ranges, digits, factors and times within their bounds.
#[test]
fn numbers_that_make_no_sense() {
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
range = [100, 0]
"#,
        &["6 `range` is inverted or empty: 100 is not less than 0; write the lower end first, then the higher one"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
normal = [5, 5]
"#,
        &["6 `normal` is inverted or empty: 5 is not less than 5; write the lower end first, then the higher one"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
decimals = 11
"#,
        &["6 `decimals` is 11, which is not within 0 to 10; use a whole number from 0 to 10"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
decimals = -1
"#,
        &["6 `decimals` is -1, which is not within 0 to 10; use a whole number from 0 to 10"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
scaling = { factor = 0 }
"#,
        &["6 the factor is 0: every value would be the same; use another factor, or remove it"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
scaling = { factor = inf }
"#,
        &["6 `inf` is not a finite number; use a finite number"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
type = "int"
scaling = { factor = 0.1 }
"#,
        &[r#"7 warning: a tag of type int is scaled to values that are not whole: those are bad; set type = "float""#],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
deadband = -0.5
"#,
        &["6 `deadband` is negative; use 0 or more"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
stale_after_s = 0
"#,
        &["6 `stale_after_s` is 0; use a time longer than the source takes between two values"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
stale_after_s = 1e9
"#,
        &["6 `stale_after_s` is longer than a day; use at most 86400 seconds"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
range = [nan, 1]
"#,
        &["6 `nan` is not a finite number; use a finite number"],
    );
    check(
        r#"ALARM
tag = "t"
kind = "high"
limit = 3
on_delay_s = -1
deadband = -2
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &["6 `on_delay_s` is negative; use 0 or more", "7 `deadband` is negative; use 0 or more"],
    );
}

/// What has no meaning for a type is refused rather than ignored.
#[test]
fn types() {
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
type = "double"
"#,
        &["6 unknown type `double` in tag; use one of: bool, int, float, text"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
type = "text"
range = [0, 1]
decimals = 2
"#,
        &[
            "7 `range` has a meaning for tags of type int and float only; remove it, or change the type",
            "8 `decimals` has a meaning for tags of type int and float only; remove it, or change the type",
        ],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
type = "bool"
scaling = { factor = 2 }
"#,
        &["7 `scaling` has a meaning for tags of type int and float only; remove it, or change the type"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
words = ["off", "on"]
"#,
        &["6 `words` has a meaning for tags of type bool only; remove it, or change the type"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
type = "text"
limits = { high = 3 }
"#,
        &["7 `limits` has a meaning for tags of type int and float only; remove it, or change the type"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
role = "state"
"#,
        &[r#"6 the role `state` needs a tag of type text; set type = "text"; a formula can make the word of a number"#],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
role = "speed"
type = "text"
"#,
        &["6 this role needs a tag of type int or float; remove the role, or change the type"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
role = "sped"
"#,
        &["6 unknown role `sped` in tag; did you mean `speed`?"],
    );
    check(
        r#"TAG
id = "a"
gateway = "broker"
address = { topic = "f/a" }
role = "speed"
TAG
id = "b"
gateway = "broker"
address = { topic = "f/b" }
role = "speed"
"#,
        &[
            "12 `ulm/fill/line1/filler` has two tags of this role, this one and `ulm/fill/line1/filler/a` on line 3; keep the role at one of them",
        ],
    );
    check(
        r#"[[tags]]
id = "ambient"
role = "key"
gateway = "broker"
address = { topic = "x" }
"#,
        &["3 only a tag of a machine can have a role; remove the role, or say the machine"],
    );
}

/// Ids are short and plain, paths have the depth of their level.
#[test]
fn ids_and_paths() {
    check(
        r#"TAG
id = "a b"
gateway = "broker"
address = { topic = "f/a b" }
"#,
        &["3 `a b` is no id: ` ` is not allowed in it; use letters without accents, digits, `_` and `-`"],
    );
    check(
        r#"TAG
id = "tür"
gateway = "broker"
address = { topic = "f/tür" }
"#,
        &["3 `tür` is no id: `ü` is not allowed in it; use letters without accents, digits, `_` and `-`"],
    );
    check(
        r#"TAG
id = "a/b"
gateway = "broker"
address = { topic = "f/a/b" }
"#,
        &["3 `a/b` is no id: `/` is not allowed in it; use letters without accents, digits, `_` and `-`"],
    );
    check(
        r#"TAG
id = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
gateway = "broker"
address = { topic = "f/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" }
"#,
        &[
            "3 the id `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` is longer than 64 characters; use a shorter id",
        ],
    );
    check(
        r#"[[machines]]
path = "ulm/fill/capper"
"#,
        &["2 the path `ulm/fill/capper` does not have 4 parts but 3; write it as `site/area/line/machine`"],
    );
    check(
        r#"[[machines]]
path = "ulm/fill//capper"
"#,
        &["2 an id is empty; use letters, digits, `_` and `-`"],
    );
    check(
        r#"[[areas]]
path = "ulm"
"#,
        &["2 the path `ulm` does not have 2 parts but 1; write it as `site/area`"],
    );
    check(
        r#"[[gateways]]
id = "plc 1"
kind = "mqtt"
host = "h"
"#,
        &["2 `plc 1` is no id: ` ` is not allowed in it; use letters without accents, digits, `_` and `-`"],
    );
    check(
        r#"[templates."a b"]
"#,
        &[
            "1 `a b` is no id: ` ` is not allowed in it; use letters without accents, digits, `_` and `-`",
            "1 warning: no machine uses the template `a b`, so that it is not checked; use it, or remove it",
        ],
    );
}

/// How far a tag may be written is said by the tag, or by its range.
#[test]
fn bounds_of_what_may_be_written() {
    let written = |more: &str| {
        let text =
            format!("[[tags]]\nid = \"t\"\ngateway = \"broker\"\naddress = {{ topic = \"t\" }}\n{more}\n{AROUND}");
        let plant = plant(&folder(&text), &TagIndices::default());
        match &plant.tag_by_id("t").expect("it is in the file").source {
            Source::Link { point, .. } => point.write,
            Source::Calculated(_) => panic!("it comes from a gateway"),
        }
    };
    let within = |low, high| Some(WritePolicy { low, high });
    assert_eq!(written(""), None, "not at all, unless the file says so");
    assert_eq!(written("write = false"), None);
    assert_eq!(written("write = true"), within(None, None));
    assert_eq!(written("range = [0, 50]\nwrite = true"), within(Some(0.0), Some(50.0)));
    assert_eq!(written("range = [0, 50]\nwrite = { high = 40 }"), within(None, Some(40.0)));
    assert_eq!(written("type = \"text\"\nwrite = true"), within(None, None));

    let refused = |more: &str, expect: &[&str]| {
        check(&format!("TAG\nid = \"t\"\ngateway = \"broker\"\naddress = {{ topic = \"t\" }}\n{more}"), expect);
    };
    refused("write = 5", &["6 `write` is a whole number, which does not fit; write true or false, without quotes"]);
    refused("write = { low = 5, high = 4 }", &["6 `low` is above `high`: nothing could be written; exchange them"]);
    refused(
        "type = \"bool\"\nwrite = { low = 0 }",
        &["7 only numbers have a least and a greatest value; write `write = true`"],
    );
    refused("write = { least = 5 }", &["6 unknown key `least` in write; use one of: low, high"]);
}
