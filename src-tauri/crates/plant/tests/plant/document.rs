//! What is wrong with the text of a plant file, line by line.

use crate::common::check;

/// Every line that is not TOML is listed, and nothing is said of what follows from it.
#[test]
fn what_is_not_toml() {
    check(
        r#"x = 
y = "open
[[tags]]
id = truu
"#,
        &[
            "1 string values must be quoted, expected literal string; correct the line to valid TOML (https://toml.io)",
            r#"2 invalid basic string, expected `"`; correct the line to valid TOML (https://toml.io)"#,
            "4 invalid boolean, expected `true`; correct the line to valid TOML (https://toml.io)",
        ],
    );
    check(
        r#"format = 1
format = 1
"#,
        &["2 `format` is given twice, on line 1 and on line 2; keep one of them"],
    );
    check(
        r#"[templates.a]
[templates.b]
[templates.a]
"#,
        &[
            "2 warning: no machine uses the template `b`, so that it is not checked; use it, or remove it",
            "3 `a` is given twice, on line 1 and on line 3; keep one of them",
        ],
    );
    check(
        r#"[[tags]]
id = "a"
name = "b"
id = "c"
"#,
        &["4 `id` is given twice, on line 2 and on line 4; keep one of them"],
    );
    check(
        r#"[[tags]]
id
[[machines]]
"#,
        &["2 key with no value, expected `=`; correct the line to valid TOML (https://toml.io)"],
    );
    check(
        r#"a = 99999999999999999999
"#,
        &[
            "1 this number is too large; use a number of at most 63 bits",
            "1 unknown key `a` in the plant file; use one of: format, plant, history, journal, gateways, stations, sites, areas, lines, machines, templates, tags, alarms, mail, notifications",
        ],
    );
    check(
        r#"[[alarms]]
limit = nan
[[alarms]]
limit = -inf
"#,
        &[
            r#"1 `kind` is missing in alarm; add `kind = "high"`"#,
            "2 `nan` is not a finite number; use a finite number",
            r#"3 `kind` is missing in alarm; add `kind = "high"`"#,
            "4 `-inf` is not a finite number; use a finite number",
        ],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
name = 2026-01-01
"#,
        &["6 a date is not expected here; put it in quotes to make it a text"],
    );
}

/// A key that is not known is an error, and the nearest known one is the remedy.
#[test]
fn unknown_keys_name_the_nearest() {
    check(
        r#"tag = 1
"#,
        &["1 unknown key `tag` in the plant file; did you mean `tags`?"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
decimal = 2
"#,
        &["6 unknown key `decimal` in tag; did you mean `decimals`?"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
colour = "red"
"#,
        &[
            "6 unknown key `colour` in tag; use one of: machine, equipment, id, name, role, gateway, address, formula, write, type, unit, decimals, range, normal, words, scaling, deadband, record, history, stale_after_s, limits",
        ],
    );
    check(
        r#"[[gateways]]
id = "g"
kind = "mqtt"
hots = "h"
host = "h"
"#,
        &["4 unknown setting `hots`; use one of: host, port, topics"],
    );
    check(
        r#"[[lines]]
path = "ulm/fill/line1"
nam = "Line"
"#,
        &["3 unknown key `nam` in line; did you mean `name`?"],
    );
    check(
        r#"[[machines]]
path = "ulm/fill/line1/capper"
templat = "x"
"#,
        &["3 unknown key `templat` in machine; did you mean `template`?"],
    );
    check(
        r#"ALARM
tag = "t"
kind = "high"
limit = 3
on_delay = 3
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &["6 unknown key `on_delay` in alarm; did you mean `on_delay_s`?"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
scaling = { facotr = 2 }
"#,
        &[
            "6 `factor` is missing in scaling; add `factor = 0.1`",
            "6 unknown key `facotr` in scaling; did you mean `factor`?",
        ],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
limits = { hi = 2, high = 3 }
"#,
        &[
            "6 unknown key `hi` in limits; use one of: high_high, high, low, low_low, deadband, on_delay_s, off_delay_s, priority",
        ],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topc = "f/t" }
"#,
        &["5 `topic` is missing; add it", "5 unknown setting `topc`; use one of: topic, pointer"],
    );
}

/// A newer format is refused and not judged any further.
#[test]
fn the_format() {
    check(
        r#"format = 2
nonsense = 3
"#,
        &[
            "1 the file is of format 2; this version of Andon reads format 1; use a newer version of Andon, or the plant file as it was before",
        ],
    );
    check(
        r#"format = "1"
"#,
        &["1 this is no format; write `format = 1`"],
    );
    check(
        r#"format = 0
"#,
        &["1 this is no format; write `format = 1`"],
    );
}

/// What has to be there is asked for with an example.
#[test]
fn keys_that_are_missing() {
    check(
        r#"[[tags]]
"#,
        &[r#"1 `id` is missing in tag; add `id = "temperature"`"#],
    );
    check(
        r#"[[gateways]]
"#,
        &[
            r#"1 `id` is missing in gateway; add `id = "line1-plc"`"#,
            r#"1 `kind` is missing in gateway; add `kind = "mqtt"`"#,
        ],
    );
    check(
        r#"[[machines]]
"#,
        &[r#"1 `path` is missing in machine; add `path = "site/area/line/machine"`"#],
    );
    check(
        r#"TAG
id = "t"
"#,
        &[
            "1 the tag has neither `gateway` nor `formula`; say where its value comes from: gateway and address, or formula",
        ],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
"#,
        &["4 the tag has no `address`: `topic` is missing; add `address = { ... }`: add it"],
    );
    check(
        r#"TAG
id = "t"
address = { topic = "x" }
"#,
        &[
            "1 the tag has neither `gateway` nor `formula`; say where its value comes from: gateway and address, or formula",
        ],
    );
    check(
        r#"ALARM
tag = "t"
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &[r#"1 `kind` is missing in alarm; add `kind = "high"`"#],
    );
    check(
        r#"ALARM
tag = "t"
kind = "high"
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &["1 `limit` is missing in alarm; add `limit = 82`"],
    );
    check(
        r#"ALARM
kind = "low"
limit = 3
"#,
        &[r#"1 `tag` is missing in alarm; add `tag = "temperature"`"#],
    );
    check(
        r#"ALARM
formula = "true"
"#,
        &[
            r#"1 `id` is missing in alarm; add `id = "too-slow"`"#,
            r#"1 `message` is missing in alarm; add `message = "Filler runs too slowly"`"#,
        ],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
scaling = { offset = 2 }
"#,
        &["6 `factor` is missing in scaling; add `factor = 0.1`"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
limits = {}
"#,
        &["6 there is no limit among the limits; add one, such as `high = 82`"],
    );
    check(
        r#"TAG
id = ""
gateway = "broker"
address = { topic = "f/t" }
name = ""
"#,
        &[r#"3 `id` is empty; write something, such as `id = "temperature"`"#],
    );
}
