//! The download guard: what a file may be fetched from.
//!
//! A callback names a URL, and the function that fetches it can reach more than its sender can. So a URL must
//! be https on port 443, name a host that is on the list, carry no user information, and resolve to public
//! addresses only. The addresses are checked by the resolver that the connection itself uses, so that a name
//! cannot change between check and connect.

use std::{net::SocketAddr, sync::Arc};

use model::{Error, ErrorClass};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::addresses;

/// The longest label and the longest host name, in bytes (RFC 1035, 2.3.4: 255 on the wire, 253 in text).
const MAX_LABEL_BYTES: usize = 63;
const MAX_NAME_BYTES: usize = 253;

/// A scheme, host and port that the operator opened as a whole, such as a simulator on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(url::Origin);

impl Origin {
    /// Reads an origin such as `http://127.0.0.1:4103`.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
        (url.origin().is_tuple() && bare).then(|| Self(url.origin()))
    }

    /// Reads the origins that the setting `TRUSTED_ORIGINS` lists.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] if one of them is none.
    pub fn trusted(texts: &[String]) -> Result<Vec<Self>, Error> {
        texts.iter().map(|text| Self::parse(text)).collect::<Option<_>>().ok_or_else(|| {
            let message = "the environment variable TRUSTED_ORIGINS is not a list of origins";
            Error::new(ErrorClass::Misconfigured, message)
        })
    }

    /// The origin of a URL.
    pub fn of(url: &str) -> Option<Self> {
        Url::parse(url).ok().map(|url| url.origin()).filter(url::Origin::is_tuple).map(Self)
    }
}

/// Decides which URLs may be fetched.
#[derive(Debug, Clone)]
pub struct SsrfGuard {
    hosts: Arc<[String]>,
    /// Whether hosts that are not listed pass, too.
    any_host: bool,
    origins: Arc<[Origin]>,
    setting: Arc<str>,
}

impl SsrfGuard {
    /// A guard that lets through `hosts` (exact, or `*.suffix` for every name below a suffix) and, without
    /// any other check, `origins`. `setting` is the name under which the operator extends the hosts; a
    /// refusal mentions it.
    pub fn new(
        hosts: impl IntoIterator<Item = String>,
        origins: impl IntoIterator<Item = Origin>,
        setting: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            hosts: hosts.into_iter().map(|host| listed(&host)).collect(),
            any_host: false,
            origins: origins.into_iter().collect(),
            setting: setting.into(),
        }
    }

    /// The same for calls to hosts that nobody knows beforehand: without a list, every name passes. That it leads to
    /// a public address is checked when a connection is made.
    pub fn for_calls(
        hosts: impl IntoIterator<Item = String>,
        origins: impl IntoIterator<Item = Origin>,
        setting: impl Into<Arc<str>>,
    ) -> Self {
        let guard = Self::new(hosts, origins, setting);
        Self { any_host: guard.hosts.is_empty(), ..guard }
    }

    /// Checks a URL before it is requested; called again for each redirect.
    ///
    /// # Errors
    /// [`ErrorClass::SourceRefused`] with the reason, and the setting that would allow it.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Error> {
        // The host is always named: nobody can allow, or hunt, what the refusal does not tell.
        let host = url.host_str().unwrap_or("nowhere");
        self.judge(url).map_err(|why| {
            Error::new(ErrorClass::SourceRefused, format!("download from {host} refused: {why}"))
        })
    }

    /// Checks a URL before anybody connects.
    ///
    /// # Errors
    /// Why it must not be requested, without anything of the URL that could be secret.
    pub fn judge(&self, url: &Url) -> Result<(), String> {
        // The origin of a `blob:` URL is that of the URL in it.
        let plain = matches!(url.scheme(), "http" | "https");
        if plain && self.origins.iter().any(|origin| origin.0 == url.origin()) {
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
            Some(Host::Domain(name)) => match canonical(name) {
                None => Err("the host is not a valid host name".into()),
                Some(name) if self.any_host || self.lists(&name) => Ok(()),
                Some(_) => Err(format!("the host is not on the list; the setting {} adds it", self.setting)),
            },
            Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => Err("the host is an address, not a name".into()),
        }
    }

    fn lists(&self, name: &str) -> bool {
        self.hosts.iter().any(|host| match host.strip_prefix("*.") {
            Some(suffix) => {
                name.strip_suffix(suffix).is_some_and(|below| below.len() > 1 && below.ends_with('.'))
            }
            None => *host == name,
        })
    }
}

/// The one spelling of a host name: lower-case and without the trailing dot that makes a name absolute (RFC 1034, 3.1).
/// None for what is no host name: an empty label, as in `a..b`, `.a` or `a..`, one that is longer than 63 bytes, or more
/// than 253 bytes in all. `url` decodes percent signs and Unicode dots before, and lets empty labels through.
fn canonical(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let labels_fit = name.split('.').all(|label| (1..=MAX_LABEL_BYTES).contains(&label.len()));
    (labels_fit && name.len() <= MAX_NAME_BYTES).then(|| name.to_ascii_lowercase())
}

/// An entry of a list of hosts in the spelling that a URL's host has: Unicode as Punycode. An entry that is no host
/// name stays as it is and lists nothing; left out, it could turn a list into none.
fn listed(entry: &str) -> String {
    let entry = entry.trim().to_ascii_lowercase();
    let (mark, name) = entry.strip_prefix("*.").map_or(("", entry.as_str()), |name| ("*.", name));
    let name = match Host::parse(name) {
        Ok(Host::Domain(name)) => canonical(&name),
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => None,
    };
    name.map_or_else(|| entry.clone(), |name| format!("{mark}{name}"))
}

/// Asks the operating system for a name's addresses.
#[derive(Debug)]
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect::<Vec<_>>();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Passes on only the public ones of the addresses that another resolver finds. A connection takes its address from
/// here, so what is checked is what is connected to, however often a name changes.
#[derive(Debug)]
pub(crate) struct PublicOnly<R>(pub(crate) R);

impl<R: Resolve> Resolve for PublicOnly<R> {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.0.resolve(name);
        Box::pin(async move {
            let public: Vec<SocketAddr> =
                found.await?.filter(|address| addresses::is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// A listed name that leads to no public address.
#[derive(Debug)]
pub(crate) struct NotPublic;

impl std::fmt::Display for NotPublic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the host has no public address")
    }
}

impl std::error::Error for NotPublic {}

#[cfg(test)]
mod tests;
