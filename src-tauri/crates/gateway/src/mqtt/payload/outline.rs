//! The wanted parts of a JSON document, found in one pass over it.
//!
//! Only the names on the way to a wanted part are looked at; everything else is skipped without being kept, and without
//! recursion however deep it is. Memory is bound by the number of wanted parts, time by the length of the document.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize as _, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Most names of a pointer. Half of what serde_json goes down into.
pub(in crate::mqtt) const DEEPEST: usize = 64;

/// Which parts are wanted: a tree of names.
#[derive(Debug)]
pub(super) struct Outline {
    nodes: Vec<Node>,
    parts: usize,
}

#[derive(Debug, Default)]
struct Node {
    /// The number of the part that lies here.
    part: Option<usize>,
    by_name: HashMap<Box<str>, usize>,
    /// The same for lists, where the name can be a place in one.
    by_place: HashMap<usize, usize>,
}

/// What a document has for a wanted part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Nothing,
    /// The part as it is written.
    Part(&'a str),
    /// Its name, or one above it, stands there more than once: nobody can tell which one is meant.
    Ambiguous,
}

impl Default for Outline {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], parts: 0 }
    }
}

impl Outline {
    /// Adds a pointer (RFC 6901), and says the number under which its part is found.
    pub(super) fn want(&mut self, pointer: &str) -> usize {
        let mut at = 0;
        for name in pointer.split('/').skip(1) {
            let name = name.replace("~1", "/").replace("~0", "~");
            at = match self.nodes[at].by_name.get(&*name) {
                Some(&below) => below,
                None => self.grow(at, name),
            };
        }
        let next = self.parts;
        let part = *self.nodes[at].part.get_or_insert(next);
        self.parts = self.parts.max(part + 1);
        part
    }

    fn grow(&mut self, at: usize, name: String) -> usize {
        let below = self.nodes.len();
        self.nodes.push(Node::default());
        let is_place = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
        if let (true, Ok(place)) = (is_place, name.parse()) {
            self.nodes[at].by_place.insert(place, below);
        }
        self.nodes[at].by_name.insert(name.into(), below);
        below
    }

    /// Finds the parts, each under its number.
    ///
    /// # Errors
    /// What is wrong with the document, anywhere in it: half a document is none. So is one that has a number beyond all
    /// bounds in the place of wanted names.
    pub(super) fn find<'a>(&self, text: &'a str) -> Result<Vec<Found<'a>>, serde_json::Error> {
        let mut search = Search {
            nodes: &self.nodes,
            found: vec![Found::Nothing; self.parts],
            seen: vec![Seen::Not; self.nodes.len()],
        };
        let mut document = serde_json::Deserializer::from_str(text);
        Below { search: &mut search, at: 0 }.deserialize(&mut document)?;
        document.end()?;
        Ok(search.found)
    }
}

/// How often a name was there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    Once,
    Again,
}

struct Search<'o, 'a> {
    nodes: &'o [Node],
    found: Vec<Found<'a>>,
    seen: Vec<Seen>,
}

impl Search<'_, '_> {
    fn spoil(&mut self, at: usize) {
        let nodes = self.nodes;
        if let Some(part) = nodes[at].part {
            self.found[part] = Found::Ambiguous;
        }
        nodes[at].by_name.values().for_each(|below| self.spoil(*below));
    }
}

/// The value of a name that is on the way to a part.
struct Below<'s, 'o, 'a> {
    search: &'s mut Search<'o, 'a>,
    at: usize,
}

impl<'a> DeserializeSeed<'a> for Below<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let nodes = self.search.nodes;
        let node = &nodes[self.at];
        let Some(part) = node.part else { return deserializer.deserialize_any(self) };
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        self.search.found[part] = Found::Part(raw);
        if node.by_name.is_empty() {
            return Ok(());
        }
        // Wanted as a whole and in parts.
        let mut whole = serde_json::Deserializer::from_str(raw);
        whole.deserialize_any(self).map_err(serde::de::Error::custom)
    }
}

impl<'a> Below<'_, '_, 'a> {
    /// The place of a name below this one; `None` where it leads to nothing, or stands there again.
    fn enter(&mut self, below: Option<usize>) -> Option<usize> {
        let below = below?;
        match self.search.seen[below] {
            Seen::Not => {
                self.search.seen[below] = Seen::Once;
                return Some(below);
            }
            Seen::Once => {
                self.search.seen[below] = Seen::Again;
                self.search.spoil(below);
            }
            Seen::Again => {}
        }
        None
    }
}

impl<'a> Visitor<'a> for Below<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<M: MapAccess<'a>>(mut self, mut map: M) -> Result<(), M::Error> {
        let nodes = self.search.nodes;
        while let Some(below) = map.next_key_seed(Name(&nodes[self.at]))? {
            match self.enter(below) {
                Some(at) => map.next_value_seed(Below { search: &mut *self.search, at })?,
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<(), S::Error> {
        let nodes = self.search.nodes;
        for place in 0usize.. {
            let more = match nodes[self.at].by_place.get(&place) {
                Some(&at) => list.next_element_seed(Below { search: &mut *self.search, at })?,
                None => list.next_element::<IgnoredAny>()?.map(drop),
            };
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A name in the document, as the place it leads to.
struct Name<'o>(&'o Node);

impl<'a> DeserializeSeed<'a> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.by_name.get(name).copied())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;

    fn check<'a>(text: &'a str, pointers: &[&str], expect: &[Found<'a>]) {
        let mut outline = Outline::default();
        let numbers: Vec<_> = pointers.iter().map(|pointer| outline.want(pointer)).collect();
        let found = outline.find(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found: Vec<_> = numbers.into_iter().map(|number| found[number]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn parts_are_found_as_they_are_written() {
        use Found::{Nothing, Part};
        let text = r#" {"a/b":[1, {"~":"x"} ],"":true,"n":1e999} "#;
        check(text, &["/a~1b/0", "/a~1b/1/~0", "/", "/n"], &[Part("1"), Part("\"x\""), Part("true"), Part("1e999")]);
        check(text, &["/a~1b/01", "/a~1b/2", "/a", "/n~0"], &[Nothing; 4]);
        check(r#"{"n":7,"v":"x"}"#, &["/n/x", "/v/0", "/v"], &[Nothing, Nothing, Part("\"x\"")]);
        check("7", &["", "/a"], &[Part("7"), Nothing]);
        check(r#"{"a":{"b":1}}"#, &["/a", "/a/b", ""], &[Part(r#"{"b":1}"#), Part("1"), Part(r#"{"a":{"b":1}}"#)]);
        check(r#"{"A":1}"#, &["/A"], &[Part("1")]);
    }

    #[test]
    fn a_name_that_stands_there_twice_is_ambiguous_with_all_below_it() {
        use Found::{Ambiguous, Part};
        check(r#"{"v":1,"w":2,"v":1}"#, &["/v", "/w"], &[Ambiguous, Part("2")]);
        check(r#"{"a":{"v":1},"a":{}}"#, &["/a/v"], &[Ambiguous]);
        check(r#"{"x":1,"x":2,"v":3}"#, &["/v"], &[Part("3")]);
    }

    #[test]
    fn half_a_document_is_none() {
        for text in ["", "{", r#"{"v":1"#, r#"{"v":1}}"#, r#"{"v":1} x"#, "NaN", r#"{"v":01}"#, r#"{"v":+1}"#, "{v:1}"]
        {
            let mut outline = Outline::default();
            outline.want("/v");
            assert!(outline.find(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_and_breadth_cost_no_stack() {
        let deep = format!(r#"{{"x":{}{},"v":1}}"#, "[".repeat(100_000), "]".repeat(100_000));
        check(&deep, &["/v"], &[Found::Part("1")]);
        let deep = format!("{}1{}", r#"{"v":"#.repeat(100_000), "}".repeat(100_000));
        let wanted = "/v".repeat(DEEPEST);
        let mut outline = Outline::default();
        outline.want(&wanted);
        assert!(matches!(outline.find(&deep), Ok(found) if matches!(found[..], [Found::Part(_)])));
        let mut broad = "{".to_owned();
        (0..1_000_000).for_each(|n| broad.push_str(&format!(r#""k{n}":0,"#)));
        broad.push_str(r#""v":1}"#);
        check(&broad, &["/v", "/k999999", "/k1000000"], &[Found::Part("1"), Found::Part("0"), Found::Nothing]);
        let again = format!(r#"{{{}"v":1}}"#, r#""v":1,"#.repeat(1_000_000));
        check(&again, &["/v"], &[Found::Ambiguous]);
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Json::from),
            "[a-c~/\"\\\\\u{e9}]{0,3}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                proptest::collection::vec(("[a-c~/0-1]{0,2}", inner), 0..4)
                    .prop_map(|entries| Json::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// The library's own pointer over the whole document says the same.
        #[test]
        fn it_finds_what_the_whole_document_has(
            json in any_json(),
            pointers in proptest::collection::vec("(/([a-c0-1]|~0|~1){0,2}){0,3}", 1..6),
        ) {
            let text = json.to_string();
            let mut outline = Outline::default();
            let numbers: Vec<_> = pointers.iter().map(|pointer| outline.want(pointer)).collect();
            let found = outline.find(&text).expect("JSON");
            // Read back, because the library does not read every number back exactly.
            let json: Json = serde_json::from_str(&text).expect("JSON");
            for (pointer, number) in pointers.iter().zip(numbers) {
                let part = match found[number] {
                    Found::Nothing => None,
                    Found::Part(text) => Some(serde_json::from_str::<Json>(text).expect("a part is JSON")),
                    Found::Ambiguous => panic!("an object has a name once"),
                };
                prop_assert_eq!(part.as_ref(), json.pointer(pointer), "{} in {}", pointer, text);
            }
        }
    }
}
