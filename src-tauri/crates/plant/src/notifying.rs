//! `[mail]` and `[[notifications]]`: from the entries of the plant file to rules that can be followed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use alarm::Priority;
use model::EquipmentId;

use crate::document::{Node, Raw, Table};
use crate::equipment::Tree;
use crate::fields::{Fields, Said, instead};
use crate::ids::check_id;
use crate::notification::{Mail, MailTls, Notification, Quiet, Recipient};
use crate::plant::AlarmDefinition;
use crate::problem::{Place, Problems, shown};

const MAIL_KEYS: [&str; 6] = ["server", "port", "tls", "login", "from", "ca"];
const KEYS: [&str; 13] = [
    "name",
    "to",
    "priorities",
    "classes",
    "equipment",
    "delay_s",
    "escalate_after_s",
    "quiet",
    "gather_s",
    "tell_return",
    "tell_acknowledged",
    "sign_with",
    "ca",
];
const QUIET_KEYS: [&str; 4] = ["from", "to", "priorities", "classes"];

/// A rule gathers for so long where it does not say otherwise.
const GATHER: Duration = Duration::from_secs(60);
/// Most rules of a plant.
const MOST_RULES: usize = 100;
/// Most recipients of a rule, and most priorities, classes or pieces of equipment.
const MOST_ITEMS: usize = 50;

/// What the plant file says of notification.
#[derive(Default)]
pub(crate) struct Notifying {
    pub mail: Option<Mail>,
    pub rules: Vec<Notification>,
}

impl Notifying {
    /// Reads `[mail]` and `[[notifications]]`, once equipment and alarms are known.
    pub fn read(root: &Fields<'_, '_>, tree: &Tree, alarms: &[AlarmDefinition], problems: &mut Problems) -> Self {
        let mail = root.inner("mail", problems).and_then(|table| mail(table, problems));
        let classes: HashSet<&str> = alarms.iter().map(|alarm| alarm.class.word()).collect();
        let mut rules: Vec<Notification> = Vec::new();
        let mut names: HashMap<String, Place> = HashMap::new();
        for table in root.list("notifications", problems) {
            if rules.len() == MOST_RULES {
                let message = format!("there are more than {MOST_RULES} notifications");
                problems.error(table.at, message, "let one tell several people, or of several priorities");
                break;
            }
            let Some((rule, at)) = rule(table, tree, &classes, problems) else { continue };
            if let Some(first) = names.insert(rule.name.to_string(), at) {
                let first = problems.words(first, at);
                let message =
                    format!("the notification `{}` is given twice, on {first} and on line {}", rule.name, at.line);
                problems.error(at, message, "give one of them another name");
                continue;
            }
            let is_mailed = rule.to.iter().any(|recipient| matches!(recipient, Recipient::Mail(_)));
            if is_mailed && !root.has("mail") {
                let message =
                    format!("the notification `{}` goes to an e-mail address, and there is no `[mail]`", rule.name);
                problems.absent(table.at, message, "add [mail] with `server = \"...\"` and `from = \"...\"`");
            }
            rules.push(rule);
        }
        Self { mail, rules }
    }
}

fn mail(table: &Table<'_>, problems: &mut Problems) -> Option<Mail> {
    let fields = Fields::open(table, "mail");
    refuse_unknown(table, "mail", &MAIL_KEYS, problems);
    let server = fields.need_text("server", "\"mail.plant.example\"", problems);
    let from = fields.need_text("from", "\"andon@plant.example\"", problems);
    let modes = [("starttls", MailTls::StartTls), ("tls", MailTls::Implicit), ("none", MailTls::Off)];
    let tls = fields.choice("tls", &modes, problems);
    let mode = tls.map_or(MailTls::StartTls, |said| said.value);
    let port = port(&fields, mode, problems);
    let login = secret_name(&fields, "login", "andon secret set NAME --login", problems);
    let ca = file(&fields, "ca", problems);
    let (server, from) = (server?, from?);
    if !is_host(server.value) {
        let message = format!("`server` is not a name or an address: `{}`", shown(server.value));
        problems.error(server.at, message, "write the name alone, and the port as `port`");
        return None;
    }
    if !is_address(from.value) {
        problems.error(from.at, no_address("from", from.value), ADDRESS_REMEDY);
        return None;
    }
    if mode == MailTls::Off && login.is_some() && !is_this_machine(server.value) {
        let message = "the password would be sent in the clear: `login` is given and `tls` is \"none\"";
        problems.error(fields.place("tls"), message, "use \"starttls\" or \"tls\", or remove `login`");
    }
    if mode == MailTls::Off && ca.is_some() {
        problems.error(fields.place("ca"), "`ca` without TLS", "use \"starttls\" or \"tls\", or remove `ca`");
    }
    let (server, from) = (server.value.to_owned(), from.value.to_owned());
    Some(Mail { server, port: port?, tls: mode, login, from, ca, line: table.at.line })
}

fn rule(
    table: &Table<'_>,
    tree: &Tree,
    classes: &HashSet<&str>,
    problems: &mut Problems,
) -> Option<(Notification, Place)> {
    let fields = Fields::open(table, "notification");
    refuse_unknown(table, "notification", &KEYS, problems);
    let name = fields.need_text("name", "\"night-shift\"", problems);
    let to = recipients(&fields, problems);
    let priorities = priorities(&fields, problems);
    let said_classes = class_list(&fields, classes, problems);
    let equipment = equipment(&fields, tree, problems);
    let seconds = |key, problems: &mut Problems| fields.seconds(key, problems).map(|said| said.value);
    let delay = seconds("delay_s", problems).unwrap_or_default();
    let escalate_after = seconds("escalate_after_s", problems);
    let gather = seconds("gather_s", problems).unwrap_or(GATHER);
    let quiet =
        fields.list("quiet", problems).into_iter().filter_map(|table| quiet(table, classes, problems)).collect();
    let flag = |key, problems: &mut Problems| fields.flag(key, problems).is_some_and(|said| said.value);
    let returns = flag("tell_return", problems);
    let acknowledgements = flag("tell_acknowledged", problems);
    let sign_with = secret_name(&fields, "sign_with", "andon secret set NAME", problems);
    let ca = file(&fields, "ca", problems);
    if escalate_after.is_some_and(|after| after < Duration::from_secs(1)) {
        problems.error(fields.place("escalate_after_s"), "`escalate_after_s` is less than a second", "use 1 or more");
    }
    if escalate_after.is_some() && to.len() == 1 {
        let remedy = "add the next one to `to`, or remove `escalate_after_s`";
        problems.warning(fields.place("escalate_after_s"), "there is nobody to escalate to", remedy);
    }
    let is_mail_only = to.iter().all(|recipient| matches!(recipient, Recipient::Mail(_)));
    for key in ["sign_with", "ca"] {
        if fields.has(key) && is_mail_only && !to.is_empty() {
            let remedy = "remove it; a mail server's `ca` belongs into [mail]";
            problems.warning(fields.place(key), format!("`{key}` is for webhooks, and there is none in `to`"), remedy);
        }
    }
    let name = name?;
    if !check_id(name.value, name.at, problems) || to.is_empty() {
        return None;
    }
    let rule = Notification {
        name: Arc::from(name.value),
        to,
        priorities,
        classes: said_classes,
        equipment,
        delay,
        escalate_after,
        quiet,
        gather,
        returns,
        acknowledgements,
        sign_with,
        ca,
        line: table.at.line,
    };
    Some((rule, name.at))
}

fn recipients(fields: &Fields<'_, '_>, problems: &mut Problems) -> Vec<Recipient> {
    if !fields.has("to") {
        fields.missing("to", "[\"anna@plant.example\"]", problems);
    }
    let said = texts(fields, "to", problems);
    if said.is_empty()
        && matches!(fields.table.get("to"), Some(Node { value: Raw::List(items), .. }) if items.is_empty())
    {
        problems.error(
            fields.place("to"),
            "`to` is empty",
            "write an e-mail address or the https address of a webhook",
        );
    }
    said.into_iter().filter_map(|said| recipient(said, problems)).collect()
}

fn recipient(said: Said<&str>, problems: &mut Problems) -> Option<Recipient> {
    let text = said.value;
    if let Some(name) = text.strip_prefix("webhook:") {
        if is_secret_name(name) {
            return Some(Recipient::SecretWebhook(name.to_owned()));
        }
        let remedy = "store the address with `andon secret set NAME` and write \"webhook:NAME\"";
        problems.error(said.at, "what follows `webhook:` is not the name of a secret", remedy);
        return None;
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            // It is not repeated: what stands before the `@` may be a password.
            let remedy = "store the whole address with `andon secret set NAME` and write \"webhook:NAME\"";
            problems.error(said.at, "the webhook's address has a log-in in it, which others may read", remedy);
            return None;
        }
        let host = host_of(authority);
        let is_plain = !text.contains(|c: char| c.is_whitespace() || c.is_control()) && text.is_ascii();
        return match scheme {
            "https" if is_plain && host.is_some() => Some(Recipient::Webhook(text.to_owned())),
            "http" if is_plain && host.is_some_and(is_this_machine) => Some(Recipient::Webhook(text.to_owned())),
            "http" => {
                let message = format!("`{}` would be sent in the clear", shown(text));
                problems.error(said.at, message, "use https; http is for this machine only");
                None
            }
            _ => {
                let message = format!("`{}` is not the address of a webhook", shown(text));
                problems.error(said.at, message, "write it as \"https://host/path\"");
                None
            }
        };
    }
    if is_address(text) {
        return Some(Recipient::Mail(text.to_owned()));
    }
    problems.error(said.at, no_address("to", text), ADDRESS_REMEDY);
    None
}

fn quiet(table: &Table<'_>, classes: &HashSet<&str>, problems: &mut Problems) -> Option<Quiet> {
    let fields = Fields::open(table, "quiet");
    refuse_unknown(table, "quiet", &QUIET_KEYS, problems);
    let from = time_of_day(&fields, "from", "\"22:00\"", problems);
    let to = time_of_day(&fields, "to", "\"06:00\"", problems);
    let priorities = priorities(&fields, problems);
    let classes = class_list(&fields, classes, problems);
    let (from, to) = (from?, to?);
    if from == to {
        let remedy = "write when it ends; for alarms that nobody is ever told of, leave their priority out of the rule";
        problems.error(table.at, "the quiet time begins when it ends", remedy);
        return None;
    }
    Some(Quiet { from, to, priorities, classes })
}

/// Minutes after midnight.
fn time_of_day(fields: &Fields<'_, '_>, key: &str, example: &str, problems: &mut Problems) -> Option<u16> {
    let said = fields.need_text(key, example, problems)?;
    let two = |text: &str, most: u16| {
        let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|number| is_plain && *number <= most)
    };
    let minutes =
        said.value.split_once(':').and_then(|(hours, minutes)| Some(two(hours, 23)? * 60 + two(minutes, 59)?));
    if minutes.is_none() {
        let message = format!("`{key}` is `{}`, which is no time of day", shown(said.value));
        problems.error(said.at, message, format!("write hours and minutes, such as {example}"));
    }
    minutes
}

fn priorities(fields: &Fields<'_, '_>, problems: &mut Problems) -> Vec<Priority> {
    let mut priorities = Vec::new();
    for item in items(fields, "priorities") {
        let said = match item.value {
            Raw::Int(number) => u8::try_from(number).ok().and_then(|number| Priority::try_from(number).ok()),
            Raw::Unusable => continue,
            Raw::Text(_) | Raw::Cell(_) | Raw::Float(_) | Raw::Bool(_) | Raw::List(_) | Raw::Table(_) => None,
        };
        match said {
            Some(priority) => priorities.push(priority),
            None => problems.error(item.at, "this is no priority", "write whole numbers from 1 to 4: [1, 2]"),
        }
    }
    priorities
}

fn class_list(fields: &Fields<'_, '_>, known: &HashSet<&str>, problems: &mut Problems) -> Vec<String> {
    let said = texts(fields, "classes", problems);
    for class in said.iter().filter(|class| !known.contains(class.value)) {
        let message = format!("no alarm is of the class `{}`", shown(class.value));
        let mut words: Vec<&str> = known.iter().copied().collect();
        words.sort_unstable();
        problems.warning(class.at, message, instead(class.value, words.into_iter()));
    }
    said.into_iter().map(|class| class.value.to_owned()).collect()
}

fn equipment(fields: &Fields<'_, '_>, tree: &Tree, problems: &mut Problems) -> Vec<EquipmentId> {
    let mut found = Vec::new();
    for said in texts(fields, "equipment", problems) {
        let id = EquipmentId::new(said.value);
        if tree.level(&id).is_some() {
            found.push(id);
        } else {
            let message = format!("unknown equipment `{}`", shown(said.value));
            let paths = tree.equipment.nodes().iter().map(|node| node.id.as_str());
            problems.absent(said.at, message, instead(said.value, paths));
        }
    }
    found
}

/// The items of a list, or the one value that stands in its place.
fn items<'t, 'a>(fields: &Fields<'t, 'a>, key: &str) -> &'t [Node<'a>] {
    match fields.table.get(key) {
        Some(Node { value: Raw::List(items), .. }) => items,
        Some(node) => std::slice::from_ref(node),
        None => &[],
    }
}

/// The texts of a list, or the one text that stands in its place.
fn texts<'t>(fields: &Fields<'t, '_>, key: &str, problems: &mut Problems) -> Vec<Said<&'t str>> {
    let mut texts = Vec::new();
    let items = items(fields, key);
    if items.len() > MOST_ITEMS {
        problems.error(fields.place(key), format!("`{key}` has more than {MOST_ITEMS} entries"), "write fewer");
        return texts;
    }
    for item in items {
        match &item.value {
            Raw::Text(text) if !text.is_empty() => texts.push(Said { value: &**text, at: item.at }),
            Raw::Unusable => {}
            other => {
                let message = format!("`{key}` has {} in it, which does not fit", other.words());
                problems.error(item.at, message, "write texts in quotes");
            }
        }
    }
    texts
}

fn port(fields: &Fields<'_, '_>, mode: MailTls, problems: &mut Problems) -> Option<u16> {
    let usual = match mode {
        MailTls::StartTls => 587,
        MailTls::Implicit => 465,
        MailTls::Off => 25,
    };
    let Some(node) = fields.table.get("port") else { return Some(usual) };
    let port = match node.value {
        Raw::Int(port) => u16::try_from(port).ok().filter(|port| *port > 0),
        Raw::Unusable => return None,
        Raw::Text(_) | Raw::Cell(_) | Raw::Float(_) | Raw::Bool(_) | Raw::List(_) | Raw::Table(_) => None,
    };
    if port.is_none() {
        problems.error(node.at, "this is no port", format!("write a whole number from 1 to 65535, such as {usual}"));
    }
    port
}

/// The name of a secret. What was written is not repeated: it may be the secret itself.
fn secret_name(fields: &Fields<'_, '_>, key: &str, store: &str, problems: &mut Problems) -> Option<String> {
    let said = fields.text(key, problems)?;
    if is_secret_name(said.value) {
        return Some(said.value.to_owned());
    }
    let remedy = format!("store it with `{store}` and write {key} = \"NAME\"");
    problems.error(said.at, format!("`{key}` is not the name of a secret"), remedy);
    None
}

/// A file beside the plant file.
fn file(fields: &Fields<'_, '_>, key: &str, problems: &mut Problems) -> Option<String> {
    let said = fields.text(key, problems)?;
    let goes_down = |part: &str| !matches!(part, "" | "." | "..");
    if !said.value.contains(char::is_control) && said.value.split('/').all(goes_down) {
        return Some(said.value.to_owned());
    }
    let remedy = format!("put it into the plant's folder and write {key} = \"certs/FILE.pem\"");
    problems.error(said.at, format!("`{key}` is not a file beside the plant file"), remedy);
    None
}

/// Unknown keys, with a word of their own for what looks like a secret and must not be repeated.
fn refuse_unknown(table: &Table<'_>, what: &'static str, known: &[&str], problems: &mut Problems) {
    for entry in table.entries.iter().filter(|entry| !known.contains(&&*entry.key)) {
        let by_name = if known.contains(&"login") { "login" } else { "sign_with" };
        if ["password", "passwd", "pass", "user", "username", "secret", "token", "key"].contains(&&*entry.key) {
            let login = if by_name == "login" { " --login" } else { "" };
            let message = format!("`{}` must not be written into the plant file, which others may read", entry.key);
            let remedy = format!("store it with `andon secret set NAME{login}` and write {by_name} = \"NAME\"");
            problems.error(entry.key_at, message, remedy);
        } else {
            let message = format!("unknown key `{}` in {what}", shown(&entry.key));
            problems.error(entry.key_at, message, instead(&entry.key, known.iter().copied()));
        }
    }
}

const ADDRESS_REMEDY: &str = "write it as \"name@host\"";

fn no_address(key: &str, text: &str) -> String {
    format!("`{key}` has `{}` in it, which is no e-mail address", shown(text))
}

/// Whether this is an address as mailboxes have them: letters, digits and common signs, an `@`, and a host. What RFC 5322
/// allows beyond that (quotes, comments) no mailbox of a plant has.
fn is_address(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let has_dots_within = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    (1..=64).contains(&local.len())
        && local.chars().all(is_plain)
        && has_dots_within
        && is_host(host)
        && !host.contains(':')
}

/// Whether this can be a host: a name of letters, digits, `-` and `.`, or an address of the Internet.
fn is_host(text: &str) -> bool {
    if text.parse::<core::net::IpAddr>().is_ok() {
        return true;
    }
    let is_label = |label: &str| {
        let is_plain = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        (1..=63).contains(&label.len()) && is_plain && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// The host before a port, where both are well-formed.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, port)| (host, port.strip_prefix(':')))?,
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (is_host(host) && is_port).then_some(host)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<core::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// As `gateway` has it, which this crate does not know.
fn is_secret_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_plain)
}
