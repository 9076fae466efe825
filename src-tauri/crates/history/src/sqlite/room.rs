//! How full the disk of a file is, told before it is full.

use std::path::Path;

use rustix::fs::statvfs;

/// How much room a disk has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Enough.
    #[default]
    Enough,
    /// Nine tenths of the disk are full.
    Low,
    /// Nineteen twentieths of it are.
    Scarce,
}

/// Percent of the disk from which on there is that little room.
const LOW: u64 = 90;
const SCARCE: u64 = 95;
/// So many percent must be freed before a state ends, so that a disk near a limit does not say so again and again.
const BACK: u64 = 2;

impl Room {
    /// The room of a disk that is so many percent full, where this one was known before.
    fn then(self, percent: u64) -> Room {
        let of = |percent| match percent {
            SCARCE.. => Room::Scarce,
            LOW..SCARCE => Room::Low,
            _ => Room::Enough,
        };
        // What is a little better than before is as before.
        if of(percent) < self { of(percent + BACK).min(self) } else { of(percent) }
    }

    /// Looks at the disk of a file. One that cannot be looked at is as it was.
    pub(super) fn look(self, file: &Path) -> Room {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Ok(disk) = statvfs(folder) else { return self };
        // What is kept for root is not anybody's room, as `df` counts.
        let used = disk.f_blocks.saturating_sub(disk.f_bfree);
        let percent = used.saturating_mul(100).checked_div(used.saturating_add(disk.f_bavail));
        percent.map_or(self, |percent| self.then(percent))
    }

    /// For an operator; empty while there is enough.
    pub fn in_words(self) -> &'static str {
        match self {
            Room::Enough => "",
            Room::Low => "The disk is more than 90 % full. Make room before it is full.",
            Room::Scarce => "The disk is more than 95 % full. Make room now: when it is full, history pauses.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_told_once_on_the_way_up_and_ends_two_percent_below() {
        let story = [
            (0, Room::Enough),
            (89, Room::Enough),
            (90, Room::Low),
            (89, Room::Low),
            (90, Room::Low),
            (95, Room::Scarce),
            (93, Room::Scarce),
            (94, Room::Scarce),
            (92, Room::Low),
            (88, Room::Low),
            (87, Room::Enough),
            (89, Room::Enough),
            (100, Room::Scarce),
            (10, Room::Enough),
        ];
        let mut room = Room::default();
        for (percent, then) in story {
            room = room.then(percent);
            assert_eq!(room, then, "at {percent} %");
        }
    }
}
