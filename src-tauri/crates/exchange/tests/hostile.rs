//! Whatever bytes a file has: they are refused in words or taken as samples, and never the end of the program.

mod common;

use common::{NOW, Place, everything, time};
use exchange::{Csv, Form, Format};
use jiff::tz::TimeZone;
use model::{Sample, Value};
use proptest::prelude::*;

/// Changes that a bad disk or a bad person makes: other bytes, and an earlier end.
fn damage() -> impl Strategy<Value = (Vec<(prop::sample::Index, u8)>, Option<prop::sample::Index>)> {
    let bytes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    (bytes, prop::option::weighted(0.2, any::<prop::sample::Index>()))
}

fn whole(format: &Format) -> Vec<u8> {
    let place = Place::new();
    let value = |i: i64| match i % 5 {
        0 => Value::Int(i),
        1 => Value::Bool(i % 2 == 0),
        2 => Value::text(format!("=state \"{i}\"")),
        3 => Value::UInt(u64::MAX),
        _ => Value::Float(0.1),
    };
    for tag in ["a", "b"] {
        place.record(tag, (0..300).map(|i| Sample::good(time(NOW - i * 1_000), value(i))));
    }
    place.export(&["a", "b"], everything(), format)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_no_more_than_a_bad_file((bytes, end) in damage()) {
        thread_local!(static FILES: (Place, [Vec<u8>; 3]) = {
            let csv = |form| Format::Csv(Csv { form, zone: TimeZone::UTC });
            let forms = [csv(Form::Long), csv(Form::Wide { every: None }), Format::Parquet];
            (Place::new(), forms.map(|format| whole(&format)))
        });
        FILES.with(|(place, files)| {
            for file in files {
                let mut file = file.clone();
                for (at, byte) in &bytes {
                    let at = at.index(file.len());
                    file[at] = *byte;
                }
                if let Some(end) = &end {
                    file.truncate(end.index(file.len()));
                }
                let summary = place.import(&file, None);
                assert!(summary.refusals.iter().all(|refusal| !refusal.words.is_empty() && !refusal.place.is_empty()));
                assert!(summary.stopped.is_none_or(|stopped| !stopped.to_string().is_empty()));
            }
        });
    }

    #[test]
    fn bytes_without_sense_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        thread_local!(static PLACE: Place = Place::new());
        PLACE.with(|place| {
            let summary = place.import(&bytes, None);
            assert!(summary.stopped.is_some() && summary.stored == 0, "{summary:?}");
            let any = "header = false\ntime = { column = 1, format = \"s\" }\ncolumns = [{ column = 1, tag = \"a\", kind = \"any\" }]";
            place.import(&bytes, Some(any));
        });
    }
}
