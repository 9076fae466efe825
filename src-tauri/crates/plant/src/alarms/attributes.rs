//! What an alarm has beside its condition: how it behaves, and what an operator is told. Both can be inherited.

use std::sync::Arc;
use std::time::Duration;

use alarm::{
    CHATTER_HOLD, CLASSES, Class, Config, Confirm, Enabling, FirstOut, Latching, Others, Priority, ReAlarm, ReturnAck,
    Shelving, Trigger,
};
use formula::Formula;
use model::EquipmentId;

use crate::fields::{Fields, Said};
use crate::formulas::compile;
use crate::ids::check_id;
use crate::problem::{Problems, shown};
use crate::tags::Tags;

/// What an operator is told.
pub(crate) const GUIDANCE_KEYS: [&str; 8] =
    ["class", "cause", "consequence", "action", "confirmation", "time_to_respond_s", "screen", "document"];

/// How an alarm behaves.
pub(crate) const BEHAVIOUR_KEYS: [&str; 14] = [
    "priority",
    "on_delay_s",
    "off_delay_s",
    "chatter_hold_s",
    "enabled_when",
    "suppressed_when",
    "latching",
    "acknowledge_return",
    "confirm",
    "re_alarm_s",
    "re_alarm_count",
    "first_out",
    "shelving",
    "max_shelve_h",
];

const SHELVING: [(&str, Shelving); 3] =
    [("allowed", Shelving::Allowed), ("with-reason", Shelving::WithReason), ("not-allowed", Shelving::NotAllowed)];

/// Longest time for which an alarm may be shelved, in hours: a month.
const SHELVE_AT_MOST_H: f64 = 744.0;
/// Longest link, in bytes.
const LINK_AT_MOST: usize = 2_000;

/// How an alarm behaves.
pub(crate) struct Behaviour {
    /// None where nothing was said, so that it follows from the kind.
    pub priority: Option<Priority>,
    pub on_delay: Duration,
    pub off_delay: Duration,
    pub enabled_when: Option<Arc<Formula>>,
    pub suppressed_when: Option<Arc<Formula>>,
    latching: Latching,
    return_ack: ReturnAck,
    confirm: Confirm,
    re_alarm: Option<ReAlarm>,
    first_out: Option<FirstOut>,
    chatter_hold: Duration,
    shelving: Shelving,
    shelve_at_most: Option<Duration>,
}

/// What an operator is told beyond the message.
pub(crate) struct Guidance {
    pub class: Class,
    pub cause: String,
    pub consequence: String,
    pub action: String,
    pub confirmation: String,
    pub time_to_respond: Option<Duration>,
    pub screen: Option<String>,
    pub document: Option<String>,
}

impl Behaviour {
    /// `scope` is the equipment from which the names of formulas are seen.
    pub fn read(fields: &Fields<'_, '_>, scope: Option<&EquipmentId>, tags: &Tags, problems: &mut Problems) -> Self {
        let mut formula = |key: &str| {
            let text = fields.filled(key, "\"speed > 0\"", problems)?;
            compile(text, scope, tags, problems)
        };
        let (enabled_when, suppressed_when) = (formula("enabled_when"), formula("suppressed_when"));
        let latching = fields.flag("latching", problems).is_some_and(|said| said.value);
        let return_ack = fields.flag("acknowledge_return", problems).is_none_or(|said| said.value);
        let confirm = fields.flag("confirm", problems).is_some_and(|said| said.value);
        let first_out = fields.text("first_out", problems).filter(|group| check_id(group.value, group.at, problems));
        let shelving = fields.choice("shelving", &SHELVING, problems).map(|said| said.value).unwrap_or_default();
        Self {
            priority: fields.whole("priority", 1, 4, problems).map(|said| priority_of(said.value)),
            on_delay: fields.seconds("on_delay_s", problems).map_or(Duration::ZERO, |said| said.value),
            off_delay: fields.seconds("off_delay_s", problems).map_or(Duration::ZERO, |said| said.value),
            enabled_when,
            suppressed_when,
            latching: if latching { Latching::Yes } else { Latching::No },
            return_ack: if return_ack { ReturnAck::Required } else { ReturnAck::NotRequired },
            confirm: if confirm { Confirm::Required } else { Confirm::NotRequired },
            re_alarm: re_alarm(fields, problems),
            first_out: first_out.map(|group| FirstOut { group: Arc::from(group.value), others: Others::default() }),
            chatter_hold: fields.seconds("chatter_hold_s", problems).map_or(CHATTER_HOLD, |said| said.value),
            shelving,
            shelve_at_most: shelve_at_most(fields, shelving, problems),
        }
    }

    /// With other delays, where there are any.
    pub fn with_delays(self, on: Option<Duration>, off: Option<Duration>) -> Self {
        Self { on_delay: on.unwrap_or(self.on_delay), off_delay: off.unwrap_or(self.off_delay), ..self }
    }

    /// What the state machine wants to know.
    pub fn config(&self, trigger: Trigger, priority: Priority, times: Option<u16>) -> Config {
        Config {
            on_delay: self.on_delay,
            off_delay: self.off_delay,
            times,
            enabling: if self.enabled_when.is_some() { Enabling::Conditional } else { Enabling::Always },
            latching: self.latching,
            return_ack: self.return_ack,
            confirm: self.confirm,
            re_alarm: self.re_alarm,
            first_out: self.first_out.clone(),
            chatter_hold: self.chatter_hold,
            shelving: self.shelving,
            shelve_at_most: self.shelve_at_most,
            ..Config::new(trigger, priority)
        }
    }
}

impl Guidance {
    pub fn read(fields: &Fields<'_, '_>, problems: &mut Problems) -> Self {
        let classes = CLASSES.map(|class| (class.word(), class));
        Self {
            class: fields.choice("class", &classes, problems).map(|said| said.value).unwrap_or_default(),
            cause: fields.words("cause", problems),
            consequence: fields.words("consequence", problems),
            action: fields.words("action", problems),
            confirmation: fields.words("confirmation", problems),
            time_to_respond: fields.time("time_to_respond_s", problems),
            screen: link(fields, "screen", problems),
            document: link(fields, "document", problems),
        }
    }
}

/// The priority of a number that was checked.
pub(crate) fn priority_of(number: u8) -> Priority {
    Priority::try_from(number).expect("checked: within 1 to 4")
}

fn re_alarm(fields: &Fields<'_, '_>, problems: &mut Problems) -> Option<ReAlarm> {
    let after = fields.time("re_alarm_s", problems);
    let times = fields.whole("re_alarm_count", 1, u8::MAX, problems);
    if fields.has("re_alarm_count") && !fields.has("re_alarm_s") {
        let message = "`re_alarm_count` has no meaning without `re_alarm_s`";
        problems.error(fields.place("re_alarm_count"), message, "add `re_alarm_s = 900`, or remove it");
    }
    after.map(|after| ReAlarm { after, times: times.map(|said| said.value.into()) })
}

fn shelve_at_most(fields: &Fields<'_, '_>, shelving: Shelving, problems: &mut Problems) -> Option<Duration> {
    let said = fields.amount("max_shelve_h", problems)?;
    if said.value == 0.0 || said.value > SHELVE_AT_MOST_H {
        let message = format!("`max_shelve_h` is {}, which is not within a month", said.value);
        let remedy = format!("use hours above 0, at most {SHELVE_AT_MOST_H}; or `shelving = \"not-allowed\"`");
        problems.error(said.at, message, remedy);
        return None;
    }
    if shelving == Shelving::NotAllowed {
        let message = "`max_shelve_h` has no meaning for an alarm that may not be shelved";
        problems.warning(said.at, message, "remove it, or allow shelving");
    }
    Some(Duration::from_secs_f64(said.value * 3_600.0))
}

/// A path relative to the plant's folder or to a screen, or an address of the web.
fn link(fields: &Fields<'_, '_>, key: &str, problems: &mut Problems) -> Option<String> {
    let said = fields.filled(key, "\"manuals/filler.pdf\"", problems)?;
    match unfit(said) {
        None => Some(said.value.to_owned()),
        Some(reason) => {
            let message = format!("`{key}` is `{}`, which {reason}", shown(said.value));
            let remedy = "write a path such as `manuals/filler.pdf`, or an address that begins with `https://`";
            problems.error(said.at, message, remedy);
            None
        }
    }
}

/// What keeps a text from being a link that is safe to follow.
fn unfit(link: Said<&str>) -> Option<&'static str> {
    let text = link.value;
    if text.len() > LINK_AT_MOST {
        return Some("is too long");
    }
    if text.chars().any(char::is_control) {
        return Some("has control characters");
    }
    if let Some(rest) = text.strip_prefix("https://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let is_host = !host.is_empty() && !host.contains(['@', '\\']);
        return (!is_host || text.contains(' ')).then_some("is no address of the web");
    }
    if text.contains(':') || text.starts_with("//") {
        return Some("is neither a path nor an address with `https`");
    }
    if text.starts_with('/') || text.contains('\\') || text.split('/').any(|part| part == ".." || part.is_empty()) {
        return Some("leads out of the plant's folder");
    }
    None
}
