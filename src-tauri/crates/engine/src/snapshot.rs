//! What the engine publishes: one immutable picture of the live plant, shared by whoever looks.

use std::sync::Arc;

use alarm::{OccurrenceId, State};
use history::SeriesId;
use model::{LinkDetail, LinkStatus, Now, TagIndex, Timestamp, Traffic};
use plant::Plant;

use crate::Table;

/// The live plant at one moment. Cheap to clone; everything large in it is shared.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Goes up with every publication; rows of the table carry the revision at which they changed.
    pub revision: u64,
    /// When it was published. The engine publishes at least every half second, so that an old one means that it stands
    /// still.
    pub at: Now,
    /// Goes up with every activated plant.
    pub plant_revision: u32,
    /// When the plant was activated.
    pub activated_at: Timestamp,
    /// The plant.
    pub plant: Arc<Plant>,
    /// Under what history keeps each tag, by slot.
    pub series: Arc<Vec<Option<SeriesId>>>,
    /// The newest value of every tag.
    pub table: Table,
    /// The alarms that need somebody.
    pub alarms: Arc<AlarmList>,
    /// Every gateway's link, in the plant file's order.
    pub links: Arc<Vec<Link>>,
    /// Goes up when a link's state changes.
    pub links_revision: u32,
}

/// The alarms that need somebody, in the order in which an operator should see them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlarmList {
    /// Goes up with every change.
    pub revision: u32,
    /// Unacknowledged first, then by priority, then newest first.
    pub alarms: Vec<ActiveAlarm>,
    /// How many are unacknowledged, by priority 1 to 4.
    pub unacknowledged: [u32; 4],
    /// How many are active or latched, by priority 1 to 4.
    pub active: [u32; 4],
    /// The flood that goes on; none where there is none.
    pub flood: Option<Flood>,
    /// The alarms that are not announced, in the order of the plant. They are in none of the others.
    pub suppressed: Vec<SuppressedAlarm>,
}

/// More alarms than an operator can take in: see [`alarm::FLOOD`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// When the first of its alarms came.
    pub since: Timestamp,
    /// How many there were since.
    pub count: u64,
}

/// An alarm that is not announced, whether it stands or not.
#[derive(Clone, Debug, PartialEq)]
pub struct SuppressedAlarm {
    /// Its definition: an index into the plant's alarms.
    pub definition: usize,
    /// By what, whom, why, since when and until when.
    pub suppression: alarm::Suppression,
    /// Whether its condition holds.
    pub is_present: bool,
}

/// One occurrence of an alarm that is not done with.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveAlarm {
    /// Which occurrence.
    pub occurrence: OccurrenceId,
    /// Its definition: an index into the plant's alarms.
    pub definition: usize,
    /// When it was raised.
    pub raised: Timestamp,
    /// Where it stands.
    pub state: State,
    /// How urgent it is, on its present level.
    pub priority: alarm::Priority,
    /// On which level of its limits it is: 0 is the first.
    pub level: u8,
    /// How urgent it was before, where it has been on another level.
    pub last_priority: Option<alarm::Priority>,
    /// The value that raised it, in words with its unit; empty where there is none.
    pub value: Arc<str>,
    /// When its condition went back to normal.
    pub returned: Option<Timestamp>,
    /// Who acknowledged it, where, when and with what note.
    pub acknowledged: Option<alarm::Act>,
    /// Who confirmed that the action was taken.
    pub confirmed: Option<alarm::Act>,
    /// What was noted of it, the earliest first.
    pub notes: Vec<alarm::Act>,
    /// When it was last announced: raised, come back, more severe, or called again.
    pub announced: Timestamp,
    /// How often it was announced again because nobody did anything.
    pub re_alarms: u32,
    /// Whether it was the first of its group that stands.
    pub is_first_out: bool,
    /// Whether its alarm chatters, or goes before anybody can look.
    pub nuisance: Option<alarm::Nuisance>,
    /// Whether its source is silent or bad, so that the state is the last one known.
    pub source_lost: bool,
}

/// A gateway's link as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The gateway's id.
    pub gateway: Arc<str>,
    /// The connection's state.
    pub status: LinkStatus,
    /// What went over it.
    pub traffic: Traffic,
    /// What the protocol has to tell beyond that.
    pub detail: Arc<LinkDetail>,
    /// Messages in the last whole second.
    pub messages_per_second: f64,
    /// Samples in the last whole second.
    pub samples_per_second: f64,
    /// Payload bytes in the last whole second.
    pub bytes_per_second: f64,
    /// How many tags come over it.
    pub tags: u32,
    /// How many of them are not good now.
    pub tags_not_good: u32,
}

impl Snapshot {
    /// Under what history keeps a tag; `None` for one that is not recorded.
    pub fn series_of(&self, tag: TagIndex) -> Option<SeriesId> {
        self.series.get(tag.slot()).copied().flatten()
    }
}
