//! A look at what a broker offers: its topics, collected for a few seconds on a connection of their own.
//!
//! A broker has no list of its topics. What it keeps comes at once, and the rest as it is published, so a look is as
//! complete as it is long. The connection of the values is not disturbed by it.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use model::{Browse, Browsed, Uptime};
use tokio::time::{Instant, timeout_at};

use super::client::{self, Grant, Heard, Qos};
use super::connection::Connection;
use super::tree::Tree;
use crate::attempt::Lost;
use crate::form::Form;

/// What was found is shown for so long before it is looked for again.
const FRESH: Duration = Duration::from_secs(60);
/// For the connection and the subscription, beside the time asked for.
const CONNECT: Duration = Duration::from_secs(12);
const ALL: &str = "#";
const SYSTEM: &str = "$SYS/#";

/// What a look found.
pub(super) struct Looked {
    at: Uptime,
    wish: Wish,
    tree: Tree,
}

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    filter: String,
    seconds: u64,
    /// The broker's own topics as well.
    system: bool,
}

impl Wish {
    fn read(browse: &Browse) -> Result<Wish, String> {
        let mut form = Form::new(&browse.options);
        let filter = form.text("filter").unwrap_or(ALL).to_owned();
        if !is_filter(&filter) {
            form.reject("filter", format!("\"{}\" is not a filter of topics", filter.escape_debug()), "correct it");
        }
        let seconds = form.integer("seconds", 1..=30).and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(3);
        let system = form.flag("system").unwrap_or(false);
        form.finish(Some(Wish { filter, seconds, system })).map_err(|rejections| {
            let words: Vec<_> = rejections.into_iter().map(|rejection| rejection.message).collect();
            words.join("; ")
        })
    }
}

/// Whether a text is a filter: `+` is a level of its own, and `#` the last one (MQTT 3.1.1, 4.7.1).
fn is_filter(text: &str) -> bool {
    let levels: Vec<_> = text.split('/').collect();
    !text.is_empty()
        && text.len() <= 1_024
        && !text.contains(char::is_control)
        && levels.iter().all(|level| matches!(*level, "+" | "#") || !level.contains(['+', '#']))
        && levels.iter().rev().skip(1).all(|level| *level != ALL)
}

impl Connection<'_> {
    /// Shows what is below a path. At the beginning it is looked for anew.
    pub(super) async fn browse(&self, browse: Browse) -> Result<Browsed, String> {
        let wish = Wish::read(&browse)?;
        let known = self.mqtt.looked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_fresh =
            |looked: &Arc<Looked>| looked.wish == wish && self.attempt.now().uptime.since(looked.at) <= FRESH;
        let looked = match known.filter(|looked| !browse.path.is_empty() && is_fresh(looked)) {
            Some(looked) => looked,
            None => {
                let tree = self.collect(&wish).await.map_err(|lost| lost.words)?;
                let looked = Arc::new(Looked { at: self.attempt.now().uptime, wish: wish.clone(), tree });
                *self.mqtt.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&looked));
                looked
            }
        };
        let mut browsed = looked.tree.below(&browse.path)?;
        let (seconds, topics) = (wish.seconds, looked.tree.len());
        browsed.remark =
            format!("{topics} topics within {seconds} s; what was not published meanwhile is not among them");
        if looked.tree.is_full() {
            browsed.remark.push_str("; there are more than can be shown: look below a narrower filter");
        }
        Ok(browsed)
    }

    async fn collect(&self, wish: &Wish) -> Result<Tree, Lost> {
        use model::ErrorKind;
        let mqtt = self.mqtt;
        let login = mqtt.broker.log_in(&mqtt.credentials).await?;
        let options = mqtt.broker.options(format!("{}-browse", mqtt.client_id), login, 2);
        // Its signs of life are not those of the connection that the values come over.
        let aside = self.attempt.aside();
        let (requests, mut events) = client::prepare(&options, Arc::clone(&mqtt.dial), &aside);
        let mut filters: Vec<Arc<str>> = vec![wish.filter.as_str().into()];
        if wish.system {
            filters.push(SYSTEM.into());
        }
        let mut tree = Tree::default();
        let mut end = Instant::now() + CONNECT;
        let mut is_subscribed = false;
        while let Ok(heard) = timeout_at(end, events.next()).await {
            match heard? {
                Heard::Connected { session_present: _ } => requests.subscribe(&filters, Qos::AtMostOnce)?,
                Heard::Subscribed(answers) => {
                    let refused = answers.iter().find_map(|(filter, grant)| match grant {
                        Grant::Granted(_) => None,
                        Grant::Refused(_) => Some(filter),
                    });
                    if let Some(filter) = refused {
                        let words = format!("the broker does not let this station read \"{filter}\"");
                        return Err(Lost::new(ErrorKind::Refused, words));
                    }
                    is_subscribed = true;
                    end = Instant::now() + Duration::from_secs(wish.seconds);
                }
                Heard::Message(message) => {
                    tree.add(&message);
                    if tree.is_full() {
                        break;
                    }
                }
                Heard::Other => {}
            }
        }
        requests.goodbye();
        let leaving = async { while events.next().await.is_ok() {} };
        let _in_time_or_not = tokio::time::timeout(Duration::from_millis(500), leaving).await;
        if !is_subscribed {
            return Err(Lost::new(ErrorKind::Silent, "the broker does not answer to the subscription"));
        }
        Ok(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(options: &str) -> Result<Wish, String> {
        Wish::read(&Browse { path: String::new(), options: serde_json::from_str(options).expect("a document") })
    }

    #[test]
    fn a_look_has_bounds() {
        assert_eq!(wish("{}"), Ok(Wish { filter: "#".into(), seconds: 3, system: false }));
        let full = r#"{"filter":"plant/+/speed","seconds":30,"system":true}"#;
        assert_eq!(wish(full), Ok(Wish { filter: "plant/+/speed".into(), seconds: 30, system: true }));
        for wrong in [
            r#"{"seconds":31}"#,
            r#"{"filter":""}"#,
            r#"{"filter":"a/#/b"}"#,
            r#"{"filter":"a/b#"}"#,
            r#"{"filter":"a+/b"}"#,
            r#"{"depth":3}"#,
        ] {
            assert!(wish(wrong).is_err_and(|words| !words.is_empty()), "{wrong}");
        }
    }
}
