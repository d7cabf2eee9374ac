//! The download guard against server-side request forgery (SSRF): which URLs may be requested.
//!
//! A callback names a URL, and the function that downloads it can reach hosts that the sender of the callback cannot. So a
//! URL must be https on port 443, name a host that is on the list, carry no user information, and resolve to public
//! addresses only. The resolver of the connection itself checks the addresses (`public_resolver.rs`), so that a name
//! cannot change between check and connect.

use std::sync::Arc;

use model::{Error, ErrorClass};
use url::{Host, Url};

/// The longest label and the longest host name, in bytes (RFC 1035, 2.3.4: 255 on the wire, 253 in text).
const MAX_LABEL_BYTES: usize = 63;
const MAX_NAME_BYTES: usize = 253;

/// A scheme, host and port that the operator allows without any check, such as a simulator on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlOrigin(url::Origin);

impl UrlOrigin {
    /// Parses an origin such as `http://127.0.0.1:4103`.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
        (url.origin().is_tuple() && is_bare).then(|| Self(url.origin()))
    }

    /// Parses the origins of the setting `TRUSTED_ORIGINS`.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] if one of them is not an origin.
    pub fn parse_trusted_origins(texts: &[String]) -> Result<Vec<Self>, Error> {
        texts.iter().map(|text| Self::parse(text)).collect::<Option<_>>().ok_or_else(|| {
            let message = "the environment variable TRUSTED_ORIGINS is not a list of origins";
            Error::new(ErrorClass::Misconfigured, message)
        })
    }

    /// The origin of a URL.
    pub fn from_url(url: &str) -> Option<Self> {
        Url::parse(url).ok().map(|url| url.origin()).filter(url::Origin::is_tuple).map(Self)
    }
}

/// Decides which URLs may be requested.
#[derive(Debug, Clone)]
pub struct SsrfGuard {
    hosts: Arc<[String]>,
    /// Whether hosts that are not on the list are allowed, too.
    allows_any_host: bool,
    origins: Arc<[UrlOrigin]>,
    setting: Arc<str>,
}

impl SsrfGuard {
    /// A guard that allows `hosts` (exact, or `*.suffix` for every name below a suffix) and, without any other check,
    /// `origins`. `setting` is the setting with which the operator adds hosts; error messages name it.
    pub fn new(
        hosts: impl IntoIterator<Item = String>,
        origins: impl IntoIterator<Item = UrlOrigin>,
        setting: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            hosts: hosts.into_iter().map(|host| canonical_entry(&host)).collect(),
            allows_any_host: false,
            origins: origins.into_iter().collect(),
            setting: setting.into(),
        }
    }

    /// A guard for callers' webhooks, whose hosts are not known beforehand: without a list, every name is allowed. The
    /// connection still requires a public address.
    pub fn for_caller_urls(
        hosts: impl IntoIterator<Item = String>,
        origins: impl IntoIterator<Item = UrlOrigin>,
        setting: impl Into<Arc<str>>,
    ) -> Self {
        let guard = Self::new(hosts, origins, setting);
        Self { allows_any_host: guard.hosts.is_empty(), ..guard }
    }

    /// Checks a download URL before it is requested. Each redirect is checked again.
    ///
    /// # Errors
    /// [`ErrorClass::SourceRefused`] with the reason, and the setting that would allow it.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Error> {
        // The message names the host, so that the operator can allow or investigate it.
        let host = url.host_str().unwrap_or("nowhere");
        self.check_url(url).map_err(|why| {
            Error::new(ErrorClass::SourceRefused, format!("download from {host} refused: {why}"))
        })
    }

    /// Checks a URL before it is requested.
    ///
    /// # Errors
    /// Why it must not be requested, without any part of the URL that could be secret.
    pub fn check_url(&self, url: &Url) -> Result<(), String> {
        // The origin of a `blob:` URL is that of the URL in it.
        let is_http = matches!(url.scheme(), "http" | "https");
        if is_http && self.origins.iter().any(|origin| origin.0 == url.origin()) {
            return Ok(());
        }
        if url.scheme() != "https" {
            return Err(format!("{} is not https", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL carries a user name".into());
        }
        if url.port_or_known_default() != Some(443) {
            return Err("the port is not 443".into());
        }
        match url.host() {
            Some(Host::Domain(name)) => match canonical_host(name) {
                None => Err("the host is not a valid host name".into()),
                Some(name) if self.allows_any_host || self.is_listed(&name) => Ok(()),
                Some(_) => Err(format!("the host is not on the list; the setting {} adds it", self.setting)),
            },
            Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => Err("the host is an address, not a name".into()),
        }
    }

    fn is_listed(&self, name: &str) -> bool {
        self.hosts.iter().any(|host| match host.strip_prefix("*.") {
            Some(suffix) => {
                name.strip_suffix(suffix).is_some_and(|below| below.len() > 1 && below.ends_with('.'))
            }
            None => *host == name,
        })
    }
}

/// The canonical form of a host name: lower-case and without the trailing dot that makes a name absolute (RFC 1034, 3.1).
/// None if it is not a host name: it has an empty label, as in `a..b`, `.a` or `a..`, a label longer than 63 bytes, or more
/// than 253 bytes in all. The crate `url` decodes percent signs and Unicode dots before, and accepts empty labels.
fn canonical_host(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let labels_fit = name.split('.').all(|label| (1..=MAX_LABEL_BYTES).contains(&label.len()));
    (labels_fit && name.len() <= MAX_NAME_BYTES).then(|| name.to_ascii_lowercase())
}

/// An entry of the list of hosts in the form of a URL's host: Unicode as Punycode. An entry that is not a host name is kept
/// and matches nothing. Leaving it out could make the list empty, which allows every host.
fn canonical_entry(entry: &str) -> String {
    let entry = entry.trim().to_ascii_lowercase();
    let (wildcard, name) = entry.strip_prefix("*.").map_or(("", entry.as_str()), |name| ("*.", name));
    let name = match Host::parse(name) {
        Ok(Host::Domain(name)) => canonical_host(&name),
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => None,
    };
    name.map_or_else(|| entry.clone(), |name| format!("{wildcard}{name}"))
}

#[cfg(test)]
mod tests;
