//! Whatever happens in whatever order, values, acts, losses of the source, restarts and what other stations did: the engine
//! shows what a model of one alarm shows that is small enough to be read.

use super::*;

use alarm::{Act, Deed, EARLIER_AT_MOST, What as Done};
use proptest::prelude::*;

use crate::StoreRefused;
use crate::event::{Target, Wanted};

/// Something that happens, and how many seconds pass after it.
type Step = (Event, u64);

#[derive(Clone, Debug)]
enum Event {
    /// The press is hot, or it is not.
    Value {
        hot: bool,
    },
    /// A value that nobody can trust.
    Bad,
    /// The gateway is lost, or is back.
    Link {
        up: bool,
    },
    /// An occurrence is acknowledged, of all that ever were. A value may come while the disk writes, which may fail.
    Acknowledge {
        nth: prop::sample::Index,
        meanwhile: Option<bool>,
        written: bool,
    },
    /// The same, at another station.
    AcknowledgeElsewhere {
        nth: prop::sample::Index,
    },
    Shelve {
        seconds: u64,
        elsewhere: bool,
    },
    Unshelve,
    Service {
        out: bool,
    },
    /// kill -9 and a new start.
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let nth = any::<prop::sample::Index>;
    prop_oneof![
        8 => any::<bool>().prop_map(|hot| Event::Value { hot }),
        1 => Just(Event::Bad),
        2 => any::<bool>().prop_map(|up| Event::Link { up }),
        4 => (nth(), prop::option::of(any::<bool>()), prop::bool::weighted(0.8))
            .prop_map(|(nth, meanwhile, written)| Event::Acknowledge { nth, meanwhile, written }),
        2 => nth().prop_map(|nth| Event::AcknowledgeElsewhere { nth }),
        2 => (1..40_u64, any::<bool>()).prop_map(|(seconds, elsewhere)| Event::Shelve { seconds, elsewhere }),
        1 => Just(Event::Unshelve),
        1 => any::<bool>().prop_map(|out| Event::Service { out }),
        2 => Just(Event::Restart),
    ]
}

/// One alarm without delays and latching: what has to be so.
#[derive(Debug, Default)]
struct Model {
    /// Occurrences that have returned and wait for somebody, by their number, the earliest first.
    waiting: Vec<usize>,
    /// The one whose condition holds, and whether somebody has seen it.
    current: Option<(usize, bool)>,
    raised: usize,
    /// How often somebody was called.
    called: usize,
    /// By the uptime.
    shelved_until: Option<Uptime>,
    out_of_service: bool,
    is_up: bool,
    /// Whether the last thing that was heard of the source can be trusted.
    is_known: bool,
}

impl Model {
    fn is_suppressed(&self) -> bool {
        self.shelved_until.is_some() || self.out_of_service
    }

    fn value(&mut self, hot: bool) {
        self.is_known = true;
        match (hot, self.current) {
            (true, None) => {
                self.current = Some((self.raised, false));
                self.raised += 1;
                self.called += usize::from(!self.is_suppressed());
                if self.waiting.len() > EARLIER_AT_MOST {
                    self.waiting.remove(0);
                }
            }
            (false, Some((number, is_seen))) => {
                self.current = None;
                if !is_seen && !self.is_suppressed() {
                    self.waiting.push(number);
                }
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// Up to an occurrence everything is seen.
    fn acknowledge(&mut self, through: usize) {
        self.waiting.retain(|number| *number > through);
        self.current = self.current.map(|(number, is_seen)| (number, is_seen || number <= through));
    }

    /// Something that suppressed it has ended: what has returned is over, what stands is announced anew.
    fn end_suppression(&mut self) {
        self.waiting.clear();
        if let Some((number, _)) = self.current {
            self.current = Some((number, false));
            self.called += usize::from(!self.is_suppressed());
        }
    }

    fn pass(&mut self, now: Uptime) {
        if self.shelved_until.is_some_and(|until| until <= now) {
            self.shelved_until = None;
            self.end_suppression();
        }
    }

    /// What the list of active alarms shows: the number of each occurrence and its state.
    fn shown(&self) -> Vec<(usize, State)> {
        if self.is_suppressed() {
            return vec![];
        }
        let current = self.current.map(|(number, is_seen)| (number, if is_seen { State::Acked } else { State::Unack }));
        self.waiting.iter().map(|number| (*number, State::RtnUnack)).chain(current).collect()
    }
}

/// The engine, with its journal as the disk has it.
struct Play {
    story: Story,
    journal: Vec<Entry>,
    text: String,
}

impl Play {
    fn begin() -> Play {
        let mut story = Story::begin();
        let text = PLANT.replace("on_delay_s = 3\n", "");
        story.reload(&text);
        Play { story, journal: Vec::new(), text }
    }

    fn keep(&mut self) {
        self.journal.append(&mut self.story.effects.entries);
    }

    /// Changes of the alarm's occurrences, in order.
    fn transitions(&self) -> impl Iterator<Item = &alarm::Transition> {
        self.journal.iter().filter_map(|entry| match entry {
            Entry::Alarm(change) => Some(&change.transition).filter(|one| one.occurrence.alarm == hot()),
            Entry::Remark(_) | Entry::Action(_) | Entry::System(_) => None,
        })
    }

    /// Every occurrence that ever was, in order.
    fn occurrences(&self) -> Vec<OccurrenceId> {
        let raised = self.transitions().filter(|one| one.cause == Cause::Raised);
        raised.map(|one| one.occurrence.clone()).collect()
    }

    fn act(&self, station: &str) -> Act {
        Act { user: "eve".into(), station: station.into(), note: "why".into(), at: self.story.now.wall }
    }

    /// An act of this station. Whether it was accepted.
    fn here(&mut self, target: Target, wanted: &Wanted, meanwhile: Option<bool>, written: bool) -> bool {
        let act = self.act("desk 1");
        let (ticket, entries, acted) = self.story.core.prepare(self.story.now, vec![target], wanted, &act);
        if let Some(hot) = meanwhile {
            self.story.value("temperature", if hot { 90.0 } else { 20.0 });
        }
        self.keep();
        let outcome = if written { Ok(()) } else { Err(StoreRefused("the disk is full".into())) };
        if written {
            self.journal.extend(entries);
        }
        self.story.core.settle(self.story.now, ticket, &outcome, &mut self.story.effects);
        written && !acted.done.is_empty()
    }

    /// An act of another station, heard twice.
    fn elsewhere(&mut self, what: Done) {
        let deed = Deed { order: self.story.now.wall.millis(), alarm: hot(), what, act: self.act("laptop") };
        for _ in 0..2 {
            self.story.core.hear(self.story.now, vec![deed.clone()], &mut self.story.effects);
        }
    }

    fn shown(&mut self) -> Vec<(usize, State)> {
        let occurrences = self.occurrences();
        let list = Arc::clone(&self.story.snapshot().alarms);
        let number = |one: &OccurrenceId| occurrences.iter().position(|known| known == one).expect("it was raised");
        let of_press = list.alarms.iter().filter(|one| one.occurrence.alarm == hot());
        let mut shown: Vec<_> = of_press.map(|one| (number(&one.occurrence), one.state)).collect();
        shown.sort_by_key(|(number, _)| *number);
        shown
    }
}

fn hot() -> AlarmId {
    AlarmId::new(format!("{PRESS}/hot"))
}

fn happen(play: &mut Play, model: &mut Model, event: &Event) {
    let known = play.occurrences();
    match event {
        Event::Value { .. } | Event::Bad if !model.is_up => {}
        Event::Value { hot } => {
            play.story.value("temperature", if *hot { 90.0 } else { 20.0 });
            model.value(*hot);
        }
        Event::Bad => {
            let now = play.story.now.wall;
            play.story.sample("temperature", Sample::bad(now, Quality::BAD_TIMEOUT));
            model.is_known = false;
        }
        Event::Link { up } => {
            play.story.link("broker", if *up { LinkState::Up } else { LinkState::Down });
            model.is_up = *up;
            model.is_known &= *up;
        }
        Event::Acknowledge { nth, meanwhile, written } => {
            if known.is_empty() {
                return;
            }
            let nth = nth.index(known.len());
            let meanwhile = meanwhile.filter(|_| model.is_up);
            let target = Target::Occurrence(known[nth].clone());
            if play.here(target, &Wanted::Acknowledge, meanwhile, *written) {
                model.acknowledge(nth);
            }
            meanwhile.into_iter().for_each(|hot| model.value(hot));
        }
        Event::AcknowledgeElsewhere { nth } => {
            if known.is_empty() {
                return;
            }
            let nth = nth.index(known.len());
            let named = play.transitions().filter(|one| one.occurrence == known[nth]);
            let through = named.filter_map(|one| one.announced).last().expect("raised is announced");
            play.elsewhere(Done::Acknowledge { raised: known[nth].raised, through });
            model.acknowledge(nth);
        }
        Event::Shelve { seconds, elsewhere } => {
            let time = Duration::from_secs(*seconds);
            if *elsewhere {
                let until = play.story.now.wall.saturating_add(time);
                play.elsewhere(Done::Shelve { until, one_shot: false });
            } else {
                let wanted = Wanted::Shelve { time, one_shot: false };
                assert!(play.here(Target::Alarm(hot()), &wanted, None, true), "it may be shelved");
            }
            model.shelved_until = Some(play.story.now.uptime + time);
        }
        Event::Unshelve => {
            let is_done = play.here(Target::Alarm(hot()), &Wanted::Unshelve, None, true);
            assert_eq!(is_done, model.shelved_until.take().is_some());
            if is_done {
                model.end_suppression();
            }
        }
        Event::Service { out } => {
            let wanted = if *out { Wanted::TakeOutOfService } else { Wanted::ReturnToService };
            let is_done = play.here(Target::Alarm(hot()), &wanted, None, true);
            assert_eq!(is_done, model.out_of_service != *out);
            model.out_of_service = *out;
            if is_done && !*out {
                model.end_suppression();
            }
        }
        Event::Restart => {
            play.keep();
            play.story.restart(&play.text, &play.journal);
            (model.is_up, model.is_known) = (true, false);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_engine_shows_what_the_model_shows(steps in prop::collection::vec((event(), 3..8_u64), 1..40)) {
        let mut play = Play::begin();
        let mut model = Model { is_up: true, ..Model::default() };
        for (event, seconds) in &steps as &[Step] {
            happen(&mut play, &mut model, event);
            play.keep();
            play.story.pass(*seconds);
            play.keep();
            model.pass(play.story.now.uptime);

            prop_assert_eq!(play.shown(), model.shown(), "after {:?}", event);
            let Snapshot { plant, alarms: list, .. } = play.story.snapshot();
            let listed = list.suppressed.iter().any(|one| plant.alarms[one.definition].id == hot());
            prop_assert_eq!(listed, model.is_suppressed(), "what is suppressed is in its list, after {:?}", event);
            let mut marks = list.alarms.iter().filter(|one| one.occurrence.alarm == hot()).map(|one| one.source_lost);
            prop_assert!(marks.all(|is_lost| is_lost != model.is_known), "it says whether it is old news, after {:?}", event);
            let called = play.transitions().filter(|one| one.announced.is_some() && !one.suppressed).count();
            prop_assert_eq!(called, model.called, "somebody was called, after {:?}", event);
        }
    }
}
