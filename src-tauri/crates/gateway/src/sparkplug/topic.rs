//! Sparkplug's topics (Sparkplug 3.0, chapter 4), read and written.

/// The namespace every topic begins with.
pub(super) const NAMESPACE: &str = "spBv1.0";
/// Longer ids are not accepted. The protocol has no limit; nobody means that.
const LONGEST_ID: usize = 256;

/// What a topic says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic<'a> {
    /// A host tells whether it is there.
    State(&'a str),
    /// A message of an edge node or of a device behind it.
    Edge { group: &'a str, verb: Verb, node: &'a str, device: Option<&'a str> },
}

/// The third level of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    NodeBirth,
    NodeData,
    NodeDeath,
    NodeCommand,
    DeviceBirth,
    DeviceData,
    DeviceDeath,
    DeviceCommand,
}

const VERBS: [(&str, Verb); 8] = [
    ("NBIRTH", Verb::NodeBirth),
    ("NDATA", Verb::NodeData),
    ("NDEATH", Verb::NodeDeath),
    ("NCMD", Verb::NodeCommand),
    ("DBIRTH", Verb::DeviceBirth),
    ("DDATA", Verb::DeviceData),
    ("DDEATH", Verb::DeviceDeath),
    ("DCMD", Verb::DeviceCommand),
];

impl Verb {
    /// As it stands in a topic.
    pub(super) fn word(self) -> &'static str {
        VERBS.iter().find(|(_, verb)| *verb == self).map_or("", |(word, _)| word)
    }

    /// Whether the topic ends with a device.
    fn is_of_device(self) -> bool {
        match self {
            Verb::NodeBirth | Verb::NodeData | Verb::NodeDeath | Verb::NodeCommand => false,
            Verb::DeviceBirth | Verb::DeviceData | Verb::DeviceDeath | Verb::DeviceCommand => true,
        }
    }
}

/// Reads a topic.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn read(topic: &str) -> Result<Topic<'_>, String> {
    let wrong = |what: &str| Err(format!("the topic \"{}\" {what}", shorten(topic)));
    let mut levels = topic.split('/');
    if levels.next() != Some(NAMESPACE) {
        return wrong("is not of the namespace spBv1.0");
    }
    let levels: Vec<&str> = levels.take(5).collect();
    if levels.iter().any(|id| !is_id(id)) {
        return wrong("has an id that is empty, too long, or has a control character");
    }
    match levels[..] {
        ["STATE", host] => Ok(Topic::State(host)),
        [group, word, node, ref rest @ ..] => {
            let Some((_, verb)) = VERBS.iter().find(|(known, _)| *known == word) else {
                return wrong("has an unknown message type");
            };
            let device = match rest {
                [] => None,
                [device] => Some(*device),
                _ => return wrong("has too many levels"),
            };
            match (verb.is_of_device(), device) {
                (true, None) => wrong("names no device"),
                (false, Some(_)) => wrong("names a device where none belongs"),
                (true, Some(_)) | (false, None) => Ok(Topic::Edge { group, verb: *verb, node, device }),
            }
        }
        _ => wrong("has too few levels"),
    }
}

/// The topic of a host's state.
pub(super) fn state(host: &str) -> String {
    format!("{NAMESPACE}/STATE/{host}")
}

/// The topic of a command to a node, or to a device behind it.
pub(super) fn command(group: &str, node: &str, device: Option<&str>) -> String {
    match device {
        None => format!("{NAMESPACE}/{group}/{}/{node}", Verb::NodeCommand.word()),
        Some(device) => format!("{NAMESPACE}/{group}/{}/{node}/{device}", Verb::DeviceCommand.word()),
    }
}

/// Whether a text can be the id of a group, a node, a device or a host.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_ID && !id.contains(['+', '#', '/']) && !id.chars().any(char::is_control)
}

/// A name from outside as far as a message needs it, without what could disturb the screen.
pub(super) fn shorten(name: &str) -> String {
    let shown: String = name.chars().take(120).flat_map(char::escape_debug).collect();
    if name.chars().nth(120).is_some() { format!("{shown}…") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tck_id_topic_structure() {
        let expect = Topic::Edge { group: "g", verb: Verb::NodeData, node: "n", device: None };
        assert_eq!(read("spBv1.0/g/NDATA/n"), Ok(expect));
        let expect = Topic::Edge { group: "g", verb: Verb::DeviceData, node: "n", device: Some("d") };
        assert_eq!(read("spBv1.0/g/DDATA/n/d"), Ok(expect));
        assert_eq!(read("spBv1.0/STATE/scada"), Ok(Topic::State("scada")));
        for wrong in
            ["spBv1.0", "spBv1.0/g", "spBv1.0/g/NDATA", "spBv1.0/g/NDATA/", "spBv1.0/g/WHAT/n", "spBv1.0//NDATA/n"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tck_id_topic_structure_namespace_a() {
        assert!(state("h").starts_with("spBv1.0/") && command("g", "n", None).starts_with("spBv1.0/"));
        for wrong in ["spAv1.0/g/NDATA/n", "SPBV1.0/g/NDATA/n", "spBv1.0x/g/NDATA/n", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tck_id_topic_structure_namespace_device_id_associated_message_types() {
        for word in ["DBIRTH", "DDEATH", "DDATA", "DCMD"] {
            assert!(read(&format!("spBv1.0/g/{word}/n/d")).is_ok(), "{word}");
            assert!(read(&format!("spBv1.0/g/{word}/n")).is_err(), "{word}");
            assert!(read(&format!("spBv1.0/g/{word}/n/d/e")).is_err(), "{word}");
        }
    }

    #[test]
    fn tck_id_topic_structure_namespace_device_id_non_associated_message_types() {
        for word in ["NBIRTH", "NDEATH", "NDATA", "NCMD"] {
            assert!(read(&format!("spBv1.0/g/{word}/n")).is_ok(), "{word}");
            assert!(read(&format!("spBv1.0/g/{word}/n/d")).is_err(), "{word}");
        }
        assert!(read("spBv1.0/STATE/h/d").is_err());
    }

    #[test]
    fn a_name_from_outside_cannot_disturb_the_screen() {
        assert_eq!(shorten("a\u{202e}b\n"), "a\\u{202e}b\\n");
        assert!(shorten(&"x".repeat(10_000)).len() < 200);
        assert!(read(&format!("spBv1.0/g/NDATA/{}", "x".repeat(LONGEST_ID + 1))).is_err());
    }
}
