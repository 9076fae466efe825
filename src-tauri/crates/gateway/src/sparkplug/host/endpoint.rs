//! A node's own metrics, or those of a device behind it, as its birth announced them.
//!
//! Aliases are looked up within the endpoint that a message is of, so that one which another endpoint has as well can
//! never lead to the other's metric.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::{ErrorKind, Quality, Reach, Timestamp, Value};

use super::Effects;
use super::tags::{News, Tags};
use crate::sparkplug::address::LONGEST_NAME;
use crate::sparkplug::topic::shorten;
use crate::sparkplug::value::{self, Content, Type};
use crate::sparkplug::wire::payload::{Metric as Wire, PropertySet, metric};

/// The most metrics of a node with its devices.
pub(super) const METRICS: usize = 50_000;
/// How deep templates may be within each other.
const TEMPLATES: usize = 8;
/// A source whose clock is further ahead than this is not believed.
const AHEAD_MS: i64 = 60_000;
/// 2000-01-01T00:00:00Z. A clock before it was never set.
const EARLIEST: Timestamp = Timestamp::from_millis(946_684_800_000);
/// Of the newest value no more than this is kept for looking at.
const SHOWN: usize = 120;

/// A metric as it was announced, and what came of it last.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: Arc<str>,
    pub(super) alias: Option<u64>,
    /// `None` where the birth said none, or one that does not exist.
    pub(super) of: Option<Type>,
    pub(super) about: About,
    pub(super) belongs: Belongs,
    /// The newest value for looking at, texts shortened.
    pub(super) shown: Option<Value>,
    tags: Box<[usize]>,
}

/// What a metric's properties say.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) unit: Box<str>,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) access: Access,
}

/// Whether the source lets a metric be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Access {
    #[default]
    NotSaid,
    ReadOnly,
}

/// Whether a metric is one of its own or part of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belongs {
    ToItself,
    ToTemplate,
}

/// What came with a payload, for all of its metrics.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// The payload's own time, or the time of arrival.
    pub(super) time: Timestamp,
    pub(super) received: Timestamp,
}

/// The metrics of a node or a device.
#[derive(Debug, Default)]
pub(super) struct Endpoint {
    pub(super) metrics: Vec<Metric>,
    by_name: HashMap<Arc<str>, usize>,
    /// `None` for an alias that two metrics have: it means neither.
    by_alias: HashMap<u64, Option<usize>>,
    /// The names that aliases stood for, also over births.
    known_as: HashMap<u64, Arc<str>>,
    /// When the newest birth was sent, if it gave an alias another meaning than before.
    changed: Option<Timestamp>,
    pub(super) is_online: bool,
    pub(super) since: Timestamp,
    pub(super) messages: u64,
    /// Why it is not there, in words.
    pub(super) why: String,
    /// What is wrong with its messages, in words.
    pub(super) fault: String,
}

/// What is wrong within a message; the first of it in words.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) first: Option<String>,
    /// Why the birth is needed again.
    pub(super) rebirth: Option<String>,
}

impl Faults {
    fn note(&mut self, words: impl FnOnce() -> String) {
        self.first.get_or_insert_with(words);
    }
}

/// What of a metric holds for the members of its template too.
#[derive(Clone, Copy)]
struct Outer {
    time: Timestamp,
    historical: bool,
    transient: bool,
    depth: usize,
}

impl Outer {
    fn of(around: Around) -> Outer {
        Outer { time: around.time, historical: false, transient: false, depth: 0 }
    }

    fn within(self, metric: &Wire) -> Outer {
        Outer {
            time: metric
                .timestamp
                .map_or(self.time, |ms| Timestamp::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))),
            historical: self.historical || metric.is_historical(),
            transient: self.transient || metric.is_transient(),
            depth: self.depth + 1,
        }
    }
}

/// What a birth or data message is read into: the tags and what is to be done.
pub(super) struct Out<'a> {
    pub(super) tags: &'a mut Tags,
    pub(super) effects: &'a mut Effects,
    pub(super) faults: Faults,
}

impl Endpoint {
    /// Takes a birth: everything before it is forgotten. `room` is how many metrics the node may still have.
    pub(super) fn born(&mut self, key: &str, metrics: &[Wire], around: Around, room: usize, out: &mut Out<'_>) {
        self.forget();
        self.is_online = true;
        self.since = around.received;
        self.why.clear();
        for metric in metrics {
            self.announce(key, None, metric, Outer::of(around), around, room, out);
        }
        let announced: HashSet<usize> = self.metrics.iter().flat_map(|metric| metric.tags.iter().copied()).collect();
        let missing: Vec<usize> =
            out.tags.of_endpoint(key).iter().copied().filter(|tag| !announced.contains(tag)).collect();
        for tag in missing {
            out.tags.missing(tag, around.received, out.effects);
        }
        self.note_aliases(around);
        self.warn_of_case(out);
        self.fault = out.faults.first.clone().unwrap_or_default();
    }

    #[expect(clippy::too_many_arguments, reason = "what holds for the whole message is passed down unchanged")]
    fn announce(
        &mut self,
        key: &str,
        parent: Option<&str>,
        metric: &Wire,
        outer: Outer,
        around: Around,
        room: usize,
        out: &mut Out<'_>,
    ) {
        let Some(own) = metric.name.as_deref().filter(|name| !name.is_empty()) else {
            return out.faults.note(|| "its birth has a metric without a name".into());
        };
        let name: Arc<str> = match parent {
            None => own.into(),
            Some(parent) => format!("{parent}/{own}").into(),
        };
        if name.len() > LONGEST_NAME {
            return out.faults.note(|| format!("the name of the metric \"{}\" is too long", shorten(&name)));
        }
        if self.by_name.contains_key(&name) {
            return out.faults.note(|| format!("it announces the metric \"{}\" twice", shorten(&name)));
        }
        if self.metrics.len() >= room {
            return out.faults.note(|| format!("it announces more than {METRICS} metrics; the others are not read"));
        }
        let of = metric.datatype.and_then(Type::of);
        if of.is_none() {
            out.faults.note(|| format!("the metric \"{}\" has no known data type", shorten(&name)));
        }
        let place = self.metrics.len();
        if let Some(alias) = metric.alias {
            let known = self.by_alias.entry(alias).and_modify(|known| *known = None).or_insert(Some(place));
            if known.is_none() {
                out.faults.note(|| format!("the alias {alias} stands for two metrics, \"{}\" is one", shorten(&name)));
            }
        }
        self.by_name.insert(Arc::clone(&name), place);
        let tags = out.tags.of_metric(key, &name);
        let belongs = if parent.is_some() { Belongs::ToTemplate } else { Belongs::ToItself };
        let about = About::default();
        self.metrics.push(Metric {
            name: Arc::clone(&name),
            alias: metric.alias,
            of,
            about,
            belongs,
            shown: None,
            tags,
        });
        let inner = outer.within(metric);
        if let Some(metric::Value::TemplateValue(template)) = &metric.value {
            if template.is_definition() {
                return;
            }
            if inner.depth > TEMPLATES {
                return out.faults.note(|| format!("the template \"{}\" is nested too deep", shorten(&name)));
            }
            for member in &template.metrics {
                self.announce(key, Some(&name), member, inner, around, room, out);
            }
        } else {
            self.take(place, metric, inner, around, out);
        }
    }

    fn note_aliases(&mut self, around: Around) {
        let mut is_changed = false;
        for metric in &self.metrics {
            let Some(alias) = metric.alias else { continue };
            let before = self.known_as.insert(alias, Arc::clone(&metric.name));
            is_changed |= before.is_some_and(|before| before != metric.name);
        }
        self.changed = is_changed.then_some(around.time);
        if self.known_as.len() > 2 * METRICS {
            self.known_as.clear();
        }
    }

    /// Whether a message with aliases may be from before a birth that gave them another meaning. Messages of different
    /// topics can overtake each other on their way, and its number may be the expected one by chance.
    pub(super) fn may_mean_others(&self, metrics: &[Wire], around: Around) -> bool {
        self.changed.is_some_and(|changed| around.time < changed) && metrics.iter().any(|metric| metric.alias.is_some())
    }

    fn warn_of_case(&self, out: &mut Out<'_>) {
        let mut seen: HashMap<String, &Arc<str>> = HashMap::with_capacity(self.metrics.len());
        for metric in &self.metrics {
            if let Some(other) = seen.insert(metric.name.to_lowercase(), &metric.name) {
                let (a, b) = (shorten(other), shorten(&metric.name));
                return out
                    .faults
                    .note(|| format!("the metrics \"{a}\" and \"{b}\" differ in upper and lower case only"));
            }
        }
    }

    /// Takes data, each metric in the order in which it stands in the message.
    pub(super) fn data(&mut self, metrics: &[Wire], around: Around, out: &mut Out<'_>) {
        for metric in metrics {
            self.change(None, metric, Outer::of(around), around, out);
        }
        if let Some(fault) = &out.faults.first {
            self.fault.clone_from(fault);
        }
    }

    fn change(&mut self, parent: Option<&str>, metric: &Wire, outer: Outer, around: Around, out: &mut Out<'_>) {
        let place = match (metric.alias, metric.name.as_deref().filter(|name| !name.is_empty())) {
            (Some(alias), name) => {
                let place = self.by_alias.get(&alias).copied().flatten();
                // A message with both is believed only if they agree.
                let agrees = |place: &usize| match (parent, name) {
                    (None, Some(name)) => *self.metrics[*place].name == *name,
                    (Some(_), _) | (None, None) => true,
                };
                place.filter(agrees).ok_or_else(|| format!("the alias {alias} was not announced"))
            }
            (None, Some(name)) => {
                let place = match parent {
                    None => self.by_name.get(name),
                    Some(parent) => self.by_name.get(format!("{parent}/{name}").as_str()),
                };
                place.copied().ok_or_else(|| format!("the metric \"{}\" was not announced", shorten(name)))
            }
            (None, None) => Err("a metric has neither a name nor an alias".to_owned()),
        };
        let place = match place {
            Ok(place) => place,
            Err(words) => {
                out.faults.note(|| words.clone());
                out.faults.rebirth.get_or_insert(words);
                return;
            }
        };
        let inner = outer.within(metric);
        match &metric.value {
            Some(metric::Value::TemplateValue(template)) if !template.is_definition() => {
                if inner.depth > TEMPLATES {
                    return out.faults.note(|| "a template is nested too deep".into());
                }
                let name = Arc::clone(&self.metrics[place].name);
                for member in &template.metrics {
                    self.change(Some(&name), member, inner, around, out);
                }
            }
            _ => self.take(place, metric, inner, around, out),
        }
    }

    /// Takes what a message says of a metric.
    fn take(&mut self, place: usize, wire: &Wire, outer: Outer, around: Around, out: &mut Out<'_>) {
        let metric = &mut self.metrics[place];
        let quality = properties(&mut metric.about, wire.properties.as_ref(), &metric.name, &mut out.faults);
        let content = match (&wire.value, wire.is_null()) {
            (_, true) | (None, false) => Ok(None),
            (Some(raw), false) => match metric.of {
                Some(of) => value::read(of, raw.into()).map(Some).map_err(|unreadable| {
                    out.faults.note(|| format!("\"{}\": {}", shorten(&metric.name), unreadable.words));
                    unreadable.quality
                }),
                None => Err(Quality::BAD_DECODING),
            },
        };
        let reach = match (outer.historical, outer.transient) {
            // Of the past, and not to be kept: nobody is left to tell.
            (true, true) => return,
            (true, false) => Reach::History,
            (false, true) => Reach::Live,
            (false, false) => Reach::Everywhere,
        };
        if !outer.historical {
            metric.shown = match &content {
                Ok(Some(Content::Value(value))) => Some(shown(value)),
                Ok(Some(Content::Summary(words))) => Some(Value::text(words.as_str())),
                Ok(None) | Err(_) => None,
            };
        }
        if metric.tags.is_empty() {
            return;
        }
        let time = match believable(outer.time, around.received) {
            Ok(time) => time,
            Err(words) => {
                out.faults.note(|| words.into());
                // The past cannot be placed without its time.
                if outer.historical {
                    return;
                }
                around.received
            }
        };
        let value = match &content {
            Ok(None) => Ok(None),
            Ok(Some(Content::Value(value))) => Ok(Some(value)),
            Ok(Some(Content::Summary(_))) => Err(Quality::BAD_TYPE),
            Err(quality) => Err(*quality),
        };
        let news = News { of: metric.of, value, quality, time, received: around.received, reach };
        for tag in &metric.tags {
            out.tags.give(*tag, &news, out.effects);
        }
    }

    /// The metric of a name.
    pub(super) fn metric(&self, name: &str) -> Option<&Metric> {
        self.by_name.get(name).and_then(|place| self.metrics.get(*place))
    }

    /// It is not there any more. Its metrics stay known, for looking at.
    pub(super) fn dead(&mut self, at: Timestamp, why: &str) {
        if self.is_online || self.why != why {
            self.is_online = false;
            self.since = at;
            why.clone_into(&mut self.why);
        }
    }

    /// Forgets what was announced.
    pub(super) fn forget(&mut self) {
        self.metrics.clear();
        self.by_name.clear();
        self.by_alias.clear();
        self.fault.clear();
    }

    /// Nothing that was announced holds any more: a name or an alias has to be announced again.
    pub(super) fn forget_aliases(&mut self) {
        self.by_alias.clear();
    }

    /// The aliases it announced.
    pub(super) fn aliases(&self) -> impl Iterator<Item = u64> {
        self.by_alias.keys().copied()
    }

    pub(super) fn has_alias(&self, alias: u64) -> bool {
        self.by_alias.contains_key(&alias)
    }
}

/// A time that can be, or why not.
pub(super) fn believable(time: Timestamp, received: Timestamp) -> Result<Timestamp, &'static str> {
    if time.millis_since(received) > AHEAD_MS {
        return Err("its clock is more than a minute ahead of this station's; the time of arrival is used");
    }
    if time < EARLIEST {
        return Err("its clock was never set; the time of arrival is used");
    }
    Ok(time)
}

fn shown(value: &Value) -> Value {
    match value {
        Value::Text(text) if text.len() > SHOWN => Value::text(cut(text)),
        Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::Text(_) => value.clone(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Reads what the properties say, and gives the quality. A message without the property says nothing against its value.
fn properties(about: &mut About, set: Option<&PropertySet>, name: &str, faults: &mut Faults) -> Quality {
    let Some(set) = set else { return Quality::GOOD };
    if set.keys.len() != set.values.len() {
        faults.note(|| {
            format!("\"{}\" has {} keys and {} values of properties", shorten(name), set.keys.len(), set.values.len())
        });
        return Quality::UNCERTAIN;
    }
    let mut quality = Quality::GOOD;
    for (key, property) in set.keys.iter().zip(&set.values) {
        let Some(raw) = property.value.as_ref().filter(|_| !property.is_null()) else { continue };
        let read = property.r#type.and_then(Type::of).and_then(|of| value::scalar(of, raw.into()).ok());
        let number = || read.as_ref().and_then(Value::number);
        match (key.as_str(), &read) {
            ("engUnit", Some(Value::Text(unit))) => about.unit = cut(unit).into(),
            ("engLow", Some(_)) => about.low = number(),
            ("engHigh", Some(_)) => about.high = number(),
            ("readOnly", Some(Value::Bool(true))) => about.access = Access::ReadOnly,
            ("readOnly", Some(Value::Bool(false))) => about.access = Access::NotSaid,
            ("Quality", read) => {
                quality = match read {
                    Some(Value::Int(192)) => Quality::GOOD,
                    Some(Value::Int(0)) => Quality::BAD,
                    Some(Value::Int(500)) => Quality::STALE,
                    _ => {
                        faults.note(|| format!("\"{}\" has a quality that is none of 0, 192 and 500", shorten(name)));
                        Quality::UNCERTAIN
                    }
                };
            }
            _ => {}
        }
    }
    quality
}

impl Out<'_> {
    /// Counts what was wrong with a message of an endpoint.
    pub(super) fn report(&mut self, who: &str) {
        if let Some(words) = &self.faults.first {
            self.effects.fault(ErrorKind::Protocol, format!("{who}: {words}"));
        }
    }
}
