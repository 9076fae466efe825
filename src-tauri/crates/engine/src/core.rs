//! The engine without its loop: what is so, and what each event makes of it.
//!
//! Everything here is a function of the events and their times, so that tests run a whole plant in virtual time. What
//! has to be written is collected in [`Effects`]; nobody waits here.

mod hearing;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use alarm::{Act, AlarmId, Deed, Input, Known, Origin};
use gateway::{GatewayEvent, LinkHandle, Receipt, What};
use history::{Row, SeriesId};
use journal::{Entry, System};
use model::{Batch, LinkState, LinkStatus, Now, Quality, Reach, Sample, TagIndex, Timestamp, Update, Uptime};
use plant::{Difference, Plant, Source, Tag};

use crate::bank::{Bank, Outcome, Ticket};
use crate::calculations::{self, Calculations};
use crate::certificates::{self, Certificates};
use crate::event::{Activation, Target, Wanted};
use crate::links::Links;
use crate::recorder::Recorder;
use crate::{Acted, AlarmList, Link, Snapshot, Table};

/// What an event leaves to be written.
#[derive(Default)]
pub(crate) struct Effects {
    /// For history.
    pub rows: Vec<Row>,
    /// For the journal.
    pub entries: Vec<Entry>,
    /// To be signed once the rows are on disk.
    pub receipt: Option<Receipt>,
}

/// The live plant.
pub(crate) struct Core {
    plant: Arc<Plant>,
    plant_revision: u32,
    activated_at: Timestamp,
    series: Arc<Vec<Option<SeriesId>>>,
    table: Table,
    /// The revision that the next publication will have; rows written now carry it.
    revision: u64,
    links: Links,
    calculations: Calculations,
    bank: Bank,
    certificates: Certificates,
    recorder: Recorder,
    /// When a sample of each tag was last taken, by slot.
    heard: Vec<Uptime>,
    /// The tags of which something is expected within a time.
    expected: Vec<(TagIndex, Duration)>,
    /// When it was last looked whether what is expected has come.
    looked: Uptime,
    shown: Shown,
    next_ticket: u64,
    /// The greatest number of an act that is known.
    last_order: i64,
}

/// What was last published and need not be made again.
#[derive(Default)]
struct Shown {
    alarms: Arc<AlarmList>,
    links: Arc<Vec<Link>>,
    at: Option<Uptime>,
}

/// A list of more alarms than this is made anew only every so often: a flood must not keep the loop busy with sorting.
const LONG_LIST: usize = 500;
pub(crate) const LONG_LIST_INTERVAL: Duration = Duration::from_millis(200);
/// Whether expected values have come is looked at this often: all of them at once is cheaper than a timer for each.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// A source that goes on for so long with stamps older than the newest known one has had its clock set back, and is
/// believed again.
const CLOCK_SET_BACK: Duration = Duration::from_secs(10);

impl Core {
    /// A core that runs no plant yet.
    pub fn new(links: Links) -> Self {
        Self {
            plant: Arc::new(Plant::default()),
            plant_revision: 0,
            activated_at: Timestamp::default(),
            series: Arc::default(),
            table: Table::default(),
            revision: 1,
            links,
            calculations: Calculations::default(),
            bank: Bank::default(),
            certificates: Certificates::default(),
            recorder: Recorder::default(),
            heard: Vec::new(),
            expected: Vec::new(),
            looked: Uptime::default(),
            shown: Shown::default(),
            next_ticket: 0,
            last_order: 0,
        }
    }

    /// Goes over to another plant. What is the same in both is not disturbed.
    pub fn activate(
        &mut self,
        now: Now,
        activation: Activation,
        restored: HashMap<AlarmId, Known>,
        effects: &mut Effects,
    ) {
        let Activation { plant, series } = activation;
        let difference = plant::difference(&self.plant, &plant);
        self.record_held(now, effects);
        self.table.grow(plant.slots(), self.revision);
        self.heard.resize(self.table.rows(), now.uptime);
        self.forget_lost(&plant, &difference, now, effects);
        self.plant = Arc::new(plant);
        self.series = Arc::new(series);
        self.plant_revision += 1;
        self.activated_at = now.wall;
        self.record_and_expect();
        self.calculations = Calculations::new(&self.plant);
        self.bank = Bank::new(&self.plant, std::mem::take(&mut self.bank), restored, now);
        self.calculate_due(now, effects);
        self.tell_everything(now, effects);
        self.certificates.look_soon();
    }

    /// Takes what a gateway has to tell.
    pub fn gateway(&mut self, now: Now, event: GatewayEvent, effects: &mut Effects) {
        if !self.links.is_open(&event.gateway) {
            return;
        }
        match event.what {
            What::Batch(batch) => self.batch(now, batch, effects),
            What::Status(status) => self.status(now, &event.gateway, status, effects),
            What::Receipt(receipt) => effects.receipt = Some(receipt),
        }
    }

    /// For asking something of a gateway's link; `None` where it is not open.
    pub fn link(&self, gateway: &str) -> Option<LinkHandle> {
        self.links.handle(gateway)
    }

    /// Lets time pass: delays run out, expected values do not come.
    pub fn tick(&mut self, now: Now, effects: &mut Effects) {
        if now.uptime.since(self.looked) >= LOOK_INTERVAL {
            self.looked = now.uptime;
            self.mark_silent(now, effects);
        }
        let series = &self.series;
        self.recorder.tick(now.uptime, |tag, sample| effects.rows.extend(row(series, tag, sample)));
        if self.certificates.is_due(now.uptime) {
            self.look_at_certificates(now, effects);
        }
        self.calculate_due(now, effects);
        self.step_alarms(now, effects, |bank, changes| bank.tick(now, changes));
    }

    /// Trusts no value of any link until a new one comes.
    pub fn distrust(&mut self, now: Now, effects: &mut Effects) {
        let gateways: Vec<String> = self.plant.gateways.iter().map(|gateway| gateway.spec.id.clone()).collect();
        for gateway in gateways {
            self.lose(now, &gateway, Quality::STALE, effects);
        }
        self.calculate_due(now, effects);
    }

    /// Prepares an act on alarms. The entries are to be put on disk, and [`Core::settle`] called with the ticket; where
    /// there are none, nothing was accepted.
    pub fn prepare(
        &mut self,
        now: Now,
        targets: Vec<Target>,
        wanted: &Wanted,
        act: &Act,
    ) -> (Ticket, Vec<Entry>, Acted) {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        let mut acted = Acted::default();
        let mut entries = Vec::new();
        for target in targets {
            let order = now.wall.millis().max(self.last_order + 1);
            match self.bank.prepare(now, ticket, &target, wanted, act, order) {
                Ok(changes) => {
                    self.last_order = order;
                    entries.extend(changes.into_iter().map(|change| self.entry(now, change)));
                    acted.done.push(target);
                }
                Err(reason) => acted.refused.push((target, reason)),
            }
        }
        (ticket, entries, acted)
    }

    /// Acts that are known from before the start have numbers up to this one.
    pub fn continue_after(&mut self, order: i64) {
        self.last_order = self.last_order.max(order);
    }

    /// Takes in what was done at other stations. Of an alarm that this plant has not, nothing is made.
    pub fn hear(&mut self, now: Now, deeds: Vec<Deed>, effects: &mut Effects) {
        for deed in deeds {
            self.last_order = self.last_order.max(deed.order);
            let Some(index) = self.bank.index(&deed.alarm) else { continue };
            let input = Input::Deed(deed, Origin::Elsewhere);
            self.step_alarms(now, effects, |bank, changes| bank.tell(now, index, input, changes));
        }
    }

    /// Carries out a prepared act, or drops it.
    pub fn settle(&mut self, now: Now, ticket: Ticket, outcome: &Outcome, effects: &mut Effects) {
        self.step_alarms(now, effects, |bank, changes| bank.settle(now, ticket, outcome, changes));
    }

    /// When [`Core::tick`] is wanted at the latest, beside the heartbeat.
    pub fn deadline(&self) -> Option<Uptime> {
        self.bank.deadline()
    }

    /// Measures rates; once a second.
    pub fn measure(&mut self, now: Uptime) {
        self.links.measure(now);
        self.shown.links = Arc::new(self.links.list(&self.plant, &self.table));
    }

    /// The picture of now. Everything written later belongs to the next one.
    pub fn snapshot(&mut self, now: Now) -> Snapshot {
        self.refresh_alarms(now.uptime);
        let snapshot = Snapshot {
            revision: self.revision,
            at: now,
            plant_revision: self.plant_revision,
            activated_at: self.activated_at,
            plant: Arc::clone(&self.plant),
            series: Arc::clone(&self.series),
            table: self.table.clone(),
            alarms: Arc::clone(&self.shown.alarms),
            links: Arc::clone(&self.shown.links),
            links_revision: self.links.revision(),
        };
        self.revision += 1;
        snapshot
    }

    /// The last word on every tag, for the end of the program: after it nothing is known.
    pub fn close_history(&mut self, now: Now, effects: &mut Effects) {
        self.record_held(now, effects);
        let known = self.plant.tags.iter().filter(|tag| self.table.quality(tag.index) != Quality::BAD_WAITING);
        let end = |tag: &Tag| Sample::bad(self.after_value(now, tag.index), Quality::BAD_NOT_CONNECTED);
        effects.rows.extend(known.filter_map(|tag| row(&self.series, tag.index, end(tag))));
    }

    /// Closes all links.
    pub async fn close_links(&mut self) {
        self.links.close().await;
    }

    fn batch(&mut self, now: Now, batch: Batch, effects: &mut Effects) {
        for Update { tag, sample, reach } in batch.updates {
            match reach {
                Reach::Everywhere | Reach::Live => self.update(now, tag, sample, reach, effects),
                Reach::History => effects.rows.extend(row(&self.series, tag, sample)),
            }
        }
        self.calculate_due(now, effects);
    }

    /// A new sample of a tag, from wherever. One that is older than what is known is history and changes nothing live.
    fn update(&mut self, now: Now, tag: TagIndex, sample: Sample, reach: Reach, effects: &mut Effects) {
        let Some(known) = self.table.row(tag) else { return };
        let is_older = sample.time < known.time && sample.time != sample.received;
        if is_older && now.uptime.since(self.heard[tag.slot()]) < CLOCK_SET_BACK {
            if reach == Reach::Everywhere {
                effects.rows.extend(row(&self.series, tag, sample));
            }
            return;
        }
        self.heard[tag.slot()] = now.uptime;
        if reach == Reach::Everywhere {
            self.record(now, tag, &sample, effects);
        }
        if sample.value == known.value && sample.quality == known.quality && sample.time == known.time {
            return;
        }
        // A source that says no more than that it has no value does not take the last one from the screen.
        if sample.value.is_none() && known.value.is_some() {
            self.table.mark(tag, sample.quality, self.revision);
        } else {
            self.table.write(tag, &sample, self.revision);
        }
        self.calculations.concern(tag);
        self.tell_watching(now, tag, effects);
    }

    /// Tags of which something was expected, and nothing came, are stale; those that never had a value have no data. A
    /// tag of a link that is not up is no news: the link's own alarm speaks for it.
    fn mark_silent(&mut self, now: Now, effects: &mut Effects) {
        let is_overdue = |(tag, within): &&(TagIndex, Duration)| now.uptime.since(self.heard[tag.slot()]) >= *within;
        let overdue: Vec<TagIndex> = self.expected.iter().filter(is_overdue).map(|(tag, _)| *tag).collect();
        for tag in overdue {
            let silence = match self.table.quality(tag) {
                Quality::BAD_WAITING if self.is_over_a_link_that_is_up(tag) => Quality::BAD_NO_DATA,
                Quality::UNCERTAIN_INITIAL => Quality::STALE,
                quality if quality.is_good() => Quality::STALE,
                _ => continue,
            };
            self.mark(now, tag, silence, effects);
            self.tell_watching(now, tag, effects);
        }
    }

    /// Says of certificates how long they are good for, and tells the alarms that watch them. Of a link that shows none
    /// nothing is known, and its alarms stay as they are.
    fn look_at_certificates(&mut self, now: Now, effects: &mut Effects) {
        for (gateway, detail) in self.links.details() {
            let name = self.plant.gateway(&gateway).map_or(&*gateway, |gateway| &gateway.spec.name);
            let (standing, news) = self.certificates.look(now, &gateway, &detail.certificates);
            let entry = |words| Entry::System(System { at: now.wall, message: format!("{name}: {words}") });
            effects.entries.extend(news.into_iter().map(entry));
            let Some(standing) = standing else { continue };
            for (fault, active) in certificates::faults(standing) {
                let input = Input::Truth { active, quality: Quality::GOOD };
                if let Some(index) = self.bank.of_certificate(&gateway, fault) {
                    self.step_alarms(now, effects, |bank, changes| bank.tell(now, index, input, changes));
                }
            }
        }
    }

    fn is_over_a_link_that_is_up(&self, tag: TagIndex) -> bool {
        match self.plant.tag(tag).map(|tag| &tag.source) {
            Some(Source::Link { gateway, .. }) => self.links.state(gateway) == Some(LinkState::Up),
            Some(Source::Calculated(_)) | None => false,
        }
    }

    /// A link is there: from now on its tags are expected.
    fn expect_anew(&mut self, now: Now, gateway: &str, effects: &mut Effects) {
        for tag in self.links.tags(gateway).to_vec() {
            self.heard[tag.slot()] = now.uptime;
            self.tell_watchers(now, tag, &Input::SourceBack, effects);
        }
    }

    fn status(&mut self, now: Now, gateway: &Arc<str>, status: LinkStatus, effects: &mut Effects) {
        let (state, quality) = (status.state, status.quality);
        if !self.links.set_status(gateway, status) {
            return;
        }
        match state {
            LinkState::Up => {
                self.expect_anew(now, gateway, effects);
                self.certificates.look_soon();
            }
            LinkState::Connecting | LinkState::Down => self.lose(now, gateway, quality, effects),
        }
        self.calculate_due(now, effects);
        self.shown.links = Arc::new(self.links.list(&self.plant, &self.table));
        if let (Some(index), Some(input)) = (self.bank.of_link(gateway), link_truth(state)) {
            self.step_alarms(now, effects, |bank, changes| bank.tell(now, index, input, changes));
        }
    }

    /// A link is not there: its tags keep their values and are no longer good. Those that never had a value keep
    /// waiting. Their alarms are told once that the source is lost; the link's own alarm speaks for all of them.
    fn lose(&mut self, now: Now, gateway: &str, quality: Quality, effects: &mut Effects) {
        for tag in self.links.tags(gateway).to_vec() {
            let row = self.table.row(tag);
            let is_known = row.as_ref().is_some_and(|row| row.value.is_some() || row.quality != Quality::BAD_WAITING);
            if is_known && row.is_some_and(|row| row.quality != quality) {
                self.mark(now, tag, quality, effects);
            }
            self.tell_watchers(now, tag, &Input::SourceLost, effects);
        }
    }

    /// Changes a tag's quality and says so to history and to what is calculated from it.
    fn mark(&mut self, now: Now, tag: TagIndex, quality: Quality, effects: &mut Effects) {
        self.table.mark(tag, quality, self.revision);
        let value = self.table.row(tag).and_then(|row| row.value);
        let sample = Sample { time: self.after_value(now, tag), received: now.wall, value, quality };
        self.record(now, tag, &sample, effects);
        self.calculations.concern(tag);
        self.tell_reading(now, tag, effects);
    }

    fn calculate_due(&mut self, now: Now, effects: &mut Effects) {
        while let Some(tag) = self.calculations.next() {
            if let Some(sample) = calculations::calculate(&self.plant, &self.table, tag, now.wall) {
                self.update_calculated(now, tag, sample, effects);
            }
        }
    }

    /// A calculated value replaces the one before whatever its time: its inputs decide, not the clock.
    fn update_calculated(&mut self, now: Now, tag: TagIndex, sample: Sample, effects: &mut Effects) {
        let Some(known) = self.table.row(tag) else { return };
        let is_waiting = sample.value.is_none() && sample.quality == Quality::BAD_WAITING;
        if !is_waiting {
            self.record(now, tag, &sample, effects);
        }
        if sample.value != known.value || sample.quality != known.quality || sample.time != known.time {
            self.table.write(tag, &sample, self.revision);
            self.calculations.concern(tag);
            self.tell_watching(now, tag, effects);
        }
    }

    fn record(&mut self, now: Now, tag: TagIndex, sample: &Sample, effects: &mut Effects) {
        let series = &self.series;
        self.recorder.take(now.uptime, tag, sample, |sample| effects.rows.extend(row(series, tag, sample)));
    }

    /// Records what is held back of every tag.
    fn record_held(&mut self, now: Now, effects: &mut Effects) {
        let series = &self.series;
        self.recorder.flush(now.uptime, |tag, sample| effects.rows.extend(row(series, tag, sample)));
    }

    /// When a tag's value ceased to be good that has done so now. A source's clock may be ahead of ours, and a gap comes
    /// after the value that it ends.
    fn after_value(&self, now: Now, tag: TagIndex) -> Timestamp {
        let of_value = self.table.row(tag).map_or(Timestamp::default(), |row| row.time);
        now.wall.max(of_value.saturating_add(Duration::from_millis(1)))
    }

    /// Tags whose link is closed, or whose source is another one, must not go on showing the old value as if it were new.
    fn forget_lost(&mut self, plant: &Plant, difference: &Difference, now: Now, effects: &mut Effects) {
        let lost = self.links.apply(plant, difference, now);
        let keeps_source = |tag: TagIndex| {
            plant.tag(tag).is_some_and(|new| Some(&new.source) == self.plant.tag(tag).map(|old| &old.source))
        };
        let (stale, moved): (Vec<TagIndex>, Vec<TagIndex>) = lost.into_iter().partition(|tag| keeps_source(*tag));
        let changed = difference.tags.changed.iter().copied().filter(|tag| !keeps_source(*tag));
        let gone: Vec<TagIndex> =
            moved.into_iter().chain(changed).chain(difference.tags.removed.iter().copied()).collect();
        for tag in stale {
            if self.table.row(tag).is_some_and(|row| row.value.is_some()) {
                self.mark(now, tag, Quality::STALE, effects);
            }
        }
        for tag in gone {
            if self.table.quality(tag) != Quality::BAD_WAITING {
                let end = Sample::bad(self.after_value(now, tag), Quality::BAD_NOT_CONNECTED);
                self.record(now, tag, &end, effects);
            }
            self.table.forget(tag, self.revision);
        }
        for tag in &difference.tags.removed {
            self.recorder.ignore(*tag);
        }
    }

    fn record_and_expect(&mut self) {
        self.expected.clear();
        for tag in &self.plant.tags {
            match tag.recording {
                Some(recording) => self.recorder.record(tag.index, recording),
                None => self.recorder.ignore(tag.index),
            }
            match (&tag.source, tag.stale_after) {
                (Source::Link { .. }, Some(within)) => self.expected.push((tag.index, within)),
                (Source::Link { .. }, None) | (Source::Calculated(_), _) => {}
            }
        }
    }

    fn refresh_alarms(&mut self, now: Uptime) {
        let is_new = self.bank.revision() != self.shown.alarms.revision;
        let is_long = self.shown.alarms.alarms.len() > LONG_LIST;
        let is_recent = self.shown.at.is_some_and(|at| now.since(at) < LONG_LIST_INTERVAL);
        if is_new && !(is_long && is_recent) {
            self.shown.alarms = Arc::new(self.bank.list(&self.plant));
            self.shown.at = Some(now);
        }
    }
}

/// A sample on its way to history; `None` of a tag that is not recorded.
fn row(series: &[Option<SeriesId>], tag: TagIndex, sample: Sample) -> Option<Row> {
    series.get(tag.slot()).copied().flatten().map(|series| Row { series, sample })
}

/// What a link's alarm hears of its state. While a connection is being made nothing is known yet, neither at the start
/// nor after a loss.
fn link_truth(state: LinkState) -> Option<Input> {
    let active = match state {
        LinkState::Connecting => return None,
        LinkState::Up => false,
        LinkState::Down => true,
    };
    Some(Input::Truth { active, quality: Quality::GOOD })
}
