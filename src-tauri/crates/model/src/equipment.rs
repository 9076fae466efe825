//! The equipment tree after ISA-95: site, area, line, machine.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A level of the role-based equipment hierarchy (ISA-95 Part 1: site, area, work center, work unit).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A place.
    Site,
    /// A part of a site.
    Area,
    /// Machines in order of flow.
    Line,
    /// One machine.
    Machine,
}

/// A path of ids from the site downwards, joined by `/`: `ulm/filling/line1/filler`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EquipmentId(Arc<str>);

/// One node of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The path.
    pub id: EquipmentId,
    /// Which level.
    pub level: Level,
    /// What people call it.
    pub name: String,
}

/// All nodes, parents before their children, machines of a line in order of flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Equipment {
    nodes: Vec<Node>,
}

impl EquipmentId {
    /// From a path. The plant file's reader checks its form; this does not.
    pub fn new(path: impl Into<Arc<str>>) -> Self {
        Self(path.into())
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The node above; `None` for a site.
    pub fn parent(&self) -> Option<EquipmentId> {
        self.0.rsplit_once('/').map(|(above, _)| EquipmentId(above.into()))
    }

    /// Whether this node is `other` or lies below it.
    pub fn is_within(&self, other: &EquipmentId) -> bool {
        self.0.strip_prefix(&*other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for EquipmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Equipment {
    /// A tree of the nodes in the order given. The plant file's reader makes sure that parents come first and paths
    /// are unique.
    pub fn new(nodes: Vec<Node>) -> Self {
        Self { nodes }
    }

    /// All nodes, parents first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node at a path.
    pub fn find(&self, id: &EquipmentId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == *id)
    }

    /// The machines, in order of flow.
    pub fn machines(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.level == Level::Machine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_knows_what_it_lies_within() {
        let line = EquipmentId::new("ulm/filling/line1");
        assert!(EquipmentId::new("ulm/filling/line1/filler").is_within(&line));
        assert!(line.is_within(&line));
        assert!(!EquipmentId::new("ulm/filling/line10/filler").is_within(&line), "a longer name is not a child");
        assert_eq!(line.parent(), Some(EquipmentId::new("ulm/filling")));
        assert_eq!(EquipmentId::new("ulm").parent(), None);
    }
}
