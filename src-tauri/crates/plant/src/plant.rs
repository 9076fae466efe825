//! The resolved plant: what the engine runs and the screens show. Every reference in it is known to hold.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use alarm::AlarmId;
use formula::Formula;
use model::{DataType, Equipment, EquipmentId, GatewaySpec, Keep, Point, TagIndex};

use crate::{Mail, Notification, Recording, Stations};

/// A plant without errors. Made by [`crate::read`] only; the default one is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plant {
    /// What people call it.
    pub name: String,
    /// Sites, areas, lines and machines.
    pub equipment: Equipment,
    /// In the order of the plant file.
    pub gateways: Vec<Gateway>,
    /// Grouped by equipment in the order of the tree, the plant's own tags last.
    pub tags: Vec<Tag>,
    /// In the order of the plant file, tag by tag; the gateways' own alarms last.
    pub alarms: Vec<AlarmDefinition>,
    /// How long history is kept of whatever is not a tag of this plant, such as a tag that was removed.
    pub keep: Keep,
    /// How large the file of history may grow, in bytes; `None` for as large as the disk allows.
    pub size_limit_bytes: Option<u64>,
    /// How long events are kept, and how large their file may grow.
    pub journal: JournalKeep,
    /// The server that takes e-mail; `None` where there is none.
    pub mail: Option<Mail>,
    /// Who is told of alarms away from the screen, in the order of the plant file.
    pub notifications: Vec<Notification>,
    /// How stations exchange what is done to alarms; `None` where they do not.
    pub stations: Option<Stations>,
    pub(crate) written: HashMap<AlarmId, Written>,
    pub(crate) order: Vec<TagIndex>,
    pub(crate) indices: TagIndices,
    /// Where in `tags` the tag of a slot is.
    pub(crate) positions: HashMap<TagIndex, usize>,
}

/// How long events are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalKeep {
    /// Older ones go; `None` keeps them for ever.
    pub age: Option<Duration>,
    /// The oldest ones go where their file has more bytes than this; `None` for as large as the disk allows.
    pub size_bytes: Option<u64>,
}

/// A gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway {
    /// What its protocol gets to know.
    pub spec: GatewaySpec,
    /// Where it is reached, in words, such as `plc4.local:502`; empty where its settings do not say.
    pub address: String,
    /// The line of `plant.toml` it begins on, from 1.
    pub line: u32,
}

/// What a tag means to its machine, so that a tile or a faceplate needs no drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The machine's state as a word of PackML (ISA-TR88.00.02): `Execute`, `Held`, `Suspended`.
    State,
    /// Current speed.
    Speed,
    /// Speed it should have.
    SpeedTarget,
    /// Good units made.
    GoodCount,
    /// Units rejected.
    RejectCount,
    /// The value to show as the machine's sparkline, where it is not the speed.
    Key,
}

/// A tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// Its slot in the live table.
    pub index: TagIndex,
    /// The full id: `<equipment path>/<id>`, or the bare id for the plant's own tags.
    pub id: Arc<str>,
    /// What people call it.
    pub name: String,
    /// What it belongs to; `None` for the plant's own.
    pub equipment: Option<EquipmentId>,
    /// What it means to its machine.
    pub role: Option<Role>,
    /// What it holds.
    pub data_type: DataType,
    /// The unit as shown; empty where there is none.
    pub unit: String,
    /// Digits after the point where it is shown, 0 to 10.
    pub decimals: u8,
    /// Display range: the ends of a bar or an axis, low before high.
    pub range: Option<(f64, f64)>,
    /// The band in which the value should be, low before high.
    pub normal: Option<(f64, f64)>,
    /// Words for off and on.
    pub words: Option<(String, String)>,
    /// Where its value comes from.
    pub source: Source,
    /// How its history is recorded; `None` where it is not.
    pub recording: Option<Recording>,
    /// How long its history is kept.
    pub keep: Keep,
    /// Without a sample for so long, its value is stale.
    pub stale_after: Option<Duration>,
}

/// Where a tag's value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// From a gateway.
    Link {
        /// The gateway's id.
        gateway: Arc<str>,
        /// What the gateway gets to know.
        point: Point,
    },
    /// From other tags.
    Calculated(Arc<Formula>),
}

/// An alarm: what it watches and what an operator needs to know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmDefinition {
    /// Unique in the plant: `<equipment path>/<id>`, `<tag id>/high`, `gateway/<id>/connection`.
    pub id: alarm::AlarmId,
    /// What it belongs to; `None` for the plant's own and for gateways.
    pub equipment: Option<EquipmentId>,
    /// What is shown in lists.
    pub message: String,
    /// What it watches.
    pub watch: Watch,
    /// How it is raised and how it behaves.
    pub config: alarm::Config,
    /// It is looked at while this is true; `None` for always. [`alarm::Enabling`] says what follows.
    pub enabled_when: Option<Arc<Formula>>,
    /// It is suppressed by design while this is true (ISA-18.2); `None` for never.
    pub suppressed_when: Option<Arc<Formula>>,
    /// What kind of thing it is about.
    pub class: alarm::Class,
    /// What usually causes it.
    pub cause: String,
    /// What happens if nobody acts.
    pub consequence: String,
    /// What to do.
    pub action: String,
    /// How to see that it has helped.
    pub confirmation: String,
    /// How long there is to act; `None` where not said.
    pub time_to_respond: Option<Duration>,
    /// The screen to look at: the path of equipment, a path relative to the plant's folder, or an `https` address.
    pub screen: Option<String>,
    /// What to read: a path relative to the plant's folder, or an `https` address.
    pub document: Option<String>,
    /// The condition in words, such as `high, 82.0 °C`.
    pub condition: String,
}

/// Where an alarm is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file, relative to the plant's folder.
    pub file: String,
    /// The line, from 1: of its `[[alarms]]`, of its limit at a tag, or of its gateway.
    pub line: u32,
    /// In words, the machine for which a template has it; none where it is not from a template.
    pub template_of: Option<Arc<str>>,
}

/// What an alarm watches.
#[derive(Clone, Debug, PartialEq)]
pub enum Watch {
    /// A tag's value or its silence.
    Tag(TagIndex),
    /// A condition over tags.
    Formula(Arc<Formula>),
    /// The connection of the gateway of this id.
    Link(Arc<str>),
    /// The certificates on that connection.
    Certificate {
        /// The gateway's id.
        gateway: Arc<str>,
        /// What of them.
        fault: CertificateFault,
    },
}

/// What can be wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateFault {
    /// It ends within days.
    Ending,
    /// It is not valid: it has ended, or begins later.
    Invalid,
}

/// Which tag has which slot. An id keeps its slot for as long as the program runs: [`crate::read`] takes the indices of
/// the plant before and appends; a slot is never given to another id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagIndices {
    by_id: HashMap<Arc<str>, TagIndex>,
}

impl Plant {
    /// Every id that ever had a slot, for reading the next plant.
    pub fn indices(&self) -> &TagIndices {
        &self.indices
    }

    /// How many slots the live table needs.
    pub fn slots(&self) -> usize {
        self.indices.len()
    }

    /// The calculated tags, inputs before what is calculated from them.
    pub fn calculation_order(&self) -> &[TagIndex] {
        &self.order
    }

    /// The tag of a slot; `None` for a slot whose tag is no longer in the plant.
    pub fn tag(&self, index: TagIndex) -> Option<&Tag> {
        self.positions.get(&index).and_then(|&at| self.tags.get(at))
    }

    /// The tag of a full id.
    pub fn tag_by_id(&self, id: &str) -> Option<&Tag> {
        self.indices.get(id).and_then(|index| self.tag(index))
    }

    /// Where an alarm is written; none where there is no such alarm.
    pub fn written(&self, alarm: &AlarmId) -> Option<&Written> {
        self.written.get(alarm)
    }

    /// The gateway of an id.
    pub fn gateway(&self, id: &str) -> Option<&Gateway> {
        self.gateways.iter().find(|gateway| gateway.spec.id == id)
    }

    /// The rule of notification of a name.
    pub fn notification(&self, name: &str) -> Option<&Notification> {
        self.notifications.iter().find(|rule| *rule.name == *name)
    }

    /// What a gateway has to fetch, in the order of the tags.
    pub fn points(&self, gateway: &str) -> Vec<Point> {
        let of_gateway = |tag: &Tag| match &tag.source {
            Source::Link { gateway: own, point } => (**own == *gateway).then(|| point.clone()),
            Source::Calculated(_) => None,
        };
        self.tags.iter().filter_map(of_gateway).collect()
    }
}

impl TagIndices {
    /// The slot of an id.
    pub fn get(&self, id: &str) -> Option<TagIndex> {
        self.by_id.get(id).copied()
    }

    /// How many slots were ever given.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether none was given yet.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The slot of an id, a new one where it has none.
    pub(crate) fn assign(&mut self, id: &Arc<str>) -> TagIndex {
        let next = TagIndex(u32::try_from(self.by_id.len()).expect("the number of tags is bounded far below 2^32"));
        *self.by_id.entry(Arc::clone(id)).or_insert(next)
    }
}
