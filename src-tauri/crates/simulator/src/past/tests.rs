//! The written past: as much as is bearable, in order, and joining the present.

use super::*;

/// Every tag of the plant file whose history is recorded, with its machine-independent name.
fn all_tags(history: &history::History) -> Vec<PastTag> {
    let readings = Readings::of(&Line::running(0.0), &mut Random::new(0));
    let ids: Vec<String> = readings.all().iter().map(tag_id).collect();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let series = history.series(&names);
    ids.into_iter().zip(series).map(|(id, series)| PastTag { series, id: id.into() }).collect()
}

struct StoppedClock;

impl model::Clock for StoppedClock {
    fn now(&self) -> model::Now {
        model::Now { wall: Timestamp::from_millis(1_760_000_000_000), uptime: model::Uptime::default() }
    }
}

fn history(folder: &std::path::Path) -> history::History {
    history::History::open(&folder.join("history.sqlite"), Arc::new(StoppedClock)).unwrap()
}

#[test]
fn a_week_is_of_bearable_size_ordered_and_ends_at_a_running_line() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let tags = all_tags(&history);
    let now = Timestamp::from_millis(1_760_000_000_000);
    let (rows, line) = make(42, now, 7, &tags);
    assert!((100_000..=600_000).contains(&rows.len()), "{} rows", rows.len());
    let mut last = HashMap::new();
    for row in &rows {
        let before = last.insert(row.series, row.sample.time);
        assert!(before.is_none_or(|before| before < row.sample.time), "in order, each time once");
        assert!(row.sample.time < now);
    }
    assert_eq!(last.len(), tags.len(), "every tag has a past");
    for station in Station::ALL {
        assert!(!line.is_jammed(station), "{station:?}");
    }
    assert!(line.reel_percent() < 14.0, "the reel is about to run low: {}", line.reel_percent());
}

#[test]
fn counters_never_run_back_and_join_the_line_that_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let tags = all_tags(&history);
    let now = Timestamp::from_millis(1_760_000_000_000);
    let (rows, line) = make(7, now, 1, &tags);
    let tag = tags.iter().find(|tag| &*tag.id == "demo/filling/line1/filler/good_count").unwrap();
    let counts: Vec<f64> =
        rows.iter().filter(|row| row.series == tag.series).filter_map(|row| row.sample.number()).collect();
    assert!(counts.windows(2).all(|pair| pair[0] <= pair[1]));
    #[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
    let gap = line.counts(Station::Filler).0 as f64 - counts.last().unwrap();
    assert!((0.0..60.0).contains(&gap), "{gap} bottles between the last row and now");
}

#[test]
fn the_same_seed_and_time_make_the_same_past() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let tags = all_tags(&history);
    let now = Timestamp::from_millis(1_760_000_000_000);
    assert!(make(3, now, 1, &tags) == make(3, now, 1, &tags));
}
