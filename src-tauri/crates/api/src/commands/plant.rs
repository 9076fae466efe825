//! The plant as configured, for screens, and reading it again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::plant::{AlarmDefinition, Plant, Problem, Reading, Role, Severity, Source, Tag, Watch};
use alarm::LimitKind;
use model::{DataType, Level, Node, TagIndex};

use super::wait_for_disk;
use crate::wire::{
    AlarmView, EquipmentView, LevelView, LimitKind as LimitKindView, LimitView, Nothing, PlantStatus, PlantView,
    ProblemView, TagKind, TagRole, TagView,
};
use crate::{Api, Code, Failure, Principal};

impl Api {
    pub(crate) async fn plant_read(&self, _: &Principal, _: Nothing) -> Result<PlantView, Failure> {
        let snapshot = self.parts.engine.snapshot();
        let plant = &snapshot.plant;
        Ok(PlantView {
            revision: snapshot.plant_revision,
            name: plant.name.clone(),
            equipment: plant.equipment.nodes().iter().map(equipment_view).collect(),
            tags: tag_views(plant),
            alarms: plant.alarms.iter().map(alarm_view).collect(),
        })
    }

    pub(crate) async fn plant_reload(&self, _: &Principal, _: Nothing) -> Result<PlantStatus, Failure> {
        let _change = self.begin_change()?;
        let keep = self.parts.engine.snapshot().plant.indices().clone();
        let folder = Arc::clone(&self.parts.folder);
        let reading = wait_for_disk(move || folder.read(&keep)).await?;
        self.take(reading).await?;
        Ok(self.plant_status())
    }

    /// Activates what was read, if it has no errors.
    pub(crate) async fn take(&self, reading: Reading) -> Result<(), Failure> {
        *self.problems.lock().expect("nobody panics while holding the problems") = reading.problems;
        if let Some(plant) = reading.plant {
            let activated = self.parts.engine.activate(plant).await;
            activated.map_err(|stopped| Failure::caused(Code::Unavailable, "the plant was not activated", &stopped))?;
        }
        Ok(())
    }

    /// One change of the plant at a time: each is read with the slots of the plant before it, and two that were read
    /// with the same ones would give a slot to two tags.
    pub(crate) fn begin_change(&self) -> Result<Change<'_>, Failure> {
        if self.changing.swap(true, Ordering::AcqRel) {
            return Err(Failure::new(Code::Unavailable, "the plant is being changed already; try again in a moment"));
        }
        Ok(Change(&self.changing))
    }

    pub(crate) fn plant_status(&self) -> PlantStatus {
        let problems = self.problems.lock().expect("nobody panics while holding the problems");
        PlantStatus {
            folder: self.parts.folder.words(),
            activated_at: self.parts.engine.snapshot().activated_at.millis(),
            problems: problems.iter().map(problem_view).collect(),
        }
    }
}

/// A change of the plant that is going on; over when it is dropped.
pub(crate) struct Change<'a>(&'a AtomicBool);

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn problem_view(problem: &Problem) -> ProblemView {
    ProblemView {
        error: problem.severity == Severity::Error,
        file: problem.file.clone(),
        line: problem.line,
        message: problem.message.clone(),
        remedy: problem.remedy.clone(),
    }
}

fn equipment_view(node: &Node) -> EquipmentView {
    EquipmentView {
        id: node.id.to_string(),
        parent: node.id.parent().map(|parent| parent.to_string()),
        level: match node.level {
            Level::Site => LevelView::Site,
            Level::Area => LevelView::Area,
            Level::Line => LevelView::Line,
            Level::Machine => LevelView::Machine,
        },
        name: node.name.clone(),
    }
}

fn tag_views(plant: &Plant) -> Vec<TagView> {
    let mut limits: Vec<Vec<LimitView>> = vec![Vec::new(); plant.slots()];
    for definition in &plant.alarms {
        if let Watch::Tag(tag) = &definition.watch {
            limits[tag.slot()].extend(definition.config.trigger.value_limits().iter().filter_map(limit_view));
        }
    }
    plant.tags.iter().map(|tag| tag_view(tag, std::mem::take(&mut limits[tag.index.slot()]))).collect()
}

fn tag_view(tag: &Tag, limits: Vec<LimitView>) -> TagView {
    let (gateway, formula) = match &tag.source {
        Source::Link { gateway, .. } => (Some(gateway.to_string()), None),
        Source::Calculated(calculation) => (None, Some(calculation.text().to_owned())),
    };
    TagView {
        index: tag.index.0,
        id: tag.id.to_string(),
        name: tag.name.clone(),
        equipment: tag.equipment.as_ref().map(ToString::to_string),
        role: tag.role.map(role_view),
        kind: kind_view(tag.data_type),
        unit: tag.unit.clone(),
        decimals: tag.decimals,
        range: tag.range,
        normal: tag.normal,
        limits,
        gateway,
        formula,
        words: tag.words.clone(),
        recorded: tag.recording.is_some(),
        sloped: tag.recording.is_some_and(|recording| recording.is_sloped()),
    }
}

pub(crate) fn kind_view(data_type: DataType) -> TagKind {
    match data_type {
        DataType::Bool => TagKind::Bool,
        DataType::Int => TagKind::Int,
        DataType::Float => TagKind::Float,
        DataType::Text => TagKind::Text,
    }
}

fn role_view(role: Role) -> TagRole {
    match role {
        Role::State => TagRole::State,
        Role::Speed => TagRole::Speed,
        Role::SpeedTarget => TagRole::SpeedTarget,
        Role::GoodCount => TagRole::GoodCount,
        Role::RejectCount => TagRole::RejectCount,
        Role::Key => TagRole::Key,
    }
}

pub(crate) fn watched_tag(watch: &Watch) -> Option<TagIndex> {
    match watch {
        Watch::Tag(tag) => Some(*tag),
        Watch::Formula(_) | Watch::Link(_) | Watch::Certificate { .. } => None,
    }
}

/// A limit that is a number. One that is another tag moves, and is a line of its own where that tag is shown.
fn limit_view(level: &alarm::Level) -> Option<LimitView> {
    Some(LimitView {
        kind: limit_kind_view(level.kind),
        value: level.limit.number()?,
        priority: level.priority.number(),
    })
}

pub(crate) fn limit_kind_view(kind: LimitKind) -> LimitKindView {
    match kind {
        LimitKind::HighHigh => LimitKindView::HighHigh,
        LimitKind::High => LimitKindView::High,
        LimitKind::Low => LimitKindView::Low,
        LimitKind::LowLow => LimitKindView::LowLow,
    }
}

fn alarm_view(definition: &AlarmDefinition) -> AlarmView {
    AlarmView {
        id: definition.id.to_string(),
        message: definition.message.clone(),
        tag: watched_tag(&definition.watch).map(|tag| tag.0),
        equipment: definition.equipment.as_ref().map(ToString::to_string),
        condition: definition.condition.clone(),
        priority: definition.config.priority.number(),
        class: definition.class.to_string(),
        cause: definition.cause.clone(),
        consequence: definition.consequence.clone(),
        action: definition.action.clone(),
        confirmation: definition.confirmation.clone(),
        time_to_respond_s: definition.time_to_respond.map(|time| time.as_secs_f64()),
        screen: definition.screen.clone(),
        document: definition.document.clone(),
        enabled_when: definition.enabled_when.as_ref().map(|formula| formula.text().to_owned()),
        suppressed_when: definition.suppressed_when.as_ref().map(|formula| formula.text().to_owned()),
    }
}
