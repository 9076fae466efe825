//! Late answers on a line that does not number them.
//!
//! An RTU frame tells its unit and its function, and nothing of the question. After a time-out the answer may still come,
//! and looks like the answer to the next question of the same kind. No wait is long enough to be sure. But a unit answers
//! in the order in which it was asked: once it has answered a question whose answer cannot be mistaken for any of those
//! that are missing, these have come and gone, or never will.
//!
//! **Invariant:** while an answer of a unit is missing, nothing is believed that could be that answer.

use std::time::Duration;

use tokio::time::Instant;

use super::address::Table;
use super::client::{Answer, Question};

/// An answer that did not come for so long does not come any more.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// The answers that a unit owes.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    missing: Vec<Missing>,
}

/// What a missing answer would look like.
#[derive(Clone, Copy, Debug)]
struct Missing {
    function: u8,
    content: usize,
    since: Instant,
}

impl Doubt {
    /// A question was asked whose answer is missing.
    pub(super) fn add(&mut self, question: &Question, now: Instant) {
        self.missing.push(Missing { function: question.function(), content: question.content(), since: now });
    }

    /// The answer to the newest question came, and it was the right one.
    pub(super) fn take_newest(&mut self) {
        self.missing.pop();
    }

    /// Everything that was missing has come, or never will.
    pub(super) fn settle(&mut self) {
        self.missing.clear();
    }

    /// Whether an answer is missing.
    pub(super) fn is_open(&mut self, now: Instant) -> bool {
        self.missing.retain(|missing| now.saturating_duration_since(missing.since) < FORGOTTEN);
        !self.missing.is_empty()
    }

    /// A read whose answer cannot be taken for one that is missing, near where `question` wants to go. `None` where
    /// there is none left: then only time helps.
    pub(super) fn proof(&self, question: &Question) -> Option<Question> {
        let (own, start) = match question {
            Question::Read(table, start, _) => (*table, *start),
            Question::SetCoil(at, _) | Question::SetCoils(at, _) => (Table::Coils, *at),
            Question::SetRegister(at, _)
            | Question::SetRegisters(at, _)
            | Question::SetBits { at, .. }
            | Question::SetAndRead(at, _) => (Table::HoldingRegisters, *at),
        };
        // Cells enough for another number of bytes.
        let sized = |bytes: u16| if own.is_bits() { bytes * 8 - 7 } else { bytes };
        let same = |bytes: u16| {
            let count = sized(bytes);
            let from = start.min(u16::MAX - count + 1);
            Question::Read(own, from, count)
        };
        let others = Table::ALL.map(|table| Question::Read(table, start, 1));
        let is_fresh = |proof: &Question| self.missing.iter().all(|missing| missing.function != proof.function());
        let first = same(1);
        Some(first).filter(|proof| !self.could_be_missing(proof)).or_else(|| {
            let another = others.into_iter().find(is_fresh);
            another.or_else(|| (2..=16).map(same).find(|proof| !self.could_be_missing(proof)))
        })
    }

    /// Whether this answer to a proof can be no other's.
    pub(super) fn is_settled_by(&self, proof: &Question, answer: &Answer) -> bool {
        match answer {
            Answer::Exception(_) => self.missing.iter().all(|missing| missing.function != proof.function()),
            Answer::Bits(_) | Answer::Registers(_) | Answer::Confirmed => !self.could_be_missing(proof),
        }
    }

    fn could_be_missing(&self, proof: &Question) -> bool {
        let (function, content) = (proof.function(), proof.content());
        self.missing.iter().any(|missing| (missing.function, missing.content) == (function, content))
    }
}

#[cfg(test)]
mod tests {
    use tokio_modbus::ExceptionCode;

    use super::*;

    #[test]
    fn a_proof_looks_like_nothing_that_is_missing() {
        let (mut doubt, now) = (Doubt::default(), Instant::now());
        let block = Question::Read(Table::HoldingRegisters, 100, 20);
        doubt.add(&block, now);
        let mut seen = Vec::new();
        // Even if none of the proofs is ever answered, the next one differs from them all.
        while let Some(proof) = doubt.proof(&block) {
            let looks = (proof.function(), proof.content());
            assert!(!seen.contains(&looks) && looks != (3, 40), "{looks:?} again");
            seen.push(looks);
            doubt.add(&proof, now);
        }
        assert!(seen.len() > 10, "{seen:?}");
        assert_eq!(seen[0], (3, 2), "the cheapest first, where the tag is known to be");
        assert!(doubt.is_open(now) && !doubt.is_open(now + FORGOTTEN));
    }

    #[test]
    fn an_exception_proves_nothing_where_the_function_is_missing() {
        let (mut doubt, now) = (Doubt::default(), Instant::now());
        doubt.add(&Question::Read(Table::HoldingRegisters, 0, 2), now);
        let exception = Answer::Exception(ExceptionCode::IllegalDataAddress);
        let (same, other) = (Question::Read(Table::HoldingRegisters, 0, 1), Question::Read(Table::Coils, 0, 1));
        assert!(!doubt.is_settled_by(&same, &exception), "it may be the missing answer");
        assert!(doubt.is_settled_by(&same, &Answer::Registers(vec![0])), "one register was not asked for before");
        assert!(doubt.is_settled_by(&other, &exception), "any answer to this function is new");
    }

    #[test]
    fn the_last_cells_of_a_table_can_be_a_proof_too() {
        let (mut doubt, now) = (Doubt::default(), Instant::now());
        let last = Question::Read(Table::Coils, 65_535, 1);
        for _ in 0..12 {
            let Some(proof) = doubt.proof(&last) else { return };
            let Question::Read(_, start, count) = proof else { panic!("only reads prove: {proof:?}") };
            assert!(u32::from(start) + u32::from(count) <= 65_536, "{proof:?}");
            doubt.add(&proof, now);
        }
    }
}
