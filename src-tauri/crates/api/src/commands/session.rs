//! Who is at the screen.

use crate::wire::{Nothing, Session};
use crate::{Api, Failure, Principal};

impl Api {
    pub(crate) async fn session_read(&self, who: &Principal, _: Nothing) -> Result<Session, Failure> {
        Ok(Session {
            user: who.user.clone(),
            station: who.station.clone(),
            permissions: who.permissions.clone(),
            host: who.host,
            version: self.parts.version.to_owned(),
            demo: self.parts.demo.is_some(),
        })
    }
}
