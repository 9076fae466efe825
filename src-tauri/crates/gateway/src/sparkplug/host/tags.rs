//! The tags of a plant that stand for metrics: what was last told of each.
//!
//! **Invariant:** a tag is given values of its own metric only, and after it was marked as stale the next value that is
//! shown as current is newer than the mark.

use std::collections::HashMap;

use model::{
    DataType, ErrorKind, Point, Quality, Reach, Rejection, Sample, TagIndex, Timestamp, Update, Uptime, Value, Written,
};

use super::Effects;
use crate::convert::convert;
use crate::sparkplug::address::Address;
use crate::sparkplug::value::Type;

/// A tag.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) point: Point,
    pub(super) address: Address,
    /// The last value, for marking it.
    last: Option<Value>,
    /// The same before scaling.
    raw: Option<Value>,
    /// The latest time that was told of it.
    time: Timestamp,
    quality: Option<Quality>,
    /// When it was marked as stale, until the next value.
    marked: Option<Timestamp>,
    /// The command that waits for this tag to show its value.
    pub(super) command: Option<Pending>,
}

/// A command that was sent.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) id: u64,
    /// What the metric will show, before scaling.
    pub(super) expect: Value,
    pub(super) ends: Uptime,
}

/// What came of a metric.
pub(super) struct News<'a> {
    /// The announced type, where it is known.
    pub(super) of: Option<Type>,
    pub(super) value: Result<Option<&'a Value>, Quality>,
    pub(super) quality: Quality,
    pub(super) time: Timestamp,
    pub(super) received: Timestamp,
    pub(super) reach: Reach,
}

/// All tags of a gateway.
#[derive(Debug, Default)]
pub(super) struct Tags {
    list: Vec<Tag>,
    by_metric: HashMap<String, Vec<usize>>,
    by_endpoint: HashMap<String, Vec<usize>>,
    by_index: HashMap<TagIndex, usize>,
    /// Those with a command under way.
    waiting: Vec<usize>,
}

/// The key of a node (with an empty device) or of a device. Ids have no slash, so that no two have the same.
pub(super) fn endpoint(group: &str, node: &str, device: Option<&str>) -> String {
    format!("{group}/{node}/{}", device.unwrap_or_default())
}

impl Tags {
    /// Reads the addresses; what is wrong with one is given back with its tag.
    pub(super) fn new(points: Vec<Point>) -> (Tags, Vec<(TagIndex, String)>) {
        let (mut tags, mut unusable) = (Tags::default(), Vec::new());
        for point in points {
            match Address::read(&point) {
                Ok(address) => tags.add(point, address),
                Err(rejections) => unusable.push((point.tag, words(&point.id, rejections))),
            }
        }
        (tags, unusable)
    }

    fn add(&mut self, point: Point, address: Address) {
        let place = self.list.len();
        let endpoint = endpoint(&address.group, &address.node, address.device.as_deref());
        self.by_metric.entry(format!("{endpoint}/{}", address.metric)).or_default().push(place);
        self.by_endpoint.entry(endpoint).or_default().push(place);
        self.by_index.insert(point.tag, place);
        let time = Timestamp::from_millis(i64::MIN);
        self.list.push(Tag { point, address, last: None, raw: None, time, quality: None, marked: None, command: None });
    }

    pub(super) fn get(&self, tag: TagIndex) -> Option<&Tag> {
        self.by_index.get(&tag).and_then(|place| self.list.get(*place))
    }

    /// The tags of a metric.
    pub(super) fn of_metric(&self, endpoint: &str, metric: &str) -> Box<[usize]> {
        if !self.by_endpoint.contains_key(endpoint) {
            return Box::default();
        }
        self.by_metric.get(&format!("{endpoint}/{metric}")).map(|tags| tags.as_slice().into()).unwrap_or_default()
    }

    /// The tags of a node or a device.
    pub(super) fn of_endpoint(&self, endpoint: &str) -> &[usize] {
        self.by_endpoint.get(endpoint).map(Vec::as_slice).unwrap_or_default()
    }

    /// The nodes that tags stand for metrics of: group and node.
    pub(super) fn nodes(&self) -> std::collections::BTreeSet<(String, String)> {
        self.list.iter().map(|tag| (tag.address.group.clone(), tag.address.node.clone())).collect()
    }

    /// Whether any tag is of a node.
    pub(super) fn want(&self, group: &str, node: &str) -> bool {
        self.list.iter().any(|tag| tag.address.group == group && tag.address.node == node)
    }

    /// Gives a tag what came of its metric.
    pub(super) fn give(&mut self, place: usize, news: &News<'_>, effects: &mut Effects) {
        let Some(tag) = self.list.get_mut(place) else { return };
        let (value, quality) = match news.value {
            Err(quality) => (None, quality),
            // There is none, which is not the same as an old one that holds.
            Ok(None) if news.quality.is_good() => (None, Quality::BAD_NO_DATA),
            Ok(None) => (None, news.quality),
            Ok(Some(raw)) => match engineering(&tag.point, news.of, raw) {
                Ok(value) => (Some(value), news.quality),
                Err(quality) => {
                    let (id, metric) = (&tag.point.id, &tag.address.metric);
                    effects.fault(
                        ErrorKind::Decode,
                        format!("{id}: {raw} of the metric \"{metric}\" is {}", quality.words()),
                    );
                    (None, quality)
                }
            },
        };
        let mut time = news.time;
        if news.reach != Reach::History {
            // Announced anew after a mark, a value is current again, however long ago it last changed.
            if tag.marked.is_some_and(|mark| time <= mark) {
                time = news.received;
            }
            tag.marked = None;
            tag.time = tag.time.max(time);
            tag.quality = Some(quality);
            if value.is_some() {
                tag.last.clone_from(&value);
            }
            tag.raw = news.value.ok().flatten().cloned();
            let is_shown = |pending: &mut Pending| news.value == Ok(Some(&pending.expect));
            if let Some(pending) = tag.command.take_if(is_shown) {
                self.waiting.retain(|waiting| *waiting != place);
                effects.answers.push((pending.id, Written::Done));
            }
        }
        let sample = Sample { time, received: news.received, value, quality };
        effects.updates.push(Update { tag: tag.point.tag, sample, reach: news.reach });
    }

    /// Marks the tags of a node or a device as stale; their values stay. `why` answers their commands.
    pub(super) fn stale(
        &mut self,
        endpoint: &str,
        at: Timestamp,
        received: Timestamp,
        why: &str,
        effects: &mut Effects,
    ) {
        let Some(places) = self.by_endpoint.get(endpoint) else { return };
        for place in places {
            let Some(tag) = self.list.get_mut(*place) else { continue };
            if let Some(pending) = tag.command.take() {
                self.waiting.retain(|waiting| waiting != place);
                effects.answers.push((pending.id, Written::Unknown(why.to_owned())));
            }
            let quality = if tag.last.is_some() { Quality::STALE } else { Quality::BAD_NO_DATA };
            if tag.quality == Some(quality) {
                continue;
            }
            // A mark that is older than the value it marks would be taken for history.
            let time = if at == received { at } else { at.max(tag.time) };
            tag.quality = Some(quality);
            tag.marked = Some(time);
            tag.time = tag.time.max(time);
            let sample = Sample { time, received, value: tag.last.clone(), quality };
            effects.updates.push(Update::new(tag.point.tag, sample));
        }
    }

    /// A tag's metric is not among those that were announced.
    pub(super) fn missing(&mut self, place: usize, at: Timestamp, effects: &mut Effects) {
        let Some(tag) = self.list.get_mut(place) else { return };
        if tag.quality != Some(Quality::BAD_NO_DATA) {
            tag.quality = Some(Quality::BAD_NO_DATA);
            tag.marked = Some(at);
            effects.updates.push(Update::new(tag.point.tag, Sample::bad(at, Quality::BAD_NO_DATA)));
        }
    }

    /// The metric that a tag stands for.
    pub(super) fn metric(&self, place: usize) -> Option<&str> {
        self.list.get(place).map(|tag| tag.address.metric.as_str())
    }

    /// The tag's id.
    pub(super) fn id(&self, place: usize) -> &str {
        self.list.get(place).map_or("", |tag| tag.point.id.as_str())
    }

    /// The connection is lost: whoever shows the tags has marked them all, and nothing is confirmed any more.
    pub(super) fn lost(&mut self, at: Timestamp) {
        self.waiting.clear();
        for tag in &mut self.list {
            tag.command = None;
            if tag.quality.take().is_some() {
                tag.marked = Some(at);
            }
        }
    }

    /// A command was sent for a tag.
    pub(super) fn expect(&mut self, tag: TagIndex, pending: Pending) {
        let Some(place) = self.by_index.get(&tag) else { return };
        if let Some(tag) = self.list.get_mut(*place) {
            tag.command = Some(pending);
            self.waiting.push(*place);
        }
    }

    /// When the first of the commands ends.
    pub(super) fn ends(&self) -> Option<Uptime> {
        let pending = self.waiting.iter().filter_map(|place| self.list.get(*place)?.command.as_ref());
        pending.map(|pending| pending.ends).min()
    }

    /// Answers the commands whose time is over.
    pub(super) fn time_out(&mut self, now: Uptime, effects: &mut Effects) {
        for place in std::mem::take(&mut self.waiting) {
            let Some(tag) = self.list.get_mut(place) else { continue };
            let Some(pending) = tag.command.take_if(|pending| pending.ends <= now) else {
                self.waiting.push(place);
                continue;
            };
            let is_good = tag.quality.is_some_and(Quality::is_good);
            if is_good && tag.raw.as_ref() == Some(&pending.expect) {
                // It had the value before, and nodes report changes only.
                effects.answers.push((pending.id, Written::Done));
                continue;
            }
            let shown = match (&tag.last, tag.quality) {
                (Some(value), Some(quality)) if quality.is_good() => format!("it shows {value}"),
                (Some(value), _) => format!("it last showed {value}"),
                (None, _) => "it shows no value".to_owned(),
            };
            effects
                .answers
                .push((pending.id, Written::NotConfirmed(format!("the node did not report the value; {shown}"))));
        }
    }
}

fn words(id: &str, rejections: Vec<Rejection>) -> String {
    let words: Vec<_> = rejections.into_iter().map(|rejection| rejection.message).collect();
    format!("{id}: {}", words.join("; "))
}

/// The engineering value. A point in time is milliseconds, and as a text its date.
fn engineering(point: &Point, of: Option<Type>, raw: &Value) -> Result<Value, Quality> {
    if let (Some(Type::DateTime), DataType::Text, Value::Int(ms)) = (of, point.data_type, raw) {
        let time = jiff::Timestamp::from_millisecond(*ms).map_err(|_| Quality::BAD_OUT_OF_RANGE)?;
        return Ok(Value::text(time.to_string()));
    }
    convert(raw.clone(), point.data_type, point.scaling)
}
