//! Taking what a gateway offers over into the plant file.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ::plant::{Addition, NewMachine, NewTag, Plant, Problem, Severity, id_of, numbered};
use model::{DataType, EquipmentId, Level};

use super::gateways::{addresses, key, no_gateway};
use super::{Recorded, wait_for_disk};
use crate::wire::{Adopt, AdoptMachine, AdoptTag, Adopted, LeftOut, TagKind};
use crate::{AddError, Api, Code, Failure, Principal};

/// Most tags and most machines in one request.
const MOST: usize = 5_000;
/// Problems that are named in a refusal; the others are counted.
const NAMED: usize = 5;

impl Api {
    pub(crate) async fn plant_adopt(&self, _: &Principal, request: Adopt) -> Result<Adopted, Failure> {
        let most = request.tags.len().max(request.machines.len());
        if most > MOST {
            return Err(Failure::new(Code::Invalid, format!("{most} at once are too many; at most {MOST}")));
        }
        let _change = self.begin_change()?;
        let keep = self.parts.engine.snapshot().plant.indices().clone();
        let folder = Arc::clone(&self.parts.folder);
        // What counts is the file as it is now, not the plant that was made of an earlier one.
        let (planned, reading) = wait_for_disk(move || {
            let now = folder.read(&keep);
            let plant = now.plant.ok_or_else(|| refused("the plant file has errors already", &now.problems))?;
            let planned = plan(&plant, request)?;
            let reading = if planned.addition.is_empty() {
                None
            } else {
                Some(folder.add(&planned.addition, &keep).map_err(not_added)?)
            };
            Ok::<_, Failure>((planned, reading))
        })
        .await??;
        if let Some(reading) = reading {
            self.take(reading).await?;
        }
        let Planned { addition, left_out } = planned;
        let id = |tag: &NewTag| full_id(tag.equipment.as_deref(), &tag.id);
        Ok(Adopted {
            tags: addition.tags.iter().map(id).collect(),
            machines: addition.machines.into_iter().map(|machine| machine.path).collect(),
            left_out,
            plant: self.plant_status(),
        })
    }
}

impl Recorded for Adopted {
    fn record(&self) -> String {
        format!(
            "done: tags added {}, machines added {}, left out {}",
            self.tags.len(),
            self.machines.len(),
            self.left_out.len()
        )
    }
}

/// What is to be written, and what is not.
struct Planned {
    addition: Addition,
    left_out: Vec<LeftOut>,
}

fn plan(plant: &Plant, request: Adopt) -> Result<Planned, Failure> {
    let Adopt { gateway, tags, machines } = request;
    if plant.gateway(&gateway).is_none() {
        return Err(no_gateway(&gateway));
    }
    let is_new = |machine: &AdoptMachine| {
        let known = plant.equipment.find(&EquipmentId::new(machine.path.as_str()));
        known.is_none_or(|node| node.level != Level::Machine)
    };
    let machines = machines.into_iter().filter(is_new).map(|AdoptMachine { path, name }| NewMachine { path, name });
    let mut planned =
        Planned { addition: Addition { machines: machines.collect(), tags: Vec::new() }, left_out: Vec::new() };
    let mut known = addresses(plant, &gateway);
    let mut ids = Ids::new(plant);
    for tag in tags {
        let address = key(&tag.address);
        if let Some(owner) = known.get(&address) {
            planned.left_out.push(LeftOut { name: tag.name, reason: format!("`{owner}` has this address already") });
            continue;
        }
        let tag = ids.name(&gateway, tag);
        known.insert(address, full_id(tag.equipment.as_deref(), &tag.id));
        planned.addition.tags.push(tag);
    }
    Ok(planned)
}

/// Gives ids that nothing else has.
struct Ids {
    taken: HashSet<String>,
    /// From which number on to look for a free one, so that a thousand of one name are not a million looks.
    next: HashMap<String, usize>,
}

impl Ids {
    fn new(plant: &Plant) -> Self {
        let tags = plant.tags.iter().map(|tag| tag.id.to_string());
        let alarms = plant.alarms.iter().map(|alarm| alarm.id.to_string());
        Self { taken: tags.chain(alarms).collect(), next: HashMap::new() }
    }

    fn name(&mut self, gateway: &str, tag: AdoptTag) -> NewTag {
        let id = match tag.id {
            // Said by a person: if it is taken or no id at all, the plant file's reader says so.
            Some(id) => id,
            None => self.free(tag.equipment.as_deref(), &id_of(&tag.name)),
        };
        self.taken.insert(full_id(tag.equipment.as_deref(), &id));
        NewTag {
            name: if tag.name == id { String::new() } else { tag.name },
            equipment: tag.equipment,
            id,
            gateway: gateway.to_owned(),
            address: tag.address,
            data_type: data_type(tag.kind),
            unit: tag.unit,
            range: tag.range,
            decimals: tag.decimals,
            write: tag.writable,
        }
    }

    fn free(&mut self, equipment: Option<&str>, id: &str) -> String {
        if !self.taken.contains(&full_id(equipment, id)) {
            return id.to_owned();
        }
        let next = self.next.entry(full_id(equipment, id)).or_insert(2);
        loop {
            let candidate = numbered(id, *next);
            *next += 1;
            if !self.taken.contains(&full_id(equipment, &candidate)) {
                return candidate;
            }
        }
    }
}

fn full_id(equipment: Option<&str>, id: &str) -> String {
    equipment.map_or_else(|| id.to_owned(), |equipment| format!("{equipment}/{id}"))
}

fn data_type(kind: TagKind) -> DataType {
    match kind {
        TagKind::Bool => DataType::Bool,
        TagKind::Int => DataType::Int,
        TagKind::Float => DataType::Float,
        TagKind::Text => DataType::Text,
    }
}

fn not_added(error: AddError) -> Failure {
    match &error {
        AddError::Refused(words) => Failure::new(Code::Unavailable, words.clone()),
        AddError::Checking(problems) => refused("nothing was added, because the plant would have errors", problems),
        AddError::Writing(cause) => {
            Failure::caused(Code::Storage, format!("nothing was added: {error}: {cause}"), &error)
        }
    }
}

pub(super) fn refused(what: &str, problems: &[Problem]) -> Failure {
    let errors: Vec<&Problem> = problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    let named = errors.iter().take(NAMED).map(|problem| {
        let Problem { file, line, message, remedy, .. } = problem;
        format!("{file}:{line}: {message} ({remedy})")
    });
    let mut words = format!("{what}: {}", named.collect::<Vec<_>>().join("; "));
    if errors.len() > NAMED {
        words = format!("{words}; and {} more", errors.len() - NAMED);
    }
    Failure::new(Code::Invalid, words)
}
