//! Aggregates of history: what tags did in a stretch of time, in numbers.

use std::sync::{Arc, Weak};

use ::plant::Tag;
use history::{Extreme, Increase, Interpolation, ReadError, Reader, SeriesId, Span, States, Summary};
use model::{DataType, Timestamp, Value};

use super::trends::{interpolation, pens, span};
use super::wait_for_disk;
use crate::picture::unreadable;
use crate::wire::{
    CounterSummary, ExtremeView, HistorySummary, IntervalSummary, ReadSummary, StateDuration, StateSummary, StateValue,
    SummaryPart, TagSummary,
};
use crate::{Api, Code, Failure, Principal};

/// Most intervals of a question.
const MOST_INTERVALS: u32 = 500;
/// Up to here every integer is a float too.
const EXACT: u64 = 1 << 53;

/// What is asked of one tag.
struct Asked {
    tag: u32,
    series: SeriesId,
    how: Interpolation,
    is_number: bool,
}

impl Api {
    pub(crate) async fn history_summary(&self, _: &Principal, request: ReadSummary) -> Result<HistorySummary, Failure> {
        if !(1..=MOST_INTERVALS).contains(&request.intervals) {
            return Err(Failure::new(Code::Invalid, format!("a summary has 1 to {MOST_INTERVALS} intervals")));
        }
        if request.counter_end.is_some_and(|end| end <= 1.0) {
            return Err(Failure::new(Code::Invalid, "a counter has more than one value"));
        }
        let asked = span(request.from, request.to)?;
        let now = self.parts.clock.now().wall;
        let known = Timestamp::from_millis(asked.from.millis().saturating_add(1)).max(now);
        let span = Span { from: asked.from, to: asked.to.min(known) };
        let snapshot = self.parts.engine.snapshot();
        let recorded = |tag: &&Tag| {
            snapshot.series_of(tag.index).map(|series| Asked {
                tag: tag.index.0,
                series,
                how: interpolation(tag),
                is_number: matches!(tag.data_type, DataType::Int | DataType::Float),
            })
        };
        let recorded: Vec<Asked> = pens(&snapshot, &request.tags)?.iter().filter_map(recorded).collect();
        let reader = self.parts.history.reader();
        // Whoever asked may have gone meanwhile: this future is dropped then, and the next tag is not read.
        let waiting = Arc::new(());
        let asker = Arc::downgrade(&waiting);
        let tags = wait_for_disk(move || {
            let still = recorded.iter().take_while(|_| Weak::strong_count(&asker) > 0);
            still.map(|asked| summarise(&reader, asked, span, &request)).collect::<Result<Vec<_>, ReadError>>()
        });
        let tags = tags.await?.map_err(unreadable)?;
        drop(waiting);
        Ok(HistorySummary { from: span.from.millis(), to: span.to.millis(), tags })
    }
}

fn summarise(reader: &Reader, asked: &Asked, span: Span, request: &ReadSummary) -> Result<TagSummary, ReadError> {
    let length = span.to.millis().abs_diff(span.from.millis());
    let step = i64::try_from(length.div_ceil(u64::from(request.intervals))).unwrap_or(i64::MAX);
    let summaries = reader.summaries(asked.series, span, step, asked.how)?;
    let intervals =
        summaries.iter().map(|summary| interval(reader, asked.series, summary)).collect::<Result<_, _>>()?;
    let has = |part| request.with.contains(&part);
    let states = has(SummaryPart::States).then(|| reader.states(asked.series, span)).transpose()?;
    let increase = (has(SummaryPart::Increase) && asked.is_number)
        .then(|| reader.increase(asked.series, span, request.counter_end))
        .transpose()?;
    Ok(TagSummary { tag: asked.tag, intervals, states: states.map(state_summary), increase: increase.map(counter) })
}

fn interval(reader: &Reader, series: SeriesId, summary: &Summary) -> Result<IntervalSummary, ReadError> {
    let range = summary.range();
    // The time is that of a sample; a value that was there before the interval, or on the way to the next sample, has none.
    let view = |value: f64, extreme: Option<Extreme>| {
        let sampled = extreme.filter(|extreme| extreme.value.to_bits() == value.to_bits());
        let time = sampled.map(|extreme| reader.pinpoint(series, &extreme)).transpose()?.flatten();
        Ok(ExtremeView { value, time: time.map(Timestamp::millis) })
    };
    Ok(IntervalSummary {
        from: summary.span.from.millis(),
        to: summary.span.to.millis(),
        count: summary.count as u64,
        mean: summary.time_average(),
        least: range.map(|(least, _)| view(least, summary.least)).transpose()?,
        greatest: range.map(|(_, greatest)| view(greatest, summary.greatest)).transpose()?,
        first: summary.start,
        last: summary.end,
        percent_good: summary.percent_good(),
        quality: summary.quality().code(),
    })
}

fn state_summary(states: States) -> StateSummary {
    let duration = |(state, ms)| StateDuration { state: state_value(state), ms };
    StateSummary {
        durations: states.durations.into_iter().map(duration).collect(),
        others_ms: states.others,
        unknown_ms: states.unknown,
        transitions: states.transitions as u64,
    }
}

#[expect(clippy::cast_precision_loss, reason = "only where nothing is lost")]
fn state_value(value: Value) -> StateValue {
    match value {
        Value::Bool(on) => StateValue::Switch(on),
        Value::Int(x) if x.unsigned_abs() <= EXACT => StateValue::Number(x as f64),
        Value::Int(x) => StateValue::Text(x.to_string()),
        Value::UInt(x) => StateValue::Text(x.to_string()),
        Value::Float(x) => StateValue::Number(x),
        Value::Text(text) => StateValue::Text(text.to_string()),
    }
}

fn counter(increase: Increase) -> CounterSummary {
    let Increase { total, rollovers, resets } = increase;
    CounterSummary { total, rollovers: rollovers as u64, resets: resets as u64 }
}
