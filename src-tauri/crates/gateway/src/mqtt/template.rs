//! What a broker's settings say of the addresses of all its tags, once for all of them: `tags = { topic = "{path}/{tag}" }`.
//!
//! What a tag says itself goes before it. Placeholders stand for the parts of the tag's full id; braces around anything
//! but a name stay as they are.

use model::{Point, Rejection, Settings};
use serde_json::Value as Json;

use super::{address, write};
use crate::form::Form;

/// Where it stands among the broker's settings.
pub(super) const KEY: &str = "tags";

/// The levels of the equipment, from the outermost.
const LEVELS: [&str; 4] = ["site", "area", "line", "machine"];
const PLACEHOLDERS: &str = "{site}, {area}, {line}, {machine}, {path}, {tag}";

/// Reads the template among a broker's settings, and rejects what no tag could make use of.
pub(super) fn check(form: &mut Form<'_>) {
    let Some(template) = form.document(KEY) else { return };
    let Json::Object(template) = template else {
        form.reject(KEY, "`tags` is not a table", "write for example tags = { topic = \"{path}/{tag}\" }");
        return;
    };
    for (key, value) in template {
        if !(address::KEYS.contains(&key.as_str()) || is_of_writing(key)) {
            let message = format!("`{}` is not known in an address", key.escape_debug());
            let known = [&address::KEYS[..], &write::KEYS].concat().join(", ");
            form.reject(KEY, message, format!("remove it, or write one of: {known}"));
        }
        let Json::String(text) = value else { continue };
        for name in Pieces(text).filter_map(Piece::name).filter(|name| !is_known(name)) {
            let message = format!("`{{{name}}}` in `{key}` stands for nothing");
            form.reject(KEY, message, format!("write one of: {PLACEHOLDERS}"));
        }
    }
}

/// A tag's address in full.
///
/// # Errors
/// A placeholder for a level that the tag does not have.
pub(super) fn fill(broker: &Settings, point: &Point) -> Result<Settings, Vec<Rejection>> {
    let mut full = point.address.clone();
    let Some(Json::Object(template)) = broker.get(KEY) else { return Ok(full) };
    // A tag with a format of its own has another kind of payload: what is said of payloads is not said of it.
    let is_other = full.contains_key("format");
    let mut rejections = Vec::new();
    for (key, value) in template {
        let applies = if is_of_writing(key) { point.write.is_some() } else { key == "topic" || !is_other };
        if point.address.contains_key(key) || !applies {
            continue;
        }
        let value = match value {
            Json::String(text) => text_of(key, text, &point.id).map(Json::String),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => Ok(value.clone()),
        };
        match value {
            Ok(value) => {
                full.insert(key.clone(), value);
            }
            Err(rejection) => rejections.push(rejection),
        }
    }
    if rejections.is_empty() { Ok(full) } else { Err(rejections) }
}

/// A text of the template for one tag.
fn text_of(key: &str, text: &str, id: &str) -> Result<String, Rejection> {
    let mut filled = String::with_capacity(text.len() + id.len());
    for piece in Pieces(text) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            // Said of the gateway already.
            Piece::Name(name) if !is_known(name) => filled.push_str(&format!("{{{name}}}")),
            Piece::Name(name) => filled.push_str(part(name, id).ok_or_else(|| Rejection {
                key: Some(key.to_owned()),
                message: format!("the gateway's `{key}` for its tags has `{{{name}}}`, which `{id}` has none of"),
                remedy: format!("move the tag to where it has one, or write its own `{key}` in its address"),
            })?),
        }
    }
    Ok(filled)
}

fn is_of_writing(key: &str) -> bool {
    write::KEYS.contains(&key)
}

fn is_known(name: &str) -> bool {
    LEVELS.contains(&name) || name == "path" || name == "tag"
}

/// What a placeholder stands for: the full id is the path of the equipment, if it belongs to any, and the tag's own id.
fn part<'a>(name: &str, id: &'a str) -> Option<&'a str> {
    let (path, tag) = id.rsplit_once('/').map_or((None, id), |(path, tag)| (Some(path), tag));
    match name {
        "tag" => Some(tag),
        "path" => path,
        level => path?.split('/').nth(LEVELS.iter().position(|known| *known == level)?),
    }
}

/// A text, cut at its placeholders.
struct Pieces<'a>(&'a str);

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

impl<'a> Piece<'a> {
    fn name(self) -> Option<&'a str> {
        match self {
            Piece::Text(_) => None,
            Piece::Name(name) => Some(name),
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let text = Some(self.0).filter(|text| !text.is_empty())?;
        let placeholder = |at: usize| {
            let (name, _) = text[at + 1..].split_once('}')?;
            let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            (begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(name)
        };
        let first = text.match_indices('{').find_map(|(at, _)| placeholder(at).map(|name| (at, name)));
        match first {
            Some((0, name)) => {
                self.0 = &text[name.len() + 2..];
                Some(Piece::Name(name))
            }
            first => {
                let (before, rest) = text.split_at(first.map_or(text.len(), |(at, _)| at));
                self.0 = rest;
                Some(Piece::Text(before))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{DataType, TagIndex};
    use proptest::prelude::*;

    use super::*;

    const MACHINE: &str = "ulm/filling/line1/filler/speed";

    fn document(text: &str) -> Settings {
        serde_json::from_str(text).expect("a document")
    }

    fn full(template: &str, own: &str, id: &str) -> Result<Settings, Vec<Rejection>> {
        let point = Point {
            tag: TagIndex(0),
            id: id.into(),
            data_type: DataType::Float,
            scaling: None,
            address: document(own),
            write: None,
        };
        fill(&document(&format!(r#"{{"host":"b","tags":{template}}}"#)), &point)
    }

    fn check_fill(template: &str, own: &str, id: &str, expect: &str) {
        assert_eq!(full(template, own, id), Ok(document(expect)), "{template} with {own} for {id}");
    }

    #[test]
    fn a_template_makes_the_address_of_every_tag() {
        let umh = r#"{"topic":"umh/v1/acme/{site}/{area}/{line}/{machine}/_raw/{tag}","format":"umh"}"#;
        let expect = r#"{"topic":"umh/v1/acme/ulm/filling/line1/filler/_raw/speed","format":"umh"}"#;
        check_fill(umh, "{}", MACHINE, expect);
        let fanned = r#"{"topic":"{path}/values","pointer":"/{tag}","time":"/ts"}"#;
        let expect = r#"{"topic":"ulm/filling/line1/filler/values","pointer":"/speed","time":"/ts"}"#;
        check_fill(fanned, "{}", MACHINE, expect);
        check_fill(r#"{"topic":"{tag}"}"#, "{}", "total", r#"{"topic":"total"}"#);
        check_fill(r#"{"topic":"{line}/{tag}"}"#, "{}", "ulm/filling/line1/total", r#"{"topic":"line1/total"}"#);
        check_fill(r#"{"topic":"{}/{ a}/{{tag}}/{tag"}"#, "{}", "t", r#"{"topic":"{}/{ a}/{t}/{tag"}"#);
        check_fill(
            r#"{"format":"u16","offset":2}"#,
            r#"{"topic":"a"}"#,
            "t",
            r#"{"topic":"a","format":"u16","offset":2}"#,
        );
    }

    #[test]
    fn what_a_tag_says_itself_goes_before() {
        let template = r#"{"topic":"{path}/values","pointer":"/{tag}","time":"/ts"}"#;
        let expect = r#"{"topic":"ulm/filling/line1/filler/values","pointer":"/n","time":"/ts"}"#;
        check_fill(template, r#"{"pointer":"/n"}"#, MACHINE, expect);
        let expect = r#"{"topic":"ulm/filling/line1/filler/values","format":"text"}"#;
        check_fill(template, r#"{"format":"text"}"#, MACHINE, expect);
        check_fill(r#"{"topic":"{line}/{tag}"}"#, r#"{"topic":"own/{tag}"}"#, "t", r#"{"topic":"own/{tag}"}"#);
    }

    #[test]
    fn what_is_said_of_writing_reaches_tags_that_are_written() {
        let template = r#"{"topic":"{tag}","write_topic":"{tag}/cmd","confirm_ms":500}"#;
        check_fill(template, "{}", "t", r#"{"topic":"t"}"#);
        let settings = document(&format!(r#"{{"tags":{template}}}"#));
        let write = Some(model::WritePolicy { low: None, high: None });
        let address = document(r#"{"format":"text"}"#);
        let tag = TagIndex(0);
        let point = Point { tag, id: "t".into(), data_type: DataType::Float, scaling: None, address, write };
        let expect = document(r#"{"format":"text","topic":"t","write_topic":"t/cmd","confirm_ms":500}"#);
        assert_eq!(fill(&settings, &point), Ok(expect));
    }

    #[test]
    fn a_level_that_the_tag_does_not_have_is_said() {
        for (template, id, keys) in [
            (r#"{"topic":"{machine}/{tag}"}"#, "ulm/filling/line1/total", &["topic"][..]),
            (r#"{"topic":"{site}/{tag}"}"#, "total", &["topic"]),
            (r#"{"topic":"{path}/{tag}","pointer":"/{line}"}"#, "total", &["topic", "pointer"]),
        ] {
            let rejections = full(template, "{}", id).expect_err(template);
            let found: Vec<_> = rejections.iter().filter_map(|rejection| rejection.key.as_deref()).collect();
            assert_eq!(found, keys, "{template} for {id}");
            assert!(rejections.iter().all(|rejection| rejection.message.contains(id)), "{rejections:?}");
        }
    }

    #[test]
    fn a_template_that_cannot_work_is_refused() {
        for (template, wrong) in [
            (r#"{"topic":"{site}/{tag}","pointer":"","quality":"/q","qualities":{"good":[1]}}"#, 0),
            ("{}", 0),
            ("7", 1),
            (r#"{"topik":"{tag}"}"#, 1),
            (r#"{"write_payload":"{\"v\":$value}"}"#, 0),
            (r#"{"topic":"{sight}/{tag}/{Site}"}"#, 2),
        ] {
            let settings = document(&format!(r#"{{"tags":{template}}}"#));
            let mut form = Form::new(&settings);
            check(&mut form);
            let rejections = form.finish(Some(())).err().unwrap_or_default();
            assert_eq!(rejections.len(), wrong, "{template}: {rejections:?}");
        }
    }

    proptest! {
        /// Every part of an id stands where its placeholder stood, and nothing else changes.
        #[test]
        fn expansion_is_the_id_in_other_words(
            ids in proptest::collection::vec("[a-z0-9_-]{1,5}", 1..6),
            before in "[^{}]{0,6}",
            after in "[^{}]{0,6}",
        ) {
            let id = ids.join("/");
            for (at, level) in LEVELS.into_iter().enumerate() {
                let text = format!("{before}{{{level}}}{after}");
                let filled = text_of("topic", &text, &id).ok();
                let expect = (at + 1 < ids.len()).then(|| format!("{before}{}{after}", ids[at]));
                prop_assert_eq!(filled, expect);
            }
            let whole = if ids.len() > 1 { "{path}/{tag}" } else { "{tag}" };
            prop_assert_eq!(text_of("topic", whole, &id).ok(), Some(id));
        }

        /// A text without a placeholder stays as it is, whatever braces are in it.
        #[test]
        fn braces_around_anything_but_a_name_stay(text in "[{} ./0-9é]{0,20}") {
            prop_assert_eq!(text_of("topic", &text, "a/b").ok(), Some(text));
        }
    }
}
