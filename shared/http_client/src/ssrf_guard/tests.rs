//! URLs in every spelling.

use url::Url;

use super::{SsrfGuard, UrlOrigin};

fn check(url: &str) -> Result<(), String> {
    let guard = SsrfGuard::new(
        ["cdn.example.com".into(), "*.files.example.net".into(), "127.0.0.1".into(), "[::1]".into()],
        UrlOrigin::parse("http://127.0.0.1:4103"),
        "ABYSSALE_DOWNLOAD_HOSTS",
    );
    guard.check(&Url::parse(url).expect("a URL")).map_err(|error| error.message)
}

#[track_caller]
fn assert_blocked(urls: &[&str], reason: &str) {
    for url in urls {
        let message = check(url).expect_err(url);
        assert!(message.contains(reason), "{url}: {reason} is not in: {message}");
    }
}

#[test]
fn listed_hosts_and_trusted_origins_are_allowed() {
    for url in [
        "https://cdn.example.com/a.zip?x=1",
        "https://CDN.example.com:443/a.zip",
        "https://cdn.example.com./a.zip",
        "https:cdn.example.com/a.zip",
        "https://eu.files.example.net/a",
        "https://a.b.files.example.net/a",
        "http://127.0.0.1:4103/exports/a.zip",
    ] {
        assert_eq!(check(url), Ok(()), "{url}");
    }
}

#[test]
fn other_schemes_are_blocked() {
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
    assert_blocked(&urls, "is not https");
}

#[test]
fn other_ports_are_blocked() {
    let urls =
        ["80", "8443", "22", "0", "65535", "4103"].map(|port| format!("https://cdn.example.com:{port}/a"));
    assert_blocked(&urls.each_ref().map(String::as_str), "the port is not 443");
    assert_blocked(&["http://127.0.0.1:4104/a", "http://127.0.0.1/a"], "is not https");
    assert_blocked(&["https://127.0.0.1:4103/a"], "the port is not 443");
}

#[test]
fn user_information_is_blocked() {
    let urls = [
        "https://user@cdn.example.com/a",
        "https://:secret@cdn.example.com/a",
        "https://user:secret@cdn.example.com/a",
        "https://evil.example%40cdn.example.com@cdn.example.com/a",
    ];
    assert_blocked(&urls, "carries a user name");
    // A listed host before the @ is not the host.
    assert_blocked(&["https://cdn.example.com@evil.example/a"], "evil.example refused");
    assert_blocked(&["https://cdn.example.com:443@evil.example/a"], "evil.example refused");
    // Neither is one after the end of the host.
    assert_blocked(
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
fn an_ip_address_is_blocked_in_every_spelling_and_even_if_listed() {
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
        assert_blocked(&[&format!("https://{host}/a.zip")], "the host is an address, not a name");
    }
}

#[test]
fn a_url_with_an_invalid_host_does_not_parse() {
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
fn other_hosts_are_blocked_and_the_message_names_the_setting() {
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
    assert_blocked(&urls, "the host is not on the list; the setting ABYSSALE_DOWNLOAD_HOSTS adds it");
    let message = check("https://elsewhere.example/a?signature=secret").expect_err("not listed");
    assert!(message.contains("elsewhere.example") && !message.contains("secret"), "{message}");
}

#[test]
fn one_trailing_dot_names_the_same_host_and_every_other_empty_label_is_blocked() {
    for host in
        ["cdn.example.com.", "cdn.example.com%2E", "cdn.example.com\u{3002}", "cdn\u{ff0e}example%2ecom."]
    {
        assert_eq!(check(&format!("https://{host}/a")), Ok(()), "{host}");
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
        // A URL that does not parse cannot be requested either.
        if let Ok(parsed) = Url::parse(&url) {
            assert_blocked(&[&url], "the host is not a valid host name");
            let guard = SsrfGuard::for_caller_urls([], None, "WEBHOOK_ALLOWED_HOSTS");
            assert_eq!(guard.check_url(&parsed), Err("the host is not a valid host name".into()), "{host}");
        }
    }
}

#[test]
fn a_listed_host_matches_in_any_spelling_and_an_invalid_entry_matches_nothing() {
    let check_with = |entry: &str, url: &str| {
        SsrfGuard::for_caller_urls([entry.to_owned()], None, "WEBHOOK_ALLOWED_HOSTS")
            .check_url(&Url::parse(url).expect("a URL"))
    };
    for (entry, url) in [
        (" CDN.Example.com. ", "https://cdn.example.com/"),
        ("b\u{fc}cher.example", "https://b\u{fc}cher.example./"),
        ("*.b\u{fc}cher.example.", "https://a.xn--bcher-kva.example/"),
    ] {
        assert_eq!(check_with(entry, url), Ok(()), "{entry}");
    }
    for entry in ["*", "*.", "*..", ".", "..", "cdn.example.com..", "*.example.com..", "a b", ""] {
        assert!(check_with(entry, "https://cdn.example.com/").is_err(), "{entry}");
    }
}

#[test]
fn an_origin_is_a_scheme_a_host_and_a_port_and_nothing_else() {
    for text in ["127.0.0.1", "http://127.0.0.1:1/path", "http://u@127.0.0.1:1", "data:x", ""] {
        assert!(UrlOrigin::parse(text).is_none(), "{text}");
    }
}

#[test]
fn a_webhook_url_may_name_any_host_unless_hosts_are_listed_and_never_an_ip_address() {
    let check_with = |hosts: &[&str], url: &str| {
        let guard = SsrfGuard::for_caller_urls(
            hosts.iter().map(|host| (*host).to_owned()),
            None,
            "WEBHOOK_ALLOWED_HOSTS",
        );
        guard.check_url(&Url::parse(url).expect("a URL"))
    };
    assert_eq!(check_with(&[], "https://hooks.example.com/a?b=c"), Ok(()));
    assert_eq!(check_with(&["*.example.com"], "https://hooks.example.com/"), Ok(()));
    let elsewhere =
        check_with(&["*.example.com"], "https://example.net/?key=secret").expect_err("not listed");
    assert!(elsewhere.contains("WEBHOOK_ALLOWED_HOSTS") && !elsewhere.contains("secret"), "{elsewhere}");
    for url in [
        "http://hooks.example.com/",
        "https://hooks.example.com:8443/",
        "https://user@hooks.example.com/",
        "https://10.0.0.1/",
        "https://0x7f000001/",
        "https://[::1]/",
    ] {
        assert!(check_with(&[], url).is_err(), "{url}");
    }
}
