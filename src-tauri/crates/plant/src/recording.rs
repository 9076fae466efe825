//! Which samples of a tag history gets: what is said at the tag, at its group and for the whole plant, and what comes of
//! it.
//!
//! Each part of a rule that is not said at one place is taken from the place above it. What is said at the tag itself
//! has to fit the tag. What comes from above need not, because a plant has texts and switches beside its numbers: where
//! it does not fit, every change is recorded.

use std::time::Duration;

use model::DataType;

use crate::document::{Raw, Table};
use crate::fields::{Fields, Said};
use crate::problem::{Place, Problems};
use crate::tags::is_numeric;

/// What may be said of recording.
pub(crate) const RECORD_KEYS: [&str; 5] =
    ["rule", "deviation", "deviation_percent", "min_interval_s", "max_interval_s"];

/// Where nothing is said, a value that stands still is recorded this often.
const MAX_INTERVAL: Duration = Duration::from_secs(60);

/// How a tag is recorded. A change of quality is recorded whatever the rule says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recording {
    /// Which samples are worth it.
    pub rule: Rule,
    /// After a recorded sample nothing is recorded for so long.
    pub min_interval: Duration,
    /// While samples come, one is recorded at least so often.
    pub max_interval: Duration,
}

/// Which samples are worth recording. Deviations are in the tag's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// All of them.
    EverySample,
    /// Those with another value than the one recorded last.
    OnChange,
    /// Those further than this from the one recorded last. Between two recorded samples the value stood as at the first
    /// of them, give or take this; more than 0.
    Deadband(f64),
    /// Those that are needed so that no sample is further than this from the straight line between the recorded ones;
    /// more than 0.
    SwingingDoor(f64),
}

impl Recording {
    /// Whether what lies between two recorded samples is the straight line between them.
    pub fn is_sloped(&self) -> bool {
        match self.rule {
            Rule::SwingingDoor(_) => true,
            Rule::EverySample | Rule::OnChange | Rule::Deadband(_) => false,
        }
    }
}

/// A rule's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    EverySample,
    OnChange,
    Deadband,
    SwingingDoor,
}

const RULES: [(&str, Word); 4] = [
    ("every-sample", Word::EverySample),
    ("on-change", Word::OnChange),
    ("deadband", Word::Deadband),
    ("swinging-door", Word::SwingingDoor),
];

#[derive(Clone, Copy, Debug)]
enum Deviation {
    Units(f64),
    /// Of the tag's range.
    Percent(f64),
}

/// What is wrong, and what to do about it.
type Misfit = (&'static str, &'static str);

const NEEDLESS: Misfit = (
    "a deviation is given and no rule that makes use of it",
    "add `rule = \"swinging-door\"` or `rule = \"deadband\"`",
);

/// What is said of recording at one place: at a tag, at a group, or for the whole plant.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    /// `None` where nothing is said.
    recorded: Option<bool>,
    rule: Option<Said<Word>>,
    deviation: Option<Said<Deviation>>,
    min_interval: Option<Said<Duration>>,
    max_interval: Option<Said<Duration>>,
}

/// The tag that a wish is to fit.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    /// `None` where what was said is no type, which is reported.
    pub data_type: Option<DataType>,
    pub range: Option<(f64, f64)>,
}

impl Subject {
    fn may_have_numbers(self) -> bool {
        self.data_type.is_none_or(is_numeric)
    }
}

impl Wish {
    /// Reads the key `record`: true, false, or a table.
    pub fn read(fields: &Fields<'_, '_>, problems: &mut Problems) -> Self {
        let is_table = fields.table.get("record").is_some_and(|node| matches!(node.value, Raw::Table(_)));
        if !is_table {
            let recorded = fields.flag("record", problems).map(|said| said.value);
            return Self { recorded, ..Self::default() };
        }
        fields.inner("record", problems).map(|table| Self::table(table, problems)).unwrap_or_default()
    }

    /// Reads a tag's own keys: `record`, and `deadband`, which is short for the rule of that name. A deadband of what has
    /// no numbers is for others to report.
    pub fn of_tag(fields: &Fields<'_, '_>, subject: Subject, problems: &mut Problems) -> Self {
        let wish = Self::read(fields, problems);
        let deadband = fields.amount("deadband", problems).filter(|_| subject.may_have_numbers());
        let Some(deadband) = deadband else { return wish };
        if wish.rule.is_some() || wish.deviation.is_some() {
            let message = "both `deadband` and `record` say which samples are recorded";
            problems.error(deadband.at, message, "keep one of them");
            return wish;
        }
        let word = if deadband.value > 0.0 { Word::Deadband } else { Word::OnChange };
        let deviation = (deadband.value > 0.0).then(|| deadband.with(Deviation::Units(deadband.value)));
        Self { rule: Some(deadband.with(word)), deviation, ..wish }
    }

    fn table(table: &Table<'_>, problems: &mut Problems) -> Self {
        let fields = Fields::new(table, "record", &RECORD_KEYS, problems);
        let wish = Self {
            recorded: Some(true),
            rule: fields.choice("rule", &RULES, problems),
            deviation: deviation(&fields, problems),
            min_interval: fields.seconds("min_interval_s", problems),
            max_interval: fields.seconds("max_interval_s", problems),
        };
        if let Some(said) = wish.max_interval.filter(|said| said.value.is_zero()) {
            problems.error(said.at, "`max_interval_s` is 0", "use the longest time that may lie between two samples");
        }
        if let (Some(rule), Some(deviation)) = (wish.rule, wish.deviation)
            && matches!(rule.value, Word::EverySample | Word::OnChange)
        {
            let message = "a deviation has a meaning for the rules `deadband` and `swinging-door` only";
            problems.error(deviation.at, message, "remove it, or change the rule");
        }
        wish.check_intervals(problems);
        wish
    }

    /// This with what it does not say taken from `above`.
    pub fn or(self, above: &Self) -> Self {
        let wish = Self {
            recorded: self.recorded.or(above.recorded),
            rule: self.rule.or(above.rule),
            deviation: self.deviation.or(above.deviation),
            min_interval: self.min_interval.or(above.min_interval),
            max_interval: self.max_interval.or(above.max_interval),
        };
        // An end that comes from above gives way to one that is said here.
        match (self.min_interval, self.max_interval) {
            (Some(min), None) => {
                Self { max_interval: wish.max_interval.map(|max| max.with(max.value.max(min.value))), ..wish }
            }
            (None, Some(max)) => {
                Self { min_interval: wish.min_interval.map(|min| min.with(min.value.min(max.value))), ..wish }
            }
            (Some(_), Some(_)) | (None, None) => wish,
        }
    }

    /// How a tag with this wish of its own is recorded; `None` where it is not. What does not fit the tag and was said at
    /// the tag is reported.
    pub fn resolve(&self, above: &Self, subject: Subject, problems: &mut Problems) -> Option<Recording> {
        let whole = self.or(above);
        if whole.recorded == Some(false) {
            return None;
        }
        let own = self.rule.map(|rule| rule.at).or(self.deviation.map(|deviation| deviation.at));
        let is_needless = self.deviation.is_some()
            && self.rule.is_none()
            && whole.rule.is_none_or(|rule| matches!(rule.value, Word::EverySample | Word::OnChange));
        let rule = if is_needless { Err(NEEDLESS) } else { whole.rule_for(subject) };
        let rule = rule.unwrap_or_else(|(message, remedy)| {
            if let Some(at) = own {
                problems.error(at, message, remedy);
            }
            Rule::OnChange
        });
        let min_interval = whole.min_interval.map_or(Duration::ZERO, |said| said.value);
        let max_interval = whole.max_interval.map_or(MAX_INTERVAL.max(min_interval), |said| said.value);
        Some(Recording { rule, min_interval, max_interval })
    }

    /// The rule for a tag, or what is wrong with it and what to do.
    fn rule_for(&self, subject: Subject) -> Result<Rule, Misfit> {
        let Some(rule) = self.rule else { return Ok(Rule::OnChange) };
        let make = match rule.value {
            Word::EverySample => return Ok(Rule::EverySample),
            Word::OnChange => return Ok(Rule::OnChange),
            Word::Deadband => Rule::Deadband,
            Word::SwingingDoor => Rule::SwingingDoor,
        };
        if !subject.may_have_numbers() {
            return Err(("this rule has a meaning for tags of type int and float only", "use `rule = \"on-change\"`"));
        }
        match (self.deviation.map(|said| said.value), subject.range) {
            (None, _) => Err((
                "the rule needs a deviation",
                "add `deviation`, in the tag's unit, or `deviation_percent`, of its range",
            )),
            (Some(Deviation::Units(units)), _) => Ok(make(units)),
            (Some(Deviation::Percent(percent)), Some((low, high))) => Ok(make((high - low) * (percent / 100.0))),
            (Some(Deviation::Percent(_)), None) => Err((
                "`deviation_percent` is a part of the tag's range, and the tag has none",
                "add `range = [low, high]`, or give a `deviation` in the tag's unit",
            )),
        }
    }

    fn check_intervals(&self, problems: &mut Problems) {
        if let (Some(min), Some(max)) = (self.min_interval, self.max_interval)
            && min.value > max.value
        {
            let message = "`min_interval_s` is longer than `max_interval_s`";
            problems.error(min.at, message, "exchange them, or remove one");
        }
    }
}

/// `deviation` or `deviation_percent`.
fn deviation(fields: &Fields<'_, '_>, problems: &mut Problems) -> Option<Said<Deviation>> {
    let units = fields.amount("deviation", problems);
    let percent = fields.amount("deviation_percent", problems);
    if let (Some(_), Some(percent)) = (units, percent) {
        problems.error(percent.at, "both `deviation` and `deviation_percent` are given", "keep one of them");
    }
    if let Some(percent) = percent.filter(|said| said.value > 100.0) {
        problems.error(percent.at, "`deviation_percent` is more than the whole range", "use at most 100");
        return None;
    }
    let zero = |at: Place, problems: &mut Problems| {
        problems.error(at, "the deviation is 0", "use `rule = \"on-change\"`, or a deviation above 0");
        None
    };
    match (units, percent) {
        (Some(said), _) if said.value == 0.0 => zero(said.at, problems),
        (Some(said), _) => Some(said.with(Deviation::Units(said.value))),
        (None, Some(said)) if said.value == 0.0 => zero(said.at, problems),
        (None, Some(said)) => Some(said.with(Deviation::Percent(said.value))),
        (None, None) => None,
    }
}
