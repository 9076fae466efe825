//! What the line's sensors and controllers say: every value of the plant file by machine and name.
//!
//! The one place where a true value gets its unit, its noise and its resolution. MQTT messages, registers and the
//! written past are all made from these readings, so that they cannot disagree.

use std::sync::Arc;

use model::Value;

use crate::line::{Line, Station};
use crate::random::Random;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    /// The machine; `None` for the line's own.
    pub(crate) station: Option<Station>,
    /// The last segment of the tag's id.
    pub(crate) name: &'static str,
    /// The value; `None` while its sensor says nothing.
    pub(crate) value: Option<Value>,
    /// Changes up to this are not worth a row of history.
    pub(crate) fine: f64,
}

/// All readings of one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readings {
    all: Vec<Reading>,
}

/// Collects readings of one machine.
struct Collector<'a> {
    readings: &'a mut Readings,
    station: Option<Station>,
}

impl Readings {
    /// What the sensors say of the line now.
    pub(crate) fn of(line: &Line, noise: &mut Random) -> Self {
        let mut readings = Readings { all: Vec::with_capacity(96) };
        for station in Station::ALL {
            let mut to = Collector { readings: &mut readings, station: Some(station) };
            common(line, station, &mut to, noise);
            special(line, station, &mut to, noise);
        }
        own(line, &mut readings, noise);
        readings
    }

    /// All, always in the same order.
    pub(crate) fn all(&self) -> &[Reading] {
        &self.all
    }

    /// One value; `None` where there is no such reading or its sensor says nothing.
    pub(crate) fn get(&self, station: Option<Station>, name: &str) -> Option<&Value> {
        self.all
            .iter()
            .find(|reading| reading.station == station && reading.name == name)
            .and_then(|reading| reading.value.as_ref())
    }

    /// One value as a number; 0 where there is none.
    pub(crate) fn number(&self, station: Option<Station>, name: &str) -> f64 {
        self.get(station, name).and_then(Value::number).unwrap_or(0.0)
    }
}

impl Collector<'_> {
    fn push(&mut self, name: &'static str, value: Option<Value>, fine: f64) {
        self.readings.all.push(Reading { station: self.station, name, value, fine });
    }

    /// A number with `decimals` digits; changes up to `fine` are noise.
    fn float(&mut self, name: &'static str, x: f64, decimals: i32, fine: f64) {
        let scale = 10_f64.powi(decimals);
        self.push(name, Value::float((x * scale).round() / scale).ok(), fine);
    }

    fn count(&mut self, name: &'static str, x: u64) {
        self.push(name, Some(Value::unsigned(x)), 0.0);
    }

    fn flag(&mut self, name: &'static str, on: bool) {
        self.push(name, Some(Value::Bool(on)), 0.0);
    }
}

/// What every machine says.
fn common(line: &Line, station: Station, to: &mut Collector<'_>, noise: &mut Random) {
    let design = station.design();
    let (good, reject) = line.counts(station);
    let state = line.state(station);
    to.push("state", Some(Value::Text(Arc::from(state.word()))), 0.0);
    to.count("state_code", u64::from(state.code()));
    let speed = line.speed(station);
    let measured = if speed > 1.0 { speed + 0.7 * noise.bell() } else { 0.0 };
    to.float("speed", measured.max(0.0) / design.bottles_a_unit, 1, 2.0 / design.bottles_a_unit);
    to.float("speed_target", line.setpoint(station), 1, 0.0);
    to.count("good_count", good);
    to.count("reject_count", reject);
    to.flag("jam", line.is_jammed(station));
    to.float("power", line.power(station) + 0.06 * noise.bell(), 2, 0.3);
    let heat = if line.is_flooding() { 32.0 } else { 0.0 };
    to.float("drive_temperature", line.drive_temperature(station) + heat + 0.08 * noise.bell(), 1, 0.4);
    if let Some(fill) = line.infeed_percent(station) {
        to.float("infeed_fill", fill, 1, 2.0);
    }
}

/// What only one kind of machine says.
fn special(line: &Line, station: Station, to: &mut Collector<'_>, noise: &mut Random) {
    let process = line.process();
    let flood = line.is_flooding();
    let load = line.load(station);
    let or = |true_value: f64, flooded: f64| if flood { flooded } else { true_value };
    match station {
        Station::Depalletiser => {
            to.count("layers_left", process.layers);
            to.float("gripper_vacuum", or(process.vacuum, -0.31) + 0.003 * noise.bell(), 3, 0.01);
        }
        Station::Filler => {
            to.float("product_pressure", or(process.product_pressure, 1.1) + 0.008 * noise.bell(), 2, 0.03);
            to.float("product_temperature", or(process.product_temperature, 14.2) + 0.03 * noise.bell(), 1, 0.1);
            let flow = load * 12.0;
            to.float("product_flow", if flow > 0.1 { flow + 0.05 * noise.bell() } else { 0.0 }, 2, 0.15);
            to.float("tank_level", or(process.tank_level, 12.0) + 0.15 * noise.bell(), 1, 0.6);
            let volume = process.fill_volume + 0.1 * noise.bell();
            to.float("fill_volume", volume, 1, 0.3);
            to.float("reject_rate", process.reject_rate, 1, 0.3);
            calculate_filler(to);
        }
        Station::Capper => {
            to.float("cap_level", or(process.caps.level, 4.0), 1, 1.0);
            to.float("torque", or(process.torque, 1.12) + 0.01 * noise.bell(), 3, 0.03);
            to.float("vibration", 0.9 + 0.8 * load + 0.04 * noise.bell(), 2, 0.1);
        }
        Station::Labeller => {
            to.float("reel_level", or(process.reel.level, 3.0), 1, 1.0);
            to.float("glue_temperature", or(process.glue_temperature, 131.0) + 0.1 * noise.bell(), 1, 0.5);
            if process.camera_hangs() {
                to.push("label_offset", None, 0.0);
            } else {
                to.float("label_offset", process.label_offset + 0.03 * noise.bell(), 2, 0.08);
            }
        }
        Station::Packer => {
            let vibration = or(process.bearing_vibration(load), 9.6) + 0.05 * noise.bell();
            to.float("vibration", vibration, 2, 0.12);
            to.float("bearing_temperature", or(process.bearing_temperature, 96.0) + 0.1 * noise.bell(), 1, 0.4);
        }
        Station::Palletiser => {
            to.flag("guard_open", flood || process.door_s > 0.0);
            to.float("hoist_current", or(process.hoist_current(load), 24.5) + 0.15 * noise.bell(), 1, 0.6);
            to.count("cases_on_pallet", whole(process.cases));
            to.count("pallets", process.pallets);
        }
    }
}

/// The filler's calculated tags, by the formulas of the plant file.
fn calculate_filler(to: &mut Collector<'_>) {
    let of = |name| to.readings.number(Some(Station::Filler), name);
    let (speed, target) = (of("speed"), of("speed_target"));
    let deviation = of("fill_volume") - 500.0;
    let share = 100.0 * of("reject_rate") / speed.max(60.0);
    to.float("speed_deviation", speed - target, 1, 2.0);
    to.float("fill_deviation", deviation, 1, 0.3);
    to.float("reject_share", share, 2, 0.1);
}

/// What belongs to the line as a whole.
fn own(line: &Line, readings: &mut Readings, noise: &mut Random) {
    let process = line.process();
    let rate = readings.number(Some(Station::Palletiser), "speed") * 12.0 * 60.0;
    let power: f64 = Station::ALL.iter().map(|station| readings.number(Some(*station), "power")).sum();
    let running = Station::ALL.iter().filter(|station| line.state(**station).word() == "Execute").count();
    let air = if line.is_flooding() { 4.3 } else { process.air_pressure };
    let mut to = Collector { readings, station: None };
    to.float("hall_temperature", line.hall_temperature() + 0.04 * noise.bell(), 1, 0.1);
    to.float("air_pressure", air + 0.01 * noise.bell(), 2, 0.05);
    to.flag("compressor_on", process.compressor_on);
    to.count("energy", process.energy);
    to.float("line_rate", rate, 0, 150.0);
    to.float("total_power", power, 2, 1.0);
    to.count("machines_running", running as u64);
}

/// A small number without its fraction.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and not negative")]
fn whole(x: f64) -> u64 {
    x.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readings_come_in_the_same_order_whatever_happens() {
        let mut line = Line::running(0.0);
        let mut random = Random::new(1);
        let names = |line: &Line| {
            let readings = Readings::of(line, &mut Random::new(2));
            readings.all().iter().map(|reading| (reading.station, reading.name)).collect::<Vec<_>>()
        };
        let at_first = names(&line);
        assert!((70..=100).contains(&at_first.len()), "{} values", at_first.len());
        for _ in 0..200 {
            line.step(97.0, &mut random);
            assert_eq!(names(&line), at_first);
        }
    }

    #[test]
    fn a_flood_shows_in_the_readings_and_passes() {
        let mut line = Line::running(0.0);
        let mut random = Random::new(1);
        let pressure =
            |line: &Line| Readings::of(line, &mut Random::new(2)).number(Some(Station::Filler), "product_pressure");
        assert!(pressure(&line) > 2.0);
        line.flood();
        assert!(pressure(&line) < 1.2);
        line.step(61.0, &mut random);
        assert!(pressure(&line) > 2.0, "after a minute it is over");
    }
}
