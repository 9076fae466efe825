//! Whole pictures: their signature and size, and that no name can break them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use history::Point;
use jiff::tz::TimeZone;
use model::{Quality, Timestamp};
use report::{DrawError, Format, Limit, Pen, Shape, Trend, trend};

const START: i64 = 1_772_346_000_000;
const HOUR: i64 = 3_600_000;

fn pen(name: &str, unit: &str, decimals: u8, points: Vec<Point>) -> Pen {
    Pen { name: name.into(), unit: unit.into(), decimals, shape: Shape::Straight, points, limits: Vec::new() }
}

/// A point every ten seconds for four hours.
fn points(value: impl Fn(f64) -> Option<f64>) -> Vec<Point> {
    let point = |n: i64| {
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let value = value(n as f64 / 360.0);
        let quality = if value.is_some() { Quality::GOOD } else { Quality::BAD_TIMEOUT };
        Point { time: Timestamp::from_millis(START + n * 10_000), value, quality }
    };
    (-2..1_440).map(point).collect()
}

fn wobble(hours: f64) -> f64 {
    (hours * 37.0).sin() * 0.4 + (hours * 211.0).sin() * 0.25 + (hours * 701.0).cos() * 0.2
}

/// Four hours of a filler, as an engineer would export them.
fn filler() -> Trend {
    let stopped = |h: f64| (1.3..1.45).contains(&h) || (2.9..2.95).contains(&h);
    let mut pressure = pen(
        "Filler · Product pressure",
        "bar",
        2,
        points(|h| {
            (!(2.0..2.25).contains(&h))
                .then(|| 2.4 + 0.03 * wobble(h) - if (3.2..3.3).contains(&h) { 0.5 } else { 0.0 })
        }),
    );
    pressure.limits = vec![Limit { letters: "L".into(), value: 2.0 }, Limit { letters: "LL".into(), value: 1.4 }];
    let speed =
        pen("Filler · Speed", "bottles/min", 1, points(|h| Some(if stopped(h) { 0.0 } else { 399.0 + wobble(h) })));
    let mut target =
        pen("Filler · Speed setpoint", "bottles/min", 1, points(|h| Some(if h < 2.5 { 400.0 } else { 380.0 })));
    target.shape = Shape::Stepped;
    let mut drive =
        pen("Filler · Drive temperature", "°C", 1, points(|h| Some(50.0 + 3.0 * (h * 1.5).sin() + 0.2 * wobble(h))));
    for point in &mut drive.points[700..900] {
        point.quality = Quality::STALE;
    }
    drive.limits = vec![Limit { letters: "H".into(), value: 70.0 }];
    let glue = pen("Labeller · Glue temperature", "°C", 1, points(|h| Some(55.0 + wobble(h))));
    let level = pen("Filler · Tank level", "%", 0, points(|h| Some(62.0 + 6.0 * wobble(h * 0.1))));
    Trend {
        title: "Line 1: filler during the early shift".into(),
        from: Timestamp::from_millis(START),
        to: Timestamp::from_millis(START + 4 * HOUR),
        known_until: Timestamp::from_millis(START + 4 * HOUR),
        size: (1400, 800),
        pens: vec![pressure, speed, target, drive, glue, level],
        zone: TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap(),
    }
}

fn svg(trend_to_draw: &Trend) -> String {
    String::from_utf8(trend(trend_to_draw, Format::Svg).unwrap()).unwrap()
}

/// The names of open elements must close in turn, attributes be quoted, and entities be known.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(!text.contains('>'), "a bare > in {text:?}");
        for entity in text.split('&').skip(1) {
            let known = ["lt;", "gt;", "amp;", "quot;", "apos;"].iter().any(|known| entity.starts_with(known));
            assert!(known, "a bare & before {entity:?}");
        }
        let end = at + rest[at..].find('>').expect("a tag that ends");
        let tag = &rest[at + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in {tag:?}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name.trim()), "closing tag");
        } else if !tag.ends_with('/') && !tag.starts_with(['?', '!']) {
            open.push(tag.split_whitespace().next().unwrap());
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "left open: {open:?}");
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'), "no control characters");
}

#[test]
fn a_png_has_its_signature_and_the_size_asked_for() {
    let png = trend(&filler(), Format::Png).unwrap();
    assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n");
    assert_eq!(png[16..24], [1400_u32.to_be_bytes(), 800_u32.to_be_bytes()].concat());
    assert!(png.len() < 600_000, "{} bytes", png.len());
    if let Some(folder) = std::env::var_os("REPORT_PICTURES") {
        std::fs::write(std::path::Path::new(&folder).join("filler.png"), png).unwrap();
        std::fs::write(std::path::Path::new(&folder).join("filler.svg"), svg(&filler())).unwrap();
    }
}

#[test]
fn an_svg_is_well_formed_and_shows_at_the_size_asked_for() {
    let svg = svg(&filler());
    assert_well_formed(&svg);
    assert!(svg.starts_with("<svg width=\"1400\" height=\"800\" viewBox=\"0 0 11200 6400\""), "{}", &svg[..120]);
    assert!(svg.contains("Product pressure") && svg.contains("°C"));
}

#[test]
fn hostile_names_stay_text() {
    let mut trend = filler();
    trend.title = "</text><script>alert(1)</script> & \u{1}\u{0} \"quoted\" ]]>".into();
    trend.pens[0].name = "<img src=x onerror='x'>&nbsp;\n\u{FFFE}".into();
    trend.pens[0].unit = "\"><g>".into();
    trend.pens[0].limits[0].letters = "<H>".into();
    let svg = svg(&trend);
    assert_well_formed(&svg);
    assert!(!svg.contains("<script") && !svg.contains("<img") && !svg.contains("<g>"));
    assert!(svg.contains("&lt;script&gt;"));
}

#[test]
fn every_size_and_any_pens_can_be_drawn() {
    let mut trend_to_draw = filler();
    let many = (0..16_u8).map(|n| {
        let unit = ["bar", "°C", "A", "kW", "mm/s", "Nm", "%"][usize::from(n) % 7];
        pen(&format!("Pen {n}"), unit, 1, points(move |h| Some(f64::from(n) * 1e3 + wobble(h + f64::from(n)))))
    });
    trend_to_draw.pens = many.collect();
    for size in [(320, 200), (640, 400), (1600, 1000), (800, 8_000)] {
        trend_to_draw.size = size;
        assert_well_formed(&svg(&trend_to_draw));
        let png = trend(&trend_to_draw, Format::Png).unwrap();
        if let Some(folder) = std::env::var_os("REPORT_PICTURES") {
            std::fs::write(std::path::Path::new(&folder).join(format!("many-{}.png", size.0)), png).unwrap();
        }
    }
    trend_to_draw.pens = vec![pen("Nothing", "", 0, Vec::new()), pen("Only gaps", "bar", 0, points(|_| None))];
    trend_to_draw.size = (800, 400);
    assert_well_formed(&svg(&trend_to_draw));
    let huge = points(|h| Some(if h > 1.0 { f64::MAX } else { f64::MIN }));
    trend_to_draw.pens = vec![pen("Huge", "bar", 2, huge)];
    assert_well_formed(&svg(&trend_to_draw));
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let mut wrong = filler();
    wrong.size = (100, 100);
    assert!(matches!(trend(&wrong, Format::Png), Err(DrawError::Size { width: 100, height: 100 })));
    let mut wrong = filler();
    wrong.to = wrong.from;
    assert!(matches!(trend(&wrong, Format::Svg), Err(DrawError::Span)));
    let mut wrong = filler();
    wrong.pens.clear();
    assert!(matches!(trend(&wrong, Format::Svg), Err(DrawError::Pens { count: 0 })));
    let mut wrong = filler();
    (wrong.from, wrong.to) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
    assert!(matches!(trend(&wrong, Format::Svg), Err(DrawError::Calendar(_))));
}
