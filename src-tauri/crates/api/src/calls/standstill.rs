//! A05: the engine's loop stands still while the host goes on to answer.

use super::*;

/// The age of the engine's last heartbeat as a frame says it, milliseconds.
fn age_ms(called: &Called) -> u32 {
    let frame = called.api.frame(&FrameRequest { plant: 0, since: 0, tags: vec![] });
    u32::from_le_bytes(frame[44..48].try_into().expect("four bytes"))
}

/// With this age a page says that the alarm system is not running; its own tests are in `ui/src/live/pulse.test.ts`.
const NOT_RUNNING_MS: u32 = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_that_stands_still_is_seen_in_every_frame_and_so_is_that_it_goes_on() {
    let called = Arc::new(Called::start());
    until("it beats", async || (age_ms(&called) < 1_000).then_some(())).await;
    called.value(90.0).await;
    called.alarm().await;

    // The loop opens a gateway of the new plant, and that does not come back until the test lets it.
    let (held, is_held) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let wire = Arc::clone(&called.wire);
    let holder = std::thread::spawn(move || {
        let _guard = wire.sender.lock().expect("one thread");
        held.send(()).expect("the test waits");
        released.recv().ok();
    });
    is_held.recv().expect("it is held");
    called.text.lock().expect("one thread").push_str("\n[[gateways]]\nid = \"second\"\nkind = \"memory\"\n");
    let reload = tokio::spawn({
        let called = Arc::clone(&called);
        async move { called.json("plant_reload", json!({})).await }
    });

    until("every frame says so", async || (age_ms(&called) > NOT_RUNNING_MS).then_some(())).await;
    assert!(!reload.is_finished(), "it is the loop that stands");
    let alarms = called.json("alarms_read", json!({})).await;
    assert_eq!(alarms["alarms"].as_array().map(Vec::len), Some(1), "the host answers with what was known");

    release.send(()).expect("it is held");
    holder.join().expect("in order");
    until("it beats again", async || (age_ms(&called) < 1_000).then_some(())).await;
    reload.await.expect("in order");
}
