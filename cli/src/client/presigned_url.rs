//! Creates presigned URLs of a job's files.

use std::{fmt, time::Duration};

use serde_json::{Map, Value};

use super::submit_function::SubmitFunction;
use crate::error::CliError;

/// The object of a job that a presigned URL gives access to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LinkTarget<'a> {
    /// A file by its name.
    File(&'a str),
    /// The provider's archive.
    Archive,
    /// The list of all files.
    Manifest,
}

/// A presigned URL, and the response that contains it. The URL is a credential: `Debug` does not print it.
pub(crate) struct PresignedUrl {
    pub(crate) url: String,
    pub(crate) response: Value,
}

impl fmt::Debug for PresignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresignedUrl").finish_non_exhaustive()
    }
}

/// Creates a presigned URL. Without `expires_in` it has Landfall's default validity.
///
/// # Errors
/// There is no such job or file, or Landfall has no credentials that may sign it.
pub(crate) async fn create_presigned_url(
    function: &SubmitFunction,
    job_id: &str,
    target: LinkTarget<'_>,
    expires_in: Option<Duration>,
) -> Result<PresignedUrl, CliError> {
    let (name, value) = match target {
        LinkTarget::File(name) => ("file", Value::from(name)),
        LinkTarget::Archive => ("archive", true.into()),
        LinkTarget::Manifest => ("manifest", true.into()),
    };
    let mut payload = Map::from_iter([("job_id".to_owned(), job_id.into()), (name.to_owned(), value)]);
    if let Some(expires_in) = expires_in {
        payload.insert("expires_in".to_owned(), expires_in.as_secs().into());
    }
    let response = function.invoke("link", payload).await?;
    let url = response["url"].as_str().map(str::to_owned);
    let url = url.ok_or_else(|| CliError::unexpected_response("the function's response has no url"))?;
    Ok(PresignedUrl { url, response })
}
