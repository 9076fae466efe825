//! Other systems' files: their separators, commas, times and words for quality, and rows that are wrong.

mod common;

use std::fmt::Write as _;
use std::ops::ControlFlow;

use common::{NOW, Place, everything, said, time};
use exchange::{ExportError, Form, Format, ImportError, Selection};
use model::{Quality, Sample, Value};

/// A logger's export from Germany.
const GERMAN: &str = r#"
separator = ";"
decimal = ","
skip_lines = 2

[time]
column = "Zeit"
format = "%d.%m.%Y %H:%M:%S"
zone = "Europe/Berlin"

[tag]
column = "Messstelle"

[value]
column = "Wert"

[quality]
column = "Status"
words = { OK = "good", Ersatzwert = "uncertain", Ausfall = "bad" }

[tags]
TT101 = "ulm/fill/line1/filler/temperature"
"#;

#[test]
fn a_german_file_with_crlf_bom_semicolons_and_commas_is_understood() {
    let place = Place::new();
    let file = "\u{feff}Anlage Ulm\r\nerstellt am 23.11.2026\r\n\
                Zeit;Messstelle;Wert;Status\r\n\
                23.11.2020 07:00:00;TT101;21,5;OK\r\n\
                \r\n\
                23.11.2020 07:00:01;TT101;\"22\";Ersatzwert\r\n\
                23.11.2020 07:00:02;TT101;;Ausfall\r\n\
                23.07.2020 07:00:03;p2;-0,125;OK\r\n";
    let summary = place.import(file.as_bytes(), Some(GERMAN));
    assert!(summary.stopped.is_none() && summary.refusals.is_empty(), "{summary:?}");
    assert_eq!((summary.rows, summary.stored, summary.tags), (4, 4, 2));
    let six = 1_606_111_200_000;
    let uncertain = Sample { quality: Quality::UNCERTAIN, ..Sample::good(time(six + 1_000), Value::Int(22)) };
    assert_eq!(
        said(&place.samples("ulm/fill/line1/filler/temperature")),
        said(&[Sample::good(time(six), Value::Float(21.5)), uncertain, Sample::bad(time(six + 2_000), Quality::BAD)])
    );
    // In summer the zone is two hours ahead.
    assert_eq!(said(&place.samples("p2")), said(&[Sample::good(time(1_595_480_403_000), Value::Float(-0.125))]));
}

#[test]
fn a_file_with_a_column_a_tag_needs_no_header() {
    let mapping = r#"
        header = false
        separator = "\t"
        time = { column = 1, format = "s" }
        columns = [
            { column = 2, tag = "a" },
            { column = 3, tag = "b", kind = "bool" },
            { column = 4, tag = "c", kind = "text" },
        ]"#;
    let place = Place::new();
    let summary = place.import(b"100\t1\ton\t007\n101.5\t\t0\t\n102\tNaN\tfalse\t=1\n", Some(mapping));
    assert!(summary.stopped.is_none() && summary.refusals.is_empty(), "{summary:?}");
    let good = |at: i64, value: Value| Sample::good(time(at), value);
    let out_of_range = Sample::bad(time(102_000), Quality::BAD_OUT_OF_RANGE);
    assert_eq!(said(&place.samples("a")), said(&[good(100_000, Value::Int(1)), out_of_range]));
    let truths = [(100_000, true), (101_500, false), (102_000, false)].map(|(at, x)| good(at, Value::Bool(x)));
    assert_eq!(said(&place.samples("b")), said(&truths));
    assert_eq!(said(&place.samples("c")), said(&[good(100_000, Value::text("007")), good(102_000, Value::text("=1"))]));
}

#[test]
fn wrong_rows_are_told_with_their_line_and_the_others_are_stored() {
    let place = Place::new();
    let file = "time,tag,value,quality\n\
                2026-11-23T05:00:00Z,a,1,good\n\
                yesterday,a,2,good\n\
                2026-11-23T05:00:02Z,a,\"two\nlines\",good\n\
                2026-11-23T05:00:03Z,,4,good\n\
                2026-11-23T05:00:04Z,a,5,fine\n\
                2026-11-23T05:00:05Z,a,6\n\
                2027-11-23T05:00:06Z,a,7,good\n\
                2026-11-23T05:00:07Z,a,8,good\n";
    let summary = place.import(file.as_bytes(), None);
    assert_eq!((summary.rows, summary.stored, summary.refused), (8, 3, 5));
    let told: Vec<String> = summary.refusals.iter().map(|each| format!("{}: {}", each.place, each.words)).collect();
    for (told, expect) in told.iter().zip([
        "line 3: `yesterday` is no time",
        "line 6: it names no tag",
        "line 7: `fine` is no known quality; say in [quality.words]",
        "line 8: it has 3 cells where the header has 4",
        "line 9: it lies in the future",
    ]) {
        assert!(told.starts_with(expect), "{told}");
    }
    assert_eq!(place.samples("a").len(), 3);
}

#[test]
fn a_strict_import_stores_all_or_nothing() {
    let place = Place::new();
    let good = "time,tag,value,quality\n2026-11-23T05:00:00Z,a,1,good\n";
    let summary = place.import_strictly(format!("{good}2026-11-23T05:00:01Z,a,2,fine\n").as_bytes(), None);
    assert!(matches!(summary.stopped, Some(ImportError::Refused)), "{summary:?}");
    assert_eq!((summary.stored, summary.refusals[0].place.as_str()), (0, "line 3"));
    assert!(place.samples("a").is_empty());
    assert_eq!(place.import_strictly(good.as_bytes(), None).stored, 1);
}

#[test]
fn no_more_than_twenty_wrong_rows_are_told_and_all_are_counted() {
    let mut file = "time,tag,value,quality\n".to_owned();
    (0..1_000).for_each(|i| writeln!(file, "{i},a,1,good").expect("a string"));
    let summary = Place::new().import(file.as_bytes(), None);
    assert_eq!((summary.refused, summary.refusals.len()), (1_000, 20));
}

#[test]
fn what_cannot_be_understood_is_refused_as_a_whole() {
    let place = Place::new();
    let endless = format!("time,tag,value,quality\n2026-11-23T05:00:00Z,a,1,\"{}", "x\n".repeat(600_000));
    for (bytes, expect) in [
        (&b""[..], "the file is empty"),
        (b"\xff\xfet\0i\0m\0e\0", "UTF-16"),
        (b"Zeit,Wert\n1,2\n", "say with a mapping what its columns mean; it has Zeit, Wert"),
        (endless.as_bytes(), "the record that begins in line 2 is too large"),
        (b"PAR1 and nothing", "the Parquet file cannot be read"),
    ] {
        let stopped = place.import(bytes, None).stopped.expect("it is refused").to_string();
        assert!(stopped.contains(expect), "{stopped}");
    }
    let latin = place.import(b"time,tag,value,quality\n2026-11-23T05:00:00Z,a,gr\xfcn,good\n", None);
    assert!(latin.refusals[0].words.contains("save the file as UTF-8"), "{latin:?}");
}

#[test]
fn another_programs_parquet_is_read_by_a_mapping() {
    let place = Place::new();
    place.record("x", [Sample::good(time(NOW - 1_000), Value::Int(3)), Sample::good(time(NOW), Value::Float(4.5))]);
    let file = place.export(&["x"], everything(), &Format::Parquet);
    let after = Place::new();
    // Only its plain columns, as of a program that knows nothing of Andon's.
    let mapping = "time = { column = \"time\" }\ntag = { column = \"tag\" }\nvalue = { column = \"value\" }\ntags = { x = \"y\" }";
    let summary = after.import(&file, Some(mapping));
    assert!(summary.stopped.is_none() && summary.refusals.is_empty(), "{summary:?}");
    let expect = [Sample::good(time(NOW - 1_000), Value::Float(3.0)), Sample::good(time(NOW), Value::Float(4.5))];
    assert_eq!(said(&after.samples("y")), said(&expect));
}

#[test]
fn an_export_ends_when_it_is_told_to() {
    let place = Place::new();
    place.record("a", (0..20_000).map(|i| Sample::good(time(i), Value::Int(i))));
    let selection = Selection { tags: vec!["a".to_owned()], span: everything(), known_until: time(NOW) };
    for format in [csv(), Format::Parquet] {
        let mut asked = 0;
        let mut watch = |_| {
            asked += 1;
            if asked == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let outcome = exchange::export(&place.history.reader(), &selection, &format, Vec::new(), &mut watch);
        assert!(matches!(outcome, Err(ExportError::Cancelled)), "{outcome:?}");
        assert_eq!(asked, 3);
    }
}

#[test]
fn an_import_that_is_cancelled_says_what_it_stored() {
    let place = Place::new();
    place.record("a", (0..5_000).map(|i| Sample::good(time(i), Value::Int(i))));
    let file = place.export(&["a"], everything(), &csv());
    let path = place.file("a.csv");
    std::fs::write(&path, file).expect("a file");
    let after = Place::new();
    let how = exchange::Import { mapping: None, now: time(NOW), strict: false };
    let mut file = std::fs::File::open(path).expect("the file");
    let summary = exchange::import(&mut file, &after.history, how, &mut |_| ControlFlow::Break(()));
    assert!(matches!(summary.stopped, Some(ImportError::Cancelled)), "{summary:?}");
    assert_eq!(summary.stored, 1_000);
    assert_eq!(after.samples("a").len(), 1_000);
}

fn csv() -> Format {
    Format::Csv(exchange::Csv { form: Form::Long, zone: jiff::tz::TimeZone::UTC })
}
