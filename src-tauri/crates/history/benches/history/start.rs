//! How soon a large history is there again after its program was killed, and how fast a copy of it is made and put back.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use history::{History, Row, Span};
use model::{Sample, Timestamp, Value};

use crate::data::{BEGIN, Mix, Random};
use crate::measure::{self, Figures, ms, size};
use crate::{NoClock, Outcome, PIXELS, import, open};

/// Tags of the file.
const TAGS: usize = 2_000;
/// Seconds that are imported at once.
const STRETCH: usize = 300;
/// How often the program that writes is killed.
const KILLS: usize = 5;
/// How long it writes before.
const WRITES: Duration = Duration::from_secs(8);
/// The size at which the file is copied and put back.
const COPIED: f64 = 1e9;

/// Fills a file, with numbers that do not pack, up to `gigabytes`, has it written by another process, kills that, and opens the file, again and again.
pub fn start(folder: &Path, gigabytes: u32, figures: &mut Figures) -> Outcome<()> {
    let path = folder.join("start.sqlite");
    let names = names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut random = Random::new(5);
    let mut seconds = 0;
    let mut copied = false;
    let mut history = open(&path)?;
    let mut ids = history.series(&names);
    while size(&path)? < f64::from(gigabytes) * 1e9 {
        let mut rows: Vec<(usize, Sample)> = Vec::with_capacity(STRETCH * TAGS);
        for second in seconds..seconds + STRETCH {
            let time = Timestamp::from_millis(BEGIN + i64::try_from(second)? * 1_000);
            rows.extend((0..TAGS).map(|i| (i, Sample::good(time, Value::Float(random.number())))));
        }
        import(&history, &ids, rows)?;
        seconds += STRETCH;
        if !copied && size(&path)? >= COPIED {
            copied = true;
            drop(history);
            put_back(&path, figures)?;
            history = open(&path)?;
            ids = history.series(&names);
        }
    }
    drop(history);
    let (mut warm, mut cold) = (Vec::new(), Vec::new());
    for (kill, name) in names.iter().take(2 * KILLS).enumerate() {
        seconds += write_and_be_killed(&path, seconds)?;
        let is_cold = kill % 2 == 1;
        if is_cold {
            measure::make_cold(&path)?;
        }
        let (opened, history) = measure::timed(|| open(&path))?;
        let (answered, ()) = measure::timed(|| answer(&history, name, seconds))?;
        if !history.status().notice.is_empty() {
            return Err(history.status().notice.into());
        }
        if is_cold { &mut cold } else { &mut warm }.push((opened, opened + answered));
    }
    let most = |times: &[(Duration, Duration)]| {
        let longest = |of: fn(&(Duration, Duration)) -> Duration| times.iter().map(of).max().map_or(0.0, ms);
        format!("open after **{:.0} ms**, first trend of an hour after {:.0} ms", longest(|t| t.0), longest(|t| t.1))
    };
    let gigabytes = size(&path)? / 1e9;
    figures.put(format!("start after SIGKILL, file of {gigabytes:.1} GB, longest of {KILLS}, warm"), most(&warm));
    figures.put(format!("the same from a cold file, longest of {KILLS}"), most(&cold));
    std::fs::remove_file(&path)?;
    Ok(())
}

/// What the process does that is killed: goes on with a file, a second of all tags in each commit.
pub fn write_on(path: &Path, seconds: usize) -> Outcome<()> {
    let history = open(path)?;
    let names = names();
    let ids = history.series(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut mix = Mix::new(TAGS).after(i64::try_from(seconds)?);
    loop {
        history.record(mix.second().enumerate().map(|(i, sample)| Row { series: ids[i], sample }).collect());
        history.flush()?;
    }
}

/// How many seconds were written at most.
fn write_and_be_killed(path: &Path, seconds: usize) -> Outcome<usize> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg(format!("write_on={}", path.display()))
        .arg(format!("from={seconds}"))
        .stdout(Stdio::null())
        .spawn()?;
    std::thread::sleep(WRITES);
    child.kill()?;
    child.wait()?;
    let history = history::Reader::open(path, Arc::new(NoClock))?;
    let [id] = history.series(&[names()[0].as_str()])[..] else { return Err("one name has one id".into()) };
    let newest = history.latest(id, 1)?.pop().ok_or("the file is empty")?;
    Ok(usize::try_from((newest.time.millis() - BEGIN) / 1_000)?.saturating_sub(seconds) + 1)
}

fn answer(history: &History, name: &str, seconds: usize) -> Outcome<()> {
    let [id] = history.series(&[name])[..] else { return Err("one name has one id".into()) };
    let to = BEGIN + i64::try_from(seconds)? * 1_000;
    let span = Span { from: Timestamp::from_millis(to - 3_600_000), to: Timestamp::from_millis(to) };
    if history.reader().minmax(id, span, PIXELS)?.is_empty() { Err("no points".into()) } else { Ok(()) }
}

fn put_back(path: &Path, figures: &mut Figures) -> Outcome<()> {
    let (copy, back) = (path.with_extension("copy"), path.with_extension("back"));
    let gigabytes = size(path)? / 1e9;
    let go_on = |_| ControlFlow::Continue(());
    let (backed_up, _) = measure::timed(|| Ok(history::backup(path, &copy, Arc::new(NoClock), go_on)?))?;
    let (restored, _) = measure::timed(|| Ok(history::restore(&copy, &back, Arc::new(NoClock), go_on)?))?;
    figures.put(
        format!("a file of {gigabytes:.1} GB copied, and the copy put back; both looked through"),
        format!("{:.0} s/GB, **{:.0} s/GB**", backed_up.as_secs_f64() / gigabytes, restored.as_secs_f64() / gigabytes),
    );
    std::fs::remove_file(&copy)?;
    std::fs::remove_file(&back)?;
    Ok(())
}

fn names() -> Vec<String> {
    (0..TAGS).map(|i| format!("site/area/line/machine{}/tag{i}", i % 50)).collect()
}
