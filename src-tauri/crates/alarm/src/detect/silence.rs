//! For how long nothing has come of a source, and for how long what comes has been the same.
//!
//! Both are measured by uptime, which no clock step touches, and only while the source is there.

use std::time::Duration;

use model::{Quality, Uptime, Value};

use super::is_same;

/// Since when nothing has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Silence {
    since: Option<Uptime>,
    /// Whether it had lasted long enough when the source was lost.
    had_lasted: bool,
}

impl Silence {
    /// The source is lost.
    pub fn pause(&mut self, now: Uptime, within: Duration) {
        self.had_lasted = self.lasts(now, within) == Some(true);
    }

    /// The source is there again, and has the whole time to say something; what had lasted goes on.
    pub fn expect(&mut self, now: Uptime) {
        if !self.had_lasted {
            self.since = Some(now);
        }
    }

    /// Something is said of the source: a sample of it, or that there is none.
    pub fn hear(&mut self, now: Uptime, quality: Quality) {
        if is_sample(quality) {
            self.had_lasted = false;
            self.since = Some(now);
        }
        self.since.get_or_insert(now);
    }

    /// Whether it has lasted for so long; none where nothing was ever expected.
    pub fn lasts(&self, now: Uptime, within: Duration) -> Option<bool> {
        self.since.map(|since| now.since(since) >= within)
    }

    /// When it will have lasted for so long, where it has not yet.
    pub fn deadline(&self, now: Uptime, within: Duration) -> Option<Uptime> {
        self.since.map(|since| since + within).filter(|due| *due > now)
    }
}

/// Since when the value has been what it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stillness {
    at: Option<(Value, Uptime)>,
    /// Whether the source could not be trusted after that.
    is_paused: bool,
    /// Whether it had lasted long enough by then.
    had_lasted: bool,
}

impl Stillness {
    /// The source is lost, or says what cannot be trusted.
    pub fn pause(&mut self, now: Uptime, within: Duration) {
        if !std::mem::replace(&mut self.is_paused, true) {
            self.had_lasted = self.lasts(now, within) == Some(true);
        }
    }

    /// A good value. After a pause the time in which it has not moved begins again, as nobody knows what it did
    /// meanwhile; what had lasted goes on.
    pub fn hear(&mut self, now: Uptime, value: &Value, band: f64) {
        let goes_on = !std::mem::take(&mut self.is_paused) || self.had_lasted;
        let stays = goes_on && self.at.as_ref().is_some_and(|(at, _)| is_within(at, value, band));
        if !stays {
            self.at = Some((value.clone(), now));
        }
    }

    /// Whether it has lasted for so long; none before the first value.
    pub fn lasts(&self, now: Uptime, within: Duration) -> Option<bool> {
        self.at.as_ref().map(|(_, since)| now.since(*since) >= within)
    }

    /// When it will have lasted for so long, where it has not yet.
    pub fn deadline(&self, now: Uptime, within: Duration) -> Option<Uptime> {
        self.at.as_ref().map(|(_, since)| *since + within).filter(|due| *due > now)
    }
}

fn is_within(at: &Value, value: &Value, band: f64) -> bool {
    let distance = at.number().zip(value.number()).map(|(a, b)| (a - b).abs());
    is_same(at, value) || (band > 0.0 && distance.is_some_and(|distance| distance <= band))
}

/// Whether a quality comes with a sample of the source, and is not this station's word that there is none.
fn is_sample(quality: Quality) -> bool {
    !matches!(
        quality,
        Quality::STALE
            | Quality::UNCERTAIN_LAST_USABLE
            | Quality::UNCERTAIN_INITIAL
            | Quality::BAD_WAITING
            | Quality::BAD_NO_DATA
            | Quality::BAD_NOT_CONNECTED
            | Quality::BAD_NO_COMMUNICATION
    )
}
