//! `[stations]`: over which broker stations exchange what is done to alarms.

use plant::TagIndices;

use crate::common::{AROUND, check, folder, plant};

const KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const OTHER: &str = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";

fn resolved(text: &str) -> Option<plant::Stations> {
    plant(&folder(&format!("{text}{AROUND}")), &TagIndices::default()).stations
}

#[test]
fn stations_know_one_another_by_their_keys() {
    let keys = format!("[stations.keys]\nlaptop = \"{KEY}\"\n\"panel.ulm\" = \"{OTHER}\"\n");
    let stations = resolved(&format!("[stations]\nexchange = \"broker\"\n{keys}")).expect("an exchange");
    assert_eq!((stations.exchange.as_str(), stations.prefix.as_str()), ("broker", "andon"));
    assert_eq!(stations.keys.keys().collect::<Vec<_>>(), ["laptop", "panel.ulm"]);
    assert_eq!(stations.keys["laptop"], KEY);
    let stations = resolved(&format!("[stations]\nexchange = \"broker\"\nprefix = \"ulm/andon\"\n{keys}"));
    assert_eq!(stations.map(|stations| stations.prefix).as_deref(), Some("ulm/andon"));
    assert_eq!(resolved(""), None, "nothing is exchanged unless the plant file says so");
}

#[test]
fn what_cannot_be_an_exchange_is_said_with_its_line() {
    let keys = format!("keys = {{ laptop = \"{KEY}\" }}");
    let make = "run `andon station key` at that station and write the line that it prints";
    check(&format!("[stations]\n{keys}"), &["1 `exchange` is missing in stations; add `exchange = \"broker\"`"]);
    check(
        &format!("[stations]\nexchange = \"brocker\"\n{keys}"),
        &["2 unknown gateway `brocker`; did you mean `broker`?"],
    );
    check(
        &format!("[stations]\nexchange = \"plc\"\n{keys}"),
        &["2 stations cannot exchange anything over the gateway `plc`, which is no broker; \
           name a gateway of kind = \"mqtt\""],
    );
    for prefix in ["$SYS", "andon/#", "+", "/andon", "andon/", "a//b"] {
        check(
            &format!("[stations]\nexchange = \"broker\"\nprefix = \"{prefix}\"\n{keys}"),
            &[&format!(
                "3 `prefix` is not the beginning of a topic: \"{prefix}\"; \
                 write levels separated by `/`, without `+` and `#`: \"andon\" or \"ulm/andon\""
            )],
        );
    }
    check(
        "[stations]\nexchange = \"broker\"",
        &[&format!("1 `[stations.keys]` is missing, so that no station is known; {make}")],
    );
    check(
        "[stations]\nexchange = \"broker\"\nkeys = { laptop = \"secret\" }",
        &[&format!("3 the key of the station `laptop` is no key; {make}")],
    );
    check(
        &format!("[stations]\nexchange = \"broker\"\n[stations.keys]\nlaptop = \"{KEY}\"\npanel = \"{KEY}\""),
        &["5 the stations `laptop` and `panel` have the same key; \
           give each station a key of its own, made there with `andon station key`"],
    );
}
