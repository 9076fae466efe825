//! Letters between two stations, and what somebody else may do to them on the way.

use alarm::{Act, AlarmId};
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const TOPIC: &str = "andon/acts/laptop/ulm%2Fjam";

fn key() -> StationKey {
    StationKey::read(&StationKey::make().expect("random numbers")).expect("a key")
}

fn scope() -> Scope {
    Scope { plant: "Ulm".to_owned(), prefix: "andon".to_owned() }
}

fn deed(order: i64) -> Deed {
    let at = Timestamp::from_millis(order);
    let act = Act { user: "anna".into(), station: "laptop".into(), note: "checked \"it\"".into(), at };
    Deed { order, alarm: AlarmId::new("ulm/jam"), what: What::Acknowledge { raised: at, through: at }, act }
}

fn past(ms: i64) -> Deed {
    deed(NOW.millis() - ms)
}

fn known(key: &StationKey) -> HashMap<String, PublicKey> {
    HashMap::from([("laptop".to_owned(), key.public())])
}

fn opened(key: &StationKey, topic: &str, payload: &[u8]) -> Result<Opened, Refusal> {
    open(&scope(), &known(key), topic, payload, NOW)
}

#[test]
fn acts_arrive_as_they_were_done() {
    let key = key();
    let deeds = vec![past(9_000), past(5_000)];
    let opened = opened(&key, TOPIC, &seal(&scope(), &key, &deeds)).expect("signed");
    assert_eq!(opened, Opened { station: "laptop".into(), deeds, refused: None });
}

#[test]
fn only_the_last_acts_are_kept_and_only_as_much_as_is_read() {
    let key = key();
    let deeds: Vec<Deed> = (0..100).rev().map(past).collect();
    let opened_ = opened(&key, TOPIC, &seal(&scope(), &key, &deeds)).expect("signed");
    assert_eq!(opened_.deeds, deeds[100 - ACTS_AT_MOST..]);
    let mut long = deeds;
    long.iter_mut().for_each(|deed| deed.act.note = "\u{1F600}".repeat(2_000));
    let payload = seal(&scope(), &key, &long);
    assert!(payload.len() <= LETTER_BYTES, "{} bytes", payload.len());
    let opened_ = opened(&key, TOPIC, &payload).expect("signed");
    assert_eq!(opened_.deeds.last(), long.last(), "the newest is never left out");
}

#[test]
fn an_act_of_another_key_plant_prefix_station_or_alarm_is_refused() {
    let key = key();
    let payload = seal(&scope(), &key, &[past(0)]);
    let other = self::key();
    assert_eq!(opened(&other, TOPIC, &payload), Err(Refusal::Forged), "another key");
    assert_eq!(opened(&key, "andon/acts/laptop/ulm%2Fheat", &payload), Err(Refusal::Forged), "another alarm");
    assert_eq!(opened(&key, "andon/acts/panel/ulm%2Fjam", &payload), Err(Refusal::UnknownStation));
    assert_eq!(opened(&key, "plc/acts/laptop/ulm%2Fjam", &payload), Err(Refusal::Topic));
    for scope in [Scope { plant: "Linz".into(), ..scope() }, Scope { plant: "Ulmandon".into(), prefix: "andon".into() }]
    {
        assert_eq!(open(&scope, &known(&key), TOPIC, &payload, NOW), Err(Refusal::Forged), "{scope:?}");
    }
    // Two stations of one key: the signature fits the topic's station only where the act does.
    let keys = HashMap::from([("laptop".to_owned(), key.public()), ("panel".to_owned(), key.public())]);
    let moved = open(&scope(), &keys, "andon/acts/panel/ulm%2Fjam", &payload, NOW);
    assert_eq!(moved, Err(Refusal::Forged));
}

#[test]
fn an_act_that_names_another_station_is_refused_although_it_is_signed() {
    let key = key();
    let mut deed = past(0);
    deed.act.station = "panel".into();
    let act = serde_json::value::to_raw_value(&deed).expect("an act");
    let sig = key.sign(&covered(&scope(), "laptop", "ulm/jam", act.get()));
    let payload = serde_json::to_vec(&Letter { v: 1, acts: vec![Signed { act, sig }] }).expect("a letter");
    assert_eq!(opened(&key, TOPIC, &payload), Err(Refusal::Misplaced));
}

#[test]
fn an_act_of_a_time_that_has_not_come_waits_and_keeps_nobody_else_waiting() {
    let key = key();
    let five_minutes = 300_000;
    let deeds = vec![past(1), past(-five_minutes), past(-five_minutes - 1)];
    let opened_ = opened(&key, TOPIC, &seal(&scope(), &key, &deeds)).expect("signed");
    assert_eq!((&opened_.deeds[..], opened_.refused), (&deeds[..2], Some(Refusal::Ahead)));
    let mut all = past(1);
    let through = Timestamp::from_millis(i64::MAX);
    all.what = What::Acknowledge { raised: all.act.at, through };
    let opened_ = opened(&key, TOPIC, &seal(&scope(), &key, &[all])).expect("signed");
    assert_eq!(opened_.refused, Some(Refusal::Ahead), "nobody acknowledges what has not happened");
}

#[test]
fn what_is_no_letter_is_refused_in_words() {
    let key = key();
    let large = vec![b' '; LETTER_BYTES + 1];
    let many = format!(r#"{{"v":1,"acts":[{}]}}"#, [r#"{"act":0,"sig":""}"#; ACTS_AT_MOST + 1].join(","));
    for (payload, refusal) in [
        (&b""[..], Refusal::Form),
        (b"{}", Refusal::Form),
        (br#"{"v":2,"deeds":[]}"#, Refusal::Version(2)),
        (br#"{"v":1,"acts":[],"more":1}"#, Refusal::Form),
        (br#"{"v":1,"acts":[{"act":{},"sig":"AAAA"}]}"#, Refusal::Forged),
        (&large, Refusal::TooLarge),
        (many.as_bytes(), Refusal::TooMany),
    ] {
        assert_eq!(opened(&key, TOPIC, payload), Err(refusal));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(topic in ".*", payload: Vec<u8>) {
        let key = key();
        prop_assert!(opened(&key, TOPIC, &payload).is_err());
        prop_assert!(opened(&key, &topic, &payload).is_err());
    }

    #[test]
    fn a_turned_bit_is_refused(at: prop::sample::Index, bit in 0..8_u8) {
        let key = key();
        let mut payload = seal(&scope(), &key, &[past(7), past(3)]).to_vec();
        let at = at.index(payload.len());
        payload[at] ^= 1 << bit;
        prop_assert!(opened(&key, TOPIC, &payload).is_err(), "{}", String::from_utf8_lossy(&payload));
    }
}
