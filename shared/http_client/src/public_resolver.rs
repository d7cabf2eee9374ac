//! DNS resolution to public addresses only, for connections to URLs that others name.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::public_addresses;

/// Resolves names with the operating system.
#[derive(Debug)]
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?.collect::<Vec<_>>();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Resolves names to public addresses only, with another resolver. The connection uses the addresses that this resolver
/// returns, so the checked address is the connected one, however often a name changes.
#[derive(Debug)]
pub(crate) struct PublicResolver<R>(pub(crate) R);

impl<R: Resolve> Resolve for PublicResolver<R> {
    fn resolve(&self, name: Name) -> Resolving {
        let resolving = self.0.resolve(name);
        Box::pin(async move {
            let public: Vec<SocketAddr> =
                resolving.await?.filter(|address| public_addresses::is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NoPublicAddress.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// A name has no public address.
#[derive(Debug)]
pub(crate) struct NoPublicAddress;

impl std::fmt::Display for NoPublicAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the host has no public address")
    }
}

impl std::error::Error for NoPublicAddress {}

/// Whether a request failed because its host has no public address.
pub(crate) fn is_blocked(e: &reqwest::Error) -> bool {
    std::iter::successors(Some(e as &(dyn std::error::Error + 'static)), |e| e.source())
        .any(|cause| cause.is::<NoPublicAddress>())
}

#[cfg(test)]
mod tests;
