//! What each step of the upload of documents means.

use serde_json::Map;

use super::*;
use crate::{Credentials, SendFailure, ai_studios::order};

fn submission() -> DocumentSubmission {
    let request = json!({
        "documents": [{ "url": "https://files.example.com/a.pdf?X-Signature=s" }, { "url": "https://h/b", "name": "b.TXT" }],
        "options": { "language": "en" },
    });
    let order = order::read_order("docs_to_video", request.as_object().cloned().expect("an object"));
    let callback_url = url::Url::parse("https://hooks.example.com/webhooks/ai_studios/j/t").expect("a URL");
    let context = SubmitContext {
        kind: "docs_to_video",
        request: &order.expect("a valid request").request,
        provider_job_id: None,
        provider_state: &Map::new(),
        callback_url: &callback_url,
        api_url: "https://api.example.com",
        credentials: &Credentials::new(json!({ "app_id": "a", "user_key": "k" })),
    };
    DocumentSubmission::new(&context, OffsetDateTime::UNIX_EPOCH).expect("credentials")
}

fn response(status: u16, body: &str) -> SendResult {
    Ok(http::Response::builder()
        .status(status)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .expect("a response"))
}

/// Drives a submission up to the response to its upload. Returns the upload.
fn start_upload(submission: &mut DocumentSubmission) -> http::Request<Bytes> {
    assert!(matches!(submission.start(), SubmitStep::Authorize { is_token_rejected: false }));
    let SubmitStep::Download { url } = submission.on_token(&Secret::new("t")) else { panic!("no download") };
    assert_eq!(url, "https://files.example.com/a.pdf?X-Signature=s");
    let SubmitStep::Download { url } = submission.on_downloaded(Ok(Bytes::from_static(b"one"))) else {
        panic!("no download")
    };
    assert_eq!(url, "https://h/b");
    match submission.on_downloaded(Ok(Bytes::from_static(b"two"))) {
        SubmitStep::Send(request) => request,
        step => panic!("{step:?}"),
    }
}

const UPLOADED: &str = r#"{"success":true,"data":{"uploadResults":[
    {"uri":"1.pdf","fileName":"a.pdf"},{"uri":"2.txt","fileName":"b.TXT"}]}}"#;

#[test]
fn documents_are_uploaded_together_and_their_project_is_requested_after_the_state_is_stored() {
    let mut submission = submission();
    let upload = start_upload(&mut submission);
    assert_eq!(upload.uri().path(), "/api/odin/v3/automation/docs-to-video/upload-files");
    let form = String::from_utf8_lossy(upload.body()).into_owned();
    for part in
        ["name=\"files\"; filename=\"a.pdf\"", "filename=\"b.TXT\"", "\r\n\r\none\r\n", "\r\n\r\ntwo\r\n"]
    {
        assert!(form.contains(part), "{part} is not in {form}");
    }
    let SubmitStep::StoreProviderState(stored) = submission.on_response(response(200, UPLOADED)) else {
        panic!("nothing is stored")
    };
    assert_eq!(stored["creating"], true);
    let SubmitStep::Send(request) = submission.on_stored() else { panic!("nothing is sent") };
    assert_eq!(request.uri().path(), "/api/odin/v3/automation/docs-to-video");
    let body: Value = serde_json::from_slice(request.body()).expect("JSON");
    let files = json!([{ "uri": "1.pdf", "fileName": "a.pdf" }, { "uri": "2.txt", "fileName": "b.TXT" }]);
    assert_eq!(body, json!({ "files": files, "options": { "language": "en" } }));
    let accepted = submission.on_response(response(200, r#"{"success":true,"data":{"projectId":"p1"}}"#));
    assert!(matches!(accepted, SubmitStep::Accepted(id) if id.as_str() == "p1"));
}

#[test]
fn an_upload_is_repeated_after_a_temporary_failure_and_the_project_is_not() {
    for failure in [response(502, "<html>"), Err(SendFailure::MaybeSent), Err(SendFailure::NotSent)] {
        let mut submission = submission();
        start_upload(&mut submission);
        assert!(matches!(submission.on_response(failure), SubmitStep::SendAfter { .. }));
        assert!(matches!(submission.on_response(response(200, UPLOADED)), SubmitStep::StoreProviderState(_)));
        submission.on_stored();
        assert!(matches!(submission.on_response(response(502, "")), SubmitStep::OutcomeUnknown(_)));
    }
}

#[test]
fn an_upload_with_a_rejected_token_is_repeated_once_with_another() {
    let mut submission = submission();
    start_upload(&mut submission);
    let no = || response(401, r#"{"success":false,"error":{"code":4010,"msg":"no"}}"#);
    assert!(matches!(submission.on_response(no()), SubmitStep::Authorize { is_token_rejected: true }));
    assert!(matches!(submission.on_token(&Secret::new("new")), SubmitStep::Send(_)));
    assert!(matches!(submission.on_response(no()), SubmitStep::Rejected(_)));
}

#[test]
fn documents_that_cannot_be_used_are_named() {
    let gone = || Error::new(ErrorClass::SourceGone, "HTTP 404");
    for (result, class) in [
        (Err(gone()), ErrorClass::SourceGone),
        (Ok(Bytes::new()), ErrorClass::SourceInvalid),
        (Ok(vec![0; MAX_TOTAL_BYTES].into()), ErrorClass::SourceTooLarge),
    ] {
        let mut submission = submission();
        submission.start();
        submission.on_token(&Secret::new("t"));
        submission.on_downloaded(Ok(Bytes::from_static(b"one")));
        let SubmitStep::Rejected(error) = submission.on_downloaded(result) else { panic!("not rejected") };
        assert_eq!(error.class, class);
        assert!(error.violations[0].field.starts_with("documents["), "{:?}", error.violations);
    }
}

#[test]
fn a_document_that_the_provider_did_not_accept_rejects_the_job() {
    let mut submission = submission();
    start_upload(&mut submission);
    let one = r#"{"success":true,"data":{"uploadResults":[{"uri":"1.pdf","fileName":"a.pdf"}]}}"#;
    let SubmitStep::Rejected(error) = submission.on_response(response(200, one)) else {
        panic!("not rejected")
    };
    assert!(error.message.contains("1 of 2"), "{}", error.message);
}
