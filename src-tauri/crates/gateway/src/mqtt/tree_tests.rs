//! What a look finds, and what it makes of it.

use super::*;

fn tree(messages: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (topic, payload) in messages {
        tree.add(&message(topic, payload.as_bytes()));
    }
    tree
}

fn message(topic: &str, payload: &[u8]) -> Message {
    Message {
        topic: Bytes::copy_from_slice(topic.as_bytes()),
        payload: Bytes::copy_from_slice(payload),
        retained: false,
        repeated: false,
        ack: None,
        oversize: None,
    }
}

fn below(tree: &Tree, path: &str) -> Vec<Offer> {
    tree.below(path).expect("a place").offers
}

fn names(offers: &[Offer]) -> Vec<&str> {
    offers.iter().map(|offer| offer.name.as_str()).collect()
}

#[test]
fn topics_are_a_tree_with_counts_samples_and_addresses() {
    let tree = tree(&[
        ("plant/line1/speed", "12.5"),
        ("plant/line1/state", "Execute"),
        ("plant/line1-old/speed", "1"),
        ("plant/line1", "true"),
        ("plant/line2/count", "7"),
        ("hall", "21"),
    ]);
    let root = below(&tree, "");
    assert_eq!(names(&root), ["hall", "plant"]);
    assert_eq!((root[1].path.as_str(), root[1].has_more, &root[1].address), ("/plant", true, &None));
    assert!(root[1].columns.contains(&("Topics below".into(), "5".into())));
    let lines = below(&tree, "/plant");
    assert_eq!(names(&lines), ["line1", "line1-old", "line2"]);
    assert!(lines[0].columns.contains(&("Topics below".into(), "2".into())), "{:?}", lines[0].columns);
    assert_eq!((lines[0].data_type, lines[0].has_more), (Some(DataType::Bool), true), "a value with more below it");
    let values = below(&tree, "/plant/line1");
    assert_eq!(names(&values), ["speed", "state"]);
    assert_eq!(values[0].data_type, Some(DataType::Float));
    assert_eq!(values[0].sample.as_deref(), Some("12.5"));
    assert_eq!(values[0].equipment, ["plant", "line1"]);
    let address = values[0].address.clone().expect("a value");
    assert_eq!(serde_json::to_string(&address).expect("a document"), r#"{"topic":"plant/line1/speed"}"#);
    assert!(tree.below("/plant/line3").is_err());
    assert!(tree.below("plant").is_err(), "not a path of this tree");
}

#[test]
fn the_fields_of_a_document_are_places_below_its_topic() {
    let payload = r#"{"timestamp":1760000000123,"values":{"a/b":1,"t~c":2.5,"on":true},"unit":"bar","list":[1,"x"]}"#;
    let tree = tree(&[("line", payload), ("umh", r#"{"timestamp_ms":1760000000123,"value":3}"#)]);
    let root = below(&tree, "");
    assert_eq!((root[0].has_more, &root[0].address, root[0].data_type), (true, &None, None));
    let fields = below(&tree, "/line");
    assert_eq!(names(&fields), ["timestamp", "values", "unit", "list"]);
    assert_eq!(fields[1].path, "/line#/values");
    let values = below(&tree, "/line#/values");
    let address = values[0].address.as_ref().expect("a value");
    let expected = r#"{"topic":"line","pointer":"/values/a~1b","time":"/timestamp","time_unit":"ms"}"#;
    assert_eq!(serde_json::to_string(address).expect("a document"), expected);
    assert_eq!(values[1].address.as_ref().and_then(|address| address["pointer"].as_str()), Some("/values/t~0c"));
    assert_eq!(
        values.iter().map(|offer| offer.data_type).collect::<Vec<_>>(),
        [Some(DataType::Int), Some(DataType::Float), Some(DataType::Bool)]
    );
    assert_eq!(names(&below(&tree, "/line#/list")), ["0", "1"]);
    assert!(fields[0].address.as_ref().is_some_and(|address| !address.contains_key("time")), "not its own time");
    let value = &below(&tree, "/umh")[1];
    assert_eq!(value.address.as_ref().and_then(|address| address["time"].as_str()), Some("/timestamp_ms"));
    assert!(tree.below("/line#/nothing").is_err());
    assert!(tree.below("/line#/unit").is_err(), "nothing is below a value");
}

#[test]
fn a_time_is_known_by_its_size() {
    for (value, unit) in [
        ("1760000000", Some("s")),
        ("1760000000.25", Some("s")),
        ("1760000000123", Some("ms")),
        ("1760000000123456", Some("us")),
        ("1760000000123456789", Some("ns")),
        (r#""2026-11-25T01:02:03.5Z""#, Some("rfc3339")),
        (r#""yesterday""#, None),
        ("12", None),
        ("null", None),
    ] {
        let value: Json = serde_json::from_str(value).expect("a document");
        assert_eq!(time_unit("timestamp", &value), unit, "{value}");
    }
}

#[test]
fn an_empty_level_is_a_level_and_never_the_beginning() {
    let tree = tree(&[("/a", "1"), ("//b", "2")]);
    let root = below(&tree, "");
    assert_eq!((names(&root), root[0].path.as_str()), (vec![""], "/"));
    assert_eq!(names(&below(&tree, "/")), ["", "a"]);
    assert_eq!(names(&below(&tree, "//")), ["b"]);
}

#[test]
fn a_flood_of_topics_is_cut_off_and_what_is_shown_is_harmless() {
    let mut tree = Tree::default();
    for n in 0..MOST_TOPICS {
        tree.add(&message(&format!("flood/{n}"), b"1"));
    }
    assert!(tree.is_full());
    let browsed = tree.below("/flood").expect("a place");
    assert_eq!((browsed.offers.len(), browsed.more), (Browsed::MOST, MOST_TOPICS - Browsed::MOST));
    let mut tree = Tree::default();
    for n in 0..600 {
        tree.add(&message(&n.to_string(), &vec![b'x'; 1_000_000]));
    }
    assert!(tree.is_full() && tree.bytes < 2 * MOST_BYTES, "{}", tree.bytes);
    assert_eq!(excerpt(b"\x1b[31mred\n"), "\\u{1b}[31mred\\n");
    assert_eq!(excerpt(&[0xFF, 0x00]), "2 bytes: ff 00");
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(!is_container(deep.as_bytes()), "deeper than anybody means");
}
