//! Which alarms usually come together, in the words of the wire.

use std::time::Duration;

use ::journal::{Announcements, companions};
use model::Uptime;

use super::journal::unreadable;
use super::wait_for_disk;
use crate::wire::{AlarmCompanions, AlarmPair, Nothing};
use crate::{Api, Failure, Principal};

/// So far back the journal is looked at: long enough for what happens once a fortnight, and not so long that machines which are
/// gone still have a word.
const LOOKED_BACK: Duration = Duration::from_secs(90 * 86_400);
/// And at so many announcements at most, the last ones.
const ANNOUNCEMENTS: usize = 1_000_000;
/// An answer is good for so long: what is usual does not change within an hour.
const GOOD_FOR: Duration = Duration::from_secs(3_600);

/// The last answer, and when it was found.
#[derive(Default)]
pub(crate) struct Found(tokio::sync::Mutex<Option<(Uptime, AlarmCompanions)>>);

impl Api {
    /// Whoever asks first waits for the journal, beside the loop of the engine; others for the same answer.
    pub(crate) async fn alarm_companions(&self, _: &Principal, _: Nothing) -> Result<AlarmCompanions, Failure> {
        let mut found = self.companions.0.lock().await;
        let now = self.parts.clock.now();
        if let Some((at, answer)) = &*found
            && now.uptime.since(*at) < GOOD_FOR
        {
            return Ok(answer.clone());
        }
        let reader = self.parts.journal.reader();
        let (from, to) = (now.wall.saturating_sub(LOOKED_BACK), now.wall);
        let pairs = wait_for_disk(move || reader.announcements(from, to, ANNOUNCEMENTS).map(|known| pairs(&known)))
            .await?
            .map_err(|error| unreadable(&error))?;
        let answer = AlarmCompanions { from: from.millis(), to: to.millis(), pairs };
        *found = Some((now.uptime, answer.clone()));
        Ok(answer)
    }
}

fn pairs(known: &Announcements) -> Vec<AlarmPair> {
    let name = |alarm: i64| known.alarms.get(&alarm).map(ToString::to_string);
    let named = companions(&known.list).into_iter().filter_map(|pair| {
        let alarms = (name(pair.first)?, name(pair.second)?);
        Some(AlarmPair { alarms, together: pair.together, of: pair.of })
    });
    named.collect()
}
