//! What is wrong with alarms.

use crate::common::check;

/// An alarm fits the tag it watches, and its limits are in order.
#[test]
fn alarms() {
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
limits = { low = 5, high = 5 }
"#,
        &["6 the limits are out of order: low 5 is not below high 5; keep low-low < low < high < high-high"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
limits = { low_low = 3, low = 2, high = 9, high_high = 8 }
"#,
        &[
            "6 the limits are out of order: high 9 is not below high-high 8; keep low-low < low < high < high-high",
            "6 the limits are out of order: low-low 3 is not below low 2; keep low-low < low < high < high-high",
        ],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
limits = { high = 5 }
ALARM
tag = "t"
kind = "high-high"
limit = 4
"#,
        &["11 the limits are out of order: high 5 is not below high-high 4; keep low-low < low < high < high-high"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
range = [0, 10]
limits = { high = 11 }
"#,
        &["7 warning: the limit 11 is outside of the tag's range 0 to 10; widen the range, or check the limit"],
    );
    check(
        r#"ALARM
tag = "t"
kind = "high"
limit = 3
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
type = "bool"
"#,
        &[
            r#"4 a limit needs a tag of type int or float; watch a tag of type int or float, or use kind = "digital" for a bool"#,
        ],
    );
    check(
        r#"ALARM
tag = "t"
kind = "digital"
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
type = "int"
"#,
        &[
            "4 an alarm of kind digital needs a tag of type bool; watch a tag of type bool, or use a formula such as `state == 3`",
        ],
    );
    check(
        r#"ALARM
tag = "t"
kind = "low"
limit = 3
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
type = "text"
"#,
        &[
            r#"4 a limit needs a tag of type int or float; watch a tag of type int or float, or use kind = "digital" for a bool"#,
        ],
    );
    check(
        r#"ALARM
tag = "t"
kind = "digital"
limit = 3
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
type = "bool"
"#,
        &["5 `limit` has no meaning for an alarm of kind digital; remove it, or change the kind"],
    );
    check(
        r#"ALARM
tag = "t"
kind = "stale"
active_when = true
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &["5 `active_when` has no meaning for an alarm of kind stale; remove it, or change the kind"],
    );
    check(
        r#"ALARM
tag = "t"
formula = "t > 3"
id = "x"
message = "m"
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &["3 `tag` has no meaning for an alarm on a formula; remove it, or change the kind"],
    );
    check(
        r#"ALARM
tag = "t"
kind = "hihi"
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &[
            "4 unknown kind `hihi` in alarm; use one of: high-high, high, low, low-low, rate, deviation, digital, state, discrepancy, no-change, no-update, count, cusum, stale, formula",
        ],
    );
    check(
        r#"ALARM
tag = "t"
kind = "high_high"
limit = 2
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &["4 unknown kind `high_high` in alarm; did you mean `high-high`?"],
    );
    check(
        r#"ALARM
tag = "t"
kind = "high"
limit = 3
priority = 0
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &["6 `priority` is 0, which is not within 1 to 4; use a whole number from 1 to 4"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
limits = { high = 3, priority = 5 }
"#,
        &["6 `priority` is 5, which is not within 1 to 4; use a whole number from 1 to 4"],
    );
}
