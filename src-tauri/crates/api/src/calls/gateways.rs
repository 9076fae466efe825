//! Gateways as a host sees them: what is behind them, what they offer, taking that over, and writing to them.

use gateway::{Request, Requests};
use model::{
    Browsed, Certificate, CertificateOwner, DataType, EdgeNode, LinkDetail, Offer, ReadBlock, Settings, Timestamp,
    Written,
};

use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

impl Called {
    /// The answering side of the gateway's link, with a connection that is up.
    fn connected(&self) -> Requests {
        let requests = self.wire.requests.lock().expect("one thread").clone().expect("the gateway is opened");
        requests.open(1);
        requests
    }

    fn plant_text(&self) -> String {
        self.text.lock().expect("one thread").clone()
    }

    async fn refused(&self, command: &str, request: Json) -> Failure {
        self.call(&anybody(), command, request).await.expect_err("it is refused")
    }

    async fn recorded(&self, command: &str) -> Vec<String> {
        let outcomes = until("the outcome is written", async || {
            let words = self.actions().into_iter().filter(|(name, words)| name == command && words != "intent");
            Some(words.map(|(_, words)| words).collect::<Vec<_>>()).filter(|words| !words.is_empty())
        });
        outcomes.await
    }
}

fn address(at: u32) -> Settings {
    [("at".to_owned(), at.into())].into_iter().collect()
}

fn tag(name: &str, at: u32) -> Json {
    json!({
        "equipment": "a/b/c/press", "id": null, "name": name, "kind": "float", "unit": "bar", "range": [0.0, 10.0],
        "decimals": 2, "address": { "at": at }, "writable": false
    })
}

fn adopt(tags: Vec<Json>) -> Json {
    json!({ "gateway": "wire", "tags": tags, "machines": [] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_tells_its_certificates_blocks_and_nodes_with_the_faulty_first() {
    let called = Called::start();
    let now = SystemClock.now().wall.millis();
    let block = |first: u16, fault: &str| ReadBlock {
        unit: 1,
        table: "holding".into(),
        first,
        count: 10,
        tags: 3,
        period_ms: 1_000,
        latency_ms: Some(4.5),
        fault: fault.into(),
    };
    let node = |device: &str, online: bool| EdgeNode {
        path: vec!["ulm".into(), "edge-1".into(), device.into()],
        online,
        since: Timestamp::from_millis(now),
        metrics: 12,
        messages: 100,
        gaps: 1,
        rebirths: 2,
        fault: String::new(),
    };
    called.wire.counters.tell(LinkDetail {
        certificates: vec![Certificate {
            owner: CertificateOwner::Peer,
            subject: "x".repeat(1_000_000),
            not_before: Timestamp::from_millis(0),
            not_after: Timestamp::from_millis(now + 25 * DAY_MS + DAY_MS / 2),
            fingerprint: "ab".repeat(32),
        }],
        blocks: vec![block(0, ""), block(100, "exception 02"), block(200, "")],
        nodes: vec![node("a", true), node("b", false)],
        remarks: vec![("Session".into(), "kept by the broker".into())],
    });
    let detail = until("the engine has published it", async || {
        let detail = called.json("gateway_read", json!({ "gateway": "wire" })).await;
        (detail["gateway"]["blocks"] == 3).then_some(detail)
    });
    let detail = detail.await;
    assert_eq!((&detail["blocks"][0]["first"], &detail["blocks"][0]["fault"]), (&json!(100), &json!("exception 02")));
    assert_eq!((&detail["blocks"][1]["first"], &detail["blocks"][2]["first"]), (&json!(0), &json!(200)));
    assert_eq!((&detail["nodes"][0]["path"][2], &detail["nodes"][0]["online"]), (&json!("b"), &json!(false)));
    let certificate = &detail["certificates"][0];
    assert_eq!((&certificate["daysLeft"], &certificate["level"]), (&json!(25), &json!("warning")));
    assert!(certificate["subject"].as_str().is_some_and(|subject| subject.chars().count() <= 1_001), "it is bounded");
    assert_eq!(detail["remarks"], json!([{ "caption": "Session", "words": "kept by the broker" }]));

    let row = &called.json("status_read", json!({})).await["gateways"][0];
    assert_eq!(row["certificate"], json!({ "level": "warning", "daysLeft": 25 }));
    assert_eq!((&row["blocksFaulty"], &row["nodes"], &row["nodesFaulty"]), (&json!(1), &json!(2), &json!(1)));
    assert_eq!(called.refused("gateway_read", json!({ "gateway": "<b>" })).await.code, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_offers_is_shown_bounded_and_with_the_tags_that_have_it() {
    let called = Called::start();
    called.value(21.0).await;
    let requests = called.connected();
    let answering = tokio::spawn(async move {
        let Request::Browse(browse, reply) = requests.next(1).await else { panic!("not a look") };
        assert_eq!((browse.path.as_str(), &browse.options["seconds"]), ("press", &json!(3)));
        let offer = |path: &str, at: Option<u32>| Offer {
            path: path.into(),
            name: "\u{202e}<b>".repeat(500_000),
            address: at.map(address),
            data_type: Some(DataType::Float),
            range: Some((f64::NEG_INFINITY, 1.0)),
            ..Offer::default()
        };
        let offers = vec![offer("known", Some(1)), offer("new", Some(2)), offer(&"t/".repeat(30_000), None)];
        reply.send(Ok(Browsed { offers, more: 7, remark: "collected for 3 s".into() })).expect("it is waited for");
    });
    let request = json!({ "gateway": "wire", "path": "press", "options": { "seconds": 3 } });
    let browsed = called.json("gateway_browse", request).await;
    answering.await.expect("in order");
    let offers = browsed["offers"].as_array().expect("a list");
    assert_eq!((offers.len(), &browsed["more"]), (2, &json!(8)), "what nobody could take over is counted");
    assert_eq!((&offers[0]["tag"], &offers[1]["tag"]), (&json!("a/b/c/press/temperature"), &json!(null)));
    assert_eq!((&offers[1]["address"], &offers[1]["range"]), (&json!({ "at": 2 }), &json!(null)));
    assert!(offers[0]["name"].as_str().is_some_and(|name| name.chars().count() <= 1_001));
    assert_eq!(browsed["remark"], "collected for 3 s");
    assert_eq!(called.recorded("gateway_browse").await, ["done: 10 found"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_gateway_that_is_down_says_so() {
    let called = Called::start();
    let look = json!({ "gateway": "wire", "path": "", "options": {} });
    let failure = called.refused("gateway_browse", look.clone()).await;
    assert_eq!((failure.code, failure.message.as_str()), (Code::Unavailable, "the gateway is not connected"));
    let elsewhere = json!({ "gateway": "elsewhere", "path": "", "options": {} });
    assert_eq!(called.refused("gateway_browse", elsewhere).await.code, Code::NotFound);
    let denied = called.call(&who(&[Permission::View, Permission::Operate]), "gateway_browse", look).await;
    assert_eq!(denied.map_err(|failure| failure.code), Err(Code::Denied), "it makes traffic in the plant");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_over_is_in_the_plant_at_once() {
    let called = Called::start();
    let mut horn = tag("Hupe \"Süd\"", 3);
    horn["kind"] = json!("bool");
    horn["equipment"] = json!("a/b/c/oven");
    let request = json!({
        "gateway": "wire",
        "tags": [tag("Pressure", 2), tag("Pressure", 4), tag("Pressure", 2), tag("Temperature", 1), horn],
        "machines": [{ "path": "a/b/c/oven", "name": "Oven" }, { "path": "a/b/c/press", "name": "Press" }]
    });
    let adopted = called.json("plant_adopt", request).await;
    assert_eq!(adopted["tags"], json!(["a/b/c/press/Pressure", "a/b/c/press/Pressure_2", "a/b/c/oven/Hupe_Sued"]));
    assert_eq!(adopted["machines"], json!(["a/b/c/oven"]), "the press is there already");
    assert_eq!(
        adopted["leftOut"],
        json!([
            { "name": "Pressure", "reason": "`a/b/c/press/Pressure` has this address already" },
            { "name": "Temperature", "reason": "`a/b/c/press/temperature` has this address already" }
        ])
    );
    assert_eq!(adopted["plant"]["problems"], json!([]));
    let plant = called.json("plant_read", json!({})).await;
    assert_eq!(plant["revision"], 2);
    let tags = plant["tags"].as_array().expect("a list");
    let horn = tags.iter().find(|tag| tag["id"] == "a/b/c/oven/Hupe_Sued").expect("it is in the plant");
    assert_eq!((&horn["name"], &horn["kind"]), (&json!("Hupe \"Süd\""), &json!("bool")));
    assert!(called.plant_text().starts_with(PLANT), "what a person wrote stays to the letter");
    assert_eq!(called.recorded("plant_adopt").await, ["done: tags added 3, machines added 1, left out 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_make_the_plant_wrong_is_refused_in_words_and_the_file_is_untouched() {
    let called = Called::start();
    let check = async |request: Json, code: Code, words: &str| {
        let failure = called.refused("plant_adopt", request).await;
        assert_eq!(failure.code, code, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(called.plant_text(), PLANT);
    };
    let with = |key: &str, value: Json| {
        let mut tag = tag("Pressure", 2);
        tag[key] = value;
        adopt(vec![tag])
    };
    check(with("equipment", json!("a/b/c/nowhere")), Code::Invalid, "unknown machine `a/b/c/nowhere`").await;
    check(with("id", json!("no id")), Code::Invalid, "is no id").await;
    check(with("id", json!("temperature")), Code::Invalid, "is given twice").await;
    check(with("range", json!([5.0, 1.0])), Code::Invalid, "range").await;
    check(with("address", json!({ "at": null })), Code::Unavailable, "`at` is nothing").await;
    check(with("kind", json!("complex")), Code::Invalid, "not understood").await;
    check(adopt(vec![tag("x", 2); 5_001]), Code::Invalid, "too many").await;
    check(json!({ "gateway": "elsewhere", "tags": [], "machines": [] }), Code::NotFound, "there is no gateway").await;
    let machine = json!({ "gateway": "wire", "tags": [], "machines": [{ "path": "a/b", "name": "" }] });
    check(machine, Code::Invalid, "does not have 4 parts").await;
    let denied = called.call(&who(&[Permission::Operate]), "plant_adopt", adopt(vec![tag("Pressure", 2)])).await;
    assert_eq!(denied.map_err(|failure| failure.code), Err(Code::Denied));

    let nothing = called.json("plant_adopt", adopt(vec![tag("Temperature", 1)])).await;
    assert_eq!((&nothing["tags"], nothing["leftOut"].as_array().map(Vec::len)), (&json!([]), Some(1)));
    assert_eq!(called.plant_text(), PLANT, "with nothing to add, nothing is written");

    *called.text.lock().expect("one thread") = PLANT.replace("limit = 80.0", "limit = \"hot\"");
    let broken = called.refused("plant_adopt", adopt(vec![tag("Pressure", 2)])).await;
    assert!(broken.message.starts_with("the plant file has errors already"), "{}", broken.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_metrics_of_one_name_get_a_thousand_ids() {
    let called = Called::start();
    let tags = (10..1_010).map(|at| tag("Speed", at)).collect();
    let adopted = called.json("plant_adopt", adopt(tags)).await;
    let ids: std::collections::HashSet<_> =
        adopted["tags"].as_array().expect("a list").iter().map(|id| id.as_str().map(str::to_owned)).collect();
    assert_eq!(ids.len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_says_what_became_of_it_and_leaves_old_and_new_in_the_record() {
    let check = async |written: Option<Written>, outcome: &str, record: &str| {
        let called = Called::start();
        called.value(21.0).await;
        until("the value is live", async || {
            let bytes = called.api.frame(&FrameRequest { plant: 1, since: 0, tags: vec![0] });
            (bytes.len() >= 80 && bytes[72..80] == 21.0_f64.to_le_bytes()).then_some(())
        })
        .await;
        let requests = called.connected();
        let answering = tokio::spawn(async move {
            let Request::Write(write, mut answer) = requests.next(1).await else { panic!("not a write") };
            assert_eq!(write.value, Value::Float(42.5));
            answer.sent();
            match written {
                Some(written) => answer.give(written),
                None => drop(answer),
            }
        });
        let request = json!({ "tag": "a/b/c/press/temperature", "value": 42.5 });
        let answer = called.json("tag_write", request).await;
        answering.await.expect("in order");
        assert_eq!(
            (&answer["outcome"], &answer["wanted"], &answer["before"]),
            (&json!(outcome), &json!("42.5 °C"), &json!("21 °C"))
        );
        assert_eq!(called.recorded("tag_write").await, [record]);
    };
    check(Some(Written::Done), "done", "done; wanted 42.5 °C; before 21 °C").await;
    check(
        Some(Written::Refused("exception 03: illegal data value".into())),
        "refused",
        "refused: exception 03: illegal data value; wanted 42.5 °C; before 21 °C",
    )
    .await;
    check(
        Some(Written::NotConfirmed("it shows 21".into())),
        "notConfirmed",
        "sent and not confirmed: it shows 21; wanted 42.5 °C; before 21 °C",
    )
    .await;
    check(
        None,
        "unknown",
        "sent, outcome unknown: the connection was lost before the answer; wanted 42.5 °C; before 21 °C",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_makes_no_sense_never_reaches_the_gateway() {
    let called = Called::start();
    called.value(21.0).await;
    let requests = called.connected();
    let write = |value: Json| json!({ "tag": "a/b/c/press/temperature", "value": value });
    for (value, words) in [
        (json!(120.5), "120.5 is above the greatest allowed value, 120"),
        (json!(-0.5), "-0.5 is below the least allowed value, 0"),
        (json!("NaN"), "\"NaN\" is no number"),
        (json!(true), "true is no number"),
    ] {
        let answer = called.json("tag_write", write(value)).await;
        assert_eq!((&answer["outcome"], &answer["words"]), (&json!("refused"), &json!(words)));
    }
    for bytes in
        [r#"{"tag":"a/b/c/press/temperature","value":1e999}"#, r#"{"tag":"a/b/c/press/temperature","value":[1]}"#]
    {
        let failure = called.api.call(&anybody(), "tag_write", bytes.as_bytes()).await.expect_err("it is no value");
        assert_eq!(failure.code, Code::Invalid, "{}", failure.message);
    }
    assert_eq!(called.refused("tag_write", json!({ "tag": "a/b", "value": 1 })).await.code, Code::NotFound);
    let denied = called.call(&who(&[Permission::View, Permission::Configure]), "tag_write", write(json!(1))).await;
    assert_eq!(denied.map_err(|failure| failure.code), Err(Code::Denied));
    let reached = tokio::time::timeout(Duration::from_millis(50), requests.next(1)).await;
    assert!(reached.is_err(), "it reached the gateway: {reached:?}");

    requests.close();
    let answer = called.json("tag_write", write(json!(50))).await;
    assert_eq!((&answer["outcome"], &answer["words"]), (&json!("refused"), &json!("the gateway is not connected")));
}
