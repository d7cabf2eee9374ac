//! Asking AI Studios for an export: a look at the project, and one POST that is never sent twice when nobody knows
//! what became of it (contract 2).

use bytes::Bytes;
use http::StatusCode;
use model::{Error, ErrorClass, ProviderJobId, Secret, Violation};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    api::{Api, PROJECT_RESPONSE_LIMIT},
    envelope::{Holds, open},
    error_response::{Class, Refusal},
    export_snapshot::{Notes, Snapshot},
    lenient_values::text,
    progress::Project,
    retry_delays::Repeats,
};
use crate::{SendFailure, SendResult, SubmitContext, SubmitProtocol, SubmitStep};

/// Which answer is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The project before the export.
    Snapshot,
    /// The export.
    Export,
}

/// A conversation about one project.
pub(super) struct Submission {
    api: Api,
    project_id: String,
    body: Value,
    notes: Notes,
    stage: Stage,
    /// Whether a token was refused already. The next refusal is the last.
    refused: bool,
    repeats: Repeats,
}

impl Submission {
    /// Of a checked order.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] when the keys are missing.
    pub(super) fn new(call: &SubmitContext<'_>, now: OffsetDateTime) -> Result<Self, Error> {
        let field = |name: &str| text(call.request, &[name]).map(str::to_owned);
        let project_id = field("project_id")
            .ok_or_else(|| Error::new(ErrorClass::Internal, "an order without a project"))?;
        let mut body = json!({ "projectId": project_id, "webhookUrl": call.callback_url.as_str() });
        for (ours, theirs) in [("workspace_id", "workspaceId"), ("resolution", "resolution")] {
            if let Some(value) = field(ours) {
                body[theirs] = value.into();
            }
        }
        let joined = call.request.get("track") == Some(&Value::Bool(true));
        Ok(Self {
            api: Api::new(call.api_url, call.credentials)?,
            project_id,
            body,
            notes: Notes { asked_at: Some(now.unix_timestamp()), joined, ..Notes::default() },
            stage: Stage::Snapshot,
            refused: false,
            repeats: Repeats::default(),
        })
    }

    fn request(&self) -> Result<http::Request<Bytes>, Error> {
        match self.stage {
            Stage::Snapshot => self.api.project(&self.project_id),
            Stage::Export => self.api.post("/editor/project/export", &self.body),
        }
    }

    fn send(&self) -> SubmitStep {
        self.request().map_or_else(SubmitStep::Refused, SubmitStep::Send)
    }

    fn send_after(&self, wait: Option<std::time::Duration>, otherwise: Error) -> SubmitStep {
        match (wait, self.request()) {
            (None, _) => SubmitStep::Refused(otherwise),
            (Some(wait), Ok(request)) => SubmitStep::SendAfter { wait, request, otherwise },
            (Some(_), Err(error)) => SubmitStep::Refused(error),
        }
    }

    /// Keeps how the project was before the export is asked for: nobody can learn it afterwards (contract 2, E3).
    fn remember(&self) -> SubmitStep {
        SubmitStep::Store(self.notes.since(&Notes::default()).unwrap_or_default())
    }

    fn looked(&mut self, answer: &SendResult) -> SubmitStep {
        let Ok(response) = answer else { return self.in_trouble(unreachable()) };
        let refusal = match open(response.status(), response.body(), Holds::Object) {
            Ok(payload) => {
                self.notes.snapshot = Some(Snapshot::of(&Project::read(&payload)));
                return self.remember();
            }
            Err(refusal) => refusal,
        };
        match refusal.class() {
            Class::Auth => self.unauthorized(&refusal),
            Class::Throttled => self.throttled(answer, &refusal),
            // A project that is longer than what is read of it stays unknown, and its export need not suffer for that.
            Class::Transient if is_cut(response) => self.remember(),
            Class::Transient => self.in_trouble(refusal.error().retry_after(30)),
            _ if self.notes.joined => SubmitStep::Refused(self.named(&refusal)),
            // No workspace can be named here (contract 5.4), so a project of a team may not be shown. The export itself
            // tells whether it may be exported.
            Class::Quota
            | Class::Forbidden
            | Class::NotFound
            | Class::Conflict
            | Class::Invalid
            | Class::Provider => self.remember(),
        }
    }

    fn exported(&mut self, answer: &SendResult) -> SubmitStep {
        let response = match answer {
            Ok(response) => response,
            Err(SendFailure::NotSent) => return self.in_trouble(unreachable()),
            Err(SendFailure::MaybeSent) => {
                return unknown("AI Studios did not answer in time or the connection broke");
            }
        };
        let status = response.status();
        let refusal = match open(status, response.body(), Holds::Object) {
            // Normally the id that was sent; either one can be asked about (contract 2, E6 and E7).
            Ok(payload) => {
                let returned = text(&payload, &["projectId", "project_id", "_id"]);
                return SubmitStep::Accepted(ProviderJobId::new(returned.unwrap_or(&self.project_id)));
            }
            Err(refusal) => refusal,
        };
        // Whatever such an answer says, the work may have begun before it was said.
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return unknown(&format!("AI Studios answered HTTP {}", status.as_u16()));
        }
        match refusal.class() {
            Class::Auth => self.unauthorized(&refusal),
            Class::Throttled => self.throttled(answer, &refusal),
            Class::Transient => unknown("AI Studios' answer cannot be read"),
            Class::Conflict => {
                // The running export is waited for instead (contract 6.2).
                self.notes.joined = true;
                self.remember()
            }
            Class::Quota | Class::Forbidden | Class::NotFound | Class::Invalid | Class::Provider => {
                SubmitStep::Refused(self.named(&refusal))
            }
        }
    }

    /// Another token is tried once (contract 1.6). What was refused for its token did no work.
    fn unauthorized(&mut self, refusal: &Refusal) -> SubmitStep {
        if self.refused {
            return SubmitStep::Refused(refusal.error());
        }
        self.refused = true;
        SubmitStep::Authorize { refused: true }
    }

    fn throttled(&mut self, answer: &SendResult, refusal: &Refusal) -> SubmitStep {
        let (wait, error) = self.repeats.throttled(answer, refusal.error());
        self.send_after(wait, error)
    }

    fn in_trouble(&mut self, error: Error) -> SubmitStep {
        let wait = self.repeats.troubled();
        self.send_after(wait, error)
    }

    /// A refusal with the caller's field that it is about.
    fn named(&self, refusal: &Refusal) -> Error {
        let error = refusal.error();
        if refusal.class() != Class::NotFound {
            return error;
        }
        error.with_violations(vec![Violation::new("project_id", "AI Studios knows no such project")])
    }
}

impl SubmitProtocol for Submission {
    fn start(&mut self) -> SubmitStep {
        SubmitStep::Authorize { refused: false }
    }

    fn on_token(&mut self, token: &Secret) -> SubmitStep {
        self.api.carry(token);
        self.send()
    }

    fn on_stored(&mut self) -> SubmitStep {
        if self.notes.joined {
            return SubmitStep::Accepted(ProviderJobId::new(&self.project_id));
        }
        self.stage = Stage::Export;
        self.send()
    }

    fn on_response(&mut self, answer: SendResult) -> SubmitStep {
        match self.stage {
            Stage::Snapshot => self.looked(&answer),
            Stage::Export => self.exported(&answer),
        }
    }
}

/// Whether more of a project came than is read of one.
fn is_cut(response: &http::Response<Bytes>) -> bool {
    response.status().is_success() && response.body().len() >= PROJECT_RESPONSE_LIMIT.0
}

fn unreachable() -> Error {
    let message = "AI Studios cannot be reached; nothing was submitted";
    Error::new(ErrorClass::ProviderUnavailable, message).retry_after(30)
}

fn unknown(what: &str) -> SubmitStep {
    let message = format!("{what}; the export may be under way, its progress will tell");
    SubmitStep::OutcomeUnknown(Error::new(ErrorClass::ProviderOutcomeUnknown, message))
}

#[cfg(test)]
mod tests;
