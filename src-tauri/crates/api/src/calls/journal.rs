//! The journal as a host sees it: filtered, as a file, and as figures.

use engine::SystemClock;
use model::Clock as _;
use serde_json::{Value as Json, json};

use super::exports::part_of;
use super::{Called, anybody, until};
use crate::Code;

/// A plant whose one alarm was raised and acknowledged with a note.
async fn acknowledged() -> Called {
    let called = Called::start();
    called.value(90.0).await;
    let occurrence = called.alarm().await;
    let note = "=cmd|'/c calc'!A0, \"seal\" replaced";
    called.json("alarm_acknowledge", json!({ "occurrences": [occurrence], "note": note })).await;
    called
}

async fn kinds(called: &Called, filter: Json) -> Vec<String> {
    let page = called.json("journal_read", json!({ "before": null, "limit": 50, "filter": filter })).await;
    let entries = page["entries"].as_array().expect("a list").iter();
    entries.map(|entry| entry["kind"].as_str().expect("a word").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_filtered_by_kind_and_by_person() {
    let called = acknowledged().await;
    assert_eq!(kinds(&called, json!({ "kinds": ["raised"] })).await, ["raised"]);
    assert_eq!(kinds(&called, json!({ "user": "EV", "kinds": ["raised", "acknowledged"] })).await, ["acknowledged"]);
    assert_eq!(kinds(&called, json!({ "user": "nobody" })).await, Vec::<String>::new());
    assert_eq!(kinds(&called, json!({ "text": "SEAL", "priority": 1 })).await, ["acknowledged"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_comes_as_a_file_of_which_nothing_is_calculated() {
    let called = acknowledged().await;
    let mut file = Vec::new();
    let id = called.json("journal_export", json!({ "filter": { "alarm": "a/b/c/press/hot" } })).await;
    while !part_of(&called, &id, &mut file).await {}
    let file = String::from_utf8(file).expect("UTF-8");
    let rows: Vec<&str> = file.trim_end().split("\r\n").collect();
    assert_eq!(rows.len(), 3, "{file}");
    assert_eq!(rows[0], "time,what,priority,equipment,alarm,message,value,user,station,note");
    let end = ",acknowledged,1,a/b/c/press,a/b/c/press/hot,Press is hot,90.0 °C,eve,desk 1,\
               \"'=cmd|'/c calc'!A0, \"\"seal\"\" replaced\"";
    assert!(rows[1].ends_with(end), "{file}");
    assert!(rows[2].contains(",raised,1,"), "{file}");

    let nonsense = called.call(&anybody(), "journal_export", json!({ "filter": { "priority": 9 } })).await;
    assert_eq!(nonsense.expect_err("there is no such priority").code, Code::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alarms_are_counted_from_the_journal() {
    let called = acknowledged().await;
    let now = SystemClock.now().wall.millis();
    let read = async |equipment: Json| {
        let request = json!({ "from": now - 3_600_000, "to": now + 3_600_000, "equipment": equipment });
        called.json("alarm_performance", request).await
    };
    // The window ends before the present millisecond, in which the acknowledgement may have been.
    let figures = until("the alarm and its acknowledgement are counted", async || {
        Some(read(Json::Null).await).filter(|figures| figures["priorities"][0]["acknowledged"] == 1)
    });
    let figures = figures.await;
    assert_eq!(figures["count"], 1);
    assert_eq!(figures["station"], "desk 1");
    assert!(figures["to"].as_i64().is_some_and(|to| to < now + 60_000), "of what is to come nothing is known");
    assert_eq!(figures["top"][0]["alarm"]["message"], "Press is hot");
    let hours =
        figures["heat"].as_array().expect("days").iter().flat_map(|day| day["hours"].as_array().expect("hours"));
    assert_eq!(hours.filter_map(Json::as_u64).sum::<u64>(), 1);
    assert_eq!(read(json!("a/b/c")).await["count"], 1);
    assert_eq!(read(json!("a/b/d")).await["count"], 0);
    for (from, to) in [(5, 5), (0, 401 * 86_400_000_i64), (i64::MIN, i64::MAX)] {
        let request = json!({ "from": from, "to": to, "equipment": null });
        let refused = called.call(&anybody(), "alarm_performance", request).await.expect_err("it makes no sense");
        assert_eq!(refused.code, Code::Invalid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_together_is_looked_for_in_ninety_days_and_once_an_hour() {
    let called = acknowledged().await;
    let first = called.json("alarm_companions", json!({})).await;
    assert_eq!(first["pairs"], json!([]), "one alarm has no company");
    let (from, to) = (first["from"].as_i64().expect("a time"), first["to"].as_i64().expect("a time"));
    assert_eq!(to - from, 90 * 86_400_000);
    until("a later millisecond", async || (SystemClock.now().wall.millis() > to).then_some(())).await;
    assert_eq!(called.json("alarm_companions", json!({})).await["to"], to, "within the hour it is the same answer");
}
