//! The gateways that are reached over a network.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use model::{Clock, ErrorKind, GatewaySpec, Point, Protocols, Reference, Rejection, Settings, TagIndex};
use tokio::sync::{mpsc, watch};

use crate::attempt::{Attempt, Driver, Lost, Session};
use crate::modbus::{self, Buses, Modbus, Trust};
use crate::mqtt::board::{Board, Hanging, Sheet};
use crate::mqtt::{self, Mqtt};
use crate::references::references;
use crate::sparkplug::{self, Sparkplug};
use crate::supervisor::{Randomness, Supervisor};
use crate::tls;
use crate::{Counters, Credentials, GatewayEvent, Gateways, NoCredentials, OpenLink};

/// Opens links to real gateways, and knows which settings and addresses their protocols accept.
pub struct Network {
    clock: Arc<dyn Clock>,
    randomness: Randomness,
    credentials: Arc<dyn Credentials>,
    buses: Buses,
}

/// The protocols, by their words in a plant file.
#[derive(Clone, Copy)]
enum Kind {
    Mqtt,
    Sparkplug,
    Modbus,
}

const KINDS: [(&str, Kind); 5] = [
    (mqtt::KIND, Kind::Mqtt),
    (sparkplug::KIND, Kind::Sparkplug),
    (modbus::TCP, Kind::Modbus),
    (modbus::RTU, Kind::Modbus),
    (modbus::RTU_TCP, Kind::Modbus),
];

impl Network {
    /// Gateways whose samples are stamped by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let (state, calls) = (RandomState::new(), AtomicU64::new(0));
        let randomness = move || unit_interval(state.hash_one(calls.fetch_add(1, Relaxed)));
        Self::with_randomness(clock, Arc::new(randomness))
    }

    /// The same, with a source of numbers between 0 and 1 for waits and client ids.
    pub fn with_randomness(clock: Arc<dyn Clock>, randomness: Arc<dyn Fn() -> f64 + Send + Sync>) -> Self {
        Self { clock, randomness, credentials: Arc::new(NoCredentials), buses: Buses::default() }
    }

    /// The same, with what gives out secrets and certificates.
    #[must_use]
    pub fn with_credentials(self, credentials: Arc<dyn Credentials>) -> Self {
        Self { credentials, ..self }
    }

    /// Opens a board at the broker of a gateway and returns at once; `filter` says which sheets come as `sheets`. What
    /// becomes of the connection arrives as events under the gateway's id.
    ///
    /// # Errors
    /// Why the gateway's settings are no broker's, in words.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open_board(
        &self,
        spec: &GatewaySpec,
        filter: &str,
        sheets: mpsc::Sender<Sheet>,
        events: mpsc::Sender<GatewayEvent>,
    ) -> Result<Board, String> {
        let credentials = Arc::clone(&self.credentials);
        let (hanging, own) = Hanging::new(spec, (self.randomness)(), credentials, filter, sheets).map_err(words)?;
        Ok(Board::new(own, self.supervise(spec, Arc::new(hanging), 0, events)))
    }

    /// What gives out secrets and certificates.
    pub fn credentials(&self) -> &Arc<dyn Credentials> {
        &self.credentials
    }

    fn supervise(
        &self,
        spec: &GatewaySpec,
        driver: Arc<dyn Driver>,
        tags: usize,
        events: mpsc::Sender<GatewayEvent>,
    ) -> OpenLink {
        let (stop, stopped) = watch::channel(false);
        let counters = Arc::new(Counters::default());
        let (handle, requests) = crate::channel();
        let supervisor = Supervisor {
            gateway: spec.id.as_str().into(),
            driver,
            tags,
            events,
            counters: Arc::clone(&counters),
            clock: Arc::clone(&self.clock),
            randomness: Arc::clone(&self.randomness),
            requests,
            stop: stopped,
        };
        OpenLink::new(counters, handle, stop, tokio::spawn(supervisor.run()))
    }

    fn driver(&self, spec: &GatewaySpec, points: Vec<Point>) -> Arc<dyn Driver> {
        let driver: Result<Arc<dyn Driver>, Vec<Rejection>> = match kind(spec) {
            Ok(Kind::Mqtt) => Mqtt::new(spec, points, (self.randomness)(), Arc::clone(&self.credentials))
                .map(|mqtt| Arc::new(mqtt) as _),
            Ok(Kind::Sparkplug) => Sparkplug::new(spec, points, (self.randomness)(), Arc::clone(&self.credentials))
                .map(|sparkplug| Arc::new(sparkplug) as _),
            Ok(Kind::Modbus) => {
                let trust = Trust { credentials: Arc::clone(&self.credentials), clock: Arc::clone(&self.clock) };
                Modbus::new(spec, points, &self.buses, &trust).map(|modbus| Arc::new(modbus) as _)
            }
            Err(rejection) => Err(vec![rejection]),
        };
        driver.unwrap_or_else(|rejections| Arc::new(Misconfigured { words: words(rejections) }))
    }
}

impl Gateways for Network {
    fn open(&self, spec: &GatewaySpec, points: Vec<Point>, events: mpsc::Sender<GatewayEvent>) -> OpenLink {
        let tags = points.len();
        self.supervise(spec, self.driver(spec, points), tags, events)
    }
}

impl Protocols for Network {
    fn kinds(&self) -> Vec<&'static str> {
        KINDS.iter().map(|(word, _)| *word).collect()
    }

    fn check_gateway(&self, spec: &GatewaySpec) -> Result<(), Vec<Rejection>> {
        match kind(spec).map_err(|rejection| vec![rejection])? {
            Kind::Mqtt => mqtt::check_gateway(spec),
            Kind::Sparkplug => sparkplug::check_gateway(spec),
            Kind::Modbus => modbus::check_gateway(spec),
        }
    }

    fn full_address(&self, spec: &GatewaySpec, point: &Point) -> Result<Settings, Vec<Rejection>> {
        match kind(spec) {
            Ok(Kind::Mqtt) => mqtt::full_address(spec, point),
            Ok(Kind::Sparkplug | Kind::Modbus) | Err(_) => Ok(point.address.clone()),
        }
    }

    fn check_point(&self, spec: &GatewaySpec, point: &Point) -> Result<(), Vec<Rejection>> {
        match kind(spec).map_err(|rejection| vec![rejection])? {
            Kind::Mqtt => mqtt::check_point(point),
            Kind::Sparkplug => sparkplug::check_point(point),
            Kind::Modbus => modbus::check_point(spec, point),
        }
    }

    fn references(&self, spec: &GatewaySpec) -> Vec<Reference> {
        references(&spec.settings)
    }

    fn has_board(&self, spec: &GatewaySpec) -> bool {
        matches!(kind(spec), Ok(Kind::Mqtt))
    }

    fn has_certificate(&self, spec: &GatewaySpec) -> bool {
        tls::is_on(&spec.settings)
    }
}

fn kind(spec: &GatewaySpec) -> Result<Kind, Rejection> {
    KINDS.iter().find(|(word, _)| *word == spec.kind).map(|(_, kind)| *kind).ok_or_else(|| Rejection {
        key: Some("kind".into()),
        message: format!("there is no protocol \"{}\"", spec.kind.escape_debug()),
        remedy: format!("write one of {}", KINDS.map(|(word, _)| format!("\"{word}\"")).join(", ")),
    })
}

/// Rejections as one text.
fn words(rejections: Vec<Rejection>) -> String {
    let words: Vec<_> = rejections.into_iter().map(|rejection| rejection.message).collect();
    words.join("; ")
}

/// The upper 53 bits as a number from 0 to just below 1.
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
fn unit_interval(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// Stands in for a gateway whose settings no protocol accepts. A plant is checked before it is started, so this is seen
/// only when that was left out; then it is said on the screen and not in a crash.
struct Misconfigured {
    words: String,
}

impl Driver for Misconfigured {
    fn silence(&self) -> Duration {
        Duration::MAX
    }

    fn unusable(&self) -> Vec<(TagIndex, String)> {
        Vec::new()
    }

    fn session(self: Arc<Self>, _attempt: Attempt) -> Session {
        Box::pin(async move { Lost::new(ErrorKind::Refused, self.words.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use model::{DataType, Now};

    use super::*;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Now {
            Now::default()
        }
    }

    fn spec(kind: &str, settings: &str) -> GatewaySpec {
        let settings: Settings = serde_json::from_str(settings).expect("a document");
        GatewaySpec { id: "g".into(), name: "G".into(), kind: kind.into(), settings }
    }

    #[test]
    fn each_protocol_checks_its_own() {
        let network = Network::new(Arc::new(Still));
        assert_eq!(network.kinds(), ["mqtt", "sparkplug", "modbus-tcp", "modbus-rtu", "modbus-rtu-tcp"]);
        assert_eq!(network.check_gateway(&spec("mqtt", r#"{"host":"b"}"#)), Ok(()));
        assert_eq!(network.check_gateway(&spec("modbus-tcp", r#"{"host":"b","unit":3}"#)), Ok(()));
        assert!(network.check_gateway(&spec("mqtt", r#"{"host":"b","unit":3}"#)).is_err());
        let unknown = network.check_gateway(&spec("opc", "{}")).expect_err("unknown");
        assert_eq!(unknown[0].key.as_deref(), Some("kind"));
        let point = |address: &str| Point {
            tag: TagIndex(0),
            id: "t".into(),
            data_type: DataType::Float,
            scaling: None,
            address: serde_json::from_str(address).expect("a document"),
            write: None,
        };
        let (topic, register) = (point(r#"{"topic":"a"}"#), point(r#"{"table":"input","register":1}"#));
        let (broker, device) = (spec("mqtt", r#"{"host":"b"}"#), spec("modbus-tcp", r#"{"host":"b"}"#));
        assert_eq!(network.check_point(&broker, &topic), Ok(()));
        assert_eq!(network.check_point(&device, &register), Ok(()));
        assert!(network.check_point(&broker, &register).is_err());
        assert!(network.check_point(&device, &topic).is_err());
    }

    #[test]
    fn randomness_fills_the_unit_interval() {
        let network = Network::new(Arc::new(Still));
        let numbers: Vec<f64> = (0..1_000).map(|_| (network.randomness)()).collect();
        assert!(numbers.iter().all(|x| (0.0..1.0).contains(x)));
        assert!(numbers.iter().any(|x| *x < 0.1) && numbers.iter().any(|x| *x > 0.9));
    }
}
