//! Submits the request for an asset: one POST whose response names the result. It is never repeated when its outcome is
//! unknown, and a result whose response is lost cannot be found again.

use model::{Error, Secret};
use serde_json::{Value, json};

use super::read_response::AssetFile;
use crate::{
    SendResult, SubmitContext, SubmitProtocol, SubmitStep, SynchronousResult,
    ai_studios::{
        api_request::AiStudiosApi,
        lenient_values::read_text,
        order::GeneratedAsset,
        paid_request::{PaidBody, PaidRequest, PaidResponse},
    },
};

/// The submission of one asset.
pub(in crate::ai_studios) struct GeneratedAssetSubmission {
    asset: GeneratedAsset,
    request: PaidRequest,
}

impl GeneratedAssetSubmission {
    /// Creates the submission of a validated order, whose fields have the provider's names.
    ///
    /// # Errors
    /// As for [`AiStudiosApi::new`].
    pub(in crate::ai_studios) fn new(
        context: &SubmitContext<'_>,
        asset: GeneratedAsset,
    ) -> Result<Self, Error> {
        let api = AiStudiosApi::new(context.api_url, context.credentials)?;
        let body = PaidBody::Json(context.request.clone());
        let unknown = "the asset may have been made, but AI Studios has no call that finds it; it is not submitted again";
        Ok(Self { asset, request: PaidRequest::new(api, asset.path(), body, unknown) })
    }

    /// Reads a successful response. The files of one that has no usable URL are lost, but the work was done.
    fn read_success(&self, payload: &Value, result: &SendResult) -> SubmitStep {
        let completed = match self.asset {
            GeneratedAsset::Text => read_text(payload, &["script"]).map(|script| SubmitStep::Completed {
                provider_job_id: None,
                result: SynchronousResult::Json(json!({ "script": script })),
            }),
            GeneratedAsset::Image | GeneratedAsset::Video | GeneratedAsset::Voice | GeneratedAsset::Audio => {
                let body = result.as_ref().ok().map(|response| response.body().clone());
                AssetFile::read(payload).zip(body).map(|(file, body)| SubmitStep::Completed {
                    provider_job_id: Some(file.provider_job_id()),
                    result: SynchronousResult::Files(body),
                })
            }
        };
        completed.unwrap_or_else(|| {
            self.request.outcome_unknown("AI Studios accepted the request, but its response has no result")
        })
    }
}

impl SubmitProtocol for GeneratedAssetSubmission {
    fn start(&mut self) -> SubmitStep {
        SubmitStep::Authorize { is_token_rejected: false }
    }

    fn on_token(&mut self, token: &Secret) -> SubmitStep {
        self.request.set_token(token);
        self.request.send()
    }

    fn on_response(&mut self, result: SendResult) -> SubmitStep {
        match self.request.read_response(&result) {
            PaidResponse::Success(payload) => self.read_success(&payload, &result),
            PaidResponse::Next(step) => step,
        }
    }
}
