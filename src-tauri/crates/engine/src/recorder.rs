//! What of the live values goes to history: for every recorded tag the filter that decides.
//!
//! The value on the screen and what the alarms hear never pass through here.

use std::time::Duration;

use model::{Sample, TagIndex, Uptime};
use plant::Recording;

use crate::filter::Filter;

/// What is held back is looked at this often.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The filters of the recorded tags, by slot.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    filters: Vec<Option<Filter>>,
    looked: Uptime,
}

impl Recorder {
    /// Begins to record a tag, or goes on by another rule.
    pub fn record(&mut self, tag: TagIndex, recording: Recording) {
        if self.filters.len() <= tag.slot() {
            self.filters.resize_with(tag.slot() + 1, || None);
        }
        match &mut self.filters[tag.slot()] {
            Some(filter) => filter.set_recording(recording),
            none => *none = Some(Filter::new(recording)),
        }
    }

    /// Stops recording a tag.
    pub fn ignore(&mut self, tag: TagIndex) {
        if let Some(filter) = self.filters.get_mut(tag.slot()) {
            *filter = None;
        }
    }

    /// Takes a new sample of a tag and hands those that history has to know to `write`.
    pub fn take(&mut self, now: Uptime, tag: TagIndex, sample: &Sample, write: impl FnMut(Sample)) {
        if let Some(Some(filter)) = self.filters.get_mut(tag.slot()) {
            filter.take(now, sample, write);
        }
    }

    /// Lets time pass: hands what has been held back for long enough to `write`.
    pub fn tick(&mut self, now: Uptime, mut write: impl FnMut(TagIndex, Sample)) {
        if now.since(self.looked) < LOOK_INTERVAL {
            return;
        }
        self.looked = now;
        for (tag, filter) in self.all() {
            filter.tick(now, |sample| write(tag, sample));
        }
    }

    /// Hands all that is held back to `write`: the last word on every tag, for another plant or for the end.
    pub fn flush(&mut self, now: Uptime, mut write: impl FnMut(TagIndex, Sample)) {
        for (tag, filter) in self.all() {
            filter.flush(now, |sample| write(tag, sample));
        }
    }

    fn all(&mut self) -> impl Iterator<Item = (TagIndex, &mut Filter)> {
        (0_u32..).zip(&mut self.filters).filter_map(|(slot, filter)| Some((TagIndex(slot), filter.as_mut()?)))
    }
}
