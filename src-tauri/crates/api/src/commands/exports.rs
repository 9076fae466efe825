//! Samples as a file, part by part.

use std::time::Duration;

use exchange::{Csv, ExportError, Form, Format, Selection};

use super::trends::{bytes, pens, span};
use crate::frame;
use crate::wire::{DataForm, DataFormat, ExportId, Nothing, StartExport};
use crate::{Answer, Api, Code, Failure, Principal};

impl Api {
    pub(crate) async fn export_start(&self, _: &Principal, request: StartExport) -> Result<ExportId, Failure> {
        let span = span(request.from, request.to)?;
        let format = self.format(&request)?;
        let snapshot = self.parts.engine.snapshot();
        let tags = pens(&snapshot, &request.tags)?.iter().map(|tag| tag.id.to_string()).collect();
        let selection = Selection { tags, span, known_until: self.parts.clock.now().wall };
        let reader = self.parts.history.reader();
        self.exports.start(self.parts.clock.now().uptime, move |out, watch| {
            exchange::export(&reader, &selection, &format, out, watch).map(|_| ()).map_err(failure)
        })
    }

    pub(crate) async fn export_next(&self, _: &Principal, request: ExportId) -> Result<Answer, Failure> {
        let now = self.parts.clock.now().uptime;
        self.exports.next(request, now).await.map(|part| bytes(frame::encode_part(&part)))
    }

    pub(crate) async fn export_cancel(&self, _: &Principal, request: ExportId) -> Result<Nothing, Failure> {
        self.exports.cancel(request);
        Ok(Nothing {})
    }

    fn format(&self, request: &StartExport) -> Result<Format, Failure> {
        let every = request.every.map(|ms| Duration::from_millis(ms.into()));
        let form = match (request.format, request.form, every) {
            (DataFormat::Parquet, DataForm::Long, None) => return Ok(Format::Parquet),
            (DataFormat::Parquet, _, _) => {
                return Err(Failure::new(Code::Invalid, "a Parquet file has a row a sample, and no interval"));
            }
            (DataFormat::Csv, DataForm::Long, None) => Form::Long,
            (DataFormat::Csv, DataForm::Long, Some(_)) => {
                return Err(Failure::new(Code::Invalid, "only where a row is an instant is there an interval"));
            }
            (DataFormat::Csv, DataForm::Wide, every) => Form::Wide { every },
        };
        Ok(Format::Csv(Csv { form, zone: self.parts.zone.clone() }))
    }
}

fn failure(error: ExportError) -> Failure {
    let code = match &error {
        ExportError::Reading(_) => Code::Storage,
        ExportError::NoTags | ExportError::Interval => Code::Invalid,
        ExportError::Cancelled | ExportError::Writing(_) => Code::Internal,
    };
    Failure::caused(code, error.to_string(), &error)
}
