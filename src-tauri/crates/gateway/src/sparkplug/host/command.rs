//! Commands to nodes and devices: a rebirth that is asked for, a value that somebody writes.

use model::{DataType, Now, Point, Quality, Scaling, Timestamp, Value, Write, Written};

use super::endpoint::{Access, Belongs, Metric};
use super::tags::{Pending, Tag};
use super::{Effects, Host, Publish, Style};
use crate::sparkplug::address::{CommandTypes, Control, Role};
use crate::sparkplug::value::{self, Content, Type};
use crate::sparkplug::wire::Payload;
use crate::sparkplug::wire::payload::{Metric as Wire, metric};
use crate::sparkplug::{payload, topic};

/// What is below it controls the node itself.
const CONTROL: &str = "Node Control/";
const REBIRTH: &str = "Node Control/Rebirth";

/// Asks a node for its births.
pub(super) fn rebirth(group: &str, node: &str, at: Timestamp, types: CommandTypes) -> Publish {
    let metric = Wire {
        name: Some(REBIRTH.into()),
        datatype: datatype(Type::Boolean, types),
        value: Some(metric::Value::BooleanValue(true)),
        ..Wire::default()
    };
    Publish { topic: topic::command(group, node, None), payload: command(metric, at), style: Style::Command(None) }
}

fn datatype(of: Type, types: CommandTypes) -> Option<u32> {
    match types {
        CommandTypes::LeftOut => None,
        CommandTypes::Included => Some(of as u32),
    }
}

/// A payload with one metric, sent now: a command has no sequence number.
fn command(metric: Wire, at: Timestamp) -> Vec<u8> {
    let timestamp = u64::try_from(at.millis()).ok();
    let metric = Wire { timestamp, ..metric };
    payload::encode(&Payload { timestamp, metrics: vec![metric], ..Payload::default() })
}

impl Host {
    /// Sends a value, or says why not.
    pub(super) fn write(&mut self, now: Now, id: u64, write: &Write, effects: &mut Effects) {
        match self.prepare(now, id, write) {
            Ok((publish, pending)) => {
                effects.publish.push(publish);
                self.tags.expect(write.tag, pending);
            }
            Err(words) => effects.answers.push((id, Written::Refused(words))),
        }
    }

    fn prepare(&self, now: Now, id: u64, write: &Write) -> Result<(Publish, Pending), String> {
        if self.rules.role == Role::Observer {
            return Err("this station only observes and sends no commands".into());
        }
        if self.session.is_none() {
            return Err("the gateway is not connected".into());
        }
        if write.expires <= now.uptime {
            return Err("the command came too late and was not sent".into());
        }
        let tag = self.tags.get(write.tag).ok_or("the tag has no usable address")?;
        let policy = tag.point.write.ok_or("the tag is read only")?;
        policy.check(&write.value)?;
        if tag.command.is_some() {
            return Err("another command for this tag is under way".into());
        }
        let metric = self.metric(tag)?;
        let of = metric.of.ok_or("the node did not announce the type of this metric")?;
        let raw = raw(&tag.point, of, &write.value)?;
        let travels = value::write(of, &raw)?;
        let Ok(Content::Value(expect)) = value::read(of, (&travels).into()) else {
            return Err("the value cannot be written".into());
        };
        // Once a birth gave an alias, the alias stands for the name.
        let (name, alias) = match metric.alias {
            Some(alias) => (None, Some(alias)),
            None => (Some(metric.name.to_string()), None),
        };
        let datatype = datatype(of, self.rules.command_types);
        let address = &tag.address;
        let publish = Publish {
            topic: topic::command(&address.group, &address.node, address.device.as_deref()),
            payload: command(Wire { name, alias, datatype, value: Some(travels), ..Wire::default() }, now.wall),
            style: Style::Command(Some(id)),
        };
        Ok((publish, Pending { id, expect, ends: now.uptime + self.rules.confirm }))
    }

    /// The announced metric of a tag, if it can be written now.
    fn metric(&self, tag: &Tag) -> Result<&Metric, String> {
        let address = &tag.address;
        let node = self.nodes.get(address.group.as_str()).and_then(|nodes| nodes.get(address.node.as_str()));
        let node = node.filter(|node| node.is_online()).ok_or("the node is not online")?;
        let endpoint = match &address.device {
            None => &node.own,
            Some(device) => {
                node.devices.get(device.as_str()).filter(|device| device.is_online).ok_or("the device is not online")?
            }
        };
        let metric = endpoint.metric(&address.metric).ok_or("the node did not announce this metric")?;
        if metric.belongs == Belongs::ToTemplate {
            return Err("a member of a template cannot be written by itself".into());
        }
        if metric.about.access == Access::ReadOnly {
            return Err("the node says that this metric is read only".into());
        }
        if address.device.is_none() && address.metric.starts_with(CONTROL) && address.control == Control::Forbidden {
            return Err(
                "the metric controls the node itself; the tag's address has to allow that with control = true".into()
            );
        }
        Ok(metric)
    }
}

/// From the engineering value back to what the metric holds.
fn raw(point: &Point, of: Type, value: &Value) -> Result<Value, String> {
    let cannot =
        |quality: Quality| format!("{value} is {} for a tag of the type {:?}", quality.words(), point.data_type);
    let typed = value.clone().into_type(point.data_type).map_err(cannot)?;
    let raw = match point.scaling {
        None => typed,
        Some(scaling) => unscale(&typed, scaling).ok_or_else(|| format!("{value} has no unscaled value"))?,
    };
    let wanted =
        of.tag_type().ok_or_else(|| format!("metrics of the type {} cannot be written from here", of.word()))?;
    match (wanted, raw) {
        // A number of the plant's may be a whole number of the device's; which one, is for rounding to say only where
        // it was scaled.
        (DataType::Int, Value::Float(x)) if point.scaling.is_some() => Value::Float(x.round()).into_type(DataType::Int),
        (wanted, raw) => raw.into_type(wanted),
    }
    .map_err(|_| format!("{value} does not fit the metric's type {}", of.word()))
}

fn unscale(value: &Value, scaling: Scaling) -> Option<Value> {
    let number = (value.number()? - scaling.offset) / scaling.factor;
    Value::float(number).ok()
}
