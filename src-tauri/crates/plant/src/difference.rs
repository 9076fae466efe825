//! What changed between two plants, so that a reload touches that and nothing else.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use model::{GatewaySpec, Point, TagIndex};

use crate::plant::{Gateway, Plant, Source};

/// What was added, removed and changed. Each list is in the order of its plant: the new one's for what was added or
/// changed, the old one's for what was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Whether the plant's name or its equipment is another, names of machines included.
    pub equipment_changed: bool,
    /// Gateways by id. Changed is one whose settings or any of whose points are others: it has to be opened again.
    pub gateways: Changes<Arc<str>>,
    /// Tags by slot. Changed is one of which anything is another.
    pub tags: Changes<TagIndex>,
    /// Alarms by id. Changed is one of which anything is another.
    pub alarms: Changes<alarm::AlarmId>,
}

/// Changes among things of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes<T> {
    /// Only in the new plant.
    pub added: Vec<T>,
    /// Only in the old plant.
    pub removed: Vec<T>,
    /// In both, and not the same.
    pub changed: Vec<T>,
}

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self { added: Vec::new(), removed: Vec::new(), changed: Vec::new() }
    }
}

impl<T> Changes<T> {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl Difference {
    /// Whether the two plants are the same to everybody who runs or shows them.
    pub fn is_empty(&self) -> bool {
        !self.equipment_changed && self.gateways.is_empty() && self.tags.is_empty() && self.alarms.is_empty()
    }
}

/// What has to be done to get from `old` to `new`. `new` must have been read with the indices of `old`, otherwise slots
/// do not mean the same.
pub fn difference(old: &Plant, new: &Plant) -> Difference {
    Difference {
        equipment_changed: old.name != new.name || old.equipment != new.equipment,
        gateways: changes(&links(old), &links(new), |link| Arc::clone(&link.id)),
        tags: changes(&old.tags, &new.tags, |tag| tag.index),
        alarms: changes(&old.alarms, &new.alarms, |alarm| alarm.id.clone()),
    }
}

/// A gateway with all that it fetches: what a connection is made of. Its place in the file is no part of it.
struct Link<'a> {
    id: Arc<str>,
    spec: &'a GatewaySpec,
    points: Vec<&'a Point>,
}

impl PartialEq for Link<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec && self.points == other.points
    }
}

fn links(plant: &Plant) -> Vec<Link<'_>> {
    let mut points: HashMap<&str, Vec<&Point>> = HashMap::new();
    for tag in &plant.tags {
        match &tag.source {
            Source::Link { gateway, point } => points.entry(gateway).or_default().push(point),
            Source::Calculated(_) => {}
        }
    }
    let mut links = Vec::with_capacity(plant.gateways.len());
    for Gateway { spec, address: _, line: _ } in &plant.gateways {
        links.push(Link { id: Arc::from(&*spec.id), spec, points: points.remove(&*spec.id).unwrap_or_default() });
    }
    links
}

fn changes<T: PartialEq, K: Clone + Eq + Hash>(old: &[T], new: &[T], key: impl Fn(&T) -> K) -> Changes<K> {
    let before: HashMap<K, &T> = old.iter().map(|item| (key(item), item)).collect();
    let after: HashMap<K, &T> = new.iter().map(|item| (key(item), item)).collect();
    let keys = |items: &[T], wanted: &dyn Fn(&K, &T) -> bool| -> Vec<K> {
        items.iter().map(|item| (key(item), item)).filter(|(key, item)| wanted(key, item)).map(|(key, _)| key).collect()
    };
    Changes {
        added: keys(new, &|key, _| !before.contains_key(key)),
        removed: keys(old, &|key, _| !after.contains_key(key)),
        changed: keys(new, &|key, item| before.get(key).is_some_and(|&then| then != item)),
    }
}
