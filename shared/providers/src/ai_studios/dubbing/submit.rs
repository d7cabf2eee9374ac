//! Submits a dubbing: one POST with a form, which is never repeated when its outcome is unknown. A video that is not at
//! YouTube is downloaded first and becomes a part of the form.

use bytes::Bytes;
use model::{Error, ErrorClass, ProviderJobId, Secret, Violation};
use serde_json::Value;
use time::OffsetDateTime;

use super::stored_state::DubbingState;
use crate::{
    SendResult, SubmitContext, SubmitProtocol, SubmitStep,
    ai_studios::{
        api_request::AiStudiosApi,
        file_name::file_name_of_url,
        lenient_values::{read_id, read_text},
        multipart_form::{FormBody, MultipartForm},
        order::DUBBING_SWITCHES,
        paid_request::{PaidBody, PaidRequest},
    },
};

/// The path of the request.
const PATH: &str = "/automation/translatevideos";
/// The media type of subtitles. None is documented; the extension of the file name tells the format as well.
const SUBTITLES_TYPE: &str = "application/x-subrip";

/// The submission of one dubbing.
pub(crate) struct DubbingSubmission {
    order: Value,
    request: PaidRequest,
    now: OffsetDateTime,
    is_stored: bool,
}

impl DubbingSubmission {
    /// Creates the submission of a validated order.
    ///
    /// # Errors
    /// As for [`AiStudiosApi::new`].
    pub(crate) fn new(context: &SubmitContext<'_>, now: OffsetDateTime) -> Result<Self, Error> {
        let api = AiStudiosApi::new(context.api_url, context.credentials)?;
        let form = build_form(context.request, None);
        // Only the response names the folder, and no call lists folders.
        let unknown = "the dubbing may be in progress, but AI Studios has no call that finds it; it is not \
                       submitted again";
        let request = PaidRequest::new(api, PATH, PaidBody::Form(form), unknown);
        Ok(Self { order: context.request.clone(), request, now, is_stored: false })
    }
}

impl SubmitProtocol for DubbingSubmission {
    fn start(&mut self) -> SubmitStep {
        match read_text(&self.order, &["file"]) {
            Some(url) => SubmitStep::Download { url: url.to_owned() },
            None => SubmitStep::Authorize { is_token_rejected: false },
        }
    }

    fn on_downloaded(&mut self, result: Result<Bytes, Error>) -> SubmitStep {
        let rejected = |error: Error, why: &str| {
            SubmitStep::Rejected(error.with_violations(vec![Violation::new("file", why)]))
        };
        match result {
            Ok(video) if video.is_empty() => {
                rejected(Error::new(ErrorClass::SourceInvalid, "the video is empty"), "the video is empty")
            }
            Ok(video) => {
                self.request.set_body(PaidBody::Form(build_form(&self.order, Some(video))));
                SubmitStep::Authorize { is_token_rejected: false }
            }
            Err(error) => rejected(error, "the video cannot be downloaded"),
        }
    }

    fn on_token(&mut self, token: &Secret) -> SubmitStep {
        self.request.set_token(token);
        match self.is_stored {
            true => self.request.send(),
            // The age of a dubbing counts from its request. The job itself may have waited for a day before.
            false => SubmitStep::StoreProviderState(DubbingState::before_request(self.now.unix_timestamp())),
        }
    }

    fn on_stored(&mut self) -> SubmitStep {
        self.is_stored = true;
        self.request.send()
    }

    fn on_response(&mut self, result: SendResult) -> SubmitStep {
        match self.request.read_response(&result) {
            Err(step) => *step,
            Ok(payload) => match read_id(&payload, &["folderId", "folder_id"]) {
                Some(folder) => SubmitStep::Accepted(ProviderJobId::new(folder)),
                None => self
                    .request
                    .outcome_unknown("AI Studios accepted the dubbing, but its response names no folder"),
            },
        }
    }
}

/// Builds the form of an order, with its video if that is a file. Fields that the caller left out stay absent.
fn build_form(order: &Value, video: Option<Bytes>) -> FormBody {
    let mut form = MultipartForm::default();
    if let Some(video) = video {
        let name = read_text(order, &["file"]).and_then(file_name_of_url).unwrap_or("video.mp4");
        form.add_file("file", name, "application/octet-stream", video);
    }
    for name in ["url", "original"] {
        if let Some(text) = read_text(order, &[name]) {
            form.add_text(name, text);
        }
    }
    for (name, wire_name) in DUBBING_SWITCHES {
        if let Some(switch) = order.get(name).and_then(Value::as_bool) {
            form.add_text(wire_name, &switch.to_string());
        }
    }
    if let Some(speakers) = order.get("number_of_speakers").and_then(Value::as_i64) {
        form.add_text("numberOfSpeakers", &speakers.to_string());
    }
    let targets = order.get("targets").and_then(Value::as_array).into_iter().flatten();
    for (number, language) in targets.filter_map(Value::as_str).enumerate() {
        form.add_text(&format!("target_{number}"), language);
        if let Some(subtitles) = order.get("target_srts").and_then(|texts| texts.get(language)?.as_str()) {
            add_subtitles(&mut form, &format!("targetSrt_{number}"), language, subtitles);
        }
    }
    if let Some(subtitles) = order.get("original_srt").and_then(Value::as_str) {
        add_subtitles(&mut form, "originalSrt", "original", subtitles);
    }
    form.finish()
}

fn add_subtitles(form: &mut MultipartForm, name: &str, stem: &str, text: &str) {
    let content = Bytes::copy_from_slice(text.as_bytes());
    form.add_file(name, &format!("{stem}.srt"), SUBTITLES_TYPE, content);
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};
    use url::Url;

    use super::*;
    use crate::Credentials;

    fn submission(order: &Value) -> DubbingSubmission {
        let credentials = Credentials::new(json!({ "app_id": "a", "user_key": "k" }));
        let callback_url =
            Url::parse("https://landfall.example/webhooks/ai_studios/job/token").expect("a URL");
        let context = SubmitContext {
            kind: "dubbing",
            request: order,
            provider_job_id: None,
            provider_state: &Map::new(),
            callback_url: &callback_url,
            api_url: "https://api.example",
            credentials: &credentials,
        };
        DubbingSubmission::new(&context, OffsetDateTime::UNIX_EPOCH).expect("keys")
    }

    #[test]
    fn the_form_has_the_fields_of_the_order_and_no_others() {
        let order = json!({
            "url": "https://youtu.be/a", "targets": ["en-US", "ko-KR"], "original": "ja-JP", "original_srt": "O",
            "target_srts": { "ko-KR": "K" }, "dubbing_only": true, "remove_bgm": false, "number_of_speakers": 2,
        });
        let form = String::from_utf8(build_form(&order, None).bytes.to_vec()).expect("text");
        let parts: Vec<String> = form
            .split("Content-Disposition: form-data; name=\"")
            .skip(1)
            .map(|part| {
                let (name, rest) = part.split_once('"').expect("a name");
                let content = rest.split_once("\r\n\r\n").expect("a content").1;
                format!("{name}={}", content.split_once("\r\n").expect("an end").0)
            })
            .collect();
        let expected = [
            "url=https://youtu.be/a",
            "original=ja-JP",
            "isDubbingOnly=true",
            "isRemoveBGM=false",
            "numberOfSpeakers=2",
            "target_0=en-US",
            "target_1=ko-KR",
            "targetSrt_1=K",
            "originalSrt=O",
        ];
        assert_eq!(parts, expected);
        assert!(form.contains("filename=\"ko-KR.srt\"") && !form.contains("landfall.example"), "{form}");
    }

    #[test]
    fn a_video_file_is_downloaded_before_the_request_and_becomes_a_part_of_it() {
        let order = json!({ "file": "https://files.example/talk.mov?Signature=s", "targets": ["en-US"] });
        let mut submission = submission(&order);
        let SubmitStep::Download { url } = submission.start() else { panic!("nothing is downloaded") };
        assert_eq!(url, "https://files.example/talk.mov?Signature=s");
        let step = submission.on_downloaded(Ok(Bytes::from_static(b"VIDEO")));
        assert!(matches!(step, SubmitStep::Authorize { is_token_rejected: false }), "{step:?}");
        submission.on_token(&Secret::new("t"));
        let SubmitStep::Send(request) = submission.on_stored() else { panic!("nothing is sent") };
        let form = String::from_utf8(request.body().to_vec()).expect("text");
        let is_part = form.contains("name=\"file\"; filename=\"talk.mov\"") && form.contains("\r\nVIDEO\r\n");
        assert!(is_part && !form.contains("files.example"), "{form}");

        let gone = Error::new(ErrorClass::SourceGone, "HTTP 404");
        for result in [Ok(Bytes::new()), Err(gone)] {
            let SubmitStep::Rejected(error) = submission.on_downloaded(result) else {
                panic!("not rejected")
            };
            assert_eq!(error.violations[0].field, "file");
        }
    }

    #[test]
    fn the_time_of_the_request_is_stored_before_it_and_the_folder_is_its_id() {
        let mut submission = submission(&json!({ "url": "https://youtu.be/a", "targets": ["en-US"] }));
        assert!(matches!(submission.start(), SubmitStep::Authorize { is_token_rejected: false }));
        let SubmitStep::StoreProviderState(stored) = submission.on_token(&Secret::new("t")) else {
            panic!("nothing is stored")
        };
        assert_eq!(Value::Object(stored), json!({ "asked_at": 0 }));
        assert!(matches!(submission.on_stored(), SubmitStep::Send(_)));
        let respond = |submission: &mut DubbingSubmission, status: u16, body: &str| {
            let response = http::Response::builder().status(status).body(body.to_owned().into());
            submission.on_response(Ok(response.expect("a response")))
        };
        assert!(matches!(
            respond(&mut submission, 401, ""),
            SubmitStep::Authorize { is_token_rejected: true }
        ));
        assert!(
            matches!(submission.on_token(&Secret::new("u")), SubmitStep::Send(_)),
            "it is stored already"
        );
        let body = r#"{"success":true,"data":{"folderId":"f1"}}"#;
        let SubmitStep::Accepted(id) = respond(&mut submission, 200, body) else { panic!("not accepted") };
        assert_eq!(id.as_str(), "f1");
        let without = respond(&mut submission, 200, r#"{"success":true,"data":{}}"#);
        assert!(matches!(without, SubmitStep::OutcomeUnknown(_)), "{without:?}");
    }
}
