//! The alarms that need somebody, and acknowledging and resetting them.

use ::plant::Plant;
use alarm::{Act, OccurrenceId, State, Wanted};
use engine::{ActError, ActiveAlarm as Active};

use super::plant::watched_tag;
use crate::wire::{
    AcknowledgeAlarms, ActedOn, ActiveAlarm, ActiveAlarms, AlarmState, Nothing, RefusedOccurrence, ResetAlarms,
};
use crate::{Api, Code, Failure, Principal};

/// Most occurrences in one act.
const MOST_OCCURRENCES: usize = 1_000;
/// Longest note, characters.
const LONGEST_NOTE: usize = 2_000;

impl Api {
    pub(crate) async fn alarms_read(&self, _: &Principal, _: Nothing) -> Result<ActiveAlarms, Failure> {
        let snapshot = self.parts.engine.snapshot();
        let alarms = snapshot.alarms.alarms.iter().map(|active| active_view(active, &snapshot.plant)).collect();
        Ok(ActiveAlarms { revision: snapshot.alarms.revision, alarms })
    }

    pub(crate) async fn alarm_acknowledge(
        &self,
        who: &Principal,
        request: AcknowledgeAlarms,
    ) -> Result<ActedOn, Failure> {
        self.act(who, Wanted::Acknowledge, request.occurrences, request.note).await
    }

    pub(crate) async fn alarm_reset(&self, who: &Principal, request: ResetAlarms) -> Result<ActedOn, Failure> {
        self.act(who, Wanted::Reset, request.occurrences, request.note).await
    }

    async fn act(&self, who: &Principal, wanted: Wanted, names: Vec<String>, note: String) -> Result<ActedOn, Failure> {
        if names.len() > MOST_OCCURRENCES {
            let message = format!("{} occurrences at once are too many; at most {MOST_OCCURRENCES}", names.len());
            return Err(Failure::new(Code::Invalid, message));
        }
        if note.chars().count() > LONGEST_NOTE {
            return Err(Failure::new(Code::Invalid, format!("the note is longer than {LONGEST_NOTE} characters")));
        }
        let mut refused = Vec::new();
        let mut occurrences = Vec::with_capacity(names.len());
        for name in names {
            match name.parse::<OccurrenceId>() {
                Ok(occurrence) => occurrences.push(occurrence),
                Err(error) => refused.push(RefusedOccurrence { occurrence: name, reason: error.to_string() }),
            }
        }
        let act = Act {
            user: who.user.clone(),
            station: who.station.clone(),
            note: note.trim().to_owned(),
            at: self.parts.clock.now().wall,
        };
        let acted = self.parts.engine.act(occurrences, wanted, act).await.map_err(|error| match &error {
            ActError::Committing(reason) => Failure::caused(
                Code::Storage,
                format!("nothing was done, because it could not be put on disk: {reason}"),
                &error,
            ),
            ActError::Stopped => Failure::new(Code::Unavailable, "Andon is stopping"),
        })?;
        refused.extend(
            acted
                .refused
                .into_iter()
                .map(|(occurrence, reason)| RefusedOccurrence { occurrence: occurrence.to_string(), reason }),
        );
        Ok(ActedOn { done: acted.done.iter().map(ToString::to_string).collect(), refused })
    }
}

fn active_view(active: &Active, plant: &Plant) -> ActiveAlarm {
    let definition = &plant.alarms[active.definition];
    let acknowledged = active.acknowledged.as_ref();
    ActiveAlarm {
        occurrence: active.occurrence.to_string(),
        alarm: definition.id.to_string(),
        state: state_view(active.state),
        priority: definition.config.priority.number(),
        message: definition.message.clone(),
        equipment: definition.equipment.as_ref().map(ToString::to_string),
        tag: watched_tag(&definition.watch).map(|tag| tag.0),
        condition: definition.condition.clone(),
        value: active.value.to_string(),
        raised_at: active.raised.millis(),
        returned_at: active.returned.map(|time| time.millis()),
        acked_at: acknowledged.map(|act| act.at.millis()),
        acked_by: acknowledged.map(|act| act.user.clone()),
        note: acknowledged.map(|act| act.note.clone()),
        source_lost: active.source_lost,
    }
}

fn state_view(state: State) -> AlarmState {
    match state {
        State::Normal => AlarmState::Normal,
        State::Unack => AlarmState::Unack,
        State::Acked => AlarmState::Acked,
        State::RtnUnack => AlarmState::RtnUnack,
        State::LatchedUnack => AlarmState::LatchedUnack,
        State::LatchedAcked => AlarmState::LatchedAcked,
    }
}
