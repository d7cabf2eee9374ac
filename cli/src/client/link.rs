//! Links: URLs that give a file of a job to whoever has them.

use std::{fmt, time::Duration};

use serde_json::{Map, Value};

use super::Function;
use crate::failure::Failure;

/// What of a job is linked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Linked<'a> {
    /// A file by its name.
    File(&'a str),
    /// The provider's archive.
    Archive,
    /// The list of all files.
    Manifest,
}

/// A URL, which is as good as a key, and the answer that it came in.
pub(crate) struct Link {
    pub(crate) url: String,
    pub(crate) json: Value,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// Has a link made; it lasts as long as Landfall thinks right unless told otherwise.
///
/// # Errors
/// There is no such job or file, or nobody may sign a link.
pub(crate) async fn link(
    function: &Function,
    job: &str,
    linked: Linked<'_>,
    lasts: Option<Duration>,
) -> Result<Link, Failure> {
    let (name, value) = match linked {
        Linked::File(name) => ("file", Value::from(name)),
        Linked::Archive => ("archive", true.into()),
        Linked::Manifest => ("manifest", true.into()),
    };
    let mut fields = Map::from_iter([("job_id".to_owned(), job.into()), (name.to_owned(), value)]);
    if let Some(lasts) = lasts {
        fields.insert("expires_in".to_owned(), lasts.as_secs().into());
    }
    let json = function.call("link", fields).await?;
    let url = json["url"].as_str().map(str::to_owned);
    let url = url.ok_or_else(|| Failure::not_understood("the function's answer is no link"))?;
    Ok(Link { url, json })
}
