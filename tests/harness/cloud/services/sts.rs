//! STS: GetCallerIdentity and AssumeRole.

use http::{Response, StatusCode};
use s3s::Body;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::response::respond;
use crate::cloud::account::ACCOUNT_ID;

/// The key pair of every assumed role. S3 accepts it like the key pair of the account.
pub(crate) const ROLE_KEYS: (&str, &str) = ("ASIALOCALROLE00000000", "local-role-secret");

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Handles GetCallerIdentity and AssumeRole in the query protocol. Any other request without `X-Amz-Target` gets 404.
pub(super) fn handle_request(body: &[u8]) -> Response<Body> {
    let field = |name: &str| {
        let text = std::str::from_utf8(body).ok()?;
        text.split('&')
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    };
    match field("Action") {
        Some("GetCallerIdentity") => get_caller_identity(),
        Some("AssumeRole") => assume_role(field("DurationSeconds").and_then(|seconds| seconds.parse().ok())),
        _ => {
            let text = r#"{"__type":"UnknownOperationException","message":"no service answers this"}"#;
            respond(StatusCode::NOT_FOUND, "application/x-amz-json-1.0", text.into())
        }
    }
}

fn get_caller_identity() -> Response<Body> {
    xml(
        "GetCallerIdentity",
        &format!(
            "<Arn>arn:aws:iam::{ACCOUNT_ID}:root</Arn><UserId>{ACCOUNT_ID}</UserId><Account>{ACCOUNT_ID}</Account>"
        ),
    )
}

/// Returns credentials. A session lasts one hour at most, as in AWS for a role that assumes another role.
fn assume_role(seconds: Option<i64>) -> Response<Body> {
    let seconds = seconds.unwrap_or(3600);
    if !(900..=3600).contains(&seconds) {
        let message = "DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return error_response(StatusCode::BAD_REQUEST, "ValidationError", message);
    }
    let end = (OffsetDateTime::now_utc() + Duration::seconds(seconds)).replace_nanosecond(0);
    let end = end.ok().and_then(|end| end.format(&Rfc3339).ok()).unwrap_or_default();
    let (key, secret) = ROLE_KEYS;
    xml(
        "AssumeRole",
        &format!(
            "<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
             <SessionToken>local-session</SessionToken><Expiration>{end}</Expiration></Credentials><AssumedRoleUser>\
             <AssumedRoleId>AROALOCALROLE00000000:local</AssumedRoleId>\
             <Arn>arn:aws:sts::{ACCOUNT_ID}:assumed-role/links/local</Arn></AssumedRoleUser>"
        ),
    )
}

/// Returns an error in the query protocol.
pub(super) fn error_response(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let side = if status.is_server_error() { "Receiver" } else { "Sender" };
    let document = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message>\
         </Error><RequestId>{}</RequestId></ErrorResponse>",
        uuid::Uuid::new_v4()
    );
    respond(status, "text/xml", document.into())
}

fn xml(operation: &str, result: &str) -> Response<Body> {
    let xml = format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}\
         </{operation}Result><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{operation}Response>",
        uuid::Uuid::new_v4()
    );
    respond(StatusCode::OK, "text/xml", xml.into())
}
