//! What lies at the broker, as bytes, into what reads it: for `tests/fuzz`. Built with the feature `fuzzing` and in this
//! crate's tests only.

use std::collections::HashMap;

use model::Timestamp;

use crate::{PublicKey, Scope, open};

/// Whatever is not signed is refused. The key is that of RFC 8032, 7.1, test 1, with which no fuzzer signs.
pub fn stations_letter(data: &[u8]) {
    let scope = Scope { plant: "Ulm".to_owned(), prefix: "andon".to_owned() };
    let key: PublicKey = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".parse().expect("32 bytes");
    let keys = HashMap::from([("laptop".to_owned(), key)]);
    let split = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (topic, payload) = data.split_at(split);
    let topics = ["andon/acts/laptop/jam".to_owned(), String::from_utf8_lossy(topic).into_owned()];
    for topic in topics {
        if let Ok(opened) = open(&scope, &keys, &topic, payload, Timestamp::from_millis(0)) {
            assert!(opened.deeds.is_empty() && opened.refused.is_none(), "taken unsigned: {opened:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_seeds_hold() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fuzz/seeds/stations_letter");
        let seeds: Vec<_> = fs::read_dir(folder).expect("the seeds are in the tree").collect();
        assert!(!seeds.is_empty());
        for seed in seeds {
            stations_letter(&fs::read(seed.expect("a file").path()).expect("it can be read"));
        }
    }
}
