//! Stations that do things to the same alarm: what they make of it depends neither on the order in which they hear of each
//! other nor on how often, and two that were apart agree when they are together again.

use std::time::Duration;

use model::{Now, Quality, Timestamp, Uptime};
use proptest::prelude::*;

use super::{high, reading};
use crate::{
    Act, Alarm, AlarmId, Config, Confirm, Deed, Effect, Input, Latching, Origin, Standing, State, Suppression, What,
};

const BEGIN: i64 = 1_700_000_000_000;
/// Stations see the same change at most so far apart.
const APART_MS: u64 = 900;
/// Things change no faster than this.
const STEP_MS: u64 = 5_000;

/// A station: an alarm, and what was done there.
#[derive(Clone)]
struct Station {
    name: &'static str,
    alarm: Alarm,
    deeds: Vec<Deed>,
    /// The greatest number it has heard of.
    order: i64,
    effects: Vec<Effect>,
}

fn at(ms: u64) -> Now {
    let wall = Timestamp::from_millis(BEGIN).saturating_add(Duration::from_millis(ms));
    Now { wall, uptime: Uptime::from_millis(ms) }
}

impl Station {
    fn new(name: &'static str, config: &Config) -> Station {
        let alarm = Alarm::new(AlarmId::new("line1/filler/temp"), config.clone());
        Station { name, alarm, deeds: Vec::new(), order: 0, effects: Vec::new() }
    }

    fn tell(&mut self, ms: u64, input: Input) {
        let effects = self.alarm.step(at(ms), input);
        self.effects.extend(effects);
    }

    fn reading(&mut self, ms: u64, number: f64) {
        self.tell(ms, reading(ms, Some(number), Quality::GOOD));
    }

    /// Does what somebody there wants, where it makes sense to them.
    fn act(&mut self, ms: u64, wanted: &Wanted) {
        let Some(what) = wanted.what(&self.alarm, ms) else { return };
        if self.alarm.check(&what, at(ms)).is_err() {
            return;
        }
        self.order = self.order.max(at(ms).wall.millis() - 1) + 1;
        let note = format!("{} at {ms}", self.name);
        let act = Act { user: self.name.into(), station: self.name.into(), note, at: at(ms).wall };
        let deed = Deed { order: self.order, alarm: self.alarm.id().clone(), what, act };
        self.tell(ms, Input::Deed(deed.clone(), Origin::Here));
        self.deeds.push(deed);
    }

    fn hear(&mut self, ms: u64, deed: &Deed) {
        self.order = self.order.max(deed.order);
        self.tell(ms, Input::Deed(deed.clone(), Origin::Elsewhere));
    }

    /// What everybody has to agree on.
    fn view(&self) -> (State, Vec<Said>, Suppression) {
        let said = |standing: &Standing| Said {
            state: standing.state,
            acknowledged: standing.acknowledged.clone(),
            confirmed: standing.confirmed.clone(),
            notes: standing.notes.clone(),
        };
        (self.alarm.state(), self.alarm.standings().map(said).collect(), self.alarm.suppression().clone())
    }
}

#[derive(Debug, PartialEq)]
struct Said {
    state: State,
    acknowledged: Option<Act>,
    confirmed: Option<Act>,
    notes: Vec<Act>,
}

/// What somebody wants of whatever stands at the moment.
#[derive(Clone, Debug)]
enum Wanted {
    Acknowledge,
    Confirm,
    Reset,
    Note,
    Shelve { for_s: u64 },
    Unshelve,
    TakeOut,
    Return,
}

impl Wanted {
    fn what(&self, alarm: &Alarm, ms: u64) -> Option<What> {
        let standing = || alarm.standings().last().map(|standing| standing.occurrence.clone());
        Some(match self {
            Wanted::Acknowledge => alarm.acknowledge(&standing()?),
            Wanted::Confirm => alarm.confirm(&standing()?),
            Wanted::Reset => alarm.reset(&standing()?),
            Wanted::Note => alarm.note(&standing()?),
            Wanted::Shelve { for_s } => {
                What::Shelve { until: at(ms).wall.saturating_add(Duration::from_secs(*for_s)), one_shot: false }
            }
            Wanted::Unshelve => What::Unshelve,
            Wanted::TakeOut => What::TakeOutOfService,
            Wanted::Return => What::ReturnToService,
        })
    }
}

fn config() -> impl Strategy<Value = Config> {
    let latching = prop::sample::select(vec![Latching::No, Latching::Yes]);
    let confirm = prop::sample::select(vec![Confirm::NotRequired, Confirm::Required]);
    (latching, confirm).prop_map(|(latching, confirm)| Config { latching, confirm, ..high(80.0) })
}

fn marks() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        4 => Just(Wanted::Acknowledge),
        2 => Just(Wanted::Confirm),
        2 => Just(Wanted::Reset),
        2 => Just(Wanted::Note),
    ]
}

fn registers() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        (1..90_u64).prop_map(|for_s| Wanted::Shelve { for_s }),
        Just(Wanted::Unshelve),
        Just(Wanted::TakeOut),
        Just(Wanted::Return),
    ]
}

/// What happens in one step: a value everybody sees, each a little later than the other, and perhaps an act at one of the
/// stations, with whether the other hears of it at once.
type Step = (bool, u64, u64, Option<(bool, Wanted)>, bool);

fn steps(wanted: impl Strategy<Value = Wanted> + 'static) -> impl Strategy<Value = Vec<Step>> {
    let act = prop::option::of((any::<bool>(), wanted));
    prop::collection::vec((any::<bool>(), 0..APART_MS, 0..APART_MS, act, any::<bool>()), 1..25)
}

/// Two stations live through the steps; each hears at last what it has not heard. Gives them and when it ended.
fn live(config: &Config, steps: &[Step]) -> ([Station; 2], u64) {
    let mut stations = [Station::new("hall", config), Station::new("laptop", config)];
    let mut heard = [0, 0];
    let mut ms = 0;
    for (is_high, first, second, act, is_together) in steps {
        ms += STEP_MS;
        let number = if *is_high { 85.0 } else { 70.0 };
        for (station, later) in stations.iter_mut().zip([first, second]) {
            station.tell(ms + later, Input::Tick);
            station.reading(ms + later, number);
        }
        if let Some((at_second, wanted)) = act {
            stations[usize::from(*at_second)].act(ms + 2_000, wanted);
        }
        if *is_together {
            exchange(&mut stations, &mut heard, ms + 3_000);
        }
    }
    ms += STEP_MS;
    exchange(&mut stations, &mut heard, ms);
    stations.iter_mut().for_each(|station| station.tell(ms + 1_000, Input::Tick));
    (stations, ms)
}

fn exchange(stations: &mut [Station; 2], heard: &mut [usize; 2], ms: u64) {
    let deeds = stations.clone().map(|station| station.deeds);
    for (to, from) in [(0, 1), (1, 0)] {
        for deed in &deeds[from][heard[to]..] {
            stations[to].hear(ms, deed);
        }
        heard[to] = deeds[from].len();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_is_made_of_a_set_of_acts_depends_on_neither_order_nor_number(
        config in config(),
        steps in steps(prop_oneof![3 => marks(), 2 => registers()]),
        order in any::<u64>(),
    ) {
        let (stations, ms) = live(&config, &steps);
        let deeds: Vec<Deed> = stations.iter().flat_map(|station| station.deeds.clone()).collect();
        // A third station has seen the same values and hears of everything at once, twice, in any order.
        let mut third = Station::new("office", &config);
        for (at, (is_high, first, ..)) in steps.iter().enumerate() {
            third.reading((at as u64 + 1) * STEP_MS + first, if *is_high { 85.0 } else { 70.0 });
        }
        let mut in_order = third.clone();
        deeds.iter().for_each(|deed| in_order.hear(ms + 1_000, deed));
        let mut shuffled: Vec<&Deed> = deeds.iter().chain(&deeds).collect();
        let mut seed = order | 1;
        for at in (1..shuffled.len()).rev() {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            shuffled.swap(at, usize::try_from(seed % (at as u64 + 1)).expect("a small number"));
        }
        shuffled.into_iter().for_each(|deed| third.hear(ms + 1_000, deed));
        prop_assert_eq!(third.view(), in_order.view());
    }

    #[test]
    fn stations_that_were_apart_agree_once_each_has_heard_of_the_other(
        config in config(),
        steps in steps(marks()),
    ) {
        let ([hall, laptop], _) = live(&config, &steps);
        prop_assert_eq!(hall.alarm.state(), laptop.alarm.state());
        // What latches is one occurrence more for a station that knew of a reset, until somebody resets it again.
        if config.latching == Latching::No {
            prop_assert_eq!(hall.view(), laptop.view());
        }
    }

    #[test]
    fn stations_that_were_apart_agree_on_what_is_shelved_and_out_of_service(
        config in config(),
        steps in steps(prop_oneof![1 => marks(), 3 => registers()]),
    ) {
        let ([hall, laptop], _) = live(&config, &steps);
        prop_assert_eq!(hall.alarm.suppression(), laptop.alarm.suppression());
    }
}

#[test]
fn an_acknowledgement_in_the_basement_counts_upstairs_with_its_own_time() {
    let config = high(80.0);
    let [mut hall, mut laptop] = [Station::new("hall", &config), Station::new("laptop", &config)];
    hall.reading(1_000, 85.0);
    laptop.reading(1_700, 85.0);
    laptop.act(60_000, &Wanted::Acknowledge);
    assert_eq!(hall.alarm.state(), State::Unack, "nobody upstairs knows");
    hall.hear(3_600_000, &laptop.deeds[0]);
    assert_eq!(hall.alarm.state(), State::Acked);
    let acknowledged = hall.alarm.standing().unwrap().acknowledged.clone().unwrap();
    assert_eq!((acknowledged.station.as_str(), acknowledged.at), ("laptop", at(60_000).wall));
}

#[test]
fn both_acknowledged_and_the_first_one_counts_everywhere() {
    let config = high(80.0);
    let [mut hall, mut laptop] = [Station::new("hall", &config), Station::new("laptop", &config)];
    hall.reading(1_000, 85.0);
    laptop.reading(1_100, 85.0);
    hall.act(90_000, &Wanted::Acknowledge);
    laptop.act(60_000, &Wanted::Acknowledge);
    let (of_hall, of_laptop) = (hall.deeds[0].clone(), laptop.deeds[0].clone());
    hall.hear(100_000, &of_laptop);
    laptop.hear(100_000, &of_hall);
    for station in [&hall, &laptop] {
        let acknowledged = station.alarm.standing().unwrap().acknowledged.clone().unwrap();
        assert_eq!(acknowledged.user, "laptop");
        let said = station.effects.iter().filter(|effect| match effect {
            Effect::Occurrence(transition) => matches!(transition.cause, crate::Cause::Acknowledged(_)),
            _ => false,
        });
        assert_eq!(said.count(), 2, "and both are on record");
    }
}

#[test]
fn an_old_acknowledgement_never_acknowledges_a_new_occurrence() {
    let config = high(80.0);
    let [mut hall, mut laptop] = [Station::new("hall", &config), Station::new("laptop", &config)];
    for (station, ms) in [(&mut hall, 1_000), (&mut laptop, 1_400)] {
        station.reading(ms, 85.0);
    }
    laptop.act(10_000, &Wanted::Acknowledge);
    hall.reading(20_000, 70.0);
    hall.reading(30_000, 85.0);
    hall.hear(40_000, &laptop.deeds[0]);
    assert_eq!(hall.alarm.state(), State::Unack);
    assert!(hall.alarm.earlier().is_empty(), "the earlier one is acknowledged");
    // Not even one that comes right after, nor one of a clock that was set back.
    let mut late = Station::new("late", &config);
    late.hear(40_000, &laptop.deeds[0]);
    late.reading(41_000, 85.0);
    assert_eq!(late.alarm.state(), State::Unack);
}

#[test]
fn the_last_one_who_shelved_or_unshelved_wins_and_the_other_is_heard_of() {
    let config = high(80.0);
    let [mut hall, mut laptop] = [Station::new("hall", &config), Station::new("laptop", &config)];
    hall.act(1_000, &Wanted::Shelve { for_s: 3_600 });
    laptop.act(2_000, &Wanted::Shelve { for_s: 60 });
    let (of_hall, of_laptop) = (hall.deeds[0].clone(), laptop.deeds[0].clone());
    hall.hear(5_000, &of_laptop);
    laptop.hear(5_000, &of_hall);
    for station in [&hall, &laptop] {
        assert_eq!(station.alarm.suppression().shelved.as_ref().unwrap().act.user, "laptop");
    }
    assert_eq!(laptop.effects.last(), Some(&Effect::Heard(of_hall)));
}
