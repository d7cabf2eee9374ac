//! STS: only who is calling, which clients ask before anything else.

use http::{Response, StatusCode};
use s3s::Body;

use super::super::ACCOUNT_ID;
use super::respond;

/// Answers GetCallerIdentity in the query protocol, and 404 for whatever else came to this port
/// without a target.
pub(super) fn answer(body: &[u8]) -> Response<Body> {
    let asks = String::from_utf8_lossy(body).contains("Action=GetCallerIdentity");
    if !asks {
        let text = r#"{"__type":"UnknownOperationException","message":"no service answers this"}"#;
        return respond(StatusCode::NOT_FOUND, "application/x-amz-json-1.0", text.into());
    }
    let xml = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>arn:aws:iam::{ACCOUNT_ID}:root</Arn>\
         <UserId>{ACCOUNT_ID}</UserId><Account>{ACCOUNT_ID}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>",
        uuid::Uuid::new_v4()
    );
    respond(StatusCode::OK, "text/xml", xml.into())
}
