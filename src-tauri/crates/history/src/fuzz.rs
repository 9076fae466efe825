//! Whatever bytes, into everything that reads what lies in a history's file: for `tests/fuzz`, and for the seeds' own test.
//!
//! Each function lets one decoder have the bytes and asserts what must hold of its answer. In a file the bytes have a checksum in
//! front of them; here they have none. Built with the feature `fuzzing` and in this crate's tests only.

use crate::coding::{batch, block, rolls};
use crate::samples::{Cell, Samples};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 3] =
    [("history_block", history_block), ("history_batch", history_batch), ("history_minutes", history_minutes)];

/// The samples of a block: in order of time, the same when they are packed again, and the same when they are asked for one by one.
pub fn history_block(data: &[u8]) {
    for time in [0, i64::MIN, i64::MAX] {
        drop(block::decode_at(data, time));
    }
    let Ok(samples) = block::decode(data) else { return };
    assert!(samples.times().windows(2).all(|pair| pair[0] < pair[1]), "times that do not ascend");
    let again = block::decode(&block::encode(&samples)).expect("was packed just now");
    assert_eq!(cells(&again), cells(&samples), "packed again it is something else");
    for i in [0, samples.len() / 2, samples.len() - 1] {
        let at = block::decode_at(data, samples.times()[i]).expect("the whole block can be read");
        assert_eq!(at, Some(samples.cell(i)), "one sample is another one than in the whole block");
    }
}

/// A batch of the log.
pub fn history_batch(data: &[u8]) {
    let mut count = 0_usize;
    let read = batch::read(data, |_, _| count += 1);
    // A sample takes a byte at least, before packing: what is read is bounded by what packing allows.
    assert!(read.is_err() || count <= 1 << 26, "{count} samples");
}

/// The minutes of a block: none ends before it begins.
pub fn history_minutes(data: &[u8]) {
    let Ok(rows) = rolls::decode(data) else { return };
    assert!(rows.iter().all(|row| row.from <= row.until), "a row that ends before it begins");
}

fn cells(samples: &Samples) -> Vec<Cell> {
    (0..samples.len()).map(|i| samples.cell(i)).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use model::{Quality, Sample, Timestamp, Value};

    use super::*;
    use crate::roll;

    /// What the seeds are made of: every kind of value, times on a grid and off it, and a page more than one.
    fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
        let sample = |time: i64, value: Option<Value>, quality| Sample {
            time: Timestamp::from_millis(time),
            received: Timestamp::from_millis(time + time % 3),
            value,
            quality,
        };
        let good = |time, value| sample(time, Some(value), Quality::GOOD);
        let of = |samples: Vec<Sample>| {
            let mut columns = Samples::default();
            samples.iter().for_each(|sample| columns.put(Cell::of(sample)));
            columns
        };
        let floats = of((0..5_000)
            .map(|i| good(i * 1_000 + i * 7 % 19, Value::Float(f64::from(i as i32 % 77) / 10.0)))
            .collect());
        let even = of((0..50).map(|i| good(i * 250, Value::Bool(i % 7 < 3))).collect());
        let mixed = of(vec![
            good(1, Value::Int(-5)),
            good(70_000, Value::UInt(u64::MAX)),
            good(70_500, Value::text("jammed")),
            sample(130_000, None, Quality::STALE),
            good(131_000, Value::Float(0.1)),
            sample(190_000, Some(Value::Float(-3.25)), Quality::UNCERTAIN),
        ]);
        let mut made = batch::Batch::default();
        (0..mixed.len()).for_each(|i| made.add(7, &mixed.cell(i)));
        let mut bytes = Vec::new();
        made.write(&mut bytes);
        vec![
            ("history_block", "floats", block::encode(&floats)),
            ("history_block", "even", block::encode(&even)),
            ("history_block", "mixed", block::encode(&mixed)),
            ("history_batch", "mixed", bytes),
            ("history_minutes", "floats", rolls::encode(&roll::of_minutes(&floats))),
            ("history_minutes", "mixed", rolls::encode(&roll::of_minutes(&mixed))),
        ]
    }

    /// With `UPDATE_SEEDS=1` the seeds are written anew; otherwise those in the tree are read, which older versions wrote.
    #[test]
    fn every_seed_is_taken_as_it_must_be() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fuzz/seeds");
        if std::env::var_os("UPDATE_SEEDS").is_some() {
            for (target, name, bytes) in seeds() {
                fs::create_dir_all(folder.join(target)).expect("the folder of the seeds can be written");
                fs::write(folder.join(target).join(name), bytes).expect("a seed can be written");
            }
        }
        for (name, run) in TARGETS {
            let seeds = fs::read_dir(folder.join(name)).expect("the folder of the seeds is in the tree");
            for seed in seeds {
                run(&fs::read(seed.expect("an entry of a folder that is being read").path()).expect("can be read"));
            }
        }
        for (target, name, bytes) in seeds() {
            let (_, run) = TARGETS.iter().find(|(known, _)| *known == target).expect("a target of its name");
            assert!(folder.join(target).join(name).exists(), "{name} is in the tree");
            run(&bytes);
        }
    }
}
