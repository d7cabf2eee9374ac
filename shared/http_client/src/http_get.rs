//! Sends a GET and follows its redirects, each of which passes the guard.

use http::{HeaderMap, header};
use model::{Error, ErrorClass};
use url::Url;

use crate::{public_resolver::is_blocked, ssrf_guard::SsrfGuard};

/// How many redirects a download follows.
const MAX_REDIRECTS: usize = 5;

/// Sends the requests of downloads.
#[derive(Debug, Clone)]
pub(crate) struct HttpGet {
    pub(crate) client: reqwest::Client,
    pub(crate) guard: SsrfGuard,
}

impl HttpGet {
    /// Requests a URL and follows its redirects, each of which passes the guard. Returns the final response, whatever its
    /// status.
    pub(crate) async fn send_following_redirects(
        &self,
        url: &str,
        headers: &HeaderMap,
    ) -> Result<reqwest::Response, Error> {
        let mut url = Url::parse(url).map_err(|e| {
            Error::new(ErrorClass::SourceRefused, "download refused: not a URL").with_source(e)
        })?;
        for _ in 0..=MAX_REDIRECTS {
            self.guard.check(&url).inspect_err(|_| count_blocked_download(&url))?;
            let response = self.send(&url, headers).await?;
            match redirect_target(&url, &response)? {
                Some(next) => url = next,
                None => return Ok(response),
            }
        }
        Err(Error::new(
            ErrorClass::SourceRefused,
            format!("download refused: more than {MAX_REDIRECTS} redirects"),
        ))
    }

    async fn send(&self, url: &Url, headers: &HeaderMap) -> Result<reqwest::Response, Error> {
        let request = self.client.get(url.clone()).headers(headers.clone());
        // Encoded bytes would not be the bytes of the file.
        let request = request.header(header::ACCEPT_ENCODING, "identity");
        request.send().await.map_err(|e| {
            let e = e.without_url();
            if is_blocked(&e) {
                count_blocked_download(url);
                let host = url.host_str().unwrap_or_default();
                let message = format!("download from {host} refused: the host has no public address");
                return Error::new(ErrorClass::SourceRefused, message);
            }
            if e.is_builder() {
                // Nothing was sent, and a retry would not help: no request can be built for this URL.
                return Error::new(
                    ErrorClass::SourceRefused,
                    "download refused: the URL cannot be requested",
                )
                .with_source(e);
            }
            Error::new(ErrorClass::SourceUnavailable, "the download server does not answer").with_source(e)
        })
    }
}

fn count_blocked_download(url: &Url) {
    let host = url.host_str().unwrap_or_default();
    tracing::warn!(metric = "BlockedDownloads", count = 1, host, "download blocked");
}

/// The URL that a response redirects to, or none if it does not redirect.
fn redirect_target(from: &Url, response: &reqwest::Response) -> Result<Option<Url>, Error> {
    if !response.status().is_redirection() {
        return Ok(None);
    }
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let target = location.and_then(|location| from.join(location).ok());
    let missing =
        || Error::new(ErrorClass::SourceRefused, "download refused: a redirect has no valid Location");
    target.map(Some).ok_or_else(missing)
}
