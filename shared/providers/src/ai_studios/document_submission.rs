//! Submits a project that the provider makes of documents: downloads them, uploads them together, and then requests the
//! project like any other (contract 7, "Docs to video"). Only that request is paid, so an upload is repeated safely.

use std::time::Duration;

use bytes::Bytes;
use model::{Error, ErrorClass, Secret, Violation};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    api_request::AiStudiosApi,
    envelope::{ExpectedPayload, list_items, open_envelope},
    error_response::{ErrorKind, ErrorResponse},
    lenient_values::read_text,
    multipart_form::{FormBody, MultipartForm},
    order::Kind,
    retry_delays::{RetryDelays, resend_after},
    submit::ProjectSubmission,
    submit_errors::unreachable_error,
};
use crate::{SendResult, SubmitContext, SubmitProtocol, SubmitStep};

/// The maximum length of all documents of a job together. Another client of the provider has this limit (contract 6.3),
/// and they are in memory at once.
const MAX_TOTAL_BYTES: usize = 20 * 1024 * 1024;

/// A document of the caller.
struct Document {
    url: String,
    name: String,
}

/// The submission of one job.
pub(super) struct DocumentSubmission {
    api: AiStudiosApi,
    documents: Vec<Document>,
    /// The documents that have been downloaded.
    contents: Vec<Bytes>,
    /// The upload, once all documents have been downloaded.
    form: Option<FormBody>,
    token: Secret,
    /// Whether a token was rejected already. The next rejection is not retried.
    has_rejected_token: bool,
    retry_delays: RetryDelays,
    project: ProjectSubmission,
    /// Whether the documents have been uploaded. Then the steps are those of the project.
    is_uploaded: bool,
}

impl DocumentSubmission {
    /// Creates the submission of a validated order.
    ///
    /// # Errors
    /// As [`ProjectSubmission::new`].
    pub(super) fn new(context: &SubmitContext<'_>, now: OffsetDateTime) -> Result<Self, Error> {
        let documents = context.request.get("documents").and_then(Value::as_array);
        let document = |fields: &Value| {
            let text = |name: &str| read_text(fields, &[name]).map(str::to_owned);
            Some(Document { url: text("url")?, name: text("name")? })
        };
        Ok(Self {
            api: AiStudiosApi::new(context.api_url, context.credentials)?,
            documents: documents.into_iter().flatten().filter_map(document).collect(),
            contents: vec![],
            form: None,
            token: Secret::new(""),
            has_rejected_token: false,
            retry_delays: RetryDelays::default(),
            project: ProjectSubmission::new(Kind::DocsToVideo, context, now)?,
            is_uploaded: false,
        })
    }

    /// Downloads the next document, or uploads all of them.
    fn next_step(&mut self) -> SubmitStep {
        if let Some(document) = self.documents.get(self.contents.len()) {
            return SubmitStep::Download { url: document.url.clone() };
        }
        self.build_upload().map_or_else(SubmitStep::Rejected, SubmitStep::Send)
    }

    fn build_upload(&mut self) -> Result<http::Request<Bytes>, Error> {
        let (documents, contents) = (&self.documents, &self.contents);
        let form = self.form.get_or_insert_with(|| {
            let mut form = MultipartForm::default();
            for (document, content) in documents.iter().zip(contents) {
                form.add_file("files", &document.name, "application/octet-stream", content.clone());
            }
            form.finish()
        });
        self.api.post_form("/automation/docs-to-video/upload-files", form)
    }

    fn send_after(&mut self, wait: Option<Duration>, otherwise: Error) -> SubmitStep {
        resend_after(wait, self.build_upload(), otherwise)
    }

    fn handle_upload(&mut self, result: &SendResult) -> SubmitStep {
        let Ok(response) = result else {
            let wait = self.retry_delays.next_after_failure();
            return self.send_after(wait, unreachable_error());
        };
        match open_envelope(response.status(), response.body(), ExpectedPayload::List) {
            Ok(payload) => self.handle_uploaded(payload),
            Err(error_response) => self.handle_error_response(result, &error_response),
        }
    }

    fn handle_uploaded(&mut self, payload: Value) -> SubmitStep {
        let file = |uploaded: &Value| {
            let uri = read_text(uploaded, &["uri"])?;
            Some(json!({ "uri": uri, "fileName": read_text(uploaded, &["fileName"])? }))
        };
        let files: Vec<Value> = list_items(payload, "uploadResults").iter().filter_map(file).collect();
        if files.len() != self.documents.len() {
            let (uploaded, all) = (files.len(), self.documents.len());
            let message =
                format!("AI Studios accepted {uploaded} of {all} documents; no project was requested");
            return SubmitStep::Rejected(Error::new(ErrorClass::ProviderRefusedRequest, message));
        }
        // They are not needed any more, and are long.
        (self.form, self.contents, self.is_uploaded) = (None, vec![], true);
        self.project.add_files(files);
        self.project.on_token(&self.token)
    }

    fn handle_error_response(&mut self, result: &SendResult, error_response: &ErrorResponse) -> SubmitStep {
        let error = error_response.to_error();
        match error_response.kind() {
            ErrorKind::InvalidToken if !self.has_rejected_token => {
                self.has_rejected_token = true;
                SubmitStep::Authorize { is_token_rejected: true }
            }
            ErrorKind::Throttled => {
                let (wait, error) = self.retry_delays.next_after_throttling(result, error);
                self.send_after(wait, error)
            }
            ErrorKind::Transient => {
                let wait = self.retry_delays.next_after_failure();
                self.send_after(wait, error.with_retry_after(30))
            }
            ErrorKind::InvalidToken
            | ErrorKind::Quota
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::InvalidRequest
            | ErrorKind::Other => SubmitStep::Rejected(error),
        }
    }
}

impl SubmitProtocol for DocumentSubmission {
    fn start(&mut self) -> SubmitStep {
        SubmitStep::Authorize { is_token_rejected: false }
    }

    fn on_token(&mut self, token: &Secret) -> SubmitStep {
        if self.is_uploaded {
            return self.project.on_token(token);
        }
        self.token = token.clone();
        self.api.set_token(token);
        self.next_step()
    }

    fn on_downloaded(&mut self, result: Result<Bytes, Error>) -> SubmitStep {
        let field = format!("documents[{}].url", self.contents.len());
        let invalid = |error: Error, why: &str| {
            SubmitStep::Rejected(error.with_violations(vec![Violation::new(field, why)]))
        };
        let content = match result {
            Ok(content) if content.is_empty() => {
                let error = Error::new(ErrorClass::SourceInvalid, "a document of the job is empty");
                return invalid(error, "the document is empty");
            }
            Ok(content) => content,
            Err(error) => return invalid(error, "the document cannot be downloaded"),
        };
        self.contents.push(content);
        if self.contents.iter().map(Bytes::len).sum::<usize>() > MAX_TOTAL_BYTES {
            let message =
                format!("the documents of the job are longer than {MAX_TOTAL_BYTES} bytes together");
            return invalid(Error::new(ErrorClass::SourceTooLarge, message), "the documents are too long");
        }
        self.next_step()
    }

    fn on_stored(&mut self) -> SubmitStep {
        self.project.on_stored()
    }

    fn on_response(&mut self, result: SendResult) -> SubmitStep {
        match self.is_uploaded {
            true => self.project.on_response(result),
            false => self.handle_upload(&result),
        }
    }
}

#[cfg(test)]
mod tests;
