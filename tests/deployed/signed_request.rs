//! Sends requests to the deployed stack that are signed with Signature Version 4.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_client::{MAX_RESPONSE_BYTES, ProviderHttpClient};
use serde_json::Value;

/// The timeout of the slowest function that a test waits for.
const TIMEOUT: Duration = Duration::from_secs(90);
/// The headers of a JSON request.
pub(crate) const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// A request to an AWS service.
pub(crate) struct ServiceRequest<'a> {
    /// The service name of the signature.
    pub(crate) service: &'a str,
    pub(crate) method: Method,
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// `Null` sends no body.
    pub(crate) body: &'a Value,
}

/// Signs a request with the credentials of a stack's description, and sends it.
pub(crate) async fn send_signed(
    sender: &ProviderHttpClient,
    described: &Value,
    request: ServiceRequest<'_>,
) -> Response<Value> {
    let ServiceRequest { service, method, url, headers, body } = request;
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
    send_unsigned(sender, request.body(bytes).expect("a request")).await
}

/// Sends a request unchanged. Returns the JSON of the response, or `Null` if it is not JSON.
pub(crate) async fn send_unsigned(sender: &ProviderHttpClient, request: Request<Bytes>) -> Response<Value> {
    let response = sender.send(request, TIMEOUT, MAX_RESPONSE_BYTES).await.expect("a response");
    response.map(|bytes| serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}
