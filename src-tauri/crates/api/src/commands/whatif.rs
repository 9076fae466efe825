//! What if: an alarm's past with other numbers.

use std::sync::{Arc, Weak};
use std::time::Duration;

use ::alarm::{AlarmId, Config, Input, Measure, Others, Replay, Replayed, Search, Target, Trigger, Tuning};
use ::plant::{AlarmDefinition, Plant, Recording, Rule, Tag};
use engine::{Inputs, Snapshot};
use history::{ReadError, Reader, Span};
use model::{TagIndex, Timestamp};

use super::plant::{limit_kind_view, watched_tag};
use super::trends::span;
use super::wait_for_disk;
use crate::past::{Past, Wanted};
use crate::picture::unreadable;
use crate::wire::{AlarmTuning, TrialFigures, TrialRemark, TrialSpan, TriedAlarm, TryAlarm};
use crate::{Api, Code, Failure, Principal};

/// Longest time that is replayed, milliseconds.
const LONGEST: i64 = 31 * DAY;
const DAY: i64 = 24 * 3_600_000;
/// Longest delay, seconds: a day, as in the plant file.
const LONGEST_DELAY: f64 = 86_400.0;
/// Most times of being active that are told one by one.
const MOST_SPANS: usize = 1_000;
/// Whether somebody still waits is asked once for so many samples.
const LOOK_UP: u64 = 65_536;

/// All that a trial needs, away from the live plant.
struct Trial {
    reader: Reader,
    wanted: Vec<Wanted>,
    inputs: Inputs,
    id: AlarmId,
    now: Config,
    other: Option<Config>,
    search: Option<(Search, Target)>,
    span: Span,
}

/// What came of it.
struct Outcome {
    samples: u64,
    first: Option<Timestamp>,
    before: Replayed,
    after: Option<Replayed>,
    /// Other numbers, and what would have come of them.
    suggestion: Option<(Tuning, Replayed)>,
}

impl Api {
    pub(crate) async fn alarm_try(&self, _: &Principal, request: TryAlarm) -> Result<TriedAlarm, Failure> {
        let asked = span(request.from, request.to)?;
        if asked.to.millis_since(asked.from) > LONGEST {
            return Err(Failure::new(Code::Invalid, "at most 31 days are replayed at once"));
        }
        let snapshot = self.parts.engine.snapshot();
        let definition = definition(&snapshot.plant, &request.alarm)?;
        let inputs = Inputs::of(definition).map_err(|unheard| {
            Failure::new(Code::Unavailable, format!("`{}` cannot be replayed: {unheard}", definition.id))
        })?;
        let tags = tags(&snapshot, &inputs)?;
        check_recording(definition, &tags)?;
        let now = self.parts.clock.now().wall;
        let known = Timestamp::from_millis(asked.from.millis().saturating_add(1)).max(now);
        let span = Span { from: asked.from, to: asked.to.min(known) };
        let other = request.tuning.map(|tuning| config(definition, &tuning)).transpose()?;
        let range = watched_tag(&definition.watch).and_then(|tag| snapshot.plant.tag(tag)).and_then(|tag| tag.range);
        let target = request.suggest_per_day.map(|per_day| target(per_day, span)).transpose()?;
        let search = target.and_then(|target| {
            Search::new(definition.id.clone(), &definition.config, range, span.from).map(|search| (search, target))
        });
        let mut remarks = remarks(definition, &tags);
        if target.is_some() && search.is_none() {
            remarks.push(TrialRemark::NoSearch);
        }
        let trial = Trial {
            reader: self.parts.history.reader(),
            wanted: tags.iter().map(|(_, wanted)| *wanted).collect(),
            inputs,
            id: definition.id.clone(),
            now: definition.config.clone(),
            other,
            search,
            span,
        };
        let tuning = definition.config.tuning();
        let levels = if let Trigger::Limit { measure: Measure::Value, levels } = &definition.config.trigger {
            levels.iter().map(|level| limit_kind_view(level.kind)).collect()
        } else {
            Vec::new()
        };
        // Whoever asked may have gone meanwhile: this future is dropped then, and the replay ends.
        let waiting = Arc::new(());
        let asker = Arc::downgrade(&waiting);
        let outcome = wait_for_disk(move || trial.run(&asker)).await?.map_err(unreadable)?;
        drop(waiting);
        if outcome.first.is_none_or(|first| first > span.from) {
            remarks.push(TrialRemark::BeginsLater);
        }
        let figures = |replayed: &Replayed| figures(replayed, span.to);
        Ok(TriedAlarm {
            from: span.from.millis(),
            to: span.to.millis(),
            samples: outcome.samples,
            first: outcome.first.map(Timestamp::millis),
            levels,
            tuning: tuning_view(&tuning),
            before: figures(&outcome.before),
            after: outcome.after.as_ref().map(figures),
            suggestion: outcome.suggestion.as_ref().map(|(tuning, _)| tuning_view(tuning)),
            suggested: outcome.suggestion.as_ref().map(|(_, replayed)| figures(replayed)),
            remarks,
        })
    }
}

impl Trial {
    fn run(&self, asker: &Weak<()>) -> Result<Outcome, ReadError> {
        let replay = |config: &Config| Replay::new(self.id.clone(), config.clone(), self.span.from);
        let mut before = replay(&self.now);
        let mut after = self.other.as_ref().map(replay);
        let mut search = self.search.clone();
        let mut inputs = self.inputs.clone();
        let mut past = Past::open(&self.reader, &self.wanted, self.span)?;
        let (mut samples, mut first) = (0, None);
        let goes_on = || asker.strong_count() > 0;
        while let Some((tag, sample)) = past.next()? {
            let at = sample.time;
            first = first.or(Some(at));
            samples += 1;
            inputs.hear(tag, sample, |input: Input| {
                if let Some((search, _)) = &mut search {
                    search.hear(at, &input);
                }
                if let Some(after) = &mut after {
                    after.tell(at, input.clone());
                }
                before.tell(at, input);
            });
            if samples % LOOK_UP == 0 && !goes_on() {
                break;
            }
        }
        let end = self.span.to;
        Ok(Outcome {
            samples,
            first,
            before: before.finish(end),
            after: after.map(|after| after.finish(end)),
            suggestion: search.and_then(|(search, target)| {
                let found = search.find(target, end, goes_on)?;
                search.replay(&found, end).map(|replayed| (found, replayed))
            }),
        })
    }
}

/// An alarm of the running plant.
pub(super) fn definition<'p>(plant: &'p Plant, alarm: &str) -> Result<&'p AlarmDefinition, Failure> {
    let found = plant.alarms.iter().find(|definition| definition.id.as_str() == alarm);
    found.ok_or_else(|| Failure::new(Code::NotFound, format!("there is no alarm `{alarm}` in the running plant")))
}

/// An alarm with the numbers of a request.
pub(super) fn config(definition: &AlarmDefinition, tuning: &AlarmTuning) -> Result<Config, Failure> {
    let delay = |seconds: f64, name: &str| {
        let is_delay = (0.0..=LONGEST_DELAY).contains(&seconds);
        let message = || format!("the {name}-delay is 0 to {LONGEST_DELAY} seconds, not {seconds}");
        if is_delay { Ok(Duration::from_secs_f64(seconds)) } else { Err(Failure::new(Code::Invalid, message())) }
    };
    let tuning = Tuning {
        limit: tuning.limit,
        second_limit: tuning.second_limit,
        deadband: tuning.deadband,
        on_delay: delay(tuning.on_delay_s, "on")?,
        off_delay: delay(tuning.off_delay_s, "off")?,
        times: tuning.times,
    };
    definition.config.tuned(&tuning).map_err(|untunable| Failure::new(Code::Invalid, untunable.to_string()))
}

pub(super) fn tuning_view(tuning: &Tuning) -> AlarmTuning {
    AlarmTuning {
        limit: tuning.limit,
        second_limit: tuning.second_limit,
        deadband: tuning.deadband,
        on_delay_s: tuning.on_delay.as_secs_f64(),
        off_delay_s: tuning.off_delay.as_secs_f64(),
        times: tuning.times,
    }
}

/// The tags an alarm hears, each with its history.
fn tags<'s>(snapshot: &'s Snapshot, inputs: &Inputs) -> Result<Vec<(&'s Tag, Wanted)>, Failure> {
    let wanted = |index: TagIndex| {
        let tag = snapshot.plant.tag(index);
        let named = tag.map_or_else(String::new, |tag| tag.id.to_string());
        let missing = || Failure::new(Code::Unavailable, format!("the tag `{named}` is not recorded; it has no past"));
        let (tag, series) = tag.zip(snapshot.series_of(index)).ok_or_else(missing)?;
        let is_sloped = tag.recording.is_some_and(|recording| recording.is_sloped());
        Ok((tag, Wanted { tag: index, series, is_sloped }))
    };
    inputs.tags().into_iter().map(wanted).collect()
}

/// Refuses what cannot be replayed from a history that has only a part of the samples.
fn check_recording(definition: &AlarmDefinition, tags: &[(&Tag, Wanted)]) -> Result<(), Failure> {
    let rules = || tags.iter().filter_map(|(tag, _)| tag.recording.map(|recording| (tag, recording.rule)));
    let (missing, why) = match &definition.config.trigger {
        Trigger::Unchanged { .. } => (
            rules().find(|(_, rule)| matches!(rule, Rule::Deadband(_) | Rule::SwingingDoor(_))),
            "it looks for a value that stands still, and of",
        ),
        Trigger::Limit { measure: Measure::Cusum { .. }, .. } => {
            (rules().find(|(_, rule)| *rule != Rule::EverySample), "it sums up every sample, and of")
        }
        Trigger::Limit { .. }
        | Trigger::Digital { .. }
        | Trigger::State { .. }
        | Trigger::Discrepancy { .. }
        | Trigger::Silent { .. }
        | Trigger::Stale
        | Trigger::Condition
        | Trigger::LinkDown => return Ok(()),
    };
    missing.map_or(Ok(()), |(tag, _)| {
        let message = format!("`{}` cannot be replayed: {why} `{}` history has only what moved", definition.id, tag.id);
        Err(Failure::new(Code::Unavailable, message))
    })
}

fn remarks(definition: &AlarmDefinition, tags: &[(&Tag, Wanted)]) -> Vec<TrialRemark> {
    let has = |rule: fn(&Rule) -> bool| {
        tags.iter().any(|(tag, _)| tag.recording.is_some_and(|Recording { rule: own, .. }| rule(&own)))
    };
    let mut remarks = Vec::new();
    if has(|rule| matches!(rule, Rule::Deadband(_))) {
        remarks.push(TrialRemark::Thinned);
    }
    if has(|rule| matches!(rule, Rule::SwingingDoor(_))) {
        remarks.push(TrialRemark::Sloped);
    }
    let first_out = definition.config.first_out.as_ref();
    if definition.suppressed_when.is_some() || first_out.is_some_and(|group| group.others == Others::Suppressed) {
        remarks.push(TrialRemark::SuppressionLeftOut);
    }
    remarks
}

fn target(per_day: f64, span: Span) -> Result<Target, Failure> {
    if !(0.0..=1e6).contains(&per_day) {
        return Err(Failure::new(Code::Invalid, "how often a day an alarm may come is a number from 0 to 1,000,000"));
    }
    #[expect(clippy::cast_precision_loss, reason = "a span of a month in milliseconds")]
    let days = span.to.millis_since(span.from) as f64 / DAY as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a million a day for a month")]
    let activations = (per_day * days).floor() as usize;
    Ok(Target { activations })
}

fn figures(replayed: &Replayed, end: Timestamp) -> TrialFigures {
    let floods = replayed.floods(end);
    let all = &replayed.activations;
    let newest = &all[all.len().saturating_sub(MOST_SPANS)..];
    TrialFigures {
        activations: all.len() as u64,
        escalations: replayed.escalations,
        active_ms: ms(replayed.active(end)),
        unknown_ms: ms(replayed.unknown),
        fleeting: replayed.fleeting(end) as u64,
        chattering: replayed.chattering() as u64,
        worst_hour: replayed.worst_hour() as u64,
        floods: floods.len() as u64,
        flood_ms: floods.iter().map(|flood| flood.until.millis_since(flood.from)).sum(),
        spans: newest
            .iter()
            .map(|one| TrialSpan { from: one.from.millis(), to: one.until.map(Timestamp::millis), level: one.level })
            .collect(),
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
