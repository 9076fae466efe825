//! What is special to each machine: pressures, hoppers, reels, temperatures, wear, and the faults they suffer.
//!
//! Values here are true ones; what a sensor adds is in `readings`.

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// A fault that comes by itself and is mended by the demo's operator after some seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Fault {
    /// Seconds until it is mended; 0 while there is none.
    left_s: f64,
    /// 0 to 1: how bad it is at its worst.
    severity: f64,
}

/// How a fault comes and goes.
struct Habit {
    /// Mean hours of running between two.
    mean_hours: f64,
    /// Shortest and longest time until it is mended, seconds.
    lasts_s: (f64, f64),
}

/// Something that is used up and topped up by hand, in percent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Supply {
    /// What is left.
    pub(crate) level: f64,
    /// Seconds until the operator comes, once it is known to be low.
    waiting_s: Option<f64>,
}

/// Everything that only one of the machines has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Bottles left in the layer and layers left on the pallet at the depalletiser.
    pub(super) layer_bottles: f64,
    pub(crate) layers: u64,
    /// Seconds until the next full pallet is in place.
    pub(super) pallet_change_s: f64,
    pub(super) vacuum_fault: Fault,
    /// bar, negative
    pub(crate) vacuum: f64,

    /// A filling valve that does not close: product and pressure are lost.
    pub(super) leak: Fault,
    /// bar
    pub(crate) product_pressure: f64,
    /// °C
    pub(crate) product_temperature: f64,
    /// Percent of the filler's tank.
    pub(crate) tank_level: f64,
    /// ml
    pub(crate) fill_volume: f64,
    /// Bottles rejected a minute, averaged over half a minute.
    pub(crate) reject_rate: f64,

    /// Caps in the hopper.
    pub(crate) caps: Supply,
    pub(super) chuck_fault: Fault,
    /// Nm
    pub(crate) torque: f64,

    /// Labels on the reel.
    pub(crate) reel: Supply,
    pub(super) heater_fault: Fault,
    /// The label camera hangs and says nothing.
    pub(super) camera_fault: Fault,
    /// °C
    pub(crate) glue_temperature: f64,
    /// mm
    pub(crate) label_offset: f64,

    /// Wear of the packer's main bearing: 0 new, 1 due.
    pub(super) wear: f64,
    /// °C
    pub(crate) bearing_temperature: f64,

    /// Seconds that the palletiser's guard door stays open.
    pub(crate) door_s: f64,
    /// Seconds into the hoist's cycle.
    pub(super) hoist_s: f64,
    /// Cases on the pallet being built.
    pub(crate) cases: f64,
    /// Pallets made.
    pub(crate) pallets: u64,

    /// bar of the line's compressed air, and whether the compressor runs.
    pub(crate) air_pressure: f64,
    pub(crate) compressor_on: bool,
    /// kWh
    pub(crate) energy: u64,
    pub(super) energy_part: f64,
}

/// What the line is doing, as the processes need to know it.
pub(super) struct Surroundings {
    /// °C
    pub(super) hall: f64,
    /// Speed of each machine as a share of 400 bottles a minute, in order of flow.
    pub(super) load: [f64; 6],
    /// Electrical power of all machines, kW.
    pub(super) power: f64,
    /// Whether faults may begin.
    pub(super) faults: Faults,
}

/// Whether faults may begin by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Faults {
    /// As life has it.
    AsTheyCome,
    /// None begin; those that are there end in their time.
    None,
}

/// The full speed by which loads are measured, bottles a minute.
pub(super) const FULL_SPEED: f64 = 400.0;
/// Bottles in a layer, and layers on a pallet of empty bottles.
const LAYER: f64 = 336.0;
const LAYERS: u64 = 12;
/// How long a percent of a reel of labels lasts at full speed.
pub(super) const REEL_S_A_PERCENT: f64 = 12.0;
/// Cases on a full pallet.
const PALLET: f64 = 60.0;

impl Fault {
    const fn none() -> Self {
        Self { left_s: 0.0, severity: 0.0 }
    }

    /// How bad it is now, 0 to 1.
    fn now(&self) -> f64 {
        if self.left_s > 0.0 { self.severity } else { 0.0 }
    }

    fn step(&mut self, habit: &Habit, around: &Surroundings, running: f64, random: &mut Random, dt: f64) {
        let draw = random.happens(habit.mean_hours * 3600.0, dt * running.min(1.0));
        if self.left_s > 0.0 {
            self.left_s = (self.left_s - dt).max(0.0);
        } else if draw && around.faults == Faults::AsTheyCome {
            self.left_s = random.between(habit.lasts_s.0, habit.lasts_s.1);
            self.severity = random.between(0.75, 1.0);
        }
    }
}

impl Supply {
    const fn at(level: f64) -> Self {
        Self { level, waiting_s: None }
    }

    /// Uses up `used` percent; below `low` the operator comes after some `delay_s` seconds and fills up to `full`.
    fn step(&mut self, used: f64, low: f64, delay_s: (f64, f64), full: f64, random: &mut Random, dt: f64) {
        self.level = (self.level - used).max(0.0);
        self.waiting_s = match self.waiting_s {
            None if self.level < low => Some(random.between(delay_s.0, delay_s.1)),
            None => None,
            Some(left) if left <= dt => {
                self.level = full;
                None
            }
            Some(left) => Some(left - dt),
        };
    }

    /// Puts a part-used one in.
    pub(super) fn replace(&mut self, level: f64) {
        *self = Self::at(level);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.level <= 0.0
    }
}

impl Process {
    pub(super) fn new() -> Self {
        Self {
            layer_bottles: LAYER,
            layers: LAYERS,
            pallet_change_s: 0.0,
            vacuum_fault: Fault::none(),
            vacuum: -0.62,
            leak: Fault::none(),
            product_pressure: 2.4,
            product_temperature: 8.4,
            tank_level: 62.0,
            fill_volume: 500.6,
            reject_rate: 1.2,
            caps: Supply::at(71.0),
            chuck_fault: Fault::none(),
            torque: 1.8,
            reel: Supply::at(64.0),
            heater_fault: Fault::none(),
            camera_fault: Fault::none(),
            glue_temperature: 155.0,
            label_offset: 0.0,
            wear: 0.35,
            bearing_temperature: 46.0,
            door_s: 0.0,
            hoist_s: 0.0,
            cases: 22.0,
            pallets: 866_684,
            air_pressure: 6.6,
            compressor_on: false,
            energy: 1_482_206,
            energy_part: 0.0,
        }
    }

    /// How much of the filler's output is spoilt on top of the usual share.
    pub(super) fn spoilt_by_leak(&self) -> f64 {
        0.045 * self.leak.now()
    }

    /// Bottles rejected by the capper on top of the usual share.
    pub(super) fn spoilt_by_chuck(&self) -> f64 {
        0.02 * self.chuck_fault.now()
    }

    pub(super) fn step(&mut self, around: &Surroundings, random: &mut Random, dt: f64) {
        let [depalletiser, filler, capper, labeller, packer, palletiser] = around.load;
        self.depalletise(around, depalletiser, random, dt);
        self.fill(around, filler, random, dt);

        self.caps.step(capper * dt / 9.6, 20.0, (25.0, 70.0), 96.0, random, dt);
        let habit = Habit { mean_hours: 1.5, lasts_s: (70.0, 130.0) };
        self.chuck_fault.step(&habit, around, capper, random, dt);
        let wanted = 1.8 - 0.42 * self.chuck_fault.now();
        self.torque = towards(self.torque, wanted, 12.0, 0.012, random, dt);

        self.reel.step(labeller * dt / REEL_S_A_PERCENT, 10.0, (35.0, 80.0), 100.0, random, dt);
        let habit = Habit { mean_hours: 1.4, lasts_s: (80.0, 150.0) };
        self.heater_fault.step(&habit, around, labeller, random, dt);
        let wanted = 155.0 - 19.0 * self.heater_fault.now();
        self.glue_temperature = towards(self.glue_temperature, wanted, 35.0, 0.12, random, dt);
        let habit = Habit { mean_hours: 1.6, lasts_s: (25.0, 60.0) };
        self.camera_fault.step(&habit, around, labeller, random, dt);
        self.label_offset = towards(self.label_offset, 0.0, 25.0, 0.05, random, dt);

        self.wear += packer * dt / (9.0 * 3600.0);
        let warm = around.hall + 22.0 * packer + 26.0 * self.wear.min(1.2).powi(2);
        self.bearing_temperature += (warm - self.bearing_temperature) * dt / 600.0;

        self.palletise(around, palletiser, random, dt);
        self.supply_air(around, dt);
        self.energy_part += around.power * dt / 3600.0;
        while self.energy_part >= 1.0 {
            self.energy_part -= 1.0;
            self.energy += 1;
        }
    }

    fn depalletise(&mut self, around: &Surroundings, load: f64, random: &mut Random, dt: f64) {
        self.pallet_change_s = (self.pallet_change_s - dt).max(0.0);
        self.layer_bottles -= load * FULL_SPEED / 60.0 * dt;
        if self.layer_bottles <= 0.0 {
            self.layer_bottles += LAYER;
            self.layers -= 1;
            if self.layers == 0 {
                self.layers = LAYERS;
                self.pallet_change_s = 16.0;
            }
        }
        let habit = Habit { mean_hours: 1.8, lasts_s: (40.0, 90.0) };
        self.vacuum_fault.step(&habit, around, load, random, dt);
        let wanted = -0.62 + 0.19 * self.vacuum_fault.now();
        self.vacuum = towards(self.vacuum, wanted, 6.0, 0.004, random, dt);
    }

    fn fill(&mut self, around: &Surroundings, load: f64, random: &mut Random, dt: f64) {
        let habit = Habit { mean_hours: 1.1, lasts_s: (90.0, 200.0) };
        self.leak.step(&habit, around, load, random, dt);
        let leak = self.leak.now();
        let wanted = 2.52 - 0.12 * load - 0.72 * leak;
        self.product_pressure = towards(self.product_pressure, wanted, 14.0, 0.006, random, dt);
        let wanted = 8.4 + 0.12 * (around.hall - 21.0) + 1.1 * (1.0 - load.min(1.0));
        self.product_temperature = towards(self.product_temperature, wanted, 240.0, 0.008, random, dt);
        self.tank_level = towards(self.tank_level, 62.0 - 9.0 * leak, 60.0, 0.16, random, dt).clamp(0.0, 100.0);
        self.fill_volume = towards(self.fill_volume, 500.6 - 5.2 * leak, 10.0, 0.10, random, dt);
        let rejected = load * FULL_SPEED * (0.003 + self.spoilt_by_leak());
        self.reject_rate += (rejected - self.reject_rate) * (dt / 30.0).min(1.0);
    }

    fn palletise(&mut self, around: &Surroundings, load: f64, random: &mut Random, dt: f64) {
        let opens = random.happens(2.2 * 3600.0, dt * load.min(1.0));
        if self.door_s > 0.0 {
            self.door_s = (self.door_s - dt).max(0.0);
        } else if opens && around.faults == Faults::AsTheyCome {
            self.door_s = random.between(18.0, 40.0);
        }
        if load > 0.05 {
            self.hoist_s = (self.hoist_s + dt) % 21.0;
        }
        self.cases += load * FULL_SPEED / 12.0 / 60.0 * dt;
        if self.cases >= PALLET {
            self.cases -= PALLET;
            self.pallets += 1;
        }
    }

    /// The compressor fills up to 6.9 bar and starts again at 6.3.
    fn supply_air(&mut self, around: &Surroundings, dt: f64) {
        let used = 0.002 + 0.0015 * around.load.iter().sum::<f64>();
        let made = if self.compressor_on { 0.028 } else { 0.0 };
        self.air_pressure = (self.air_pressure + (made - used) * dt).clamp(0.0, 7.5);
        if self.air_pressure <= 6.3 {
            self.compressor_on = true;
        } else if self.air_pressure >= 6.9 {
            self.compressor_on = false;
        }
    }

    /// Whether the label camera hangs.
    pub(crate) fn camera_hangs(&self) -> bool {
        self.camera_fault.now() > 0.0
    }

    /// mm/s RMS at the packer's main bearing.
    pub(crate) fn bearing_vibration(&self, load: f64) -> f64 {
        1.1 + load * (1.0 + 5.4 * self.wear.min(1.3).powi(3))
    }

    /// A: lifting takes a third of the cycle.
    pub(crate) fn hoist_current(&self, load: f64) -> f64 {
        if load <= 0.05 {
            1.4
        } else if self.hoist_s < 7.0 {
            14.5
        } else {
            6.2
        }
    }
}

/// `x` drawn towards `wanted` with time constant `tau_s`, wandering by `wander` a second.
fn towards(x: f64, wanted: f64, tau_s: f64, wander: f64, random: &mut Random, dt: f64) -> f64 {
    x + (wanted - x) * (dt / tau_s).min(1.0) + wander * random.bell() * dt.sqrt()
}
