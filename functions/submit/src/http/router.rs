//! The paths of the submit API, and what each takes.

use http::Method;
use model::Error;
use percent_encoding::percent_decode_str;
use runtime::is_plain_path;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

/// A place of the API. Ids are still as the caller wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `/openapi.json`
    Description,
    /// `/jobs`
    Jobs,
    /// `/jobs/{job_id}`
    Job(&'a str),
    /// `/jobs/{job_id}/files/{name}`, the name as it stands in the path
    File(&'a str, &'a str),
    /// `/jobs/{job_id}/archive`
    Archive(&'a str),
    /// `/jobs/{job_id}/manifest`
    Manifest(&'a str),
    /// `/jobs/{job_id}/retry`
    Retry(&'a str),
    /// `/jobs/{job_id}/cancel`
    Cancel(&'a str),
    /// `/jobs/{job_id}/replay`
    Replay(&'a str),
}

impl<'a> Route<'a> {
    /// The route of a path, if there is one. A path that somebody may resolve to another one has none.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        if !is_plain_path(path) {
            return None;
        }
        if path == "/openapi.json" {
            return Some(Self::Description);
        }
        let rest = path.strip_prefix("/jobs")?;
        let Some(rest) = rest.trim_end_matches('/').strip_prefix('/') else {
            return rest.chars().all(|c| c == '/').then_some(Self::Jobs);
        };
        let Some((id, what)) = rest.split_once('/') else { return Some(Self::Job(rest)) };
        match what {
            "archive" => Some(Self::Archive(id)),
            "manifest" => Some(Self::Manifest(id)),
            "retry" => Some(Self::Retry(id)),
            "cancel" => Some(Self::Cancel(id)),
            "replay" => Some(Self::Replay(id)),
            _ => what.strip_prefix("files/").filter(|name| !name.is_empty()).map(|name| Self::File(id, name)),
        }
    }

    /// The methods that the place takes, as the header `Allow` lists them.
    pub(crate) fn allowed(self) -> &'static str {
        match self {
            Self::Jobs => "GET, POST",
            Self::Description | Self::Job(_) | Self::File(..) | Self::Archive(_) | Self::Manifest(_) => "GET",
            Self::Retry(_) | Self::Cancel(_) | Self::Replay(_) => "POST",
        }
    }

    /// Whether the place takes this method.
    pub(crate) fn takes(self, method: &Method) -> bool {
        self.allowed().split(", ").any(|allowed| allowed == method.as_str())
    }
}

/// The parameters of a query.
///
/// # Errors
/// [`model::ErrorClass::InvalidRequest`] naming one that stands there twice.
pub(crate) fn parameters(query: &str) -> Result<Map<String, Value>, Error> {
    let mut parameters = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if parameters.insert(name.clone().into_owned(), json!(value)).is_some() {
            return Err(Error::invalid(name, "given twice"));
        }
    }
    Ok(parameters)
}

/// The name of a file in a path, as API Gateway sent it: it has decoded the name already, and decoding it twice would make
/// another name of one that holds a percent sign. A file is looked for among the names of its job, so a name can lead
/// nowhere else.
pub(crate) fn file_name(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_is_one_place_or_none() {
        let cases = [
            ("/openapi.json", Some(Route::Description)),
            ("/openapi.json/", None),
            ("/jobs", Some(Route::Jobs)),
            ("/jobs/", Some(Route::Jobs)),
            ("/jobs/1", Some(Route::Job("1"))),
            ("/jobs/1/", Some(Route::Job("1"))),
            ("/jobs/1/files/a%2Fb.png", Some(Route::File("1", "a%2Fb.png"))),
            ("/jobs/1/files/a/b.png", Some(Route::File("1", "a/b.png"))),
            ("/jobs/1/archive", Some(Route::Archive("1"))),
            ("/jobs/1/manifest", Some(Route::Manifest("1"))),
            ("/jobs/1/retry", Some(Route::Retry("1"))),
            ("/jobs/1/cancel/", Some(Route::Cancel("1"))),
            ("/jobs/1/replay", Some(Route::Replay("1"))),
            ("/jobs/1/files", None),
            ("/jobs/1/files/", None),
            ("/jobs/1/retry/2", None),
            ("/jobsx", None),
            ("/jobs/1/files/../../2/archive", None),
            ("/jobs/1/files/%2e%2e/%2e%2e/2/archive", None),
            ("/jobs/1/files/..%5c..%5c2%5carchive", None),
            ("/jobs//1", None),
            ("/jobs//", None),
            ("/", None),
        ];
        for (path, route) in cases {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }

    #[test]
    fn a_file_name_is_decoded_once() {
        assert_eq!(file_name("a%2541%20b.png"), "a%41 b.png");
        assert_eq!(file_name("a.png"), "a.png");
        assert_eq!(file_name("%25ff"), "%ff");
    }
}
