//! What is wrong with names and addresses.

use crate::common::check;

/// Both places are named.
#[test]
fn what_is_given_twice() {
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &["8 the tag `ulm/fill/line1/filler/t` is given twice, on line 3 and on line 8; give one of them another id"],
    );
    check(
        r#"[[machines]]
path = "ulm/fill/line1/filler"
"#,
        &[
            "15 the machine `ulm/fill/line1/filler` is given twice, on line 2 and on line 15; give one of them another path, or remove it",
        ],
    );
    check(
        r#"[[gateways]]
id = "plc"
kind = "mqtt"
host = "h"
"#,
        &["13 the gateway `plc` is given twice, on line 2 and on line 13; give one of them another id"],
    );
    check(
        r#"[[lines]]
path = "ulm/fill/line1"
[[lines]]
path = "ulm/fill/line1"
"#,
        &[
            "4 the line `ulm/fill/line1` is given twice, on line 2 and on line 4; give one of them another path, or remove it",
        ],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
limits = { high = 3 }
ALARM
tag = "t"
kind = "high"
limit = 4
"#,
        &[
            "7 the alarm `ulm/fill/line1/filler/t/high` is given twice, on line 6 and on line 7; give one of them another id",
        ],
    );
    check(
        r#"ALARM
id = "slow"
message = "m"
formula = "t < 3"
ALARM
id = "slow"
message = "m"
formula = "t < 2"
TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &[
            "6 the alarm `ulm/fill/line1/filler/slow` is given twice, on line 1 and on line 6; give one of them another id",
        ],
    );
    check(
        r#"TAG
id = "a"
gateway = "broker"
address = { topic = "f/x" }
TAG
id = "b"
gateway = "broker"
address = { topic = "f/x" }
"#,
        &[
            "10 warning: `ulm/fill/line1/filler/b` has the same address as `ulm/fill/line1/filler/a` on line 3; check the address, or remove one of the tags",
        ],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
machine = "ulm/fill/line1/filler"
"#,
        &["6 `machine` is given twice, on line 2 and on line 6; keep one of them"],
    );
}

/// What a name refers to has to be there.
#[test]
fn references() {
    check(
        r#"TAG
id = "t"
gateway = "brokr"
address = { topic = "f/t" }
"#,
        &["4 unknown gateway `brokr`; did you mean `broker`?"],
    );
    check(
        r#"TAG
id = "t"
gateway = "opc"
address = { topic = "f/t" }
"#,
        &["4 unknown gateway `opc`; use one of: broker, plc"],
    );
    check(
        r#"[[tags]]
machine = "ulm/fill/line1/filer"
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &["2 unknown machine `ulm/fill/line1/filer`; did you mean `ulm/fill/line1/filler`?"],
    );
    check(
        r#"[[tags]]
machine = "ulm/fill/line1"
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &[r#"2 `ulm/fill/line1` is not a machine; write `equipment = "ulm/fill/line1"`"#],
    );
    check(
        r#"[[tags]]
equipment = "ulm/fill/line2"
id = "t"
gateway = "broker"
address = { topic = "f/t" }
"#,
        &["2 unknown equipment `ulm/fill/line2`; did you mean `ulm/fill/line1`?"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
equipment = "ulm"
"#,
        &["6 `machine` and `equipment` are both given; keep the one it belongs to"],
    );
    check(
        r#"[[machines]]
path = "ulm/fill/line1/capper"
template = "capper"
"#,
        &["3 unknown template `capper`; add it as [[templates.capper.tags]]"],
    );
    check(
        r#"[templates.capper]
[[machines]]
path = "ulm/fill/line1/capper"
template = "caper"
"#,
        &[
            "1 warning: no machine uses the template `capper`, so that it is not checked; use it, or remove it",
            "4 unknown template `caper`; did you mean `capper`?",
        ],
    );
    check(
        r#"ALARM
tag = "tmp"
kind = "stale"
TAG
id = "temp"
gateway = "broker"
address = { topic = "f/temp" }
"#,
        &["3 unknown tag `tmp`; did you mean `temp`?"],
    );
    check(
        r#"ALARM
tag = "other"
kind = "stale"
"#,
        &["3 unknown tag `other`; write its id, or its full id where it is of another machine"],
    );
    check(
        r#"[[lines]]
path = "ulm/fill/line9"
"#,
        &["2 warning: no machine belongs to `ulm/fill/line9`; check the path, or remove it"],
    );
}

/// What a protocol rejects stands at the key it names.
#[test]
fn gateways_and_addresses() {
    check(
        r#"[[gateways]]
id = "g"
kind = "opc-ua"
"#,
        &["3 unknown kind of gateway `opc-ua`; use one of: mqtt, modbus-tcp"],
    );
    check(
        r#"[[gateways]]
id = "g"
kind = "modbus"
host = "h"
TAG
id = "t"
gateway = "g"
address = { topic = "f/t" }
"#,
        &["3 unknown kind of gateway `modbus`; did you mean `modbus-tcp`?"],
    );
    check(
        r#"[[gateways]]
id = "g"
kind = "mqtt"
host = "h"
alarm_priority = 5
"#,
        &["5 `alarm_priority` is 5, which is not within 1 to 4; use a whole number from 1 to 4"],
    );
    check(
        r#"TAG
id = "t"
gateway = "plc"
address = { register = "x" }
"#,
        &[r#"5 `register` is "x", not a number; use a number"#],
    );
    check(
        r#"TAG
id = "t"
gateway = "plc"
[tags.address]
register = 4
tabel = "holding"
"#,
        &["7 unknown setting `tabel`; use one of: table, register, type, bit, order"],
    );
    check(
        r#"TAG
id = "t"
gateway = "broker"
address = { topic = "f/t" }
formula = "1"
"#,
        &[
            "4 a tag with a formula has no `gateway`; keep the formula or the gateway's address",
            "5 a tag with a formula has no `address`; keep the formula or the gateway's address",
        ],
    );
    check(
        r#"TAG
id = "t"
formula = "2"
scaling = { factor = 2 }
"#,
        &["5 a tag with a formula has no `scaling`; keep the formula or the gateway's address"],
    );
}

/// What a gateway says of all its tags stands in for an address, and is told from one.
#[test]
fn addresses_from_the_gateway() {
    const GATEWAY: &str = r#"[[gateways]]
id = "g"
kind = "mqtt"
host = "h"
topics = "all/@"
"#;
    let check = |tags: &str, expect: &[&str]| check(&format!("{GATEWAY}{tags}"), expect);
    check(
        r#"TAG
id = "a"
gateway = "g"
TAG
id = "b"
gateway = "g"
TAG
id = "c"
gateway = "g"
address = { pointer = "/c" }
"#,
        &[],
    );
    check(
        r#"TAG
id = "a"
gateway = "g"
TAG
id = "b"
gateway = "g"
address = { topic = "all/ulm/fill/line1/filler/a" }
"#,
        &[
            "14 warning: `ulm/fill/line1/filler/b` has the same address as `ulm/fill/line1/filler/a` on line 8; check the address, or remove one of the tags",
        ],
    );
    check(
        r#"[[tags]]
id = "a"
gateway = "g"
[[tags]]
id = "b"
gateway = "g"
address = { pointer = "/b", topic = "own" }
"#,
        &[
            "8 the tag has no `address`: no level for `topics`; add `address = { ... }`: write its own",
            "12 no level for `topics`; write its own",
        ],
    );
    check(
        r#"TAG
id = "a"
gateway = "g"
address = 7
"#,
        &["10 `address` is a whole number, which does not fit; write a table: { ... }"],
    );
}
