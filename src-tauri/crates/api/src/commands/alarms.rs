//! The alarms that need somebody, and what people do to them.

use std::time::Duration;

use ::plant::Plant;
use alarm::{Act, AlarmId, Confirm, Nuisance, OccurrenceId, Priority, State, Suppression};
use engine::{ActError, ActiveAlarm as Active, SuppressedAlarm as Suppressed, Target, Wanted};
use model::Timestamp;

use super::plant::watched_tag;
use crate::wire::{
    ActOnAlarms, ActOnOccurrences, ActedOn, ActiveAlarm, ActiveAlarms, AlarmAct, AlarmChatter, AlarmFlood, AlarmState,
    Nothing, RefusedAct, ShelveAlarms, SuppressedAlarm,
};
use crate::{Api, Code, Failure, Principal};

/// Most occurrences or alarms in one act.
const MOST_TARGETS: usize = 1_000;
/// Longest note, characters.
const LONGEST_NOTE: usize = 2_000;

impl Api {
    pub(crate) async fn alarms_read(&self, _: &Principal, _: Nothing) -> Result<ActiveAlarms, Failure> {
        let snapshot = self.parts.engine.snapshot();
        let alarms = snapshot.alarms.alarms.iter().map(|active| active_view(active, &snapshot.plant)).collect();
        let suppressed = snapshot.alarms.suppressed.iter().map(|one| suppressed_view(one, &snapshot.plant)).collect();
        let flood = snapshot.alarms.flood.map(|flood| AlarmFlood { since: flood.since.millis(), count: flood.count });
        Ok(ActiveAlarms { revision: snapshot.alarms.revision, alarms, suppressed, flood })
    }

    pub(crate) async fn alarm_acknowledge(
        &self,
        who: &Principal,
        request: ActOnOccurrences,
    ) -> Result<ActedOn, Failure> {
        self.act_on_occurrences(who, Wanted::Acknowledge, request).await
    }

    pub(crate) async fn alarm_confirm(&self, who: &Principal, request: ActOnOccurrences) -> Result<ActedOn, Failure> {
        self.act_on_occurrences(who, Wanted::Confirm, request).await
    }

    pub(crate) async fn alarm_reset(&self, who: &Principal, request: ActOnOccurrences) -> Result<ActedOn, Failure> {
        self.act_on_occurrences(who, Wanted::Reset, request).await
    }

    pub(crate) async fn alarm_note(&self, who: &Principal, request: ActOnOccurrences) -> Result<ActedOn, Failure> {
        self.act_on_occurrences(who, Wanted::Note, request).await
    }

    pub(crate) async fn alarm_shelve(&self, who: &Principal, request: ShelveAlarms) -> Result<ActedOn, Failure> {
        let time = Duration::from_secs(u64::from(request.minutes) * 60);
        let wanted = Wanted::Shelve { time, one_shot: request.one_shot };
        self.act_on_alarms(who, wanted, ActOnAlarms { alarms: request.alarms, note: request.note }).await
    }

    pub(crate) async fn alarm_unshelve(&self, who: &Principal, request: ActOnAlarms) -> Result<ActedOn, Failure> {
        self.act_on_alarms(who, Wanted::Unshelve, request).await
    }

    pub(crate) async fn alarm_out_of_service(&self, who: &Principal, request: ActOnAlarms) -> Result<ActedOn, Failure> {
        self.act_on_alarms(who, Wanted::TakeOutOfService, request).await
    }

    pub(crate) async fn alarm_in_service(&self, who: &Principal, request: ActOnAlarms) -> Result<ActedOn, Failure> {
        self.act_on_alarms(who, Wanted::ReturnToService, request).await
    }

    async fn act_on_occurrences(
        &self,
        who: &Principal,
        wanted: Wanted,
        ActOnOccurrences { occurrences, announced_at, note }: ActOnOccurrences,
    ) -> Result<ActedOn, Failure> {
        check(occurrences.len(), &note)?;
        if !announced_at.is_empty() && announced_at.len() != occurrences.len() {
            return Err(Failure::new(
                Code::Invalid,
                "of each occurrence, or of none, it must be said when it was announced",
            ));
        }
        let mut refused = Vec::new();
        let mut targets = Vec::with_capacity(occurrences.len());
        for (at, name) in occurrences.into_iter().enumerate() {
            match name.parse::<OccurrenceId>() {
                Ok(occurrence) => targets.push(match announced_at.get(at) {
                    Some(announced) => Target::Seen { occurrence, announced: Timestamp::from_millis(*announced) },
                    None => Target::Occurrence(occurrence),
                }),
                Err(error) => refused.push(RefusedAct { target: name, reason: error.to_string() }),
            }
        }
        let mut acted = self.act(who, wanted, targets, &note).await?;
        refused.append(&mut acted.refused);
        Ok(ActedOn { refused, ..acted })
    }

    async fn act_on_alarms(
        &self,
        who: &Principal,
        wanted: Wanted,
        ActOnAlarms { alarms, note }: ActOnAlarms,
    ) -> Result<ActedOn, Failure> {
        check(alarms.len(), &note)?;
        let targets = alarms.into_iter().map(|alarm| Target::Alarm(AlarmId::new(alarm))).collect();
        self.act(who, wanted, targets, &note).await
    }

    async fn act(&self, who: &Principal, wanted: Wanted, targets: Vec<Target>, note: &str) -> Result<ActedOn, Failure> {
        let act = Act {
            user: who.user.clone(),
            station: who.station.clone(),
            note: note.trim().to_owned(),
            at: self.parts.clock.now().wall,
        };
        let acted = self.parts.engine.act(targets, wanted, act).await.map_err(|error| match &error {
            ActError::Committing(reason) => Failure::caused(
                Code::Storage,
                format!("nothing was done, because it could not be put on disk: {reason}"),
                &error,
            ),
            ActError::Stopped => Failure::new(Code::Unavailable, "Andon is stopping"),
        })?;
        let refused = |(target, reason): (Target, String)| RefusedAct { target: target.to_string(), reason };
        Ok(ActedOn {
            done: acted.done.iter().map(ToString::to_string).collect(),
            refused: acted.refused.into_iter().map(refused).collect(),
        })
    }
}

fn check(targets: usize, note: &str) -> Result<(), Failure> {
    if targets > MOST_TARGETS {
        let message = format!("{targets} alarms at once are too many; at most {MOST_TARGETS}");
        return Err(Failure::new(Code::Invalid, message));
    }
    if note.chars().count() > LONGEST_NOTE {
        return Err(Failure::new(Code::Invalid, format!("the note is longer than {LONGEST_NOTE} characters")));
    }
    Ok(())
}

fn active_view(active: &Active, plant: &Plant) -> ActiveAlarm {
    let definition = &plant.alarms[active.definition];
    let acknowledged = active.acknowledged.as_ref();
    ActiveAlarm {
        occurrence: active.occurrence.to_string(),
        alarm: definition.id.to_string(),
        state: state_view(active.state),
        priority: active.priority.number(),
        message: definition.message.clone(),
        equipment: definition.equipment.as_ref().map(ToString::to_string),
        tag: watched_tag(&definition.watch).map(|tag| tag.0),
        condition: definition.condition.clone(),
        value: active.value.to_string(),
        raised_at: active.raised.millis(),
        announced_at: active.announced.millis(),
        returned_at: active.returned.map(|time| time.millis()),
        acked_at: acknowledged.map(|act| act.at.millis()),
        acked_by: acknowledged.map(|act| act.user.clone()),
        acked_at_station: acknowledged.map(|act| act.station.clone()),
        note: acknowledged.map(|act| act.note.clone()),
        last_priority: active.last_priority.map(Priority::number),
        needs_confirmation: definition.config.confirm == Confirm::Required && active.confirmed.is_none(),
        confirmed: active.confirmed.as_ref().map(act_view),
        notes: active.notes.iter().map(act_view).collect(),
        re_alarms: active.re_alarms,
        first_out: active.is_first_out,
        first_out_group: definition.config.first_out.as_ref().map(|first_out| first_out.group.to_string()),
        chattering: active.nuisance.and_then(chatter_view),
        fleeting: match active.nuisance {
            Some(Nuisance::Fleeting { times }) => times,
            Some(Nuisance::Chattering { .. }) | None => 0,
        },
        source_lost: active.source_lost,
    }
}

fn chatter_view(nuisance: Nuisance) -> Option<AlarmChatter> {
    match nuisance {
        Nuisance::Chattering { times, lasting } => {
            Some(AlarmChatter { times, seconds: u32::try_from(lasting.as_secs()).unwrap_or(u32::MAX) })
        }
        Nuisance::Fleeting { .. } => None,
    }
}

fn suppressed_view(suppressed: &Suppressed, plant: &Plant) -> SuppressedAlarm {
    let definition = &plant.alarms[suppressed.definition];
    let Suppression { shelved, by_design, out_of_service } = &suppressed.suppression;
    SuppressedAlarm {
        alarm: definition.id.to_string(),
        priority: definition.config.priority.number(),
        message: definition.message.clone(),
        equipment: definition.equipment.as_ref().map(ToString::to_string),
        is_present: suppressed.is_present,
        shelved: shelved.as_ref().map(|shelved| act_view(&shelved.act)),
        shelved_until: shelved.as_ref().map(|shelved| shelved.until.millis()),
        one_shot: shelved.as_ref().is_some_and(|shelved| shelved.one_shot),
        by_design: by_design.as_ref().map(|design| design.rule.clone()),
        by_design_since: by_design.as_ref().map(|design| design.since.millis()),
        out_of_service: out_of_service.as_ref().map(act_view),
    }
}

fn act_view(act: &Act) -> AlarmAct {
    AlarmAct { user: act.user.clone(), station: act.station.clone(), note: act.note.clone(), at: act.at.millis() }
}

fn state_view(state: State) -> AlarmState {
    match state {
        State::Normal => AlarmState::Normal,
        State::Unack => AlarmState::Unack,
        State::Acked => AlarmState::Acked,
        State::RtnUnack => AlarmState::RtnUnack,
        State::LatchedUnack => AlarmState::LatchedUnack,
        State::LatchedAcked => AlarmState::LatchedAcked,
        State::RtnUnconfirmed => AlarmState::RtnUnconfirmed,
    }
}
