//! Whatever is in the files: bounded work, bounded answers, no panic; and the examples of the documentation are right.

use plant::{Files, Severity, TagIndices};
use proptest::prelude::*;

use crate::common::{AROUND, Known, folder, lines, plant};

const DOCUMENTATION: &str = include_str!("../../../../../docs/plant-file.md");

/// The TOML examples of the documentation.
fn examples() -> Vec<&'static str> {
    let blocks = DOCUMENTATION.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().expect("split gives one part at least")).collect()
}

fn problems(files: &Files) -> Vec<String> {
    lines(&plant::read(files, &Known, &TagIndices::default()).problems)
}

#[test]
fn the_examples_of_the_documentation_are_right() {
    let examples = examples();
    assert_eq!(examples.len(), 2, "one for MQTT and one for Modbus");
    for text in examples {
        let files = folder(text);
        assert_eq!(problems(&files), Vec::<String>::new(), "{text}");
        let plant = plant(&files, &TagIndices::default());
        assert!(plant.tags.len() >= 2 && plant.alarms.len() >= 3);
    }
}

#[test]
fn the_list_of_the_documentation_is_right() {
    let list = DOCUMENTATION.lines().map(str::trim_start).skip_while(|line| !line.starts_with("machine,id,"));
    let list: String = list.take_while(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect();
    let mut files = folder(examples()[0]);
    files.insert("tags/pumps.csv", list);
    assert_eq!(problems(&files), Vec::<String>::new());
    let plant = plant(&files, &TagIndices::default());
    assert_eq!(plant.tag_by_id("ulm/filling/line1/filler/pressure").unwrap().unit, "bar");
}

#[test]
fn every_key_is_documented() {
    let text = "[[tags]]\n\" \" = 1\n[[alarms]]\n\" \" = 1\n[[machines]]\n\" \" = 1\n[templates.x]\n\" \" = 1\n";
    for problem in problems(&folder(text)).iter().filter(|problem| problem.contains("unknown key")) {
        let keys = problem.split("use one of: ").nth(1).expect("the remedy names all of them");
        for key in keys.split(", ") {
            let is_there = [format!("`{key}`"), format!(".{key}]]"), format!("`{key} =")];
            assert!(is_there.iter().any(|form| DOCUMENTATION.contains(form)), "`{key}` is not documented");
        }
    }
}

#[test]
fn a_folder_without_a_plant_file_says_so() {
    let expect = ["0 there is no plant.toml in the folder; write one; docs/plant-file.md describes it"];
    assert_eq!(problems(&Files::new()), expect);
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let large = " ".repeat(plant::FILE_BYTES + 1);
    assert_eq!(problems(&folder(&large)), ["0 the file is larger than 16 MiB; divide it, or use templates"]);
    let mut files = folder(AROUND);
    files.insert("tags/large.csv", large);
    assert_eq!(problems(&files), ["tags/large.csv 0 the file is larger than 16 MiB; divide it, or use templates"]);
}

#[test]
fn too_many_tags_are_refused() {
    let mut list = "id,gateway,address.register\n".to_owned();
    (0..=plant::TAGS).for_each(|n| list.push_str(&format!("t{n},plc,{n}\n")));
    let mut files = folder(AROUND);
    files.insert("tags/many.csv", list);
    assert_eq!(problems(&files), ["tags/many.csv 200002 there are more than 200000 tags; divide the plant in two"]);
}

#[test]
fn a_large_plant_is_read() {
    let entry = |n: usize| {
        format!(
            "[[tags]]\nmachine = \"ulm/fill/line1/filler\"\nid = \"s{n}\"\nname = \"Tag {n}\"\ngateway = \"plc\"\n\
             address = {{ table = \"holding\", register = {n} }}\nunit = \"°C\"\nrange = [0, 100]\nlimits = {{ high = 82 }}\n"
        )
    };
    let mut files = folder(&format!("{}{AROUND}", (0..10_000).map(entry).collect::<String>()));
    let row = |n: usize| format!("ulm/fill/line1/filler,t{n},Tag {n},plc,{n},input,°C,82,0|100\n");
    let head = "machine,id,name,gateway,address.register,address.table,unit,limits.high,range\n";
    files.insert("tags/many.csv", format!("{head}{}", (0..10_000).map(row).collect::<String>()));
    let plant = plant(&files, &TagIndices::default());
    assert_eq!((plant.tags.len(), plant.points("plc").len(), plant.slots()), (20_000, 20_000, 20_000));
    assert_eq!(plant.alarms.len(), 20_002);
}

#[test]
fn a_long_list_of_problems_ends() {
    let text: String = (0..3_000).map(|n| format!("key{n} = 1\n")).collect();
    let reading = plant::read(&folder(&format!("{text}{AROUND}")), &Known, &TagIndices::default());
    assert_eq!(reading.problems.len(), 1_001);
    let last = reading.problems.last().unwrap();
    assert_eq!((last.severity, &*last.message), (Severity::Error, "2000 more errors are not listed"));
}

#[test]
fn many_mistakes_of_one_kind_do_not_take_long() {
    let same = "x = 1\n".repeat(50_000);
    assert!(problems(&folder(&same)).len() > 900);
    let circle: String = (0..5_000).map(|n| format!("t{n},t{}\n", (n + 1) % 5_000)).collect();
    let mut files = folder(AROUND);
    files.insert("tags/circle.csv", format!("id,formula\n{circle}"));
    assert_eq!(problems(&files).len(), 1_001);
    let deep = format!("x = {}", "[".repeat(100_000));
    assert!(!problems(&folder(&deep)).is_empty());
    let wide = ",".repeat(1_000_000);
    let mut files = folder(AROUND);
    files.insert("tags/wide.csv", wide);
    assert_eq!(problems(&files).len(), 1);
}

#[test]
fn much_that_refers_to_much_does_not_take_long() {
    let tag = |n: usize| format!("[[templates.x.tags]]\nid = \"t{n}\"\nformula = \"1\"\n");
    let machine = |n: usize| format!("[[machines]]\npath = \"a/b/c/m{n}\"\ntemplate = \"x\"\n");
    let text: String = (0..1_000).map(tag).chain((0..5_000).map(machine)).collect();
    let found = problems(&folder(&format!("{text}{AROUND}")));
    assert_eq!(found, ["1 there are more than 200000 tags (machine `a/b/c/m200`); divide the plant in two"]);

    let alarm = |n: usize| format!("[[alarms]]\nid = \"a{n}\"\ntag = \"t\"\nkind = \"high\"\nlimit = {n}\n");
    let text: String = (0..20_000).map(alarm).collect();
    let tag = "[[tags]]\nid = \"t\"\nformula = \"1\"\nlimits = { high_high = 0 }\n";
    let found = problems(&folder(&format!("{text}{tag}{AROUND}")));
    assert!(found[0].contains("high 19999 is not below high-high 0"), "{}", found[0]);

    let strange = |n: usize| format!("[[alarms]]\ntag = \"strange{n}\"\nkind = \"stale\"\n");
    let tag = |n: usize| format!("[[tags]]\nid = \"a-rather-long-name-{n}\"\nformula = \"1\"\n");
    let text: String = (0..5_000).map(strange).chain((0..5_000).map(tag)).collect();
    assert_eq!(problems(&folder(&format!("{text}{AROUND}"))).len(), 1_001);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A right file with parts cut out, doubled or overwritten.
    #[test]
    fn no_text_makes_it_panic(which in 0..2_usize, cuts in prop::collection::vec((0..4_000_usize, 0..60_usize, ".{0,12}"), 1..8)) {
        let mut text: Vec<char> = examples()[which].chars().collect();
        for (at, length, instead) in cuts {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, instead.chars());
        }
        let text: String = text.into_iter().collect();
        let mut files = folder(&text);
        files.insert("tags/x.csv", text.as_str());
        let reading = plant::read(&files, &Known, &TagIndices::default());
        let most = u32::try_from(text.lines().count()).unwrap() + 1;
        prop_assert!(reading.problems.iter().all(|problem| problem.line <= most && !problem.remedy.is_empty()));
    }
}
