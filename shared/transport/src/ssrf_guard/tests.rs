//! URLs in every spelling, and names that change their addresses.

use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
    sync::Mutex,
};

use futures_util::FutureExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use super::{NotPublic, Origin, PublicOnly, SsrfGuard};

fn verdict(url: &str) -> Result<(), String> {
    let guard = SsrfGuard::new(
        ["cdn.example.com".into(), "*.files.example.net".into(), "127.0.0.1".into(), "[::1]".into()],
        Origin::parse("http://127.0.0.1:4103"),
        "ABYSSALE_DOWNLOAD_HOSTS",
    );
    guard.check(&Url::parse(url).expect("a URL")).map_err(|error| error.message)
}

#[track_caller]
fn refused(urls: &[&str], says: &str) {
    for url in urls {
        let message = verdict(url).expect_err(url);
        assert!(message.contains(says), "{url}: {says} is not in: {message}");
    }
}

#[test]
fn listed_hosts_and_opened_origins_pass() {
    for url in [
        "https://cdn.example.com/a.zip?x=1",
        "https://CDN.example.com:443/a.zip",
        "https://cdn.example.com./a.zip",
        "https:cdn.example.com/a.zip",
        "https://eu.files.example.net/a",
        "https://a.b.files.example.net/a",
        "http://127.0.0.1:4103/exports/a.zip",
    ] {
        assert_eq!(verdict(url), Ok(()), "{url}");
    }
}

#[test]
fn other_schemes_are_refused() {
    let urls = [
        "http://cdn.example.com/a.zip",
        "http://cdn.example.com:443/a.zip",
        "ftp://cdn.example.com/a.zip",
        "ws://cdn.example.com/a.zip",
        "wss://cdn.example.com/a.zip",
        "gopher://cdn.example.com/a.zip",
        "file:///etc/passwd",
        "file://cdn.example.com/etc/passwd",
        "data:application/zip;base64,UEsFBg==",
        "blob:https://cdn.example.com/a.zip",
        "blob:http://127.0.0.1:4103/a.zip",
        "javascript:alert(1)",
    ];
    refused(&urls, "is not https");
}

#[test]
fn other_ports_are_refused() {
    let urls =
        ["80", "8443", "22", "0", "65535", "4103"].map(|port| format!("https://cdn.example.com:{port}/a"));
    refused(&urls.each_ref().map(String::as_str), "the port is not 443");
    refused(&["http://127.0.0.1:4104/a", "http://127.0.0.1/a"], "is not https");
    refused(&["https://127.0.0.1:4103/a"], "the port is not 443");
}

#[test]
fn user_information_is_refused() {
    let urls = [
        "https://user@cdn.example.com/a",
        "https://:secret@cdn.example.com/a",
        "https://user:secret@cdn.example.com/a",
        "https://evil.example%40cdn.example.com@cdn.example.com/a",
    ];
    refused(&urls, "carries a user name");
    // A listed host in front of the @ is no host.
    refused(&["https://cdn.example.com@evil.example/a"], "evil.example refused");
    refused(&["https://cdn.example.com:443@evil.example/a"], "evil.example refused");
    // Nor is one that comes behind the host's end.
    refused(
        &[
            "https://evil.example#@cdn.example.com/a",
            "https://evil.example?@cdn.example.com/a",
            r"https://evil.example\@cdn.example.com/a",
            "https://evil.example/https://cdn.example.com/a",
        ],
        "evil.example refused: the host is not on the list",
    );
}

#[test]
fn an_address_is_refused_in_every_spelling_and_even_if_listed() {
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0177.1",
        "0x7f.1",
        "0x7f.0x0.0x0.0x1",
        "0x7f000001",
        "0X7F.0.0.1",
        "%31%32%37.0.0.1",
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
        "127\u{3002}0\u{3002}0\u{3002}1",
        "0",
        "0.0.0.0",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "10.0.0.1",
        "1.1.1.1",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[fd00:ec2::254]",
        "[2606:4700:4700::1111]",
    ] {
        refused(&[&format!("https://{host}/a.zip")], "the host is an address, not a name");
    }
}

#[test]
fn what_is_no_host_at_all_is_no_url() {
    for url in [
        "https://256.0.0.1/",
        "https://1.2.3.4.5/",
        "https://0x7f.0.0.0.1/",
        "https://[::1%25lo]/",
        "https:///",
        "https://cdn\u{2024}example.com/",
    ] {
        assert!(Url::parse(url).is_err(), "{url}");
    }
}

#[test]
fn other_hosts_are_refused_and_the_setting_is_named() {
    let urls = [
        "https://localhost/a",
        "https://localhost./a",
        "https://files.example.net/a",
        "https://evilfiles.example.net/a",
        "https://cdn.example.com.evil.example/a",
        "https://cdn.example.co/a",
        "https://example.com/a",
        "https://xcdn.example.com/a",
        "https://metadata.google.internal/a",
        "https://127.0.0.1.nip.io/a",
    ];
    refused(&urls, "the host is not on the list; the setting ABYSSALE_DOWNLOAD_HOSTS adds it");
    let refusal = verdict("https://elsewhere.example/a?signature=secret").expect_err("not listed");
    assert!(refusal.contains("elsewhere.example") && !refusal.contains("secret"), "{refusal}");
}

#[test]
fn one_trailing_dot_names_the_same_host_and_every_other_empty_label_is_refused() {
    for host in
        ["cdn.example.com.", "cdn.example.com%2E", "cdn.example.com\u{3002}", "cdn\u{ff0e}example%2ecom."]
    {
        assert_eq!(verdict(&format!("https://{host}/a")), Ok(()), "{host}");
    }
    let label = "a".repeat(64);
    let long = format!("{}files.example.net", "a.".repeat(150));
    for host in [
        "cdn.example.com..",
        "cdn.example.com...",
        "cdn.example.com.%2e",
        "cdn.example.com\u{3002}\u{ff61}",
        ".cdn.example.com",
        "%2ecdn.example.com",
        "cdn..example.com",
        "cdn.%2Eexample.com",
        "cdn\u{3002}.example.com",
        ".files.example.net",
        "eu..files.example.net",
        "eu.files.example.net..",
        ".",
        "..",
        &format!("{label}.files.example.net"),
        &long,
    ] {
        let url = format!("https://{host}/a");
        // What `url` itself refuses cannot be requested either.
        if let Ok(parsed) = Url::parse(&url) {
            refused(&[&url], "the host is not a valid host name");
            let calls = SsrfGuard::for_calls([], None, "WEBHOOK_ALLOWED_HOSTS");
            assert_eq!(calls.judge(&parsed), Err("the host is not a valid host name".into()), "{host}");
        }
    }
}

#[test]
fn a_listed_host_may_be_spelt_in_any_way_and_what_is_no_name_lists_nothing() {
    let judge = |entry: &str, url: &str| {
        SsrfGuard::for_calls([entry.to_owned()], None, "WEBHOOK_ALLOWED_HOSTS")
            .judge(&Url::parse(url).expect("a URL"))
    };
    for (entry, url) in [
        (" CDN.Example.com. ", "https://cdn.example.com/"),
        ("b\u{fc}cher.example", "https://b\u{fc}cher.example./"),
        ("*.b\u{fc}cher.example.", "https://a.xn--bcher-kva.example/"),
    ] {
        assert_eq!(judge(entry, url), Ok(()), "{entry}");
    }
    for entry in ["*", "*.", "*..", ".", "..", "cdn.example.com..", "*.example.com..", "a b", ""] {
        assert!(judge(entry, "https://cdn.example.com/").is_err(), "{entry}");
    }
}

#[test]
fn an_origin_is_exact_and_bare() {
    for text in ["127.0.0.1", "http://127.0.0.1:1/path", "http://u@127.0.0.1:1", "data:x", ""] {
        assert!(Origin::parse(text).is_none(), "{text}");
    }
}

/// A name server that gives its answers one after the other.
struct Changing(Mutex<VecDeque<Vec<IpAddr>>>);

impl Changing {
    fn to(answers: &[&[&str]]) -> Self {
        let parsed = |answer: &&[&str]| answer.iter().map(|text| text.parse().expect("an address")).collect();
        Self(Mutex::new(answers.iter().map(parsed).collect()))
    }
}

impl Resolve for Changing {
    fn resolve(&self, _: Name) -> Resolving {
        let answer = self.0.lock().expect("nobody panics").pop_front().expect("an answer is left");
        let found: Vec<SocketAddr> = answer.into_iter().map(|address| (address, 0).into()).collect();
        Box::pin(async { Ok(Box::new(found.into_iter()) as Addrs) })
    }
}

/// What a connection may go to, one for each time that it is made.
fn reached(answers: &[&[&str]]) -> Vec<Option<Vec<String>>> {
    let resolver = PublicOnly(Changing::to(answers));
    let each = answers.iter().map(|_| {
        let name = "cdn.example.com".parse().expect("a name");
        match resolver.resolve(name).now_or_never().expect("memory never waits") {
            Ok(found) => Some(found.map(|address| address.ip().to_string()).collect()),
            Err(e) => {
                assert!(e.is::<NotPublic>(), "{e}");
                None
            }
        }
    });
    each.collect()
}

#[test]
fn a_name_is_judged_each_time_that_a_connection_is_made() {
    let public = Some(vec!["1.1.1.1".to_owned()]);
    let answers: &[&[&str]] = &[&["1.1.1.1"], &["127.0.0.1"], &["1.1.1.1"], &["169.254.169.254"], &[]];
    assert_eq!(reached(answers), [public.clone(), None, public, None, None]);
}

#[test]
fn a_private_address_among_public_ones_is_left_out() {
    let mixed: &[&str] = &["10.0.0.1", "1.1.1.1", "::ffff:127.0.0.1", "2606:4700:4700::1111", "fe80::1"];
    assert_eq!(reached(&[mixed]), [Some(vec!["1.1.1.1".to_owned(), "2606:4700:4700::1111".to_owned()])]);
}

#[test]
fn a_call_may_go_to_any_name_unless_names_are_listed_and_never_to_an_address() {
    let judge = |hosts: &[&str], url: &str| {
        let guard =
            SsrfGuard::for_calls(hosts.iter().map(|host| (*host).to_owned()), None, "WEBHOOK_ALLOWED_HOSTS");
        guard.judge(&Url::parse(url).expect("a URL"))
    };
    assert_eq!(judge(&[], "https://hooks.example.com/a?b=c"), Ok(()));
    assert_eq!(judge(&["*.example.com"], "https://hooks.example.com/"), Ok(()));
    let elsewhere = judge(&["*.example.com"], "https://example.net/?key=secret").expect_err("not listed");
    assert!(elsewhere.contains("WEBHOOK_ALLOWED_HOSTS") && !elsewhere.contains("secret"), "{elsewhere}");
    for url in [
        "http://hooks.example.com/",
        "https://hooks.example.com:8443/",
        "https://user@hooks.example.com/",
        "https://10.0.0.1/",
        "https://0x7f000001/",
        "https://[::1]/",
    ] {
        assert!(judge(&[], url).is_err(), "{url}");
    }
}
