//! Gateways: from the entries of the plant file to what a protocol gets to know.

use std::collections::HashMap;
use std::sync::Arc;

use alarm::{AlarmId, Class, Config, Priority, ReturnAck, Trigger};
use model::{GatewaySpec, Protocols, Settings};

use crate::document::Table;
use crate::fields::{Fields, instead};
use crate::ids::check_id;
use crate::plant::{AlarmDefinition, CertificateFault, Gateway, Watch};
use crate::problem::{Place, Problems, shown};
use crate::settings::{report, settings};

/// Keys that are Andon's own; all others are the protocol's settings.
const KEYS: [&str; 4] = ["id", "name", "kind", "alarm_priority"];

/// Priority of a lost connection where the plant file says none: many values are missing at once, and nobody else tells.
const PRIORITY: u8 = 2;

/// A gateway with what is needed to refer to it.
pub(crate) struct Draft {
    pub gateway: Gateway,
    /// Whether its kind is known, so that addresses can be judged.
    pub known: bool,
    /// Whether it shows a certificate, which ends some day.
    pub has_certificate: bool,
    pub priority: Priority,
    pub at: Place,
}

/// The gateways by id, in the order of the plant file.
#[derive(Default)]
pub(crate) struct Gateways {
    pub drafts: Vec<Draft>,
    by_id: HashMap<String, usize>,
}

impl Gateways {
    /// Reads `[[gateways]]`.
    pub fn read(root: &Fields<'_, '_>, protocols: &dyn Protocols, problems: &mut Problems) -> Self {
        let mut gateways = Self::default();
        for table in root.list("gateways", problems) {
            gateways.add(table, protocols, problems);
        }
        gateways
    }

    /// The gateway of an id.
    pub fn find(&self, id: &str) -> Option<&Draft> {
        self.by_id.get(id).and_then(|&at| self.drafts.get(at))
    }

    /// All ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> + Clone {
        self.drafts.iter().map(|draft| &*draft.gateway.spec.id)
    }

    fn add(&mut self, table: &Table<'_>, protocols: &dyn Protocols, problems: &mut Problems) {
        let fields = Fields::open(table, "gateway");
        let kinds = protocols.kinds();
        let id = fields.need_text("id", "\"line1-plc\"", problems);
        let kind = fields.need_text("kind", &format!("\"{}\"", kinds.first().unwrap_or(&"")), problems);
        let name = fields.words("name", problems);
        let priority = fields.whole("alarm_priority", 1, 4, problems).map_or(PRIORITY, |said| said.value);
        let Some(id) = id else { return };
        if !check_id(id.value, id.at, problems) {
            return;
        }
        if let Some(first) = self.find(id.value) {
            let first = problems.words(first.at, id.at);
            let message = format!("the gateway `{}` is given twice, on {first} and on line {}", id.value, id.at.line);
            problems.error(id.at, message, "give one of them another id");
            return;
        }
        let known = kind.is_some_and(|kind| kinds.contains(&kind.value));
        if let (Some(kind), false) = (kind, known) {
            let message = format!("unknown kind of gateway `{}`", shown(kind.value));
            problems.error(kind.at, message, instead(kind.value, kinds.iter().copied()));
        }
        let own = settings(table, &KEYS);
        let is_usable = own.is_some();
        let spec = GatewaySpec {
            id: id.value.to_owned(),
            name: if name.is_empty() { id.value.to_owned() } else { name },
            kind: kind.map(|kind| kind.value.to_owned()).unwrap_or_default(),
            settings: own.unwrap_or_default(),
        };
        if known
            && is_usable
            && let Err(rejections) = protocols.check_gateway(&spec)
        {
            report(rejections, table, problems);
        }
        let has_certificate = known && protocols.has_certificate(&spec);
        let address = address(&spec.settings);
        self.by_id.insert(spec.id.clone(), self.drafts.len());
        self.drafts.push(Draft {
            gateway: Gateway { spec, address, line: table.at.line },
            known,
            has_certificate,
            priority: Priority::try_from(priority).expect("checked: within 1 to 4"),
            at: id.at,
        });
    }
}

impl Draft {
    /// The alarms that a gateway has by itself.
    pub fn own_alarms(&self) -> Vec<AlarmDefinition> {
        let certificate =
            [CertificateFault::Ending, CertificateFault::Invalid].map(|fault| self.certificate_alarm(fault));
        let certificate = certificate.into_iter().filter(|_| self.has_certificate);
        std::iter::once(self.connection_alarm()).chain(certificate).collect()
    }

    fn connection_alarm(&self) -> AlarmDefinition {
        let GatewaySpec { id, name, .. } = &self.gateway.spec;
        AlarmDefinition {
            id: AlarmId::new(format!("gateway/{id}/connection")),
            equipment: None,
            message: format!("{name}: connection lost"),
            watch: Watch::Link(Arc::from(&**id)),
            config: Config::new(Trigger::LinkDown, self.priority),
            enabled_when: None,
            suppressed_when: None,
            class: Class::System,
            cause: "The gateway is switched off, or the network between it and this station is interrupted.".to_owned(),
            consequence: "Its tags are stale, and alarms on them hold their last state.".to_owned(),
            action: "Check the gateway's power and network; the connection comes back by itself.".to_owned(),
            confirmation: String::new(),
            time_to_respond: None,
            screen: None,
            document: None,
            condition: "not connected".to_owned(),
        }
    }

    /// Somebody has to do something about a certificate, and once it was done nobody has to acknowledge that.
    fn certificate_alarm(&self, fault: CertificateFault) -> AlarmDefinition {
        let GatewaySpec { id, name, .. } = &self.gateway.spec;
        let (own, words, number) = match fault {
            CertificateFault::Ending => ("certificate", "a certificate ends within 7 days", 3),
            CertificateFault::Invalid => ("certificate-invalid", "a certificate is not valid", 2),
        };
        let (cause, consequence) = match fault {
            CertificateFault::Ending => (
                "Nobody has renewed it yet.",
                "From its end on the connection is refused, and the gateway's tags are stale.",
            ),
            CertificateFault::Invalid => (
                "It has ended or begins later; or the clock of this station is wrong.",
                "The connection is refused, and the gateway's tags are stale.",
            ),
        };
        let priority = Priority::try_from(number).expect("2 and 3 are priorities");
        AlarmDefinition {
            id: AlarmId::new(format!("gateway/{id}/{own}")),
            equipment: None,
            message: format!("{name}: {words}"),
            watch: Watch::Certificate { gateway: Arc::from(&**id), fault },
            config: Config { return_ack: ReturnAck::NotRequired, ..Config::new(Trigger::Condition, priority) },
            enabled_when: None,
            suppressed_when: None,
            class: Class::System,
            cause: cause.to_owned(),
            consequence: consequence.to_owned(),
            action: "See on Connections which certificate it is and compare its dates with this station's clock; \
                     renew it and put it in its place."
                .to_owned(),
            confirmation: String::new(),
            time_to_respond: None,
            screen: None,
            document: None,
            condition: words.to_owned(),
        }
    }
}

/// Where a gateway is reached, from the settings that protocols commonly have.
fn address(settings: &Settings) -> String {
    let words = |key: &str| match settings.get(key)? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => None,
    };
    match (words("host"), words("port")) {
        (Some(host), Some(port)) if host.contains(':') => format!("[{host}]:{port}"),
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host,
        (None, _) => String::new(),
    }
}
