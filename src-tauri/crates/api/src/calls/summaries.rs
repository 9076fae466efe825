//! Aggregates as a host asks for them: exact, by the rule of each tag, and bounded.

use history::Row;
use model::{Quality, Timestamp};

use super::*;

const LINE: &str = r#"
[plant]
name = "Line"

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
address = { at = 1 }

[[tags]]
machine = "a/b/c/press"
id = "level"
gateway = "wire"
record = { rule = "swinging-door", deviation = 0.5 }
address = { at = 2 }

[[tags]]
machine = "a/b/c/press"
id = "running"
gateway = "wire"
type = "bool"
address = { at = 3 }

[[tags]]
machine = "a/b/c/press"
id = "strokes"
gateway = "wire"
type = "int"
address = { at = 4 }

[[tags]]
machine = "a/b/c/press"
id = "recipe"
gateway = "wire"
type = "text"
record = false
address = { at = 5 }
"#;

/// Some hour of the past.
const T0: i64 = 1_760_000_400_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

impl Called {
    /// Records a tag's past; minutes after [`T0`].
    fn past(&self, tag: &str, samples: &[(i64, Option<Value>)]) {
        let series = self.history.series(&[&["a/b/c/press/", tag].concat()])[0];
        let row = |(minute, value): &(i64, Option<Value>)| {
            let time = Timestamp::from_millis(T0 + minute * MINUTE);
            let quality = if value.is_some() { Quality::GOOD } else { Quality::BAD_TIMEOUT };
            Row { series, sample: Sample { time, received: time, value: value.clone(), quality } }
        };
        self.history.import(samples.iter().map(row).collect()).expect("history takes it");
    }
}

fn float(x: f64) -> Option<Value> {
    Some(Value::Float(x))
}

fn ask(tags: &[u32], intervals: u32) -> Json {
    json!({ "tags": tags, "from": T0, "to": T0 + HOUR, "intervals": intervals, "with": [], "counterEnd": null })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_says_what_a_tag_did() {
    let called = Called::with(LINE);
    called.past("temperature", &[(-5, float(10.0)), (15, float(30.0)), (30, None), (45, float(20.0))]);
    let answer = called.json("history_summary", ask(&[0], 1)).await;
    assert_eq!((&answer["from"], &answer["to"]), (&json!(T0), &json!(T0 + HOUR)));
    let hour = &answer["tags"][0]["intervals"][0];
    // A quarter at 10, a quarter at 30, a quarter that nobody knows, a quarter at 20.
    assert_eq!(hour["mean"], 20.0);
    assert_eq!((&hour["count"], &hour["percentGood"]), (&json!(2), &json!(75.0)));
    assert_eq!(hour["least"], json!({ "value": 10.0, "time": null }), "it held from before");
    assert_eq!(hour["greatest"], json!({ "value": 30.0, "time": T0 + 15 * MINUTE }));
    assert_eq!((&hour["first"], &hour["last"]), (&json!(10.0), &json!(20.0)));
    assert_eq!(hour["quality"], Quality::UNCERTAIN_SUBNORMAL.code(), "a quarter was not good");
    assert_eq!(answer["tags"][0]["states"], Json::Null, "nobody asked for them");

    let answer = called.json("history_summary", ask(&[0], 4)).await;
    let quarters = answer["tags"][0]["intervals"].as_array().expect("a list").clone();
    let means: Vec<&Json> = quarters.iter().map(|quarter| &quarter["mean"]).collect();
    assert_eq!(means, [&json!(10.0), &json!(30.0), &Json::Null, &json!(20.0)]);
    assert_eq!(quarters[2]["quality"], Quality::BAD.code());
    assert_eq!(quarters[3]["to"], T0 + HOUR);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swinging_door_promised_a_line_and_the_answers_keep_it() {
    let called = Called::with(LINE);
    let up = [(0, float(0.0)), (60, float(60.0))];
    called.past("level", &up);
    called.past("temperature", &up);
    let answer = called.json("history_summary", ask(&[0, 1], 2)).await;
    let means = |tag: usize| {
        let intervals = answer["tags"][tag]["intervals"].as_array().expect("a list");
        intervals.iter().map(|interval| interval["mean"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(means(0), [0.0, 0.0], "the temperature stood");
    assert_eq!(means(1), [15.0, 45.0], "the level rose");

    let request = json!({ "tags": [0, 1], "time": T0 + HOUR / 2 });
    let Answer::Bytes { bytes, .. } = called.call(&anybody(), "history_instant", request).await.expect("is answered")
    else {
        panic!("an instant is a frame")
    };
    let value = |row: usize| {
        let at = 72 + row * 8;
        f64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
    };
    assert_eq!((value(0), value(1)), (0.0, 30.0), "the same at an instant");
}

#[tokio::test(flavor = "multi_thread")]
async fn states_and_counters_are_told_where_they_are_asked_for() {
    let called = Called::with(LINE);
    let switch = |on| Some(Value::Bool(on));
    called.past("running", &[(-1, switch(true)), (20, switch(false)), (30, None), (40, switch(true))]);
    let count = |x| Some(Value::Int(x));
    called.past("strokes", &[(-1, count(65_500)), (10, count(65_530)), (20, count(4)), (50, count(9))]);
    let mut request = ask(&[2, 3], 1);
    request["with"] = json!(["states", "increase"]);
    request["counterEnd"] = json!(65_536.0);
    let answer = called.json("history_summary", request.clone()).await;
    let (running, strokes) = (&answer["tags"][0], &answer["tags"][1]);
    assert_eq!(
        running["states"],
        json!({
            "durations": [{ "state": true, "ms": 40 * MINUTE }, { "state": false, "ms": 10 * MINUTE }],
            "othersMs": 0,
            "unknownMs": 10 * MINUTE,
            "transitions": 2,
        })
    );
    assert_eq!(running["increase"], Json::Null, "a switch counts nothing");
    assert_eq!(strokes["increase"], json!({ "total": 45.0, "rollovers": 1, "resets": 0 }));
    assert_eq!(strokes["states"]["durations"][0], json!({ "state": 4.0, "ms": 30 * MINUTE }));
    request["counterEnd"] = Json::Null;
    let answer = called.json("history_summary", request).await;
    assert_eq!(answer["tags"][1]["increase"], json!({ "total": 35.0, "rollovers": 0, "resets": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_ends_now_and_leaves_out_what_is_not_recorded() {
    let called = Called::with(LINE);
    called.past("temperature", &[(0, float(5.0))]);
    let before = SystemClock.now().wall.millis();
    let request = json!({ "tags": [4, 0], "from": T0, "to": before + 365 * 24 * HOUR, "intervals": 1, "with": [], "counterEnd": null });
    let answer = called.json("history_summary", request).await;
    let to = answer["to"].as_i64().expect("a time");
    assert!((before..=SystemClock.now().wall.millis()).contains(&to), "{to}");
    assert_eq!(answer["tags"].as_array().map(Vec::len), Some(1), "the recipe is not recorded");
    assert_eq!(
        (&answer["tags"][0]["tag"], &answer["tags"][0]["intervals"][0]["percentGood"]),
        (&json!(0), &json!(100.0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_bounds_is_not_answered() {
    let called = Called::with(LINE);
    let check = async |change: (&str, Json), code: Code| {
        let mut request = ask(&[0], 1);
        request[change.0] = change.1;
        let failure = called.call(&anybody(), "history_summary", request).await.expect_err("it makes no sense");
        assert_eq!(failure.code, code, "{}", failure.message);
    };
    check(("tags", json!([])), Code::Invalid).await;
    check(("tags", json!(vec![0; 17])), Code::Invalid).await;
    check(("tags", json!([99])), Code::NotFound).await;
    check(("to", json!(T0)), Code::Invalid).await;
    check(("intervals", json!(0)), Code::Invalid).await;
    check(("intervals", json!(501)), Code::Invalid).await;
    check(("counterEnd", json!(0)), Code::Invalid).await;
    check(("with", json!(["everything"])), Code::Invalid).await;
}
