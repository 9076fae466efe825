//! What the plant file says of a Sparkplug host and of a metric that a tag stands for.
//!
//! How the broker is reached is read by the MQTT module, from the same settings.

use std::time::Duration;

use model::{Point, Rejection};

use super::topic::is_id;
use crate::convert::check_scaling;
use crate::form::Form;

/// The longest name of a metric.
pub(super) const LONGEST_NAME: usize = 1_024;
/// The most groups that can be named.
const GROUPS: usize = 100;

/// Who this station is for the edge nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The host application: it tells its state, and nodes may wait for it.
    Primary,
    /// It reads along and publishes nothing at all.
    Observer,
}

/// How this station behaves as a host.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rules {
    pub(super) role: Role,
    /// Unique among all hosts; an observer has none.
    pub(super) host_id: Option<String>,
    /// The groups that are read; empty for all.
    pub(super) groups: Vec<String>,
    /// How long a missing message is waited for.
    pub(super) reorder: Duration,
    /// Whether nodes are asked for their births.
    pub(super) rebirth: Rebirth,
    /// How long a node has to show what was written.
    pub(super) confirm: Duration,
    /// Whether commands carry the data type.
    pub(super) command_types: CommandTypes,
}

/// Whether commands carry the data type. The specification advises against it, and some nodes do not understand a command
/// without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommandTypes {
    LeftOut,
    Included,
}

/// Whether nodes are asked for their births.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rebirth {
    Asked,
    Never,
}

/// Which metric a tag stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Address {
    pub(super) group: String,
    pub(super) node: String,
    pub(super) device: Option<String>,
    pub(super) metric: String,
    /// Whether it is meant to control the node itself.
    pub(super) control: Control,
}

/// Whether a tag may write to a metric under `Node Control/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Allowed,
    Forbidden,
}

impl Rules {
    /// Reads the keys of a host; those of the broker are left to others.
    pub(super) fn read(form: &mut Form<'_>) -> Option<Rules> {
        let role = form.choice("role", &[("primary", Role::Primary), ("observer", Role::Observer)]);
        let role = role.unwrap_or(Role::Primary);
        let host_id = form.text("host_id").map(str::to_owned);
        match (role, &host_id) {
            (Role::Primary, None) => form.reject(
                "host_id",
                "`host_id` is missing",
                "write for example host_id = \"andon\", a name that no other host of the plant has",
            ),
            (Role::Primary, Some(id)) if !is_id(id) => form.reject(
                "host_id",
                "a host id has 1 to 256 characters, and none of +, # and /",
                "write for example host_id = \"andon\"",
            ),
            (Role::Observer, Some(_)) => form.reject(
                "host_id",
                "an observer publishes nothing and has no host id",
                "remove it, or write role = \"primary\"",
            ),
            (Role::Primary, Some(_)) | (Role::Observer, None) => {}
        }
        let groups: Vec<String> = form.texts("groups").unwrap_or_default();
        if groups.len() > GROUPS || groups.iter().any(|group| !is_id(group)) {
            form.reject(
                "groups",
                "`groups` is a list of at most 100 group ids, without +, # and /",
                "write for example groups = [\"bottling\"], or leave it out to read all",
            );
        }
        let ms = |number: Option<i64>, standard| Duration::from_millis(number.map_or(standard, i64::unsigned_abs));
        let reorder = ms(form.integer("reorder_ms", 0..=60_000), 2_000);
        let confirm = ms(form.integer("confirm_ms", 100..=10_000), 3_000);
        let rebirth = match form.flag("rebirth") {
            Some(false) => Rebirth::Never,
            Some(true) if role == Role::Observer => {
                form.reject("rebirth", "an observer asks for no births", "remove it, or write role = \"primary\"");
                Rebirth::Never
            }
            Some(true) | None if role == Role::Primary => Rebirth::Asked,
            Some(true) | None => Rebirth::Never,
        };
        let command_types = match form.flag("command_types") {
            Some(true) => CommandTypes::Included,
            Some(false) | None => CommandTypes::LeftOut,
        };
        Some(Rules { role, host_id, groups, reorder, rebirth, confirm, command_types })
    }
}

impl Address {
    /// Reads a tag's address.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn read(point: &Point) -> Result<Address, Vec<Rejection>> {
        let mut form = Form::new(&point.address);
        let group = id(&mut form, "group", "bottling");
        let node = id(&mut form, "node", "line1");
        let device = if form.has("device") { id(&mut form, "device", "filler").map(Some) } else { Some(None) };
        let metric = form.required_text("metric", "Outputs/speed").map(str::to_owned);
        if metric.as_ref().is_some_and(|name| name.is_empty() || name.len() > LONGEST_NAME) {
            form.reject("metric", "the name of a metric has 1 to 1,024 bytes", "write it as the node announces it");
        }
        let control = match form.flag("control") {
            Some(true) => Control::Allowed,
            Some(false) | None => Control::Forbidden,
        };
        let read = (|| Some(Address { group: group?, node: node?, device: device?, metric: metric?, control }))();
        let mut read = form.finish(read);
        if let Some(rejection) = check_scaling(point) {
            match &mut read {
                Ok(_) => return Err(vec![rejection]),
                Err(rejections) => rejections.push(rejection),
            }
        }
        read
    }
}

fn id(form: &mut Form<'_>, key: &'static str, example: &str) -> Option<String> {
    let text = form.required_text(key, example)?;
    if !is_id(text) {
        form.reject(
            key,
            format!("`{key}` has 1 to 256 characters, and none of +, # and /"),
            format!("write it as in the node's topics, for example {key} = \"{example}\""),
        );
        return None;
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use model::{DataType, Settings, TagIndex};

    use super::*;

    fn point(address: &str) -> Point {
        let address: Settings = serde_json::from_str(address).expect("a document");
        Point { tag: TagIndex(0), id: "t".into(), data_type: DataType::Float, scaling: None, address, write: None }
    }

    fn rules(settings: &str) -> Result<Rules, Vec<Rejection>> {
        let settings: Settings = serde_json::from_str(settings).expect("a document");
        let mut form = Form::new(&settings);
        let rules = Rules::read(&mut form);
        form.finish(rules)
    }

    #[test]
    fn an_address_names_a_metric_of_a_node_or_a_device() {
        let read = Address::read(&point(r#"{"group":"g","node":"n","device":"d","metric":"a/b"}"#)).expect("sound");
        assert_eq!((read.device.as_deref(), read.metric.as_str()), (Some("d"), "a/b"));
        assert!(
            Address::read(&point(r#"{"group":"g","node":"n","metric":"Node Control/Reboot","control":true}"#)).is_ok()
        );
        for (wrong, key) in [
            (r#"{"node":"n","metric":"m"}"#, "group"),
            (r#"{"group":"g+","node":"n","metric":"m"}"#, "group"),
            (r#"{"group":"g","node":"n","device":"","metric":"m"}"#, "device"),
            (r#"{"group":"g","node":"n","metric":""}"#, "metric"),
            (r#"{"group":"g","node":"n","metric":"m","topic":"x"}"#, "topic"),
            (r#"{"group":"g","node":"n","metric":"m","control":1}"#, "control"),
        ] {
            let rejections = Address::read(&point(wrong)).expect_err(wrong);
            assert!(
                rejections.iter().any(|rejection| rejection.key.as_deref() == Some(key)),
                "{wrong}: {rejections:?}"
            );
        }
    }

    #[test]
    fn tck_id_operational_behavior_host_reordering_param() {
        assert_eq!(rules(r#"{"host_id":"a"}"#).expect("sound").reorder, Duration::from_secs(2));
        assert_eq!(rules(r#"{"host_id":"a","reorder_ms":0}"#).expect("sound").reorder, Duration::ZERO);
        assert!(rules(r#"{"host_id":"a","reorder_ms":-1}"#).is_err());
    }

    #[test]
    fn a_host_has_an_id_and_an_observer_has_none() {
        let observer = rules(r#"{"role":"observer","groups":["g"]}"#).expect("sound");
        assert_eq!((observer.rebirth, observer.host_id), (Rebirth::Never, None));
        assert_eq!(rules(r#"{"host_id":"a"}"#).expect("sound").rebirth, Rebirth::Asked);
        assert_eq!(rules(r#"{"host_id":"a","rebirth":false}"#).expect("sound").rebirth, Rebirth::Never);
        for wrong in [
            "{}",
            r#"{"host_id":"a/b"}"#,
            r#"{"role":"observer","host_id":"a"}"#,
            r#"{"role":"observer","rebirth":true}"#,
            r#"{"host_id":"a","groups":["+"]}"#,
            r#"{"host_id":"a","groups":"g"}"#,
        ] {
            assert!(rules(wrong).is_err(), "{wrong}");
        }
    }
}
