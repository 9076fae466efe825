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
