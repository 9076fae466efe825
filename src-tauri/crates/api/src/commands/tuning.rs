//! Giving an alarm other numbers in the plant file.

use std::sync::Arc;

use ::plant::{Plant, Retuning};

use super::adopt::refused;
use super::whatif::{config, definition, tuning_view};
use super::{Recorded, wait_for_disk};
use crate::wire::{AlarmTuning, ChangeAlarm, ChangedAlarm};
use crate::{AddError, Api, Code, Failure, Principal};

/// Longest reason, characters.
const LONGEST_REASON: usize = 2_000;

impl Api {
    pub(crate) async fn alarm_change(&self, _: &Principal, request: ChangeAlarm) -> Result<ChangedAlarm, Failure> {
        let reason = request.reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            let message = format!("say why the alarm is changed, in at most {LONGEST_REASON} characters");
            return Err(Failure::new(Code::Invalid, message));
        }
        let _change = self.begin_change()?;
        let keep = self.parts.engine.snapshot().plant.indices().clone();
        let folder = Arc::clone(&self.parts.folder);
        // What counts is the file as it is now, not the plant that was made of an earlier one.
        let (plant, reading) = wait_for_disk(move || {
            let now = folder.read(&keep);
            let plant = now.plant.ok_or_else(|| refused("the plant file has errors already", &now.problems))?;
            let known = definition(&plant, &request.alarm)?;
            let wanted = config(known, &request.tuning)?;
            let retuning = Retuning { alarm: known.id.clone(), tuning: wanted.tuning() };
            let reading = folder.retune(&retuning, &keep).map_err(not_changed)?;
            Ok::<_, Failure>((plant, (retuning, reading)))
        })
        .await??;
        let (retuning, reading) = reading;
        let changed = reading.plant.as_ref().map(|after| compare(&plant, after, &retuning)).transpose()?;
        self.take(reading).await?;
        let (before, after, others) =
            changed.ok_or_else(|| Failure::new(Code::Internal, "the plant was written and not read"))?;
        Ok(ChangedAlarm { before, after, others, plant: self.plant_status() })
    }
}

impl Recorded for ChangedAlarm {
    fn record(&self) -> String {
        let parts = parts(&self.before, &self.after);
        if parts.is_empty() {
            "done: nothing was to be changed".to_owned()
        } else {
            format!("done: {}", parts.join(", "))
        }
    }
}

/// What is another number now, as `limit 80 -> 82`.
fn parts(before: &AlarmTuning, after: &AlarmTuning) -> Vec<String> {
    let words = |number: Option<f64>| number.map_or_else(|| "none".to_owned(), |number| number.to_string());
    let numbers = [
        ("limit", before.limit, after.limit),
        ("second_limit", before.second_limit, after.second_limit),
        ("deadband", before.deadband, after.deadband),
        ("on_delay_s", Some(before.on_delay_s), Some(after.on_delay_s)),
        ("off_delay_s", Some(before.off_delay_s), Some(after.off_delay_s)),
        ("times", before.times.map(f64::from), after.times.map(f64::from)),
    ];
    let changed = numbers.into_iter().filter(|(_, before, after)| before != after);
    changed.map(|(name, before, after)| format!("{name} {} -> {}", words(before), words(after))).collect()
}

/// The alarm's numbers in both plants, and the other alarms that are no longer as they were.
fn compare(
    before: &Plant,
    after: &Plant,
    retuning: &Retuning,
) -> Result<(AlarmTuning, AlarmTuning, Vec<String>), Failure> {
    let id = retuning.alarm.as_str();
    let (was, is) = (definition(before, id)?, definition(after, id)?);
    let differs = |one: &&::plant::AlarmDefinition| {
        let known = before.alarms.iter().find(|known| known.id == one.id);
        one.id != retuning.alarm && known.is_some_and(|known| known.config != one.config)
    };
    let others = after.alarms.iter().filter(differs).map(|one| one.id.to_string()).collect();
    Ok((tuning_view(&was.config.tuning()), tuning_view(&is.config.tuning()), others))
}

fn not_changed(error: AddError) -> Failure {
    match &error {
        AddError::Refused(words) => Failure::new(Code::Unavailable, words.clone()),
        AddError::Checking(problems) => refused("nothing was changed, because the plant would have errors", problems),
        AddError::Writing(cause) => {
            Failure::caused(Code::Storage, format!("nothing was changed: {error}: {cause}"), &error)
        }
    }
}
