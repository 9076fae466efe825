//! A process that is killed while it writes loses nothing that it was told is stored.

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{TestClock, number, one, time};
use history::{History, Options, Span};

const FILE: &str = "ANDON_TEST_HISTORY_TO_WRITE";

fn open(file: &Path) -> History {
    History::open_with(file, TestClock::at(0), Options { retention: None }).expect("the history opens")
}

/// Not a test of its own: what the killed process runs. Writes sample after sample and tells each one that is stored.
#[test]
fn writing_process() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let history = open(Path::new(&file));
    let id = one(&history, "x");
    let begin = history.reader().latest(id, 1).unwrap().last().map_or(0, |newest| newest.time.millis() + 1);
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    for i in begin.. {
        history.record(vec![number(id, i, i as f64)]);
        if i % 3 == 0 {
            history.flush().unwrap();
            println!("stored {i}");
        }
    }
}

fn start(file: &Path) -> Child {
    Command::new(std::env::current_exe().expect("works"))
        .args(["--exact", "writing_process", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .expect("works")
}

#[test]
fn nothing_that_was_stored_is_lost_when_the_process_is_killed() {
    const KILLS: u32 = 20;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.sqlite");
    let mut stored = -1;
    for round in 0..KILLS {
        let mut child = start(&file);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        let mut killed = false;
        for line in lines {
            let Some(number) = line.unwrap().strip_prefix("stored ").map(|i| i.parse::<i64>().unwrap()) else {
                continue;
            };
            stored = number;
            seen += 1;
            // At another place each time; what it still tells after that was stored too.
            if seen > round && !killed {
                std::thread::sleep(Duration::from_micros(u64::from(round) * 137));
                child.kill().unwrap();
                killed = true;
            }
        }
        assert!(killed, "the writing process ended by itself: {:?}", child.wait());
        child.wait().unwrap();
        let history = open(&file);
        assert_eq!(history.status().notice, "", "a killed process damages nothing");
        let id = one(&history, "x");
        let found = history.reader().raw(id, Span { from: time(0), to: time(i64::MAX) }, usize::MAX).unwrap();
        let newest = found.last().unwrap().time.millis();
        assert!(newest >= stored, "stored up to {stored}, found up to {newest}");
        assert_eq!(i64::try_from(found.len()).unwrap(), newest + 1, "none is missing and none is there twice");
    }
}
