//! What people do to alarms, as events that can be exchanged and merged.
//!
//! Every act is a [`Deed`] with a stable name. What an alarm makes of a set of them does not depend on the order in which
//! they come, nor on how often: acknowledgements are marks that only grow, shelving and taking out of service are won by
//! the last writer, notes are a set. So two stations that were apart agree once each has heard what the other did.

use std::collections::BTreeSet;
use std::time::Duration;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AlarmId, Origin};

/// Two stations see the same thing happen at times that are at most so far apart: their clocks and their polls differ.
/// A mark of another station is taken for the nearest announcement within this time.
pub const SAME_ANNOUNCEMENT: Duration = Duration::from_secs(2);

/// So many announcements of an alarm are remembered, to find the one that another station means.
const REMEMBERED: usize = 32;
/// So many marks of one kind are kept of an alarm; what is older than all of them is settled.
const MARKS: usize = 32;
/// So many names of acts on an alarm are remembered; the journal knows them all.
const SEEN: usize = 256;

/// What somebody did: who, where, when, and what they said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Act {
    /// Who.
    pub user: String,
    /// At which station.
    pub station: String,
    /// What they saw or did; may be empty.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

impl Act {
    /// By this, everybody agrees which of several acts was the first.
    pub(crate) fn place(&self) -> (Timestamp, &str, &str, &str) {
        (self.at, &self.station, &self.user, &self.note)
    }
}

/// One act of somebody on one alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deed {
    /// Later acts of a station have greater numbers, and so have acts that were done in knowledge of this one: wall
    /// milliseconds, moved on where they would not be greater than every number known (Kulkarni and others, Logical
    /// Physical Clocks, 2014). With the station it is the act's name.
    pub order: i64,
    /// On which alarm.
    pub alarm: AlarmId,
    /// What was done.
    pub what: What,
    /// Who, where, when.
    pub act: Act,
}

/// The name of an act, and the order by which the last writer wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeedId {
    /// See [`Deed::order`].
    pub order: i64,
    /// Whose number it is.
    pub station: String,
}

/// What somebody can do to an alarm.
///
/// `raised` names the occurrence that they had before them. `through` is when it was last announced to them: what was
/// announced up to then is acknowledged, confirmed or reset, and nothing that was announced later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum What {
    /// It was seen.
    Acknowledge {
        /// Which occurrence.
        raised: Timestamp,
        /// As it was announced when.
        through: Timestamp,
    },
    /// The action was taken (OPC UA Part 9, Confirm).
    Confirm {
        /// Which occurrence.
        raised: Timestamp,
        /// As it was announced when.
        through: Timestamp,
    },
    /// What latched may go.
    Reset {
        /// Which occurrence.
        raised: Timestamp,
        /// As it was announced when.
        through: Timestamp,
    },
    /// A remark on an occurrence.
    Note {
        /// Which occurrence.
        raised: Timestamp,
        /// As it was announced when.
        through: Timestamp,
    },
    /// It is not to be announced for a while.
    Shelve {
        /// Until when at the latest.
        until: Timestamp,
        /// Or until it returns to normal.
        one_shot: bool,
    },
    /// It is to be announced again.
    Unshelve,
    /// It is not to be announced until it is put back: work on the equipment.
    TakeOutOfService,
    /// The work is done.
    ReturnToService,
}

impl What {
    /// The mark that it sets, and up to which announcement.
    pub(crate) fn mark(&self) -> Option<(MarkKind, Timestamp)> {
        match self {
            What::Acknowledge { through, .. } => Some((MarkKind::Acknowledged, *through)),
            What::Confirm { through, .. } => Some((MarkKind::Confirmed, *through)),
            What::Reset { through, .. } => Some((MarkKind::Reset, *through)),
            What::Note { .. }
            | What::Shelve { .. }
            | What::Unshelve
            | What::TakeOutOfService
            | What::ReturnToService => None,
        }
    }

    /// The occurrence that it names, where it names one.
    pub fn raised(&self) -> Option<Timestamp> {
        match self {
            What::Acknowledge { raised, .. }
            | What::Confirm { raised, .. }
            | What::Reset { raised, .. }
            | What::Note { raised, .. } => Some(*raised),
            What::Shelve { .. } | What::Unshelve | What::TakeOutOfService | What::ReturnToService => None,
        }
    }
}

impl Deed {
    /// Its name.
    pub fn id(&self) -> DeedId {
        DeedId { order: self.order, station: self.act.station.clone() }
    }
}

/// Which marks a mark is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarkKind {
    Acknowledged,
    Confirmed,
    Reset,
}

/// Somebody has seen, confirmed or reset what was announced up to some time.
#[derive(Clone, Debug, PartialEq)]
struct Mark {
    kind: MarkKind,
    through: Timestamp,
    id: DeedId,
    act: Act,
    origin: Origin,
}

/// The marks on one alarm, and the announcements that they may mean.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    marks: Vec<Mark>,
    announced: Vec<Timestamp>,
    /// The acts that are known already.
    seen: BTreeSet<DeedId>,
}

impl Marks {
    /// Remembers when the alarm was announced; times only grow.
    pub fn announce(&mut self, at: Timestamp) {
        if self.announced.last().is_none_or(|last| *last < at) {
            self.announced.push(at);
        }
        if self.announced.len() > REMEMBERED {
            self.announced.remove(0);
        }
    }

    /// Remembers the name of an act. Says whether it is news.
    pub fn see(&mut self, id: DeedId) -> bool {
        let is_news = self.seen.insert(id);
        if self.seen.len() > SEEN {
            self.seen.pop_first();
        }
        is_news
    }

    /// Takes a mark in.
    pub fn add(&mut self, kind: MarkKind, through: Timestamp, deed: &Deed, origin: Origin) {
        self.marks.push(Mark { kind, through, id: deed.id(), act: deed.act.clone(), origin });
        let mut of_kind = self.marks.iter().enumerate().filter(|(_, mark)| mark.kind == kind);
        let oldest = of_kind.clone().min_by_key(|(_, mark)| mark.through).map(|(at, _)| at);
        if of_kind.by_ref().count() > MARKS {
            oldest.map(|oldest| self.marks.remove(oldest));
        }
    }

    /// Who was the first to see, confirm or reset what was announced at that time.
    pub fn first(&self, kind: MarkKind, announced: Timestamp) -> Option<&Act> {
        self.covering(kind, announced).map(|mark| &mark.act).min_by(|a, b| a.place().cmp(&b.place()))
    }

    /// Whether the mark of a deed reaches what was announced at that time.
    pub fn reaches(&self, kind: MarkKind, id: &DeedId, announced: Timestamp) -> bool {
        self.covering(kind, announced).any(|mark| mark.id == *id)
    }

    fn covering(&self, kind: MarkKind, announced: Timestamp) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(move |mark| mark.kind == kind && announced <= self.meant(mark))
    }

    /// The announcement that a mark means: its own name at the station where it was made, elsewhere the nearest one.
    /// Where there is none near, its time is all that is known, and it reaches what was announced before.
    fn meant(&self, mark: &Mark) -> Timestamp {
        if mark.origin == Origin::Here {
            return mark.through;
        }
        let apart = |at: &Timestamp| at.millis().abs_diff(mark.through.millis());
        let near = self.announced.iter().filter(|at| u128::from(apart(at)) <= SAME_ANNOUNCEMENT.as_millis());
        near.min_by_key(|at| apart(at)).copied().unwrap_or(mark.through)
    }
}
