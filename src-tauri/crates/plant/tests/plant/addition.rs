//! What is added to a plant file reads back as what was meant, whatever a source calls its things.

use model::{DataType, Settings};
use plant::{Addition, NewMachine, NewTag, Source, TagIndices, id_of, numbered};
use proptest::prelude::*;
use serde_json::json;

use crate::common::{AROUND, folder, plant};

fn address(topic: &str) -> Settings {
    match json!({ "topic": topic }) {
        serde_json::Value::Object(settings) => settings,
        other => panic!("not an object: {other}"),
    }
}

fn tag(id: &str, topic: &str) -> NewTag {
    NewTag {
        equipment: Some("ulm/fill/line1/filler".into()),
        id: id.into(),
        name: String::new(),
        gateway: "broker".into(),
        address: address(topic),
        data_type: DataType::Float,
        unit: String::new(),
        range: None,
        decimals: None,
        write: false,
    }
}

#[test]
fn the_text_before_stays_to_the_letter_and_the_whole_is_a_plant() {
    let before = format!("# by hand, do not touch\n{AROUND}# the end, without a line's end");
    let addition = Addition {
        machines: vec![NewMachine { path: "ulm/fill/line1/capper".into(), name: "Capper \"2\"".into() }],
        tags: vec![
            NewTag {
                equipment: Some("ulm/fill/line1/capper".into()),
                name: "Torque".into(),
                unit: "N·m".into(),
                range: Some((-2.0, 12.5)),
                decimals: Some(2),
                write: true,
                ..tag("torque", "capper/torque")
            },
            NewTag { equipment: Some("ulm/fill/line1".into()), data_type: DataType::Int, ..tag("count", "count") },
            NewTag { equipment: None, data_type: DataType::Bool, range: Some((0.0, 1.0)), ..tag("horn", "horn") },
        ],
    };
    let whole = addition.behind(&before).expect("it can be written");
    assert!(whole.starts_with(&before), "{whole}");
    let read = plant(&folder(&whole), &TagIndices::default());
    let torque = read.tag_by_id("ulm/fill/line1/capper/torque").expect("it was added");
    assert_eq!((torque.name.as_str(), torque.unit.as_str(), torque.decimals), ("Torque", "N·m", 2));
    assert_eq!(torque.range, Some((-2.0, 12.5)));
    let Source::Link { gateway, point } = &torque.source else { panic!("not calculated") };
    assert_eq!((&**gateway, &point.address), ("broker", &address("capper/torque")));
    assert_eq!(point.write.map(|policy| (policy.low, policy.high)), Some((Some(-2.0), Some(12.5))));
    assert_eq!(read.tag_by_id("ulm/fill/line1/count").map(|tag| tag.data_type), Some(DataType::Int));
    assert_eq!(read.tag_by_id("horn").map(|tag| tag.range), Some(None), "a switch has no range");
}

#[test]
fn what_toml_has_no_word_for_is_named() {
    let mut odd = tag("odd", "t");
    odd.address.insert("pointer".into(), serde_json::Value::Null);
    let refused = Addition { tags: vec![odd], ..Addition::default() }.behind("").expect_err("nothing is no value");
    assert_eq!(
        refused.to_string(),
        "the address of `odd` has a part that a plant file cannot hold: `pointer` is nothing"
    );
}

#[test]
fn an_id_is_made_of_any_name() {
    for (name, expect) in [
        ("Temperature", "Temperature"),
        ("Füllhöhe  Tank/2 (°C)", "Fuellhoehe_Tank_2_C"),
        ("__x__", "x"),
        ("\u{202e}温度", "tag"),
        ("", "tag"),
    ] {
        assert_eq!(id_of(name), expect, "{name:?}");
    }
    assert_eq!(numbered("speed", 2), "speed_2");
    assert_eq!(numbered(&"a".repeat(64), 12).len(), 64);
}

proptest! {
    #[test]
    fn whatever_a_source_calls_its_things_comes_back_as_it_was(name in ".{0,40}", topic in ".{1,40}", unit in ".{0,8}") {
        let id = id_of(&name);
        let added = NewTag { name: name.clone(), unit: unit.clone(), ..tag(&id, &topic) };
        let whole = Addition { tags: vec![added], ..Addition::default() }.behind(AROUND).expect("it can be written");
        let read = plant(&folder(&whole), &TagIndices::default());
        let found = read.tag_by_id(&format!("ulm/fill/line1/filler/{id}")).expect("it was added");
        prop_assert_eq!(&found.name, if name.is_empty() { &id } else { &name });
        prop_assert_eq!(&found.unit, &unit);
        let Source::Link { point, .. } = &found.source else { panic!("not calculated") };
        prop_assert_eq!(&point.address, &address(&topic));
    }
}
