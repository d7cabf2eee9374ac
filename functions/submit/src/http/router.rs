//! The routes of the submit API and the methods that each one allows.

use http::Method;
use percent_encoding::percent_decode_str;
use runtime::is_plain_path;

/// A route of the API. Ids are not parsed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `/openapi.json`
    OpenApi,
    /// `/jobs`
    Jobs,
    /// `/jobs/{job_id}`
    Job(&'a str),
    /// `/jobs/{job_id}/files/{name}`, with the name still percent-encoded
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
    /// Finds the route of a path. A path that another component may normalize to a different path has none.
    pub(crate) fn find(path: &'a str) -> Option<Self> {
        if !is_plain_path(path) {
            return None;
        }
        if path == "/openapi.json" {
            return Some(Self::OpenApi);
        }
        let rest = path.strip_prefix("/jobs")?;
        let Some(rest) = rest.trim_end_matches('/').strip_prefix('/') else {
            return rest.chars().all(|c| c == '/').then_some(Self::Jobs);
        };
        let Some((id, resource)) = rest.split_once('/') else { return Some(Self::Job(rest)) };
        match resource {
            "archive" => Some(Self::Archive(id)),
            "manifest" => Some(Self::Manifest(id)),
            "retry" => Some(Self::Retry(id)),
            "cancel" => Some(Self::Cancel(id)),
            "replay" => Some(Self::Replay(id)),
            _ => resource
                .strip_prefix("files/")
                .filter(|name| !name.is_empty())
                .map(|name| Self::File(id, name)),
        }
    }

    /// The methods that the route allows, as the header `Allow` lists them.
    pub(crate) fn allowed_methods(self) -> &'static str {
        match self {
            Self::Jobs => "GET, POST",
            Self::OpenApi | Self::Job(_) | Self::File(..) | Self::Archive(_) | Self::Manifest(_) => "GET",
            Self::Retry(_) | Self::Cancel(_) | Self::Replay(_) => "POST",
        }
    }

    /// Whether the route allows this method.
    pub(crate) fn allows(self, method: &Method) -> bool {
        self.allowed_methods().split(", ").any(|allowed| allowed == method.as_str())
    }
}

/// Decodes the name of a file in a path.
///
/// API Gateway decodes the path and the crate `runtime` encodes it again, so the name is decoded exactly once. A second
/// decoding would change a name that contains a percent sign. The name is looked up among the files of its job, so it
/// cannot reach any other object.
pub(crate) fn decode_file_name(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_route_or_none() {
        let cases = [
            ("/openapi.json", Some(Route::OpenApi)),
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
            assert_eq!(Route::find(path), route, "{path}");
        }
    }

    #[test]
    fn a_file_name_is_decoded_once() {
        assert_eq!(decode_file_name("a%2541%20b.png"), "a%41 b.png");
        assert_eq!(decode_file_name("a.png"), "a.png");
        assert_eq!(decode_file_name("%25ff"), "%ff");
    }
}
