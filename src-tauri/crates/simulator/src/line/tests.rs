//! The line's stories: the same hour from the same seed, and what a stop does to its neighbours.

use super::*;

fn calm() -> (Line, Random) {
    let mut line = Line::running(36_000.0);
    line.set_faults(Faults::None);
    (line, Random::new(1))
}

/// Steps second by second until `wanted`, at most `limit_s`; says after how many seconds.
fn until(line: &mut Line, random: &mut Random, limit_s: u32, wanted: impl Fn(&Line) -> bool) -> u32 {
    for second in 0..limit_s {
        if wanted(line) {
            return second;
        }
        line.step(1.0, random);
    }
    panic!("not within {limit_s} s: {:?}", Station::ALL.map(|station| (station, line.state(station))));
}

#[test]
fn a_machine_runs_at_the_speed_it_is_told_and_refuses_what_it_is_not_made_for() {
    let mut line = Line::running(0.0);
    line.set_faults(Faults::None);
    assert!(line.set_speed(Station::Filler, 200.0));
    line.step(60.0, &mut Random::new(1));
    assert!(line.speed(Station::Filler) <= 200.0 && line.speed(Station::Filler) >= 150.0);
    for impossible in [-1.0, 501.0, f64::NAN, f64::INFINITY] {
        assert!(!line.set_speed(Station::Filler, impossible), "{impossible}");
    }
    assert!((line.setpoint(Station::Filler) - 200.0).abs() < 1e-9);
    assert!((line.setpoint(Station::Packer) - Station::Packer.design().target / 12.0).abs() < 1e-9);
}

#[test]
fn the_same_seed_makes_the_same_hour() {
    let hour = |seed| {
        let mut line = Line::running(0.0);
        let mut random = Random::new(seed);
        for _ in 0..3600 {
            line.step(1.0, &mut random);
        }
        line
    };
    assert_eq!(hour(42), hour(42));
    assert_ne!(hour(42), hour(43), "another seed is another hour");
}

#[test]
fn a_calm_line_keeps_running_at_the_pace_of_the_filler() {
    let (mut line, mut random) = calm();
    let before = line.counts(Station::Palletiser).0;
    line.step(3600.0, &mut random);
    for station in [Station::Filler, Station::Capper, Station::Labeller, Station::Packer, Station::Palletiser] {
        assert_eq!(line.state(station), State::Execute, "{station:?}");
    }
    let cases = line.counts(Station::Palletiser).0 - before;
    assert!((1_900..=2_010).contains(&cases), "about 2,000 cases an hour, got {cases}");
}

#[test]
fn a_jam_blocks_what_is_before_it_and_starves_what_is_after() {
    let (mut line, mut random) = calm();
    line.step(120.0, &mut random);
    line.jam(Station::Capper);
    until(&mut line, &mut random, 10, |line| line.state(Station::Capper) == State::Held);
    let starved = until(&mut line, &mut random, 120, |line| line.state(Station::Labeller) == State::Suspended);
    assert!(starved > 5, "the conveyor in between lasts a while");
    until(&mut line, &mut random, 180, |line| line.state(Station::Filler) == State::Suspended);
    until(&mut line, &mut random, 240, |line| line.state(Station::Depalletiser) == State::Suspended);
    until(&mut line, &mut random, 240, |line| line.state(Station::Palletiser) == State::Suspended);
    let (good, _) = line.counts(Station::Palletiser);
    line.step(300.0, &mut random);
    assert_eq!(line.state(Station::Capper), State::Held, "it stays until someone clears it");
    assert_eq!(line.counts(Station::Palletiser).0, good, "nothing comes out");

    line.clear(Station::Capper);
    let all_run = |line: &Line| Station::ALL.iter().all(|station| line.state(*station) == State::Execute);
    until(&mut line, &mut random, 300, all_run);
}

#[test]
fn bottles_are_neither_made_nor_lost_on_the_way() {
    let mut line = Line::running(0.0);
    let mut random = Random::new(9);
    let bottles = |line: &Line, station: Station| {
        let (good, reject) = line.counts(station);
        ((good + reject) as f64) * station.design().bottles_a_unit
    };
    let start = line.clone();
    line.step(7200.0, &mut random);
    for (index, pair) in Station::ALL.windows(2).enumerate() {
        let made = (line.counts(pair[0]).0 - start.counts(pair[0]).0) as f64 * pair[0].design().bottles_a_unit;
        let taken = bottles(&line, pair[1]) - bottles(&start, pair[1]);
        let left = line.conveyors[index] - start.conveyors[index];
        assert!((made - taken - left).abs() < 30.0, "{pair:?}: made {made}, taken {taken}, left {left}");
    }
}

#[test]
fn conveyors_never_overflow_or_run_into_debt() {
    let mut line = Line::running(0.0);
    let mut random = Random::new(3);
    for _ in 0..40_000 {
        line.step(1.0, &mut random);
        for (level, capacity) in line.conveyors.iter().zip(CAPACITY) {
            assert!((0.0..=capacity).contains(level), "{level} of {capacity}");
        }
    }
}

#[test]
fn a_week_has_jams_stops_a_new_bearing_and_mostly_production() {
    let mut line = Line::running(0.0);
    let mut random = Random::new(5);
    let mut seconds = std::collections::HashMap::new();
    let mut replaced = 0;
    let mut wear = line.process.wear;
    for _ in 0..(48 * 3600) {
        line.step(1.0, &mut random);
        for station in Station::ALL {
            *seconds.entry((station, line.state(station))).or_insert(0_u32) += 1;
        }
        if line.process.wear < wear {
            replaced += 1;
        }
        wear = line.process.wear;
    }
    let share = |station, state| f64::from(*seconds.get(&(station, state)).unwrap_or(&0)) / (48.0 * 3600.0);
    assert!(share(Station::Filler, State::Execute) > 0.7, "{}", share(Station::Filler, State::Execute));
    assert!(share(Station::Filler, State::Execute) < 0.97);
    assert!(share(Station::Palletiser, State::Aborted) > 0.0, "someone opened the guard");
    assert!(share(Station::Depalletiser, State::Complete) > 0.0, "there were breaks");
    assert!((3..=7).contains(&replaced), "bearings replaced: {replaced}");
}
