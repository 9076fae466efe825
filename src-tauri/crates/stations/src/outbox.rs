//! What this station has to say: its own acts, as the journal has them on disk.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use alarm::AlarmId;
use engine::AlarmList;
use gateway::Sheet;
use journal::{Journal, StoreFailure};
use model::Timestamp;
use plant::Plant;

use crate::key::StationKey;
use crate::letter::{ACTS_AT_MOST, Scope, seal};
use crate::topic;

/// Acts on an alarm that is over lie at the broker for so long. A station that is away for longer finds no more of them, nor
/// has it to do anything about that alarm.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Acts read in one go.
const ACTS: usize = 500;

/// Follows the journal's table of acts.
pub(crate) struct Outbox {
    journal: Arc<Journal>,
    station: String,
    scope: Scope,
    key: Arc<StationKey>,
    /// The number of the last act read.
    behind: i64,
    /// The alarms with acts at the broker, each with when the last of them was done.
    published: BTreeMap<AlarmId, Timestamp>,
}

impl Outbox {
    pub(crate) fn new(
        journal: Arc<Journal>,
        station: String,
        scope: Scope,
        key: Arc<StationKey>,
        now: Timestamp,
    ) -> Self {
        let behind = now.saturating_sub(KEPT).millis();
        Self { journal, station, scope, key, behind, published: BTreeMap::new() }
    }

    /// What is to be put up of some alarms' acts, however old they are, and of all that were acted on since this was last
    /// asked. Waits for the disk.
    ///
    /// # Errors
    /// The journal cannot be read; what was not read comes the next time.
    pub(crate) fn collect(&mut self, alarms: &HashSet<AlarmId>) -> Result<Vec<Sheet>, StoreFailure> {
        let old = alarms.iter().filter(|alarm| !self.published.contains_key(*alarm)).cloned();
        let mut touched: BTreeSet<AlarmId> = old.collect();
        let mut behind = self.behind;
        loop {
            let deeds = self.journal.acts_of(&self.station, behind, ACTS)?;
            behind = deeds.last().map_or(behind, |deed| deed.order);
            let is_last = deeds.len() < ACTS;
            touched.extend(deeds.into_iter().map(|deed| deed.alarm));
            if is_last {
                break;
            }
        }
        let mut sheets = Vec::new();
        for alarm in touched {
            let deeds = self.journal.last_acts_of(&self.station, &alarm, ACTS_AT_MOST)?;
            let Some(last) = deeds.last() else { continue };
            let topic = topic::topic(&self.scope.prefix, &self.station, alarm.as_str());
            sheets.push(Sheet { topic, payload: seal(&self.scope, &self.key, &deeds) });
            self.published.insert(alarm, last.act.at);
        }
        self.behind = behind;
        Ok(sheets)
    }

    /// What is to be taken down: the acts on alarms that are over, of longer ago than they are kept.
    pub(crate) fn expire(&mut self, needed: &HashSet<AlarmId>, now: Timestamp) -> Vec<Sheet> {
        let since = now.saturating_sub(KEPT);
        let over = self.published.iter().filter(|(alarm, last)| **last < since && !needed.contains(*alarm));
        let over: BTreeSet<AlarmId> = over.map(|(alarm, _)| alarm.clone()).collect();
        self.published.retain(|alarm, _| !over.contains(alarm));
        over.iter().map(|alarm| self.nothing(alarm)).collect()
    }

    /// What is to be taken down of what this station finds of itself at the broker, from before its last start.
    pub(crate) fn find(&self, alarm: &AlarmId, newest: Timestamp, now: Timestamp) -> Option<Sheet> {
        let is_old = newest < now.saturating_sub(KEPT);
        (is_old && !self.published.contains_key(alarm)).then(|| self.nothing(alarm))
    }

    fn nothing(&self, alarm: &AlarmId) -> Sheet {
        let topic = topic::topic(&self.scope.prefix, &self.station, alarm.as_str());
        Sheet { topic, payload: bytes::Bytes::new() }
    }
}

/// The alarms that stand or are suppressed: what was done to them counts, however long ago it was.
pub(crate) fn needed(alarms: &AlarmList, plant: &Plant) -> HashSet<AlarmId> {
    let standing = alarms.alarms.iter().map(|alarm| alarm.occurrence.alarm.clone());
    let suppressed = alarms.suppressed.iter().filter_map(|alarm| plant.alarms.get(alarm.definition));
    standing.chain(suppressed.map(|definition| definition.id.clone())).collect()
}
