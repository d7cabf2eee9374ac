//! Names that change their addresses.

use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
    sync::Mutex,
};

use futures_util::FutureExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{NoPublicAddress, PublicResolver};

/// A resolver that returns other addresses each time.
struct ChangingResolver(Mutex<VecDeque<Vec<IpAddr>>>);

impl ChangingResolver {
    fn new(answers: &[&[&str]]) -> Self {
        let parsed = |answer: &&[&str]| answer.iter().map(|text| text.parse().expect("an address")).collect();
        Self(Mutex::new(answers.iter().map(parsed).collect()))
    }
}

impl Resolve for ChangingResolver {
    fn resolve(&self, _: Name) -> Resolving {
        let answer = self.0.lock().expect("no panic").pop_front().expect("an answer is left");
        let addresses: Vec<SocketAddr> = answer.into_iter().map(|address| (address, 0).into()).collect();
        Box::pin(async { Ok(Box::new(addresses.into_iter()) as Addrs) })
    }
}

/// The addresses that each of several connections may use.
fn connectable(answers: &[&[&str]]) -> Vec<Option<Vec<String>>> {
    let resolver = PublicResolver(ChangingResolver::new(answers));
    let each = answers.iter().map(|_| {
        let name = "cdn.example.com".parse().expect("a name");
        match resolver.resolve(name).now_or_never().expect("a resolver in memory is always ready") {
            Ok(found) => Some(found.map(|address| address.ip().to_string()).collect()),
            Err(e) => {
                assert!(e.is::<NoPublicAddress>(), "{e}");
                None
            }
        }
    });
    each.collect()
}

#[test]
fn a_name_is_checked_for_each_connection() {
    let public = Some(vec!["1.1.1.1".to_owned()]);
    let answers: &[&[&str]] = &[&["1.1.1.1"], &["127.0.0.1"], &["1.1.1.1"], &["169.254.169.254"], &[]];
    assert_eq!(connectable(answers), [public.clone(), None, public, None, None]);
}

#[test]
fn a_private_address_among_public_ones_is_not_used() {
    let mixed: &[&str] = &["10.0.0.1", "1.1.1.1", "::ffff:127.0.0.1", "2606:4700:4700::1111", "fe80::1"];
    assert_eq!(connectable(&[mixed]), [Some(vec!["1.1.1.1".to_owned(), "2606:4700:4700::1111".to_owned()])]);
}
