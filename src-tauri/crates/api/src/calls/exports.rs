//! Samples as a file, as a host sees them: part by part, to the end or until somebody has enough.

use engine::SystemClock;
use model::Clock as _;
use serde_json::{Value as Json, json};

use super::{Called, anybody, until};
use crate::{Answer, Code, Failure};

fn request(start: i64, format: &str, form: &str, every: Json) -> Json {
    json!({ "tags": [0], "from": start - 60_000, "to": start + 60_000, "format": format, "form": form, "every": every })
}

/// The whole file, and how many rows it says it has.
async fn file(called: &Called, request: Json) -> Result<(Vec<u8>, f64), Failure> {
    let id = called.json("export_start", request).await;
    let mut file = Vec::new();
    loop {
        let Answer::Bytes { bytes, .. } = called.call(&anybody(), "export_next", id.clone()).await? else {
            panic!("a part is bytes");
        };
        assert_eq!(&bytes[..4], b"ANDE");
        file.extend(&bytes[24..]);
        if bytes[6] == 1 {
            return Ok((file, f64::from_le_bytes(bytes[8..16].try_into().expect("eight bytes"))));
        }
    }
}

/// Takes the next part of an export. True after the last.
pub(super) async fn part_of(called: &Called, id: &Json, file: &mut Vec<u8>) -> bool {
    let answer = called.call(&anybody(), "export_next", id.clone()).await.expect("exports");
    let Answer::Bytes { bytes, .. } = answer else { panic!("a part is bytes") };
    file.extend(&bytes[24..]);
    bytes[6] == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_part_by_part_to_its_end() {
    let called = Called::start();
    let start = SystemClock.now().wall.millis();
    called.value(21.5).await;
    let long = until("the sample is in history", async || {
        let (file, rows) = file(&called, request(start, "csv", "long", Json::Null)).await.expect("exports");
        (rows > 0.0).then(|| String::from_utf8(file).expect("UTF-8"))
    });
    let long = long.await;
    assert!(long.starts_with("time,tag,value,quality\r\n"), "{long}");
    assert!(long.contains(",a/b/c/press/temperature,21.5,good\r\n"), "{long}");
    let (wide, _) = file(&called, request(start, "csv", "wide", json!(30_000))).await.expect("exports");
    let wide = String::from_utf8(wide).expect("UTF-8");
    assert!(wide.starts_with("time,a/b/c/press/temperature,a/b/c/press/temperature quality\r\n"), "{wide}");
    let (parquet, rows) = file(&called, request(start, "parquet", "long", Json::Null)).await.expect("exports");
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1") && rows > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_cancelled_or_over_is_gone() {
    let called = Called::start();
    let start = SystemClock.now().wall.millis();
    // More than may go on at once: each makes room for the next.
    for _ in 0..10 {
        let id = called.json("export_start", request(start, "csv", "long", Json::Null)).await;
        called.json("export_cancel", id.clone()).await;
        let gone = called.call(&anybody(), "export_next", id.clone()).await.expect_err("it is gone");
        assert_eq!(gone.code, Code::NotFound);
        called.json("export_cancel", id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_four_go_on_at_once() {
    let called = Called::start();
    let start = SystemClock.now().wall.millis();
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(called.json("export_start", request(start, "csv", "long", Json::Null)).await);
    }
    let begin = async || called.call(&anybody(), "export_start", request(start, "csv", "long", Json::Null)).await;
    assert_eq!(begin().await.expect_err("it is too many").code, Code::Unavailable);
    called.json("export_cancel", ids[0].clone()).await;
    assert!(begin().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused() {
    let called = Called::start();
    let start = SystemClock.now().wall.millis();
    for request in [
        request(start, "parquet", "wide", Json::Null),
        request(start, "csv", "long", json!(1000)),
        json!({ "tags": [], "from": 0, "to": 1, "format": "csv", "form": "long", "every": null }),
        json!({ "tags": [0], "from": 1, "to": 1, "format": "csv", "form": "long", "every": null }),
    ] {
        let refused = called.call(&anybody(), "export_start", request).await.expect_err("it makes no sense");
        assert_eq!(refused.code, Code::Invalid, "{refused:?}");
    }
    let endless = file(&called, request(start, "csv", "wide", json!(0))).await.expect_err("it would never end");
    assert_eq!(endless.code, Code::Invalid);
}
