//! What all machines of the line share: a state, a speed, counters, a drive and jams.

use serde::{Deserialize, Serialize};

use super::packml::{Demands, State};

/// The machines in order of flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Station {
    /// Lifts bottles off pallets, layer by layer.
    Depalletiser,
    /// Fills bottles.
    Filler,
    /// Screws caps on.
    Capper,
    /// Glues labels on.
    Labeller,
    /// Puts twelve bottles in a case.
    Packer,
    /// Stacks cases on pallets.
    Palletiser,
}

/// What is built into a machine and never changes.
#[derive(Clone, Copy, Debug)]
pub struct Design {
    /// Bottles in one unit of the machine's own counters and speed: 12 where it counts cases.
    pub bottles_a_unit: f64,
    /// Speed it is set to, bottles a minute.
    pub target: f64,
    /// Share of what it rejects in good order.
    pub reject_share: f64,
    /// Electrical power at rest, kW.
    pub idle_kw: f64,
    /// Additional power at its target speed, kW.
    pub load_kw: f64,
    /// How much warmer than the hall its drive gets at its target speed, K.
    pub rise_k: f64,
    /// Mean time between jams, hours of running.
    pub jam_hours: f64,
    /// What it had made when the demo's story begins, in its own units.
    pub made_before: u64,
}

/// The fastest that a machine can be told to run, as a share of the speed it is designed for.
const FASTEST: f64 = 1.25;

/// A whole number with the part of the next one that is not there yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Counter {
    whole: u64,
    part: f64,
}

/// A jam, and how long the demo's operator takes to clear it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Jam {
    /// Clears after so many seconds.
    For(f64),
    /// Stays until someone clears it.
    UntilCleared,
}

/// A machine's changing part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) state: State,
    /// Seconds in this state.
    pub(super) state_s: f64,
    /// Bottles a minute.
    pub(super) speed: f64,
    pub(super) good: Counter,
    pub(super) reject: Counter,
    /// °C
    pub(super) drive_temperature: f64,
    /// The speed somebody wants instead of the designed one, bottles a minute; not kept for the next run.
    #[serde(skip)]
    pub(super) setpoint: Option<f64>,
    pub(super) jam: Option<Jam>,
    /// Seconds that maintenance still needs.
    pub(super) stop_s: f64,
    /// Waits for material since the infeed ran empty, until enough is there again.
    pub(super) starved: bool,
    /// Waits for room since the outfeed ran full, until there is enough again.
    pub(super) blocked: bool,
}

impl Station {
    /// All, in order of flow.
    pub const ALL: [Station; 6] = [
        Station::Depalletiser,
        Station::Filler,
        Station::Capper,
        Station::Labeller,
        Station::Packer,
        Station::Palletiser,
    ];

    /// The last segment of the equipment path.
    pub fn id(self) -> &'static str {
        match self {
            Station::Depalletiser => "depalletiser",
            Station::Filler => "filler",
            Station::Capper => "capper",
            Station::Labeller => "labeller",
            Station::Packer => "packer",
            Station::Palletiser => "palletiser",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Station::Depalletiser => "Depalletiser",
            Station::Filler => "Filler",
            Station::Capper => "Capper",
            Station::Labeller => "Labeller",
            Station::Packer => "Packer",
            Station::Palletiser => "Palletiser",
        }
    }

    /// Whether a machine is made for a speed, in its own units a minute.
    pub(crate) fn can_run_at(self, units: f64) -> bool {
        let design = self.design();
        (0.0..=design.target * FASTEST).contains(&(units * design.bottles_a_unit))
    }

    pub(super) fn index(self) -> usize {
        self as usize
    }

    /// What is built in. The filler sets the pace; the others are a little faster, the more so the farther away.
    pub fn design(self) -> Design {
        let bottles = Design {
            bottles_a_unit: 1.0,
            target: 400.0,
            reject_share: 0.002,
            idle_kw: 1.2,
            load_kw: 5.0,
            rise_k: 28.0,
            jam_hours: 2.0,
            made_before: 1_204_331_870,
        };
        match self {
            Station::Depalletiser => Design {
                target: 440.0,
                reject_share: 0.0005,
                idle_kw: 1.8,
                load_kw: 6.4,
                rise_k: 24.0,
                made_before: 4_871_960_212,
                ..bottles
            },
            Station::Filler => {
                Design { reject_share: 0.003, idle_kw: 3.1, load_kw: 11.5, jam_hours: 3.0, rise_k: 30.0, ..bottles }
            }
            Station::Capper => Design {
                target: 425.0,
                reject_share: 0.0012,
                idle_kw: 0.9,
                load_kw: 3.6,
                rise_k: 26.0,
                made_before: 988_210_447,
                ..bottles
            },
            Station::Labeller => Design {
                target: 440.0,
                reject_share: 0.002,
                idle_kw: 1.5,
                load_kw: 4.2,
                rise_k: 22.0,
                jam_hours: 1.4,
                made_before: 610_553_902,
                ..bottles
            },
            Station::Packer => Design {
                bottles_a_unit: 12.0,
                target: 450.0,
                reject_share: 0.0002,
                idle_kw: 1.4,
                load_kw: 5.2,
                jam_hours: 1.2,
                made_before: 52_117_306,
                ..bottles
            },
            Station::Palletiser => Design {
                bottles_a_unit: 12.0,
                target: 460.0,
                reject_share: 0.0,
                idle_kw: 2.0,
                load_kw: 7.8,
                rise_k: 25.0,
                made_before: 52_001_118,
                ..bottles
            },
        }
    }
}

impl Counter {
    pub(super) const fn starting_at(whole: u64) -> Self {
        Self { whole, part: 0.0 }
    }

    /// Adds what is not negative; the counter never runs back.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number, not negative")]
    pub(super) fn add(&mut self, amount: f64) {
        let sum = self.part + amount.max(0.0);
        self.whole = self.whole.saturating_add(sum.floor() as u64);
        self.part = sum.fract();
    }

    pub(super) fn get(&self) -> u64 {
        self.whole
    }
}

impl Machine {
    /// A machine that has been running for a while.
    pub(super) fn running(design: &Design) -> Self {
        Self {
            state: State::Execute,
            state_s: 600.0,
            speed: 400.0,
            good: Counter::starting_at(design.made_before),
            reject: Counter::starting_at(design.made_before / 700),
            drive_temperature: 21.0 + design.rise_k * 0.9,
            setpoint: None,
            jam: None,
            stop_s: 0.0,
            starved: false,
            blocked: false,
        }
    }

    /// Moves the state, the speed and the drive on by `dt` seconds; `pace` (0 to 1) is what the line control allows of
    /// the target speed, `hall` the temperature around it.
    pub(super) fn step(&mut self, design: &Design, demands: Demands, pace: f64, hall: f64, dt: f64) {
        self.stop_s = (self.stop_s - dt).max(0.0);
        self.jam = match self.jam {
            Some(Jam::For(left)) if left <= dt => None,
            Some(Jam::For(left)) => Some(Jam::For(left - dt)),
            jam @ (Some(Jam::UntilCleared) | None) => jam,
        };
        self.state_s += dt;
        let next = self.state.next(self.state_s, demands);
        if next != self.state {
            self.state = next;
            self.state_s = 0.0;
        }
        let setpoint = self.setpoint.unwrap_or(design.target);
        let wanted = if self.state == State::Execute { setpoint * pace } else { 0.0 };
        let gentle = design.target / 8.0 * dt;
        let hard = if self.state == State::Aborting { design.target } else { design.target / 3.0 } * dt;
        self.speed = wanted.clamp(self.speed - hard, self.speed + gentle).max(0.0);
        let load = self.speed / design.target;
        self.drive_temperature += (hall + design.rise_k * load - self.drive_temperature) * dt / 900.0;
    }

    /// kW
    pub(super) fn power(&self, design: &Design) -> f64 {
        design.idle_kw + design.load_kw * (self.speed / design.target).powf(1.3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_adds_up_parts_and_never_runs_back() {
        let mut counter = Counter::starting_at(4_871_960_212);
        for _ in 0..25 {
            counter.add(0.1);
        }
        counter.add(-5.0);
        assert_eq!(counter.get(), 4_871_960_214);
    }

    #[test]
    fn a_jam_holds_the_machine_until_its_time_is_over() {
        let design = Station::Capper.design();
        let mut machine = Machine::running(&design);
        machine.jam = Some(Jam::For(30.0));
        let mut held = false;
        for _ in 0..60 {
            let demands = Demands { hold: machine.jam.is_some(), ..Demands::default() };
            machine.step(&design, demands, 1.0, 21.0, 1.0);
            held |= machine.state == State::Held && machine.speed == 0.0;
        }
        assert!(held, "it stood");
        assert_eq!((machine.state, machine.jam), (State::Execute, None));
    }
}
