//! The demo plant's disturbances in the contract's words.

use api::wire::{DemoAct, DemoMachine, DemoView};
use simulator::{Act, View};
use std::sync::Arc;

/// The running demo plant, as the contract wants it.
pub struct Disturbances(pub Arc<simulator::Demo>);

impl api::Demo for Disturbances {
    fn view(&self) -> DemoView {
        view(self.0.view())
    }

    fn act(&self, act: DemoAct) -> Result<DemoView, String> {
        let act = match act {
            DemoAct::Jam { machine } => Act::Jam { machine },
            DemoAct::Clear { machine } => Act::Clear { machine },
            DemoAct::StopBroker {} => Act::StopBroker,
            DemoAct::StartBroker {} => Act::StartBroker,
            DemoAct::FreezePlc {} => Act::FreezePlc,
            DemoAct::ThawPlc {} => Act::ThawPlc,
            DemoAct::AlarmFlood {} => Act::AlarmFlood,
        };
        self.0.act(act).map(view).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("{error}{cause}")
        })
    }
}

fn view(view: View) -> DemoView {
    let View { machines, broker_running, plc_frozen, flooding } = view;
    let machines = machines
        .into_iter()
        .map(|machine| DemoMachine { id: machine.id, name: machine.name, jammed: machine.jammed })
        .collect();
    DemoView { machines, broker_running, plc_frozen, flooding }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use engine::{Engine, Parts, SystemClock};
    use gateway::Network;
    use model::{Clock, Value, Written};
    use plant::{Files, TagIndices};
    use simulator::{Demo, Options};

    use super::*;

    /// An engine on a demo plant.
    fn start(folder: &Path) -> (Arc<Demo>, Engine) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let options = Options { seed: 1, folder: folder.join("plant"), clock: Arc::clone(&clock) };
        let demo = Arc::new(Demo::start(options).expect("a demo"));
        let network = Network::new(Arc::clone(&clock));
        let text = std::fs::read_to_string(demo.plant_folder().join("plant.toml")).expect("its plant file");
        let mut files = Files::new();
        files.insert("plant.toml", text);
        let plant = plant::read(&files, &network, &TagIndices::default()).plant.expect("a plant without errors");
        let history = history::History::open(&folder.join("history.db"), Arc::clone(&clock)).expect("a history");
        let journal = journal::Journal::open(&folder.join("journal.db"), Arc::clone(&clock)).expect("a journal");
        let parts =
            Parts { clock, gateways: Arc::new(network), history: Arc::new(history), journal: Arc::new(journal) };
        (demo, Engine::start(parts, plant))
    }

    /// Writes a tag once its gateway is connected, and waits until it shows the value.
    async fn write(engine: &Engine, tag: &str, value: f64) -> Written {
        let give_up = Instant::now() + Duration::from_secs(20);
        let index = engine.snapshot().plant.tag_by_id(tag).expect("a tag of the demo").index;
        let shows = |expected: Option<f64>| {
            let shown = engine.snapshot().table.row(index).and_then(|row| row.value).and_then(|value| value.number());
            shown.is_some() && expected.is_none_or(|expected| shown == Some(expected))
        };
        while !shows(None) {
            assert!(Instant::now() < give_up, "{tag} has no value");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let written = engine.write(index, Value::Float(value)).await.expect("the engine runs");
        while written == Written::Done && !shows(Some(value)) {
            assert!(Instant::now() < give_up, "{tag} does not show {value}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        written
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_demos_setpoints_can_be_written_and_show_it() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let (_demo, engine) = start(scratch.path());
        let capper = "demo/filling/line1/capper/speed_target";
        assert_eq!(write(&engine, capper, 380.5).await, Written::Done);
        let filler = "demo/filling/line1/filler/speed_target";
        assert_eq!(write(&engine, filler, 390.5).await, Written::Done);
        let refused = write(&engine, capper, 5_000.0).await;
        assert!(matches!(&refused, Written::Refused(words) if words.contains("5000")), "{refused:?}");
        let read_only = write(&engine, "demo/filling/line1/capper/torque", 1.0).await;
        assert!(matches!(read_only, Written::Refused(_)), "{read_only:?}");
        engine.stop().await;
    }
}
