//! What only the real window can show: that it opens and lives, that an acknowledgement outlives a crash, that a web view
//! that died comes back, and that all of it works in a bare environment.

use std::time::Duration;

use serde_json::Value;
use window::{Andon, Display, Driver, Element, children_named, kill, lock_owner, picture, pictures, until};

/// How long the first live values may take, with seven days of past to be made up before.
const LIVE_LIMIT: Duration = Duration::from_secs(90);
/// How long a screen may take to show what it should.
const SCREEN_LIMIT: Duration = Duration::from_secs(20);
/// How long the demo may take until something in it needs somebody.
const ALARM_LIMIT: Duration = Duration::from_secs(120);
/// What Andon says once a window has shown live values.
const LIVE: &str = "Andon's window shows live values";
/// A picture of a blank window is smaller.
const PICTURE_BYTES: u64 = 20_000;

fn wait_until_live(driver: &Driver) {
    driver.find("[data-testid='liveness'][data-liveness='live']", LIVE_LIMIT);
    let first = until("a live value on a tile", SCREEN_LIMIT, || number_on_a_tile(driver));
    until("a value that moves", SCREEN_LIMIT, || number_on_a_tile(driver).filter(|now| *now != first));
}

/// All that the tiles say, where they say a number.
fn number_on_a_tile(driver: &Driver) -> Option<String> {
    let tiles = driver.all("[data-testid='tile']");
    let text: String = tiles.iter().map(|tile| driver.text(tile)).collect();
    text.chars().any(|character| character.is_ascii_digit()).then_some(text)
}

fn go(driver: &Driver, area: &str) {
    let link = driver.find(&format!("[data-testid='rail-{area}']"), SCREEN_LIMIT);
    driver.click(&link);
}

/// What a command of the contract answers.
fn call(driver: &Driver, command: &str, request: &str) -> Value {
    driver.script(&format!(
        "return window.__TAURI_INTERNALS__.invoke('call', {{ command: '{command}', request: {request} }})"
    ))
}

#[test]
fn an_acknowledgement_outlives_a_kill() {
    let display = Display::start();
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let data = scratch.path().join("data");
    let note = "Reel is on its way, 10 minutes";

    let driver = Driver::start(&display, &data, &[]);
    wait_until_live(&driver);
    assert!(picture(&display, &pictures().join("overview.png")) > PICTURE_BYTES);

    go(&driver, "alarms");
    let row = driver.find("[data-testid='alarm-row'][data-state='unack']", ALARM_LIMIT);
    let occurrence = driver.attribute(&row, "data-occurrence").expect("a row names its occurrence");
    driver.click(&row);
    driver.click(&driver.find("[data-testid='ack-button']", SCREEN_LIMIT));
    driver.type_into(&driver.find("[data-testid='note-field']", SCREEN_LIMIT), note);
    assert!(picture(&display, &pictures().join("acknowledge.png")) > PICTURE_BYTES);
    driver.click(&driver.find("[data-testid='ack-confirm']", SCREEN_LIMIT));
    // The list shows it as acknowledged only after the journal has it on disk; from here on a crash must not lose it.
    until("the acknowledgement", SCREEN_LIMIT, || acknowledged_by(&driver, &occurrence));
    assert!(picture(&display, &pictures().join("acknowledged.png")) > PICTURE_BYTES);
    kill(lock_owner(&data).expect("the running Andon says who it is"));
    drop(driver);

    let driver = Driver::start(&display, &data, &[]);
    wait_until_live(&driver);
    let entries = of_occurrence(&driver, &occurrence);
    let kinds = |wanted: &str| entries.iter().filter(|entry| entry["kind"] == wanted).count();
    assert_eq!(kinds("acknowledged"), 1, "{entries:?}");
    assert_eq!(kinds("raised"), 1, "annunciated twice: {entries:?}");
    let acknowledged = entries.iter().find(|entry| entry["kind"] == "acknowledged").expect("it was counted just now");
    assert_eq!(acknowledged["note"], note);
    assert!(acknowledged["user"].as_str().is_some_and(|user| !user.is_empty()), "{acknowledged}");
    assert!(acknowledged["station"].as_str().is_some_and(|station| !station.is_empty()), "{acknowledged}");
    let rows = driver.all(&format!("[data-testid='banner-alarm'][data-occurrence='{occurrence}']"));
    assert!(rows.is_empty(), "an acknowledged alarm is annunciated again");

    go(&driver, "alarms");
    driver.click(&driver.find("[data-testid='tab-journal']", SCREEN_LIMIT));
    until("the note in the journal on the screen", SCREEN_LIMIT, || {
        let screen = driver.find("[data-testid='screen']", SCREEN_LIMIT);
        driver.text(&screen).contains(note).then_some(())
    });
    assert!(picture(&display, &pictures().join("journal-after-restart.png")) > PICTURE_BYTES);
}

fn acknowledged_by(driver: &Driver, occurrence: &str) -> Option<String> {
    of_occurrence(driver, occurrence)
        .iter()
        .find(|entry| entry["kind"] == "acknowledged")
        .and_then(|entry| entry["user"].as_str().map(str::to_owned))
}

fn of_occurrence(driver: &Driver, occurrence: &str) -> Vec<Value> {
    let page = call(driver, "journal_read", "{ before: null, limit: 500, filter: {} }");
    let entries = page["entries"].as_array().cloned().unwrap_or_default();
    entries.into_iter().filter(|entry| entry["occurrence"] == occurrence).collect()
}

#[test]
fn a_trend_is_saved_as_a_picture() {
    let display = Display::start();
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let home = scratch.path().join("home");
    std::fs::create_dir(&home).expect("a home folder");
    let driver = Driver::start(&display, &scratch.path().join("data"), &[("HOME", &home.to_string_lossy())]);
    wait_until_live(&driver);
    go(&driver, "trends");
    driver.click(&driver.find("[data-testid='open-picture']", SCREEN_LIMIT));
    driver.click(&driver.find("[data-testid='picture-save']", SCREEN_LIMIT));
    until("a picture in the home folder, which has no download folder", SCREEN_LIMIT, || {
        let files = std::fs::read_dir(&home).ok()?.flatten();
        files.filter_map(|file| std::fs::read(file.path()).ok()).find(|bytes| bytes.starts_with(b"\x89PNG\r\n"))
    });
}

#[test]
fn a_web_view_that_is_killed_comes_back() {
    let display = Display::start();
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let data = scratch.path().join("data");
    let andon = Andon::start(&display, &data, &[]);
    andon.says(LIVE, LIVE_LIMIT);
    let before = until("the web view's process", SCREEN_LIMIT, || web_view(&andon));
    kill(before);
    andon.says(LIVE, LIVE_LIMIT);
    let after = until("another process", SCREEN_LIMIT, || web_view(&andon));
    assert_ne!(before, after);
    assert!(picture(&display, &pictures().join("after-crash.png")) > PICTURE_BYTES);
    let took = andon.end();
    assert!(took < Duration::from_secs(4), "ending took {took:?}");
}

fn web_view(andon: &Andon) -> Option<u32> {
    children_named(andon.id(), "WebKitWebProces").into_iter().next()
}

#[test]
fn the_page_can_go_nowhere_and_call_nothing_but_the_contract() {
    let display = Display::start();
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let driver = Driver::start(&display, &scratch.path().join("data"), &[]);
    wait_until_live(&driver);

    for (command, arguments) in [
        ("plugin:window|close", "{}"),
        ("plugin:event|listen", "{ event: 'x', target: { kind: 'Any' }, handler: 1 }"),
        ("plugin:webview|internal_toggle_devtools", "{}"),
        ("no_such_command", "{}"),
    ] {
        let outcome = driver.script(&format!(
            "return window.__TAURI_INTERNALS__.invoke('{command}', {arguments}).then(() => 'allowed', (why) => `refused: ${{why}}`)"
        ));
        assert!(outcome.as_str().is_some_and(|outcome| outcome.starts_with("refused")), "{command}: {outcome}");
    }
    assert_eq!(driver.script("return typeof window.__TAURI__"), "undefined");
    assert_eq!(driver.script("return Object.isFrozen(Object.prototype)"), true);
    let fetched = "return fetch('http://127.0.0.1:9/').then(() => 'fetched', () => 'refused')";
    assert_eq!(driver.script(fetched), "refused");
    assert_eq!(driver.script("return window.open('http://127.0.0.1:9/') === null"), true);

    let here = driver.script("return location.href");
    driver.script("location.href = 'http://127.0.0.1:9/'");
    wait_until_live(&driver);
    assert_eq!(driver.script("return location.href"), here);
}

#[test]
fn a_bare_environment_is_enough() {
    let display = Display::start();
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let data = scratch.path().join("data");
    let bare = [("LANG", "C"), ("LC_ALL", ""), ("LC_CTYPE", ""), ("LANGUAGE", "")];
    let driver = Driver::start(&display, &data, &bare);
    wait_until_live(&driver);
    let chart = driver.find("[data-testid='trend-chart'] canvas", SCREEN_LIMIT);
    until("a chart with an extent", SCREEN_LIMIT, || has_extent(&driver, &chart));
    assert!(picture(&display, &pictures().join("bare.png")) > PICTURE_BYTES);
    assert_eq!(driver.script("return new Intl.NumberFormat(navigator.language).format(1)"), "1");
}

fn has_extent(driver: &Driver, chart: &Element) -> Option<()> {
    let width = driver.attribute(chart, "width")?.parse::<u32>().ok()?;
    (width > 300).then_some(())
}
