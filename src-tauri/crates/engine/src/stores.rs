//! How history and journal fare, said in the journal when it changes.
//!
//! Whoever looks at the screen of connections sees it there as well; the journal is what is left when it is over. Nothing here waits
//! for a disk.

use history::{Room, StoreStatus};

/// What was last said of the stores.
#[derive(Default)]
pub(crate) struct Stores {
    history: Said,
    journal: Said,
}

/// What was last said of one.
#[derive(Default)]
struct Said {
    notice: String,
    reason: String,
    room: Room,
    is_slow: bool,
}

impl Stores {
    /// What is new of both, in words.
    pub(crate) fn look(&mut self, history: &StoreStatus, journal: &StoreStatus) -> Vec<String> {
        let mut news = self.history.look("history", history);
        news.extend(self.journal.look("journal", journal));
        news
    }
}

impl Said {
    fn look(&mut self, name: &str, status: &StoreStatus) -> Vec<String> {
        let mut news = Vec::new();
        let mut say = |words: &str| news.push(format!("{name}: {words}"));
        if status.notice != self.notice {
            self.notice.clone_from(&status.notice);
            if !status.notice.is_empty() {
                say(&status.notice);
            }
        }
        if status.reason != self.reason {
            self.reason.clone_from(&status.reason);
            if status.reason.is_empty() {
                say("what is new is stored again");
            } else {
                say(&format!("nothing is stored now: {}", status.reason));
            }
        }
        if status.room != self.room {
            self.room = status.room;
            match status.room {
                Room::Enough => say("the disk has room again"),
                Room::Low | Room::Scarce => say(status.room.in_words()),
            }
        }
        if status.slow.is_some() != self.is_slow {
            self.is_slow = status.slow.is_some();
            match status.slow {
                Some(slow) => say(&format!("the disk is slow: a commit takes {} s or more", slow.as_secs())),
                None => say("the disk is quick again"),
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::Timestamp;

    use super::*;

    fn status() -> StoreStatus {
        StoreStatus {
            working: true,
            reason: String::new(),
            trouble: None,
            since: Timestamp::default(),
            notice: String::new(),
            bytes: 0,
            written: 0,
            queued: 0,
            dropped: 0,
            room: Room::Enough,
            slow: None,
        }
    }

    #[test]
    fn each_change_is_said_once_and_so_is_its_end() {
        let mut stores = Stores::default();
        let well = status();
        assert_eq!(stores.look(&well, &well), Vec::<String>::new());
        let lost = StoreStatus { notice: "The end of what was stored is missing.".to_owned(), ..status() };
        assert_eq!(stores.look(&lost, &well), ["history: The end of what was stored is missing."]);
        assert_eq!(stores.look(&lost, &well), Vec::<String>::new());

        let low = StoreStatus { room: Room::Low, ..lost.clone() };
        let full =
            StoreStatus { reason: "the disk is full".to_owned(), working: false, room: Room::Scarce, ..low.clone() };
        assert!(stores.look(&low, &well)[0].starts_with("history: The disk is more than 90 % full."));
        let said = stores.look(&full, &well);
        assert!(said[0] == "history: nothing is stored now: the disk is full" && said[1].contains("95 %"), "{said:?}");
        assert_eq!(
            stores.look(&lost, &well),
            ["history: what is new is stored again", "history: the disk has room again"]
        );

        let slow = |seconds| StoreStatus { slow: Some(Duration::from_secs(seconds)), ..status() };
        assert_eq!(stores.look(&lost, &slow(2)), ["journal: the disk is slow: a commit takes 2 s or more"]);
        assert_eq!(stores.look(&lost, &slow(9)), Vec::<String>::new(), "slower is no news");
        assert_eq!(stores.look(&lost, &well), ["journal: the disk is quick again"]);
    }
}
