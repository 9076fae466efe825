//! How the exchange fares, for whoever looks.

use model::Timestamp;

/// Where the exchange stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// The plant file has none.
    #[default]
    Off,
    /// It is in the plant file, and this station has not what it takes, such as its key.
    Unready,
    /// It is being connected.
    Connecting,
    /// Acts come and go.
    Up,
    /// Its connection is lost, and tried again.
    Down,
}

/// How the exchange fares. The numbers count from the start of the program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Where it stands.
    pub state: State,
    /// Why, in words; empty where there is nothing to say.
    pub reason: String,
    /// The gateway over whose broker it goes; empty where there is none.
    pub gateway: String,
    /// The name under which this station's acts are known.
    pub station: String,
    /// The other stations of the plant file, each with when acts of it were last taken in or found known.
    pub others: Vec<(String, Option<Timestamp>)>,
    /// Messages that the broker took.
    pub sent: u64,
    /// When it last took one.
    pub last_sent: Option<Timestamp>,
    /// Messages that it has yet to take.
    pub waiting: usize,
    /// Acts of other stations that were news.
    pub heard: u64,
    /// When there last were some.
    pub last_heard: Option<Timestamp>,
    /// Messages and acts that were refused.
    pub refused: u64,
    /// The last one: when, and why in words.
    pub last_refused: Option<(Timestamp, String)>,
}
