//! What if, as a host sees it: an alarm's past with other numbers, and the numbers in the plant file.

use history::Row;
use model::{Quality, Sample, Timestamp, Value};
use serde_json::{Value as Json, json};

use super::{Called, anybody, until, who};
use crate::Code;
use crate::wire::Permission;

const PLANT: &str = r#"
[plant]
name = "What if"

[[gateways]]
id = "wire"
kind = "memory"

[[machines]]
path = "a/b/c/press"
name = "Press"

[[tags]]
machine = "a/b/c/press"
id = "temperature"
gateway = "wire"
unit = "°C"
range = [0, 100]
record = { rule = "every-sample" }
address = { at = 1 }
limits = { high = 80.0, low = 5 } # as of the manual

[[tags]]
machine = "a/b/c/press"
id = "recipe"
gateway = "wire"
record = false
address = { at = 2 }

[[tags]]
machine = "a/b/c/press"
id = "speed"
gateway = "wire"
address = { at = 3 }
deadband = 2

[[alarms]]
tag = "a/b/c/press/speed"
id = "frozen"
kind = "no-change"
within_s = 60

[[alarms]]
tag = "a/b/c/press/recipe"
id = "odd"
kind = "high"
limit = 3
"#;

const HIGH: &str = "a/b/c/press/temperature/high";
const T0: i64 = 1_760_000_400_000;
const SECOND: i64 = 1_000;
const DAY: i64 = 86_400 * SECOND;

impl Called {
    /// A day in which the temperature is at 79, and for a minute of each hour goes to and fro over its limit.
    fn restless_day(&self) {
        let series = self.history.series(&["a/b/c/press/temperature"])[0];
        let row = |second: i64| {
            let time = Timestamp::from_millis(T0 + second * SECOND);
            let is_over = second % 3_600 < 60 && second % 10 < 5;
            let value = Some(Value::Float(if is_over { 80.5 } else { 79.0 }));
            Row { series, sample: Sample { time, received: time, value, quality: Quality::GOOD } }
        };
        self.history.import((0..86_400).map(row).collect()).expect("history takes it");
    }
}

fn ask(tuning: Json, per_day: Json) -> Json {
    json!({ "alarm": HIGH, "from": T0, "to": T0 + DAY, "tuning": tuning, "suggestPerDay": per_day })
}

fn tuning(limit: f64, deadband: f64, off_delay: f64) -> Json {
    json!({
        "limit": limit, "secondLimit": null, "deadband": deadband, "onDelayS": 0.0, "offDelayS": off_delay, "times": null
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engineer_sees_what_an_off_delay_would_have_saved() {
    let called = Called::with(PLANT);
    called.restless_day();
    let answer = called.json("alarm_try", ask(tuning(80.0, 0.0, 10.0), Json::Null)).await;
    assert_eq!((&answer["samples"], &answer["first"]), (&json!(86_400), &json!(T0)), "{answer}");
    assert_eq!((&answer["levels"], &answer["tuning"]), (&json!(["high"]), &tuning(80.0, 0.0, 0.0)));
    let before = &answer["before"];
    assert_eq!(before["activations"], 24 * 6, "six in each hour");
    assert_eq!((&before["worstHour"], &before["fleeting"]), (&json!(6), &json!(24)), "the last of an hour stays away");
    assert_eq!(before["activeMs"], 24 * 6 * 5 * SECOND);
    assert_eq!(before["chattering"], 24, "once in each hour");
    assert_eq!(before["floods"], 0, "six in ten minutes are none");
    let after = &answer["after"];
    assert_eq!((&after["activations"], &after["chattering"]), (&json!(24), &json!(0)), "one in each hour");
    assert_eq!(after["spans"][0], json!({ "from": T0, "to": T0 + 65 * SECOND, "level": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_leaves_the_limit_alone_where_that_is_enough() {
    let called = Called::with(PLANT);
    called.restless_day();
    let answer = called.json("alarm_try", ask(Json::Null, json!(24.0))).await;
    let suggestion = &answer["suggestion"];
    assert_eq!((&suggestion["limit"], &suggestion["onDelayS"]), (&json!(80.0), &json!(0.0)), "{answer}");
    assert_eq!(answer["suggested"]["activations"], 24, "{answer}");
    let tried = called.json("alarm_try", ask(suggestion.clone(), Json::Null)).await;
    assert_eq!(tried["after"], answer["suggested"], "what is tried is what was suggested");
    let answer = called.json("alarm_try", ask(Json::Null, json!(0.5))).await;
    assert_eq!(answer["suggested"]["activations"], 0, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_said_that_a_first_out_that_suppresses_is_left_out() {
    let group = "[[alarms]]\ntag = \"a/b/c/press/temperature\"\nid = \"hot\"\nkind = \"high\"\nlimit = 70\nfirst_out = \"heat\"\n";
    for (others, left_out) in [("mark", false), ("suppress-others", true)] {
        let called = Called::with(&format!("{PLANT}\n{group}\n[first_out]\nheat = \"{others}\"\n"));
        called.restless_day();
        let request = json!({
            "alarm": "a/b/c/press/hot", "from": T0, "to": T0 + DAY, "tuning": null, "suggestPerDay": null
        });
        let remarks = called.json("alarm_try", request).await["remarks"].clone();
        let is_said = remarks.as_array().is_some_and(|all| all.contains(&json!("suppressionLeftOut")));
        assert_eq!(is_said, left_out, "{others}: {remarks}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_accepted_is_in_the_plant_file_and_in_the_journal() {
    let called = Called::with(PLANT);
    let request = json!({ "alarm": HIGH, "tuning": tuning(82.5, 0.0, 10.0), "reason": "chatters at each start" });
    let changed = called.json("alarm_change", request.clone()).await;
    assert_eq!((&changed["before"]["limit"], &changed["after"]["limit"]), (&json!(80.0), &json!(82.5)));
    assert_eq!(changed["others"], json!(["a/b/c/press/temperature/low"]), "they share the delay");
    let text = called.text.lock().expect("one thread").clone();
    let line = "limits = { high = 82.5, low = 5, off_delay_s = 10 } # as of the manual\n";
    assert!(text.contains(line), "{text}");
    assert_eq!(text.replace(line, ""), PLANT.replace("limits = { high = 80.0, low = 5 } # as of the manual\n", ""));
    let plant = called.json("plant_read", json!({})).await;
    assert_eq!(plant["revision"], 2, "it runs");
    let recorded = until("the outcome is written", async || {
        called.actions().into_iter().find(|(command, words)| command == "alarm_change" && words != "intent")
    });
    assert_eq!(recorded.await.1, "done: limit 80 -> 82.5, off_delay_s 0 -> 10");
    let page = called.json("journal_read", json!({ "limit": 1, "filter": { "kinds": ["action"] } })).await;
    let words = page["entries"][0]["message"].as_str().expect("words");
    assert!(["limit 82.5", "chatters at each start"].iter().all(|part| words.contains(part)), "{words}");
    assert!(!words.contains(['{', '"']) && !words.contains("secondLimit"), "what a person reads, {words}");
    let denied = called.call(&who(&[Permission::View]), "alarm_change", request).await.expect_err("it is not allowed");
    assert_eq!(denied.code, Code::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replayed_or_changed_says_why() {
    let called = Called::with(PLANT);
    let check = async |command: &str, request: Json, code: Code, words: &str| {
        let failure = called.call(&anybody(), command, request).await.expect_err("it makes no sense");
        assert!(failure.code == code && failure.message.contains(words), "{failure:?}");
    };
    let of = |alarm: &str| json!({ "alarm": alarm, "from": T0, "to": T0 + DAY, "tuning": null, "suggestPerDay": null });
    check("alarm_try", of("nothing"), Code::NotFound, "no alarm").await;
    check("alarm_try", of("a/b/c/press/odd"), Code::Unavailable, "is not recorded").await;
    check("alarm_try", of("a/b/c/press/frozen"), Code::Unavailable, "only what moved").await;
    check("alarm_try", of("gateway/wire/connection"), Code::Unavailable, "watches a connection").await;
    check("alarm_try", ask(tuning(80.0, -1.0, 0.0), Json::Null), Code::Invalid, "deadband").await;
    check("alarm_try", ask(tuning(80.0, 0.0, 1e9), Json::Null), Code::Invalid, "off-delay").await;
    check("alarm_try", ask(Json::Null, json!(-1)), Code::Invalid, "a day").await;
    let mut long = ask(Json::Null, Json::Null);
    long["to"] = json!(T0 + 32 * DAY);
    check("alarm_try", long, Code::Invalid, "31 days").await;
    let change =
        |limit: f64, reason: &str| json!({ "alarm": HIGH, "tuning": tuning(limit, 0.0, 0.0), "reason": reason });
    check("alarm_change", change(82.0, " "), Code::Invalid, "say why").await;
    check("alarm_change", change(4.0, "a mistake"), Code::Invalid, "out of order").await;
    assert_eq!(*called.text.lock().expect("one thread"), PLANT);
}
