//! The bottling line as a model: machines, the conveyors between them, and what goes wrong.
//!
//! Deliberately without a clock, a socket or a sensor's noise: `step` is given the time that has passed and a stream of
//! random numbers, and the same seed makes the same hour.

mod machine;
mod packml;
mod process;

use serde::{Deserialize, Serialize};

use crate::random::Random;
use machine::{Jam, Machine};
use packml::Demands;
use process::{FULL_SPEED, Process, Surroundings};

pub use machine::{Design, Station};
pub use packml::State;
pub use process::Faults;

/// The whole line at one moment. What is written down of it is enough to go on later as if nothing had been between.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    machines: [Machine; 6],
    /// Bottles on the conveyor behind each machine but the last.
    conveyors: [f64; 5],
    process: Process,
    faults: Faults,
    /// Seconds since midnight, UTC, for the warmth of the day.
    of_day_s: f64,
    /// Seconds until the next break; negative while it lasts.
    until_break_s: f64,
    /// Seconds that the flood of alarms still lasts.
    flood_s: f64,
}

/// Bottles that fit on each conveyor.
const CAPACITY: [f64; 5] = [700.0, 560.0, 560.0, 640.0, 520.0];
/// Production between two breaks, and how long a break is, seconds.
const SHIFT_S: f64 = 4.0 * 3600.0;
const BREAK_S: f64 = 24.0 * 60.0;
/// The longest step the equations are good for, seconds.
const LONGEST_STEP_S: f64 = 1.0;
/// A conveyor is full above the first share and has room again below the second.
const FULL: (f64, f64) = (0.93, 0.82);
/// A conveyor is empty below the first share and has enough again above the second.
const EMPTY: (f64, f64) = (0.02, 0.16);

impl Line {
    /// A line that has been running well for a while.
    pub fn running(of_day_s: f64) -> Self {
        Self {
            machines: Station::ALL.map(|station| Machine::running(&station.design())),
            conveyors: [0.66, 0.31, 0.28, 0.26, 0.24].map(|share| share * 560.0),
            process: Process::new(),
            faults: Faults::AsTheyCome,
            of_day_s,
            until_break_s: SHIFT_S,
            flood_s: 0.0,
        }
    }

    /// Moves on by `dt` seconds, in parts of at most one.
    pub fn step(&mut self, dt: f64, random: &mut Random) {
        let mut left = dt;
        while left > 1e-9 {
            let part = left.min(LONGEST_STEP_S);
            self.part(part, random);
            left -= part;
        }
    }

    fn part(&mut self, dt: f64, random: &mut Random) {
        self.of_day_s = (self.of_day_s + dt) % 86_400.0;
        self.flood_s = (self.flood_s - dt).max(0.0);
        self.until_break_s -= dt;
        if self.until_break_s < -BREAK_S {
            self.until_break_s = SHIFT_S;
        }
        let hall = self.hall_temperature();
        self.look_after_bearing();
        for station in Station::ALL {
            let index = station.index();
            self.watch_conveyors(index);
            self.maybe_jam(station, random, dt);
            let demands = self.demands(station);
            let pace = self.pace(index);
            self.machines[index].step(&station.design(), demands, pace, hall, dt);
            self.transport(station, dt);
        }
        let around = Surroundings {
            hall,
            load: Station::ALL.map(|station| self.load(station)),
            power: Station::ALL.iter().map(|station| self.power(*station)).sum(),
            faults: self.faults,
        };
        self.process.step(&around, random, dt);
    }

    /// A bearing that is due stops the packer for as long as it takes to put a new one in.
    fn look_after_bearing(&mut self) {
        let packer = &mut self.machines[Station::Packer.index()];
        if self.process.wear >= 1.0 && packer.stop_s <= 0.0 && self.faults == Faults::AsTheyCome {
            packer.stop_s = 420.0;
            self.process.wear = 0.0;
        }
    }

    fn watch_conveyors(&mut self, index: usize) {
        let infeed = index.checked_sub(1).map(|before| self.fill(before));
        let outfeed = (index < self.conveyors.len()).then(|| self.fill(index));
        let changing_pallet = index == Station::Depalletiser.index() && self.process.pallet_change_s > 0.0;
        let machine = &mut self.machines[index];
        machine.starved = changing_pallet
            || match infeed {
                Some(fill) if machine.starved => fill < EMPTY.1,
                Some(fill) => fill < EMPTY.0,
                None => false,
            };
        machine.blocked = match outfeed {
            Some(fill) if machine.blocked => fill > FULL.1,
            Some(fill) => fill > FULL.0,
            None => false,
        };
    }

    fn maybe_jam(&mut self, station: Station, random: &mut Random, dt: f64) {
        let jams = random.happens(station.design().jam_hours * 3600.0, dt);
        let machine = &mut self.machines[station.index()];
        if jams && self.faults == Faults::AsTheyCome && machine.state == State::Execute && machine.jam.is_none() {
            machine.jam = Some(Jam::For(random.between(25.0, 110.0)));
        }
    }

    fn demands(&self, station: Station) -> Demands {
        let machine = &self.machines[station.index()];
        let out_of_supply = match station {
            Station::Capper => self.process.caps.is_empty(),
            Station::Labeller => self.process.reel.is_empty(),
            Station::Depalletiser | Station::Filler | Station::Packer | Station::Palletiser => false,
        };
        Demands {
            abort: station == Station::Palletiser && self.process.door_s > 0.0,
            stop: machine.stop_s > 0.0,
            hold: machine.jam.is_some(),
            suspend: machine.starved || machine.blocked || out_of_supply,
            // The first machine ends the order; the others run what is left and then wait for the break to end.
            complete: self.until_break_s < 0.0 && station == Station::Depalletiser,
        }
    }

    /// What the line control allows of the target speed: slower where the outfeed fills or the infeed empties, so that
    /// the line runs evenly instead of stopping and starting.
    fn pace(&self, index: usize) -> f64 {
        let room = if index < self.conveyors.len() { (0.85 - self.fill(index)) / 0.3 } else { 1.0 };
        let material = index.checked_sub(1).map_or(1.0, |before| (self.fill(before) - 0.05) / 0.3);
        0.8 + 0.2 * room.min(material).clamp(0.0, 1.0)
    }

    /// Moves bottles from the infeed to the outfeed, as many as there are and as there is room for.
    fn transport(&mut self, station: Station, dt: f64) {
        let index = station.index();
        let design = station.design();
        let available = index.checked_sub(1).map_or(f64::INFINITY, |before| self.conveyors[before]);
        let room = self.conveyors.get(index).map_or(f64::INFINITY, |level| CAPACITY[index] - level);
        let bottles = (self.machines[index].speed / 60.0 * dt).min(available).min(room).max(0.0);
        let spoilt = design.reject_share
            + match station {
                Station::Filler => self.process.spoilt_by_leak(),
                Station::Capper => self.process.spoilt_by_chuck(),
                Station::Depalletiser | Station::Labeller | Station::Packer | Station::Palletiser => 0.0,
            };
        if let Some(before) = index.checked_sub(1) {
            self.conveyors[before] -= bottles;
        }
        if let Some(level) = self.conveyors.get_mut(index) {
            *level += bottles * (1.0 - spoilt);
        }
        let machine = &mut self.machines[index];
        machine.good.add(bottles * (1.0 - spoilt) / design.bottles_a_unit);
        machine.reject.add(bottles * spoilt / design.bottles_a_unit);
    }

    /// How full the conveyor behind a machine is, 0 to 1.
    fn fill(&self, conveyor: usize) -> f64 {
        self.conveyors[conveyor] / CAPACITY[conveyor]
    }

    /// Speed as a share of the line's full speed.
    pub(crate) fn load(&self, station: Station) -> f64 {
        self.machines[station.index()].speed / FULL_SPEED
    }

    /// kW
    pub(crate) fn power(&self, station: Station) -> f64 {
        self.machines[station.index()].power(&station.design())
    }

    /// The PackML state of a machine.
    pub fn state(&self, station: Station) -> State {
        self.machines[station.index()].state
    }

    /// Bottles a minute.
    pub fn speed(&self, station: Station) -> f64 {
        self.machines[station.index()].speed
    }

    /// Good and rejected units, in the machine's own unit.
    pub fn counts(&self, station: Station) -> (u64, u64) {
        let machine = &self.machines[station.index()];
        (machine.good.get(), machine.reject.get())
    }

    /// °C
    pub(crate) fn drive_temperature(&self, station: Station) -> f64 {
        self.machines[station.index()].drive_temperature
    }

    /// How full the conveyor before a machine is, percent; none before the first.
    pub fn infeed_percent(&self, station: Station) -> Option<f64> {
        station.index().checked_sub(1).map(|before| self.fill(before) * 100.0)
    }

    /// Whether a machine is jammed.
    pub fn is_jammed(&self, station: Station) -> bool {
        self.machines[station.index()].jam.is_some()
    }

    /// °C: coolest before dawn, warmest in the afternoon.
    pub(crate) fn hall_temperature(&self) -> f64 {
        21.0 + 2.8 * ((self.of_day_s / 86_400.0 - 0.375) * std::f64::consts::TAU).sin()
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// The speed that a machine should have, in its own units a minute.
    pub fn setpoint(&self, station: Station) -> f64 {
        let design = station.design();
        self.machines[station.index()].setpoint.unwrap_or(design.target) / design.bottles_a_unit
    }

    /// Sets that speed, until the end of the program. False for one that the machine is not made for.
    pub fn set_speed(&mut self, station: Station, units: f64) -> bool {
        let is_possible = station.can_run_at(units);
        if is_possible {
            self.machines[station.index()].setpoint = Some(units * station.design().bottles_a_unit);
        }
        is_possible
    }

    /// Jams a machine until it is cleared.
    pub fn jam(&mut self, station: Station) {
        self.machines[station.index()].jam = Some(Jam::UntilCleared);
    }

    /// Clears a jam, however it came.
    pub fn clear(&mut self, station: Station) {
        self.machines[station.index()].jam = None;
    }

    /// For a minute, what the sensors say is far out of limits nearly everywhere.
    pub fn flood(&mut self) {
        self.flood_s = 60.0;
    }

    /// Whether a flood is going on.
    pub fn is_flooding(&self) -> bool {
        self.flood_s > 0.0
    }

    /// Whether faults may begin by themselves.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// Puts a part-used reel of labels in, so that it runs low some seconds of production from now.
    pub fn mount_reel_for(&mut self, seconds: f64) {
        self.process.reel.replace(10.0 + seconds / process::REEL_S_A_PERCENT);
    }

    /// Moves the next break, or the one that is, two hours away.
    pub fn postpone_break(&mut self) {
        self.until_break_s = self.until_break_s.max(SHIFT_S / 2.0);
    }

    /// Labels left on the reel, percent.
    pub fn reel_percent(&self) -> f64 {
        self.process.reel.level
    }
}

#[cfg(test)]
mod tests;
