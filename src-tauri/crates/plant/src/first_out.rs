//! `[first_out]`: what becomes of the other alarms of a group while the first one stands.

use alarm::Others;

use crate::fields::{Fields, instead};
use crate::plant::AlarmDefinition;
use crate::problem::{Problems, shown};

const OTHERS: [(&str, Others); 2] = [("mark", Others::Announced), ("suppress-others", Others::Suppressed)];

/// Reads `[first_out]` and says it to the alarms of each group. A group that is not there is one that only marks.
pub(crate) fn read(root: &Fields<'_, '_>, alarms: &mut [AlarmDefinition], problems: &mut Problems) {
    let Some(table) = root.inner("first_out", problems) else { return };
    let groups = Fields::open(table, "first_out");
    for entry in &table.entries {
        let Some(others) = groups.choice(&entry.key, &OTHERS, problems) else { continue };
        let mut is_known = false;
        let of_group = alarms.iter_mut().filter_map(|alarm| alarm.config.first_out.as_mut());
        for first_out in of_group.filter(|first_out| *first_out.group == *entry.key) {
            is_known = true;
            first_out.others = others.value;
        }
        if !is_known {
            let known = alarms.iter().filter_map(|alarm| alarm.config.first_out.as_ref());
            let message = format!("no alarm is in the group `{}`", shown(&entry.key));
            problems.absent(entry.key_at, message, instead(&entry.key, known.map(|first_out| &*first_out.group)));
        }
    }
}
