//! Any samples in any order of arrival, and the power goes at any point: what is found is what was recorded up to somewhere behind the
//! last sample that was said to be stored, and every question is answered as a plain list would answer it.

mod common;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use common::{Place, TestClock, WHOLE, number, time};
use disk::Fault;
use history::{History, Row, SeriesId, Span};
use proptest::prelude::*;

const TAGS: [&str; 3] = ["a", "b", "c"];
/// Samples come from this many hours, in any order.
const HOURS: i64 = 5;

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// Samples are recorded: tag, minute, value.
    Record(Vec<(usize, i64, i32)>),
    /// They are waited for.
    Flush,
    /// The program ends and begins in order.
    Restart,
}

/// What history is to have: for each tag its samples.
type Plain = [BTreeMap<i64, f64>; 3];

fn step() -> impl Strategy<Value = Step> {
    let sample = (0..TAGS.len(), 0..HOURS * 60, -1_000..1_000_i32);
    // Late samples, and runs of one tag in order, as plants send them.
    let run = (0..TAGS.len(), 0..HOURS * 60, 1..80_i64).prop_map(|(tag, from, length)| {
        (from..from + length).map(|minute| (tag, minute, i32::try_from(minute * 7 % 501).unwrap_or(0))).collect()
    });
    prop_oneof![
        3 => prop::collection::vec(sample, 1..40).prop_map(Step::Record),
        4 => run.prop_map(Step::Record),
        4 => Just(Step::Flush),
        1 => Just(Step::Restart),
    ]
}

fn rows(ids: &[SeriesId], samples: &[(usize, i64, i32)]) -> Vec<Row> {
    samples.iter().map(|(tag, minute, x)| number(ids[*tag], minute * 60_000, f64::from(*x))).collect()
}

fn put(plain: &mut Plain, samples: &[(usize, i64, i32)]) {
    for (tag, minute, x) in samples {
        plain[*tag].insert(minute * 60_000, f64::from(*x));
    }
}

fn found(history: &History) -> Plain {
    let ids = history.series(&TAGS);
    let of = |id: SeriesId| {
        let samples = history.reader().raw(id, WHOLE, usize::MAX).expect("reads");
        samples.into_iter().map(|sample| (sample.time.millis(), sample.number().expect("only numbers"))).collect()
    };
    [of(ids[0]), of(ids[1]), of(ids[2])]
}

/// Every question, against the plain list.
fn ask(history: &History, plain: &Plain, from: i64, length: i64) {
    let reader = history.reader();
    let ids = history.series(&TAGS);
    let (from, to) = (from * 60_000, (from + length) * 60_000);
    let span = Span { from: time(from), to: time(to) };
    for (id, list) in ids.iter().zip(plain) {
        let part: Vec<(i64, f64)> = list.range(from..to).map(|(time, x)| (*time, *x)).collect();
        let raw = reader.raw(*id, span, usize::MAX).expect("reads");
        let raw: Vec<(i64, f64)> =
            raw.iter().map(|sample| (sample.time.millis(), sample.number().expect("a number"))).collect();
        assert_eq!(raw, part, "raw");
        let latest = reader.latest(*id, 3).expect("reads");
        let latest: Vec<i64> = latest.iter().map(|sample| sample.time.millis()).collect();
        let newest: Vec<i64> = list.keys().rev().take(3).rev().copied().collect();
        assert_eq!(latest, newest, "the latest, in order");
        let at = reader.at(&[*id], time(from)).expect("reads").remove(0);
        let held = list.range(..=from).next_back().map(|(time, _)| *time);
        assert_eq!(at.map(|sample| sample.time.millis()), held, "at an instant");
        let picture = reader.minmax(*id, span, 20).expect("reads");
        let values = || picture.iter().filter_map(|point| point.value);
        let extremes = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)))
        };
        // The value that holds at the beginning is in the picture too.
        let begin = list.range(..from).next_back().map(|(_, x)| *x);
        let inside = part.iter().map(|(_, x)| *x);
        assert_eq!(extremes(&mut values()), extremes(&mut inside.chain(begin)), "least and greatest of {picture:?}");
    }
}

fn run(before: &[Step], off_after: u32, seed: u64, after: &[Step], from: i64, length: i64) {
    let place = Place::new();
    place.disk.set(Fault::Off(off_after));
    // In order of arrival, and how many of them were said to be stored.
    let mut recorded: Vec<(usize, i64, i32)> = Vec::new();
    let mut stored = 0;
    let mut history = place.history();
    for step in before {
        match step {
            Step::Record(samples) => {
                history.record(rows(&history.series(&TAGS), samples));
                recorded.extend(samples);
            }
            Step::Flush => {
                if history.flush().is_ok() {
                    stored = recorded.len();
                }
            }
            Step::Restart => {
                // What is queued while the disk is off goes with the program.
                if history.flush().is_err() {
                    break;
                }
                stored = recorded.len();
                drop(history);
                history = place.history();
            }
        }
    }
    drop(history);
    place.disk.heal();
    place.disk.lose_unsynced(seed);

    let mut history = place.history();
    assert_eq!(history.status().notice, "", "a cut of the power damages nothing, and nothing is missing");
    let found_now = found(&history);
    let mut plain = Plain::default();
    put(&mut plain, &recorded[..stored]);
    let mut upto = stored;
    while plain != found_now {
        assert!(upto < recorded.len(), "what is found is not what was recorded up to anywhere behind sample {stored}");
        put(&mut plain, &recorded[upto..=upto]);
        upto += 1;
    }
    ask(&history, &plain, from, length);
    for step in after {
        match step {
            Step::Record(samples) => {
                history.record(rows(&history.series(&TAGS), samples));
                put(&mut plain, samples);
            }
            Step::Flush => history.flush().expect("a whole disk"),
            Step::Restart => {
                drop(history);
                history = place.history();
            }
        }
    }
    history.flush().expect("a whole disk");
    ask(&history, &plain, from, length);
    drop(history);
    let mut findings = Vec::new();
    let tell = |finding: history::Finding| findings.push(finding.to_string());
    history::check(&place.history_file(), Arc::new(TestClock), tell, |_| ControlFlow::Continue(())).expect("is read");
    assert_eq!(findings, Vec::<String>::new());
}

fn cases() -> u32 {
    if common::is_long() { 2_000 } else { 100 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_found_after_a_power_cut_at_any_point_is_what_was_recorded(
        before in prop::collection::vec(step(), 1..20),
        off_after in 0..250_u32,
        seed in any::<u64>(),
        after in prop::collection::vec(step(), 0..6),
        from in 0..HOURS * 60,
        length in 1..HOURS * 60,
    ) {
        run(&before, off_after, seed, &after, from, length);
    }
}
