//! Disturbing the demo plant on purpose.

use crate::wire::{DemoAct, DemoView, Nothing};
use crate::{Api, Code, Demo, Failure, Principal};

impl Api {
    pub(crate) async fn demo_read(&self, _: &Principal, _: Nothing) -> Result<DemoView, Failure> {
        Ok(self.demo()?.view())
    }

    pub(crate) async fn demo_act(&self, _: &Principal, request: DemoAct) -> Result<DemoView, Failure> {
        self.demo()?.act(request).map_err(|reason| Failure::new(Code::Unavailable, reason))
    }

    fn demo(&self) -> Result<&dyn Demo, Failure> {
        self.parts.demo.as_deref().ok_or_else(|| Failure::new(Code::Unavailable, "this is not the demo plant"))
    }
}
