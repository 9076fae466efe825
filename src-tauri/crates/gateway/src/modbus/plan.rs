//! Which registers are read together.
//!
//! Fewer requests are faster requests, so neighbouring tags are joined over small gaps. A value is never split over two
//! requests: between them it could change, and the two halves would make a number that never was.

use std::time::Duration;

use model::{DataType, Point, Quality, Rejection, Scaling, TagIndex, Value, WritePolicy};

use super::address::{Address, Table};
use super::client::Question;
use super::device::{Device, Limits, MOST_BITS};
use super::mapping::Mapping;

/// A tag and where it is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) tag: TagIndex,
    pub(super) id: String,
    pub(super) data_type: DataType,
    pub(super) scaling: Option<Scaling>,
    pub(super) write: Option<WritePolicy>,
    pub(super) mapping: Mapping,
    pub(super) address: Address,
}

/// What one request reads.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    pub(super) unit: u8,
    pub(super) table: Table,
    /// From one reading to the next.
    pub(super) period: Duration,
    pub(super) start: u16,
    /// Cells, at least one.
    pub(super) count: u16,
    /// The tags within, by their start. Never empty.
    pub(super) tags: Vec<Wanted>,
}

/// Blocks that cover every tag, in the order of unit, table, period and register.
pub(super) fn plan(mut tags: Vec<Wanted>, limits: Limits) -> Vec<Block> {
    tags.sort_by_key(|tag| {
        let Address { unit, table, period, register, encoding, .. } = tag.address;
        (unit, table, period, register, encoding.cells())
    });
    let mut blocks: Vec<Block> = Vec::new();
    for tag in tags {
        match blocks.last_mut() {
            Some(block) if block.can_take(&tag, limits) => block.take(tag),
            Some(_) | None => blocks.push(Block::around(tag)),
        }
    }
    blocks
}

impl Block {
    pub(super) fn around(tag: Wanted) -> Block {
        let Address { unit, table, register, encoding, period, .. } = tag.address;
        Block { unit, table, period, start: register, count: encoding.cells(), tags: vec![tag] }
    }

    /// What reads it.
    pub(super) fn question(&self) -> Question {
        Question::Read(self.table, self.start, self.count)
    }

    /// What reads one value of it, to see whether the unit is there.
    pub(super) fn cheapest(&self) -> Question {
        let address = self.tags[0].address;
        Question::Read(self.table, address.register, address.encoding.cells())
    }

    /// Whether the other one could have been planned together with this one.
    pub(super) fn is_kin(&self, other: &Block) -> bool {
        (self.unit, self.table, self.period) == (other.unit, other.table, other.period)
    }

    /// One past the last cell. May be 65,536.
    fn end(&self) -> u32 {
        u32::from(self.start) + u32::from(self.count)
    }

    fn can_take(&self, tag: &Wanted, limits: Limits) -> bool {
        let (gap, count) = if self.table.is_bits() {
            (limits.max_gap.saturating_mul(16), limits.max_registers.saturating_mul(16).min(MOST_BITS))
        } else {
            (limits.max_gap, limits.max_registers)
        };
        let end = self.end().max(tag.end());
        (tag.address.unit, tag.address.table, tag.address.period) == (self.unit, self.table, self.period)
            && u32::from(tag.address.register) <= self.end() + u32::from(gap)
            && end - u32::from(self.start) <= u32::from(count)
    }

    fn take(&mut self, tag: Wanted) {
        let end = self.end().max(tag.end());
        self.count = u16::try_from(end - u32::from(self.start)).expect("`can_take` keeps it within the limits");
        self.tags.push(tag);
    }

    /// Two blocks that cover the same tags, none of the gap between them; `None` where there is but one tag.
    pub(super) fn halves(&self) -> Option<[Block; 2]> {
        if self.tags.len() < 2 {
            return None;
        }
        let (front, back) = self.tags.split_at(self.tags.len() / 2);
        Some([front, back].map(|tags| {
            let mut tags = tags.iter().cloned();
            let first = tags.next().expect("both halves of two or more have one");
            tags.fold(Block::around(first), |mut block, tag| {
                block.take(tag);
                block
            })
        }))
    }

    /// The tag's cells within the block, as indices.
    pub(super) fn cells_of(&self, tag: &Wanted) -> std::ops::Range<usize> {
        let from = usize::from(tag.address.register - self.start);
        from..from + usize::from(tag.address.encoding.cells())
    }

    /// For messages.
    pub(super) fn words(&self) -> String {
        format!("unit {}, {}", self.unit, self.question().words())
    }
}

impl Wanted {
    /// A tag as the plant file describes it.
    pub(super) fn read(point: Point, device: &Device) -> Result<Wanted, Vec<Rejection>> {
        let (address, mapping) = Address::read(&point, device)?;
        let Point { tag, id, data_type, scaling, write, .. } = point;
        Ok(Wanted { tag, id, data_type, scaling, write, mapping, address })
    }

    /// The tag's value from a raw one, with how far to trust it.
    ///
    /// # Errors
    /// The quality that says why there is no value.
    pub(super) fn value(&self, raw: Value) -> Result<(Value, Quality), Quality> {
        self.mapping.apply(raw, self.data_type, self.scaling)
    }

    fn end(&self) -> u32 {
        u32::from(self.address.register) + u32::from(self.address.encoding.cells())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::super::address::PartWrite;
    use super::super::registers::{Encoding, Order};
    use super::*;

    fn wanted(n: usize, unit: u8, table: Table, register: u16, encoding: Encoding) -> Wanted {
        let (period, part_write) = (Duration::from_secs(1), PartWrite::Mask);
        Wanted {
            tag: TagIndex(u32::try_from(n).expect("few")),
            id: format!("tag{n}"),
            data_type: DataType::Float,
            scaling: None,
            write: None,
            mapping: Mapping::Plain,
            address: Address { unit, table, register, encoding, period, part_write },
        }
    }

    fn spans(tags: &[(u16, Encoding)], limits: Limits) -> Vec<(u16, u16)> {
        let tags = tags.iter().enumerate().map(|(n, (at, e))| wanted(n, 1, Table::HoldingRegisters, *at, *e)).collect();
        plan(tags, limits).iter().map(|block| (block.start, block.count)).collect()
    }

    const U16: Encoding = Encoding::U16(Order::Abcd);
    const F64: Encoding = Encoding::F64(Order::Abcd);

    #[test]
    fn neighbours_are_joined_over_small_gaps_only() {
        let limits = Limits { max_gap: 2, max_registers: 125 };
        assert_eq!(spans(&[(10, U16), (0, U16), (3, U16), (13, U16)], limits), [(0, 4), (10, 4)]);
        let limits = Limits { max_gap: 0, max_registers: 125 };
        assert_eq!(spans(&[(0, U16), (1, F64), (5, U16), (7, U16)], limits), [(0, 6), (7, 1)]);
    }

    #[test]
    fn a_value_is_never_split() {
        let limits = Limits { max_gap: 0, max_registers: 6 };
        assert_eq!(spans(&[(0, F64), (4, F64), (8, F64)], limits), [(0, 4), (4, 4), (8, 4)]);
        assert_eq!(spans(&[(65_532, F64)], limits), [(65_532, 4)]);
    }

    #[test]
    fn rates_are_read_apart() {
        let mut tags: Vec<_> = (0..4).map(|n: u16| wanted(n.into(), 1, Table::HoldingRegisters, n, U16)).collect();
        tags[1].address.period = Duration::from_millis(100);
        let blocks = plan(tags, Limits { max_gap: 8, max_registers: 125 });
        let read: Vec<_> = blocks.iter().map(|block| (block.period.as_millis(), block.start, block.count)).collect();
        assert_eq!(read, [(100, 1, 1), (1_000, 0, 4)]);
    }

    #[test]
    fn halves_leave_the_gap_between_them() {
        let tags = [0, 1, 8].iter().enumerate().map(|(n, at)| wanted(n, 1, Table::Coils, *at, Encoding::Bit)).collect();
        let blocks = plan(tags, Limits { max_gap: 8, max_registers: 125 });
        assert_eq!(blocks.len(), 1);
        let [front, back] = blocks[0].halves().expect("three tags");
        assert_eq!(((front.start, front.count), (back.start, back.count)), ((0, 1), (1, 8)));
        assert_eq!(front.halves(), None);
    }

    fn any_tag() -> impl Strategy<Value = (u8, Table, u16, Encoding, u64)> {
        let registers = prop_oneof![
            Just(Encoding::Text(Order::Abcd, 3)),
            Just(Encoding::U16(Order::Badc)),
            Just(Encoding::I32(Order::Cdab)),
            Just(Encoding::F64(Order::Dcba)),
        ];
        let table = prop_oneof![
            Just(Table::Coils),
            Just(Table::DiscreteInputs),
            Just(Table::InputRegisters),
            Just(Table::HoldingRegisters),
        ];
        let period = prop_oneof![Just(100), Just(1_000), 20u64..5_000];
        (1u8..3, table, 0u16..3_000, registers, period).prop_map(|(unit, table, register, encoding, period)| {
            (unit, table, register, if table.is_bits() { Encoding::Bit } else { encoding }, period)
        })
    }

    proptest! {
        #[test]
        fn every_tag_is_read_once_within_the_limits(
            tags in prop::collection::vec(any_tag(), 0..200),
            max_gap in 0u16..20,
            max_registers in 4u16..=125,
        ) {
            let limits = Limits { max_gap, max_registers };
            let tags = tags.into_iter().enumerate().map(|(n, (u, t, r, e, period))| {
                let mut tag = wanted(n, u, t, r, e);
                tag.address.period = Duration::from_millis(period);
                tag
            });
            let tags: Vec<_> = tags.collect();
            let blocks = plan(tags.clone(), limits);
            let mut seen = HashSet::new();
            for block in &blocks {
                let most = if block.table.is_bits() { max_registers * 16 } else { max_registers };
                prop_assert!((1..=most.min(MOST_BITS)).contains(&block.count), "{block:?}");
                for tag in &block.tags {
                    prop_assert!(seen.insert(tag.tag), "read twice: {tag:?}");
                    let Address { unit, table, period, .. } = tag.address;
                    prop_assert_eq!((unit, table, period), (block.unit, block.table, block.period));
                    prop_assert!(block.cells_of(tag).end <= usize::from(block.count), "split: {tag:?}");
                }
            }
            prop_assert_eq!(seen.len(), tags.len());
        }

        #[test]
        fn no_register_is_read_twice_where_tags_do_not_overlap(
            gaps in prop::collection::vec((0u16..30, any::<bool>()), 0..100),
            max_gap in 0u16..20,
        ) {
            let mut at = 0;
            let mut tags = Vec::new();
            for (n, (gap, wide)) in gaps.into_iter().enumerate() {
                let encoding = if wide { F64 } else { U16 };
                tags.push(wanted(n, 1, Table::InputRegisters, at + gap, encoding));
                at += gap + encoding.cells();
            }
            let blocks = plan(tags, Limits { max_gap, max_registers: 20 });
            for pair in blocks.windows(2) {
                prop_assert!(pair[0].end() <= u32::from(pair[1].start), "{pair:?}");
            }
        }
    }
}
