//! What a gateway offers beyond the tags that the plant already has.

use crate::{DataType, Settings};

/// A look at what a gateway offers. What a path means is the protocol's own; the empty one is the beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Browse {
    /// Below which offer, by its [`Offer::path`].
    pub path: String,
    /// The protocol's own wishes, such as which registers to read.
    pub options: Settings,
}

/// What was found there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Browsed {
    /// In the protocol's order, at most [`Browsed::MOST`].
    pub offers: Vec<Offer>,
    /// How many more there are than are listed.
    pub more: usize,
    /// What a person should know of the answer, such as for how long topics were collected; may be empty.
    pub remark: String,
}

impl Browsed {
    /// The most offers in one answer.
    pub const MOST: usize = 1_000;
}

/// Something a gateway offers: a value, or a place that holds more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offer {
    /// Where to look for what is below it; unique on its gateway.
    pub path: String,
    /// Its own name, as the source writes it.
    pub name: String,
    /// Whether there is more below it.
    pub has_more: bool,
    /// The newest payload or value in words, shortened; `None` where nothing was seen.
    pub sample: Option<String>,
    /// What its values seem to be.
    pub data_type: Option<DataType>,
    /// The unit, where the source says one.
    pub unit: String,
    /// The range, low before high, where the source says one.
    pub range: Option<(f64, f64)>,
    /// The address a tag would have in the plant file; `None` for a place that is no value.
    pub address: Option<Settings>,
    /// Whether a tag on it can be written.
    pub writable: bool,
    /// The equipment path the source suggests below its own ids: group, edge node, device.
    pub equipment: Vec<String>,
    /// Further columns: a caption and its words, such as a register in the four byte orders.
    pub columns: Vec<(String, String)>,
}
