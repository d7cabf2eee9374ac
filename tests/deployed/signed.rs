//! Requests to the deployed stack as AWS wants them signed.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_client::{MAX_RESPONSE_BYTES, Sender};
use serde_json::Value;

/// As long as the longest function that is waited for.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Sends a request that is signed for a service with the credentials of a stack's description.
pub(crate) async fn send(
    sender: &Sender,
    described: &Value,
    service: &str,
    method: Method,
    url: &str,
    body: &Value,
) -> Response<Value> {
    send_with(sender, described, service, method, url, &[("content-type", "application/json")], body).await
}

/// The same with headers of one's own.
pub(crate) async fn send_with(
    sender: &Sender,
    described: &Value,
    service: &str,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Response<Value> {
    let text = |name: &str| described[name].as_str().unwrap_or_default().to_owned();
    let token = described["session_token"].as_str().map(str::to_owned);
    let credentials =
        Credentials::new(text("access_key_id"), text("secret_access_key"), token, None, "description");
    let (identity, region) = (credentials.into(), text("region"));
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .expect("complete")
        .into();
    let bytes = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let signable =
        SignableRequest::new(method.as_str(), url, headers.iter().copied(), SignableBody::Bytes(&bytes));
    let signed = sign(signable.expect("signable"), &parameters).expect("signed").into_parts().0;
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers.iter().copied().chain(signed.headers()) {
        request = request.header(name, value);
    }
    answer(sender, request.body(bytes).expect("a request")).await
}

/// Sends a request as it is, and reads JSON, or null for anything else.
pub(crate) async fn answer(sender: &Sender, request: Request<Bytes>) -> Response<Value> {
    let answer = sender.send(request, TIMEOUT, MAX_RESPONSE_BYTES).await.expect("an answer");
    answer.map(|bytes| serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}
