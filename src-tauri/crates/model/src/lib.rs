//! The words every other crate speaks: tags, values, quality, time, batches and the equipment tree.
//!
//! You do *not* need this crate to know how a value is fetched, stored or drawn: nothing here does anything.
//!
//! **Invariant:** no I/O, no clock, no logging, no async. Time is always an argument (see [`Now`]).

mod browse;
mod certificate;
mod equipment;
mod keep;
mod link;
mod quality;
mod sample;
mod time;
mod value;
mod write;

pub use browse::{Browse, Browsed, Offer};
pub use certificate::{CertificateStanding, Reference, Referent};
pub use equipment::{Equipment, EquipmentId, Level, Node};
pub use keep::Keep;
pub use link::{
    Certificate, CertificateOwner, EdgeNode, ErrorKind, GatewaySpec, LinkDetail, LinkState, LinkStatus, Point,
    Protocols, ReadBlock, Rejection, Settings, Traffic,
};
pub use quality::{Quality, Severity};
pub use sample::{Batch, Reach, Sample, TagIndex, Update};
pub use time::{Clock, Now, Timestamp, Uptime};
pub use value::{DataType, Scaling, Value};
pub use write::{Write, WritePolicy, Written};
