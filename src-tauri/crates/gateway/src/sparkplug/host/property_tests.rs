//! Whatever becomes of the messages on their way: no value is ever under a wrong metric, and after a birth all is well.

use model::{Quality, Timestamp, Value};
use proptest::prelude::*;

use super::scene::{Scene, aliased, by_alias, double, tags};

/// What happens to the next message on its way.
#[derive(Clone, Debug)]
enum Fate {
    Arrives,
    Lost,
    Twice,
    /// It comes after so many others.
    Late(usize),
    /// The node is born again, with its aliases the other way round.
    Reborn,
    /// Time passes.
    Waits(u64),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Arrives),
        2 => Just(Fate::Lost),
        2 => Just(Fate::Twice),
        2 => (1..5usize).prop_map(Fate::Late),
        1 => Just(Fate::Reborn),
        1 => (1..5_000u64).prop_map(Fate::Waits),
    ]
}

/// A message of the node as it left it.
#[derive(Clone)]
enum Sent {
    Birth { swapped: bool, session: u64 },
    Data { sent: Timestamp, seq: u64, alias: u64, x: f64 },
}

fn deliver(scene: &mut Scene, sent: &Sent) {
    match *sent {
        Sent::Birth { swapped, session } => {
            let (a, b) = if swapped { (2, 1) } else { (1, 2) };
            scene.node_born(0, session, vec![aliased(a, double("a", 1_000.0)), aliased(b, double("b", 2_000.0))]);
        }
        Sent::Data { sent, seq, alias, x } => {
            scene.message_of(sent, "spBv1.0/g/NDATA/n", Some(seq), vec![by_alias(alias, x)]);
        }
    }
}

proptest! {
    /// Values of `a` lie from 1,000 on, those of `b` from 2,000 on. A birth that gives the aliases another meaning always
    /// arrives: after one that is lost, the numbers can be the expected ones by chance, which nobody could tell.
    #[test]
    fn no_value_is_ever_under_a_wrong_metric(fates in proptest::collection::vec(fate(), 1..200), birth_is_lost in any::<bool>()) {
        let mut scene = Scene::new(tags(&["a", "b"]));
        let (mut swapped, mut seq, mut session) = (false, 0u64, 1u64);
        let mut late: Vec<(usize, Sent)> = Vec::new();
        deliver(&mut scene, &Sent::Birth { swapped, session });
        for (n, fate) in (0i32..).zip(fates) {
            scene.later(1);
            let sent = match fate {
                Fate::Reborn => {
                    swapped ^= !birth_is_lost;
                    session += 1;
                    seq = 0;
                    Some(Sent::Birth { swapped, session })
                }
                Fate::Waits(ms) => {
                    scene.later(ms);
                    None
                }
                Fate::Arrives | Fate::Lost | Fate::Twice | Fate::Late(_) => {
                    seq = (seq + 1) % 256;
                    let is_a = n % 2 == 0;
                    let alias = if is_a != swapped { 1 } else { 2 };
                    let x = f64::from(n) + if is_a { 1_000.0 } else { 2_000.0 };
                    Some(Sent::Data { sent: scene.now.wall, seq, alias, x })
                }
            };
            if let Some(sent) = sent {
                match fate {
                    Fate::Lost => {}
                    Fate::Reborn if birth_is_lost => {}
                    Fate::Twice => {
                        deliver(&mut scene, &sent);
                        deliver(&mut scene, &sent);
                    }
                    Fate::Late(by) => late.push((by, sent)),
                    Fate::Arrives | Fate::Reborn | Fate::Waits(_) => deliver(&mut scene, &sent),
                }
            }
            let mut due = Vec::new();
            late.retain_mut(|(by, sent)| {
                *by -= 1;
                if *by == 0 { due.push(sent.clone()); }
                *by > 0
            });
            for sent in due {
                deliver(&mut scene, &sent);
            }
        }
        for (tag, told) in &scene.told {
            for (sample, _) in told {
                if let Some(Value::Float(x)) = sample.value {
                    let right = if *tag == 0 { 1_000.0..2_000.0 } else { 2_000.0..3_000.0 };
                    prop_assert!(right.contains(&x), "{x} under tag{tag}");
                }
            }
        }
        // However it went: after a birth everything is as the node says.
        deliver(&mut scene, &Sent::Birth { swapped, session: session + 1 });
        scene.check(0, 1_000.0, Quality::GOOD);
        scene.check(1, 2_000.0, Quality::GOOD);
        let alias = if swapped { 2 } else { 1 };
        scene.later(1);
        let sent = scene.now.wall;
        deliver(&mut scene, &Sent::Data { sent, seq: 1, alias, x: 1_999.0 });
        scene.check(0, 1_999.0, Quality::GOOD);
        scene.rebirths();
        scene.later(3_600_000);
        prop_assert_eq!(scene.rebirths(), 0);
        scene.check(0, 1_999.0, Quality::GOOD);
    }

    #[test]
    fn no_topic_and_no_bytes_panic(topic in "spBv1.0/(g|STATE|.{0,3})/(NBIRTH|NDATA|DDATA|DBIRTH|DDEATH|NDEATH|.{0,5})/n(/d)?", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut scene = Scene::new(tags(&["a"]));
        scene.node_born(0, 1, vec![double("a", 1.0)]);
        scene.hear(&topic, &bytes);
        scene.later(10_000);
        let _detail = scene.host.detail();
    }
}
