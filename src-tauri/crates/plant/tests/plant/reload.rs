//! One plant after another: slots that stay, and what a reload has to touch.

use model::TagIndex;
use plant::{Changes, Difference, Plant, TagIndices, difference};
use proptest::prelude::*;

use crate::common::{AROUND, folder, plant};

const TAGS: &str = r#"
[[tags]]
machine = "ulm/fill/line1/filler"
id = "a"
gateway = "broker"
address = { topic = "a" }
limits = { high = 3 }
[[tags]]
machine = "ulm/fill/line1/filler"
id = "b"
gateway = "plc"
address = { register = 1 }
[[tags]]
machine = "ulm/fill/line1/filler"
id = "c"
formula = "a + b"
"#;

fn read(text: &str, keep: &TagIndices) -> Plant {
    plant(&folder(&format!("{text}{AROUND}")), keep)
}

/// Reads the plant, replaces a part of its text, reads it again and says what changed.
fn change(from: &str, to: &str) -> (Plant, Difference) {
    assert!(TAGS.contains(from) || AROUND.contains(from), "{from} is there to be replaced");
    let old = read(TAGS, &TagIndices::default());
    let text = format!("{TAGS}{AROUND}").replace(from, to);
    let new = plant(&folder(&text), old.indices());
    let difference = difference(&old, &new);
    (new, difference)
}

fn only<T>(added: Vec<T>, removed: Vec<T>, changed: Vec<T>) -> Changes<T> {
    Changes { added, removed, changed }
}

#[test]
fn nothing_changes_by_itself() {
    let (_, same) = change("id = \"a\"", "id = \"a\"");
    assert!(same.is_empty(), "{same:?}");
    let (_, moved) = change("\n[plant]", "\n\n# moved down by a line\n[plant]");
    assert!(moved.is_empty(), "the place of a gateway in the file is nothing to reconnect for: {moved:?}");
}

#[test]
fn a_changed_name_disturbs_no_gateway() {
    let (new, named) = change("id = \"b\"", "id = \"b\"\nname = \"Bee\"");
    let b = new.tag_by_id("ulm/fill/line1/filler/b").unwrap().index;
    assert_eq!(named, Difference { tags: only(vec![], vec![], vec![b]), ..Difference::default() });
}

#[test]
fn a_changed_address_opens_that_gateway_again() {
    let (new, moved) = change("register = 1", "register = 2");
    let b = new.tag_by_id("ulm/fill/line1/filler/b").unwrap().index;
    let gateways = only(vec![], vec![], vec!["plc".into()]);
    assert_eq!(moved, Difference { gateways, tags: only(vec![], vec![], vec![b]), ..Difference::default() });
}

#[test]
fn a_changed_setting_opens_that_gateway_again() {
    let (_, set) = change("host = \"plc.local\"", "host = \"plc.local\"\nport = 503");
    let gateways = only(vec![], vec![], vec!["plc".into()]);
    assert_eq!(set, Difference { gateways, ..Difference::default() });
}

#[test]
fn a_changed_priority_of_a_gateway_is_its_alarm_only() {
    let (_, set) = change("host = \"plc.local\"", "host = \"plc.local\"\nalarm_priority = 1");
    let alarms = only(vec![], vec![], vec![alarm::AlarmId::new("gateway/plc/connection")]);
    assert_eq!(set, Difference { alarms, ..Difference::default() });
}

#[test]
fn a_changed_limit_is_that_alarm_only() {
    let (_, limit) = change("high = 3", "high = 4");
    let alarms = only(vec![], vec![], vec![alarm::AlarmId::new("ulm/fill/line1/filler/a/high")]);
    assert_eq!(limit, Difference { alarms, ..Difference::default() });
}

#[test]
fn a_changed_name_of_a_machine_is_a_change_of_the_equipment() {
    let (_, named) = change("name = \"Filler\"", "name = \"Big filler\"");
    assert_eq!(named, Difference { equipment_changed: true, ..Difference::default() });
}

#[test]
fn a_slot_is_never_given_to_another_tag() {
    let old = read(TAGS, &TagIndices::default());
    assert_eq!(old.slots(), 3);
    let renamed = TAGS.replace("id = \"a\"", "id = \"z\"").replace("a + b", "z + b");
    let new = read(&renamed, old.indices());
    let index = |plant: &Plant, id: &str| plant.tag_by_id(id).map(|tag| tag.index);
    let (a, z) = ("ulm/fill/line1/filler/a", "ulm/fill/line1/filler/z");
    assert_eq!((index(&old, a), index(&new, a), index(&new, z)), (Some(TagIndex(0)), None, Some(TagIndex(3))));
    assert_eq!(new.tag(TagIndex(0)), None, "its slot stays empty");
    assert_eq!(new.slots(), 4);
    let again = read(TAGS, new.indices());
    assert_eq!(index(&again, a), Some(TagIndex(0)), "an id that comes back has its slot again");
    let changes = difference(&old, &new);
    let c = index(&old, "ulm/fill/line1/filler/c").unwrap();
    assert_eq!(changes.tags, only(vec![TagIndex(3)], vec![TagIndex(0)], vec![c]));
    assert!(difference(&old, &again).is_empty());
}

/// Plants of a few tags, each there or not, with a choice of settings.
fn any_plant() -> impl Strategy<Value = String> {
    let tag = (any::<bool>(), 0..3_u8, 0..3_u8, any::<bool>());
    prop::collection::vec(tag, 0..12).prop_map(|tags| {
        let entry = |(n, (there, register, decimals, limit)): (usize, (bool, u8, u8, bool))| {
            let limit = if limit { "limits = { high = 3 }\n" } else { "" };
            there.then(|| {
                format!(
                    "[[tags]]\nid = \"t{n}\"\ngateway = \"plc\"\naddress = {{ register = 1{n:02}{register} }}\n\
                     decimals = {decimals}\n{limit}"
                )
            })
        };
        tags.into_iter().enumerate().filter_map(entry).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_the_same_has_no_difference(text in any_plant()) {
        let old = read(&text, &TagIndices::default());
        let new = read(&text, old.indices());
        prop_assert!(difference(&old, &old).is_empty());
        prop_assert!(difference(&old, &new).is_empty());
        prop_assert_eq!(old, new);
    }

    #[test]
    fn a_difference_there_is_one_back(a in any_plant(), b in any_plant()) {
        let old = read(&a, &TagIndices::default());
        let new = read(&b, old.indices());
        let there = difference(&old, &new);
        let back = difference(&new, &old);
        prop_assert_eq!(&there.tags.added, &back.tags.removed);
        prop_assert_eq!(&there.tags.removed, &back.tags.added);
        prop_assert_eq!(there.tags.changed.len(), back.tags.changed.len());
        prop_assert_eq!(&there.alarms.added, &back.alarms.removed);
        prop_assert_eq!(there.is_empty(), back.is_empty());
        for tag in &old.tags {
            prop_assert_eq!(new.indices().get(&tag.id), Some(tag.index), "an id keeps its slot");
        }
    }
}
