//! What people see of a host: its nodes with their figures, and what there is to browse.
//!
//! A path is made of the ids with slashes between them; a folder of metrics follows after an empty level, because the
//! names of metrics may have slashes themselves: `group/node/device//folder/below`.

use std::collections::BTreeMap;

use model::{Browse, Browsed, EdgeNode, LinkDetail, Offer, Settings};

use super::Host;
use super::endpoint::{Access, Belongs, Endpoint, Metric};
use super::node::{Node, Standing};
use super::state::Presence;
use crate::sparkplug::address::{CommandTypes, Rebirth as Asking, Role};
use crate::sparkplug::topic::shorten;

/// Nodes and devices that are listed one by one.
const LISTED: usize = 1_000;

impl Host {
    /// What there is to tell.
    pub(in crate::sparkplug) fn detail(&self) -> LinkDetail {
        let mut nodes = Vec::new();
        let mut more = 0;
        for (group, id, node) in self.all() {
            if nodes.len() >= LISTED {
                more += 1 + node.devices.len();
                continue;
            }
            nodes.push(EdgeNode {
                path: vec![group.into(), id.into()],
                online: node.is_online(),
                since: node.since,
                metrics: u32::try_from(node.own.metrics.len()).unwrap_or(u32::MAX),
                messages: node.messages,
                gaps: node.gaps,
                rebirths: node.rebirths,
                fault: self.fault(node),
            });
            for (name, device) in &node.devices {
                if nodes.len() >= LISTED {
                    more += 1;
                    continue;
                }
                nodes.push(EdgeNode {
                    path: vec![group.into(), id.into(), name.to_string()],
                    online: device.is_online,
                    since: device.since,
                    metrics: u32::try_from(device.metrics.len()).unwrap_or(u32::MAX),
                    messages: device.messages,
                    gaps: 0,
                    rebirths: 0,
                    fault: if device.is_online { device.fault.clone() } else { device.why.clone() },
                });
            }
        }
        LinkDetail { nodes, remarks: self.remarks(more), ..LinkDetail::default() }
    }

    fn all(&self) -> impl Iterator<Item = (&str, &str, &Node)> {
        let of_group = |(group, nodes)| {
            let group: &std::sync::Arc<str> = group;
            let nodes: &BTreeMap<_, _> = nodes;
            nodes.iter().map(move |(id, node): (&std::sync::Arc<str>, _)| (&**group, &**id, node))
        };
        self.nodes.iter().flat_map(of_group)
    }

    fn fault(&self, node: &Node) -> String {
        let mut parts: Vec<String> = Vec::new();
        let own = if node.is_online() { &node.own.fault } else { &node.why };
        parts.extend([own, &node.fault, &node.twin].into_iter().filter(|words| !words.is_empty()).cloned());
        if let Some(reason) = node.rebirth.reason() {
            let asked = match (self.rules.role, self.rules.rebirth) {
                (Role::Observer, _) => "this station only observes and does not ask for its births",
                (Role::Primary, Asking::Never) => "asking for births is switched off",
                (Role::Primary, Asking::Asked) => "it is asked for its births",
            };
            parts.push(format!("{asked}: {reason}"));
            if node.rebirth.is_unanswered() && self.rules.command_types == CommandTypes::LeftOut {
                parts.push("it does not answer; some nodes need command_types = true".into());
            }
        }
        parts.dedup();
        parts.join("; ")
    }

    fn remarks(&self, more: usize) -> Vec<(String, String)> {
        let mut remarks = Vec::new();
        let mut remark = |caption: &str, words: String| remarks.push((caption.to_owned(), words));
        match (self.rules.role, &self.rules.host_id) {
            (Role::Primary, Some(id)) => remark("Host", format!("primary, with the id \"{}\"", shorten(id))),
            (Role::Primary | Role::Observer, _) => remark("Host", "observer: publishes nothing".into()),
        }
        for (host, told) in &self.others {
            let presence = if told.presence == Presence::Online { "online" } else { "offline" };
            let is_own = self.rules.host_id.as_ref() == Some(host);
            let words =
                if is_own { format!("{presence}, and it is another station than this one") } else { presence.into() };
            remark(&format!("Host \"{}\"", shorten(host)), words);
        }
        let orphans = self.orphans();
        if let Some(first) = orphans.first() {
            remark("Tags without a metric", format!("{}, the first is {first}", orphans.len()));
        }
        if more > 0 {
            remark("Not listed", format!("{more} more nodes and devices"));
        }
        remarks
    }

    /// Tags whose node or device is online and did not announce their metric.
    fn orphans(&self) -> Vec<String> {
        let mut orphans = Vec::new();
        for (group, id, node) in self.all().filter(|(_, _, node)| node.is_online()) {
            let devices = node.devices.iter().map(|(name, device)| (Some(&**name), device));
            for (device, endpoint) in std::iter::once((None, &node.own)).chain(devices) {
                for place in self.tags.of_endpoint(&super::tags::endpoint(group, id, device)) {
                    if endpoint.is_online
                        && self.tags.metric(*place).is_some_and(|name| endpoint.metric(name).is_none())
                    {
                        orphans.push(self.tags.id(*place).to_owned());
                    }
                }
            }
        }
        orphans
    }

    /// What there is below a path.
    ///
    /// # Errors
    /// There is no such path.
    pub(in crate::sparkplug) fn browse(&self, browse: &Browse) -> Result<Browsed, String> {
        let gone = || format!("there is no \"{}\" any more", shorten(&browse.path));
        let levels: Vec<&str> = browse.path.splitn(5, '/').collect();
        let offers = match levels[..] {
            [""] => self.nodes.iter().map(|(group, nodes)| place(group, group, !nodes.is_empty(), &[group])).collect(),
            [group] => {
                let nodes = self.nodes.get(group).ok_or_else(gone)?;
                nodes.iter().map(|(id, node)| self.node_offer(group, id, node)).collect()
            }
            [group, id, ref rest @ ..] => {
                let node = self.nodes.get(group).and_then(|nodes| nodes.get(id)).ok_or_else(gone)?;
                match *rest {
                    [] => {
                        let mut offers: Vec<Offer> =
                            node.devices.iter().map(|(name, device)| device_offer(group, id, name, device)).collect();
                        offers.extend(folder(&Ids { group, node: id, device: None }, &node.own, ""));
                        offers
                    }
                    ["", ref folders @ ..] => {
                        folder(&Ids { group, node: id, device: None }, &node.own, &folders.join("/"))
                    }
                    [name] => {
                        let device = node.devices.get(name).ok_or_else(gone)?;
                        folder(&Ids { group, node: id, device: Some(name) }, device, "")
                    }
                    [name, "", below] => {
                        let device = node.devices.get(name).ok_or_else(gone)?;
                        folder(&Ids { group, node: id, device: Some(name) }, device, below)
                    }
                    _ => return Err(gone()),
                }
            }
            [] => Vec::new(),
        };
        let more = offers.len().saturating_sub(Browsed::MOST);
        let remark = if self.nodes.is_empty() { "no node has announced itself yet" } else { "" };
        Ok(Browsed { offers: offers.into_iter().take(Browsed::MOST).collect(), more, remark: remark.into() })
    }

    fn node_offer(&self, group: &str, id: &str, node: &Node) -> Offer {
        let mut offer = place(&format!("{group}/{id}"), id, true, &[group, id]);
        let standing = match node.standing() {
            Standing::Online => "online",
            Standing::Unheard => "not heard yet",
            Standing::Unborn | Standing::Adrift => "waiting for its birth",
            Standing::Offline => "offline",
        };
        offer.columns = vec![
            ("State".into(), standing.into()),
            ("Metrics".into(), node.own.metrics.len().to_string()),
            ("Devices".into(), node.devices.len().to_string()),
        ];
        offer.has_more = !node.own.metrics.is_empty() || !node.devices.is_empty();
        offer
    }
}

/// Where a metric is.
struct Ids<'a> {
    group: &'a str,
    node: &'a str,
    device: Option<&'a str>,
}

impl Ids<'_> {
    fn path(&self) -> String {
        match self.device {
            None => format!("{}/{}", self.group, self.node),
            Some(device) => format!("{}/{}/{device}", self.group, self.node),
        }
    }

    fn equipment(&self) -> Vec<String> {
        [Some(self.group), Some(self.node), self.device].into_iter().flatten().map(str::to_owned).collect()
    }
}

/// A place that holds more.
fn place(path: &str, name: &str, has_more: bool, equipment: &[&str]) -> Offer {
    Offer {
        path: path.to_owned(),
        name: name.to_owned(),
        has_more,
        equipment: equipment.iter().map(|&id| id.to_owned()).collect(),
        ..Offer::default()
    }
}

fn device_offer(group: &str, node: &str, name: &str, device: &Endpoint) -> Offer {
    let mut offer = place(&format!("{group}/{node}/{name}"), name, !device.metrics.is_empty(), &[group, node, name]);
    let state = if device.is_online { "online" } else { "offline" };
    offer.columns = vec![("State".into(), state.into()), ("Metrics".into(), device.metrics.len().to_string())];
    offer
}

/// The metrics and folders directly below a folder, in the order of their names.
fn folder(ids: &Ids<'_>, endpoint: &Endpoint, folder: &str) -> Vec<Offer> {
    let mut offers: BTreeMap<&str, Offer> = BTreeMap::new();
    for metric in &endpoint.metrics {
        let below = if folder.is_empty() { Some(&*metric.name) } else { below(&metric.name, folder) };
        let Some(below) = below else { continue };
        let (name, has_more) = match below.split_once('/') {
            Some((name, _)) => (name, true),
            None => (below, false),
        };
        let whole = &metric.name[..metric.name.len() - below.len() + name.len()];
        let path = format!("{}//{whole}", ids.path());
        let offer = offers.entry(name).or_insert_with(|| Offer {
            path,
            name: name.to_owned(),
            equipment: ids.equipment(),
            ..Offer::default()
        });
        offer.has_more |= has_more;
        if !has_more {
            describe(offer, ids, metric);
        }
    }
    offers.into_values().collect()
}

fn below<'a>(name: &'a str, folder: &str) -> Option<&'a str> {
    name.strip_prefix(folder)?.strip_prefix('/')
}

fn describe(offer: &mut Offer, ids: &Ids<'_>, metric: &Metric) {
    offer.sample = metric.shown.as_ref().map(ToString::to_string);
    offer.data_type = metric.of.and_then(|of| of.tag_type());
    offer.unit = metric.about.unit.to_string();
    offer.range = metric.about.low.zip(metric.about.high).filter(|(low, high)| low < high);
    offer.columns = vec![("Type".into(), metric.of.map_or("unknown", |of| of.word()).into())];
    if offer.data_type.is_some() {
        let mut address = Settings::new();
        address.insert("group".into(), ids.group.into());
        address.insert("node".into(), ids.node.into());
        if let Some(device) = ids.device {
            address.insert("device".into(), device.into());
        }
        address.insert("metric".into(), (&*metric.name).into());
        offer.address = Some(address);
        let is_control = ids.device.is_none() && metric.name.starts_with("Node Control/");
        let is_json = metric.of.is_some_and(|of| !of.is_writable());
        offer.writable =
            metric.belongs == Belongs::ToItself && metric.about.access == Access::NotSaid && !is_control && !is_json;
    }
}
