//! A process that is killed while it writes, and a machine whose power is cut, lose nothing that was told to be on disk.
//!
//! In their short form here; `ANDON_FAULTS=long` asks for a hundred rounds each. The power is cut by copying the image of a file
//! system while its one writer stands still: the copy has what the kernel had given to the disk, and nothing of what it still kept
//! in memory. That needs root and loop devices; where there are none the test prints `not run`, and proves nothing.

mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{TestClock, number, time};
use history::{History, Options, Row, Span};
use rustix::process::{Pid, Signal, kill_process};

const FILE: &str = "ANDON_TEST_HISTORY_TO_WRITE";
const TAGS: [&str; 5] = ["a", "b", "c", "d", "e"];
/// Samples of a tag in each hour. After nine hours what is past is sealed, so that a cut meets sealing as well.
const MINUTES: i64 = 60;

fn open(file: &Path) -> History {
    History::open_with(file, TestClock::at(0), Options { retention: None }).expect("the history opens")
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn value(minute: i64, tag: usize) -> f64 {
    (minute * 31 % 997) as f64 + tag as f64 / 8.0
}

fn rounds() -> u32 {
    if std::env::var("ANDON_FAULTS").is_ok_and(|said| said == "long") { 100 } else { 20 }
}

/// Not a test of its own: what the killed process runs. Writes hour after hour of every tag and tells each one that is stored.
#[test]
fn writing_process() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let history = open(Path::new(&file));
    let ids = history.series(&TAGS);
    let newest = history.reader().latest(ids[0], 1).expect("reads").last().map_or(-1, |newest| newest.time.millis());
    for hour in newest.div_euclid(MINUTES * 60_000) + 1.. {
        let rows: Vec<Row> = (hour * MINUTES..(hour + 1) * MINUTES)
            .flat_map(|minute| {
                let row = |(tag, id)| number(id, minute * 60_000, value(minute, tag));
                ids.iter().copied().enumerate().map(row).collect::<Vec<_>>()
            })
            .collect();
        history.record(rows);
        history.flush().expect("commits");
        println!("stored {hour}");
    }
}

/// A process that writes, until it is ended.
struct Writing(Child);

impl Writing {
    fn start(file: &Path) -> Self {
        let child = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["--exact", "writing_process", "--nocapture"])
            .env(FILE, file)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the writing process starts");
        Self(child)
    }

    /// Waits for so many hours and a little, at another place each round, and then does something to the process. The last hour that
    /// it told of, also after that.
    fn interrupted(&mut self, round: u32, interrupt: impl FnOnce(&mut Child)) -> i64 {
        let mut lines = BufReader::new(self.0.stdout.take().expect("it is piped")).lines();
        let mut next =
            || lines.find_map(|line| line.ok()?.strip_prefix("stored ").map(|hour| hour.parse().expect("an hour")));
        let mut stored = -1;
        for _ in 0..=round % 30 {
            stored = next().expect("it writes on");
        }
        std::thread::sleep(Duration::from_micros(u64::from(round) * 137));
        interrupt(&mut self.0);
        while let Some(hour) = next() {
            stored = hour;
        }
        stored
    }

    fn signal(child: &Child, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(child.id()).expect("ids are small")).expect("not zero");
        kill_process(id, signal).expect("the process is there");
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Everything up to the hour is there, in order, once, and what it was.
fn check(file: &Path, stored: i64) {
    let history = open(file);
    assert_eq!(history.status().notice, "", "nothing is damaged");
    for (tag, id) in history.series(&TAGS).into_iter().enumerate() {
        let found = history.reader().raw(id, Span { from: time(0), to: time(i64::MAX) }, usize::MAX).expect("reads");
        let count = i64::try_from(found.len()).expect("few");
        assert!(count >= (stored + 1) * MINUTES, "stored up to hour {stored}, found {count} samples");
        for (minute, sample) in (0..).zip(found) {
            assert_eq!((sample.time, sample.number()), (time(minute * 60_000), Some(value(minute, tag))));
        }
    }
}

#[test]
fn nothing_that_was_stored_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("history.sqlite");
    let mut longest = Duration::ZERO;
    for round in 0..rounds() {
        let stored = Writing::start(&file).interrupted(round, |child| child.kill().expect("it runs"));
        let begun = Instant::now();
        drop(open(&file));
        longest = longest.max(begun.elapsed());
        check(&file, stored);
    }
    println!("D01: killed {} times, the longest start {} ms", rounds(), longest.as_millis());
}

/// Copies until nothing was written meanwhile: only then is it what the disk had at one instant.
fn copy_of_an_instant(image: &Path, copy: &Path) {
    loop {
        std::fs::copy(image, copy).expect("there is room for a copy");
        if std::fs::read(copy).expect("can be read") == std::fs::read(image).expect("can be read") {
            return;
        }
    }
}

/// A file system in a file, mounted while this lives.
struct Disk {
    place: PathBuf,
}

impl Disk {
    fn mount(image: &Path, place: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(place).map_err(|error| error.to_string())?;
        run("mount", &["-o".as_ref(), "loop".as_ref(), image, place])?;
        Ok(Self { place: place.to_owned() })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if run("umount", &[&self.place]).is_err() {
            // Whatever still holds it has to let go some time; nobody else sees it any more.
            drop(run("umount", &["-l".as_ref(), &self.place]));
        }
    }
}

fn run(program: &str, arguments: &[&Path]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}

#[test]
fn nothing_that_was_stored_is_lost_when_the_power_is_cut() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (image, cut, place) = (folder.path().join("disk"), folder.path().join("cut"), folder.path().join("mounted"));
    let made = std::fs::File::create(&image)
        .and_then(|file| file.set_len(64 << 20))
        .map_err(|error| error.to_string())
        .and_then(|()| run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), &image]))
        .and_then(|()| Disk::mount(&image, &place).map(drop));
    if let Err(words) = made {
        println!("D02 not run: it needs root and loop devices, to make a disk of its own: {words}");
        return;
    }
    for round in 0..rounds() {
        let disk = Disk::mount(&image, &place).expect("it was mounted before");
        let stored = {
            let mut writing = Writing::start(&place.join("history.sqlite"));
            writing.interrupted(round, |child| {
                Writing::signal(child, Signal::STOP);
                copy_of_an_instant(&image, &cut);
                child.kill().expect("it stands still");
            })
        };
        drop(disk);
        std::fs::rename(&cut, &image).expect("the copy takes the place");
        let _disk = Disk::mount(&image, &place).expect("the file system mends itself");
        check(&place.join("history.sqlite"), stored);
    }
    println!("D02: the power was cut {} times", rounds());
}
