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
        paid_request::{PaidBody, PaidRequest},
    },
};

/// The submission of one asset.
pub(crate) struct GeneratedAssetSubmission {
    asset: GeneratedAsset,
    request: PaidRequest,
}

impl GeneratedAssetSubmission {
    /// Creates the submission of a validated order, whose fields have the provider's names.
    ///
    /// # Errors
    /// As for [`AiStudiosApi::new`].
    pub(crate) fn new(context: &SubmitContext<'_>, asset: GeneratedAsset) -> Result<Self, Error> {
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
            Ok(payload) => self.read_success(&payload, &result),
            Err(step) => *step,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;
    use url::Url;

    use super::*;
    use crate::Credentials;

    /// Submits an order and returns the step after this response.
    fn step_after(
        asset: GeneratedAsset,
        order: &Value,
        body: &str,
    ) -> (http::Request<bytes::Bytes>, SubmitStep) {
        let credentials = Credentials::new(json!({ "app_id": "a", "user_key": "k" }));
        let callback_url = Url::parse("https://landfall.example/callback").expect("a URL");
        let context = SubmitContext {
            kind: asset.kind_name(),
            request: order,
            provider_job_id: None,
            provider_state: &Map::new(),
            callback_url: &callback_url,
            api_url: "https://api.example",
            credentials: &credentials,
        };
        let mut submission = GeneratedAssetSubmission::new(&context, asset).expect("keys");
        assert!(matches!(submission.start(), SubmitStep::Authorize { is_token_rejected: false }));
        let SubmitStep::Send(request) = submission.on_token(&Secret::new("t")) else {
            panic!("nothing is sent")
        };
        let response = http::Response::new(body.to_owned().into());
        (request, submission.on_response(Ok(response)))
    }

    #[test]
    fn the_order_is_the_body_and_the_response_holds_the_file() {
        let order = json!({ "topic": "tea", "style": "3D" });
        let body = r#"{"success":true,"data":{"downloadUrl":"https://h/images/a.png?s=1"}}"#;
        let (request, step) = step_after(GeneratedAsset::Image, &order, body);
        assert_eq!(request.uri().path(), "/api/odin/v3/tools/image-generator");
        assert_eq!(serde_json::from_slice::<Value>(request.body()).expect("JSON"), order);
        let SubmitStep::Completed { provider_job_id, result: SynchronousResult::Files(files) } = step else {
            panic!("{step:?}")
        };
        assert_eq!((provider_job_id.expect("an id").as_str(), &files[..]), ("a.png", body.as_bytes()));
    }

    #[test]
    fn a_text_is_a_result_without_a_file_or_an_id() {
        let body = r#"{"success":true,"data":{"script":"About tea."}}"#;
        let (request, step) = step_after(GeneratedAsset::Text, &json!({ "topic": "tea" }), body);
        assert_eq!(request.uri().path(), "/api/odin/v3/tools/text-generator");
        let SubmitStep::Completed { provider_job_id: None, result: SynchronousResult::Json(result) } = step
        else {
            panic!("{step:?}")
        };
        assert_eq!(result, json!({ "script": "About tea." }));
    }

    #[test]
    fn the_outcome_of_an_accepted_request_without_a_result_is_unknown() {
        for asset in [GeneratedAsset::Video, GeneratedAsset::Text] {
            let (_, step) = step_after(asset, &json!({ "topic": "tea" }), r#"{"success":true,"data":{}}"#);
            let SubmitStep::OutcomeUnknown(error) = step else { panic!("{step:?}") };
            assert!(error.message.contains("no result"), "{}", error.message);
        }
    }
}
