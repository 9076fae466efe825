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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use alarm::{Act, Deed, Origin, Priority, What};
    use journal::{Entry, Remark, Remarked};
    use model::{Clock, Now};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const DAY_MS: i64 = 24 * 3_600_000;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Now {
            Now { wall: NOW, ..Now::default() }
        }
    }

    fn days_ago(days: i64) -> Timestamp {
        Timestamp::from_millis(NOW.millis() - days * DAY_MS)
    }

    /// Writes down that somebody unshelved an alarm.
    fn act(journal: &Journal, station: &str, alarm: &str, at: Timestamp) {
        let act = Act { user: "anna".into(), station: station.into(), note: String::new(), at };
        let deed = Deed { order: at.millis(), alarm: AlarmId::new(alarm), what: What::Unshelve, act };
        let remark = Remark {
            what: Remarked::Heard(deed.clone()),
            at,
            equipment: None,
            priority: Priority::try_from(1).expect("a priority"),
            message: String::new(),
            deed: Some((deed, Origin::Here)),
        };
        let (tell, told) = mpsc::channel();
        let done = move |written: Result<Vec<i64>, StoreFailure>| tell.send(written.is_ok()).expect("waited for");
        journal.append(vec![Entry::Remark(remark)], Some(Box::new(done)));
        assert!(told.recv().expect("told"), "on disk");
    }

    /// The alarms of some sheets, and whether each is to be taken down.
    fn names(sheets: &[Sheet]) -> Vec<(&str, bool)> {
        sheets.iter().map(|sheet| (sheet.topic.rsplit('/').next().unwrap_or(""), sheet.payload.is_empty())).collect()
    }

    #[test]
    fn what_is_said_follows_the_journal_and_goes_once_it_is_over_and_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Arc::new(Journal::open(&folder.path().join("journal.db"), Arc::new(Still)).expect("a journal"));
        let secret = StationKey::make().expect("random numbers");
        let key = Arc::new(StationKey::read(&secret).expect("a key"));
        let scope = Scope { plant: "P".into(), prefix: "andon".into() };
        act(&journal, "laptop", "old", days_ago(31));
        act(&journal, "laptop", "standing", days_ago(40));
        act(&journal, "laptop", "recent", days_ago(29));
        act(&journal, "panel", "of-another", days_ago(1));
        let mut outbox = Outbox::new(Arc::clone(&journal), "laptop".into(), scope, key, NOW);

        let needed = HashSet::from([AlarmId::new("standing"), AlarmId::new("never-touched")]);
        let said = outbox.collect(&needed).expect("a disk that works");
        assert_eq!(names(&said), [("recent", false), ("standing", false)], "what stands, however old; and no other's");
        assert_eq!(names(&outbox.collect(&needed).expect("a disk")), [], "nothing is said twice");
        act(&journal, "laptop", "recent", days_ago(0));
        assert_eq!(names(&outbox.collect(&needed).expect("a disk")), [("recent", false)]);

        assert_eq!(names(&outbox.expire(&needed, NOW)), [], "what stands stays");
        assert_eq!(names(&outbox.expire(&HashSet::new(), NOW)), [("standing", true)]);
        let found = outbox.find(&AlarmId::new("old"), days_ago(31), NOW).expect("left from before");
        assert_eq!(names(&[found]), [("old", true)]);
        assert_eq!(outbox.find(&AlarmId::new("recent"), days_ago(31), NOW), None, "it has newer acts");
        let in_a_month = Timestamp::from_millis(NOW.millis() + 31 * DAY_MS);
        assert_eq!(names(&outbox.expire(&HashSet::new(), in_a_month)), [("recent", true)]);
    }
}
