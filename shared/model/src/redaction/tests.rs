//! Secrets are redacted in every encoding, and nothing else is.

use proptest::prelude::*;

use super::*;

fn redactor(secrets: &[&str]) -> Redactor {
    let mut redactor = Redactor::default();
    secrets.iter().for_each(|secret| redactor.add_secret(&Secret::new(*secret)));
    redactor
}

fn redacted(secret: &str, text: &str) -> String {
    redactor(&[secret]).redact_str(text)
}

#[test]
fn a_secret_is_redacted_in_every_encoding() {
    let secret = "sk/live+7=\"q&é\u{1F511}\\end";
    let json = serde_json::to_string(secret).expect("JSON");
    let json = &json[1..json.len() - 1];
    let twice = serde_json::to_string(json).expect("JSON");
    let twice = &twice[1..twice.len() - 1];
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let lower: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let html: String = secret.chars().map(|c| format!("&#{};", u32::from(c))).collect();
    let html_hex: String = secret.chars().map(|c| format!("&#x{:X};", u32::from(c))).collect();
    let utf16: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let url_in_url = percent.replace('%', "%25");
    let php = json.replace('/', "\\/");
    let named = secret.replace('&', "&amp;").replace('"', "&quot;");
    let forms = [secret, json, twice, &percent, &lower, &html, &html_hex, &utf16, &url_in_url, &php, &named];
    for form in forms {
        assert_eq!(redacted(secret, &format!("before {form} after")), "before *** after", "{form}");
    }
}

#[test]
fn texts_without_a_secret_stay_unchanged() {
    let text = "the key sk_live_0000 is not yours; %20 \\u0041 &amp; a\\nb";
    assert!(matches!(redactor(&["sk_live_7f3a9b2c4d5e6f70"]).redact(text.as_bytes()), Cow::Borrowed(_)));
    assert_eq!(redacted("100%25&amp;x", "a 100%25&amp;x b"), "a *** b");
    assert_eq!(redacted("short", "short"), "short");
    assert_eq!(redacted("", ""), "");
}

#[test]
fn a_truncated_secret_is_redacted_if_its_rest_could_be_guessed() {
    let secret = "0123456789abcdefghijklmnopqrstuvwxyz";
    assert_eq!(redacted(secret, &format!("key {}", &secret[..35])), "key ***");
    assert_eq!(redacted(secret, &format!("key {}...", &secret[..21])), "key ***...");
    assert_eq!(redacted(secret, &format!("key {}...", &secret[..20])), "key 0123456789abcdefghij...");
    assert_eq!(redacted("0123456789abcdef", "key 0123456789ab"), "key ***");
    assert_eq!(redacted("0123456789abcdef", "key 0123456789a"), "key 0123456789a");
    // Two tokens of one issuer share their header.
    let other = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";
    let held = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww";
    assert_eq!(redacted(held, other), other);
}

#[test]
fn the_longest_of_several_matching_secrets_is_redacted() {
    let redactor = redactor(&["whsec_abcdefgh", "abcdefgh", "whsec_abcdefghijkl"]);
    assert_eq!(redactor.redact_str("a whsec_abcdefghijkl b abcdefgh c"), "a *** b *** c");
}

#[test]
fn the_token_of_any_callback_url_is_redacted() {
    let mut redactor = Redactor::default();
    redactor.add_callback_urls("abyssale");
    let url = "https://receiver.example/webhooks/abyssale/0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a/tok-en_1";
    let shown = "https://receiver.example/webhooks/abyssale/0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a/***";
    assert_eq!(redactor.redact_str(&format!("to {url}, no")), format!("to {shown}, no"));
    for escaped in ["%2F", "\\/", "%252f", "&#x2F;", "\\u002f"] {
        let text = url.replace('/', escaped);
        let (text, shown) = (redactor.redact_str(&text), shown.replace('/', escaped));
        assert_eq!(text, shown);
    }
    for other in ["/webhooks/abyssale/short", "/webhooks/abyssale/", "/webhooks/other/0192d2c0/x"] {
        assert_eq!(redactor.redact_str(other), other);
    }
}

#[test]
fn long_texts_full_of_escapes_are_redacted_quickly() {
    let redactor = redactor(&["\\\\\\\\\\\\\\\\\\", "aaaaaaaaaaaab", "%%%%%%%%%%%%", "0123456789abcdef"]);
    for text in ["\\", "a", "%", "&", "0123456789abcde"] {
        redactor.redact(text.repeat(200_000 / text.len()).as_bytes());
    }
}

proptest! {
    #[test]
    fn redacted_json_is_valid_json_without_the_secret(
        secret in "[!-~]{8,40}",
        before in "[ -~é\n]{0,20}",
        after in "[ -~é\n]{0,20}",
    ) {
        let text = serde_json::json!({ "message": format!("{before}{secret}{after}"), "more": [1, secret] });
        let redacted = redactor(&[&secret]).redact_str(&text.to_string());
        let parsed: serde_json::Value = serde_json::from_str(&redacted).expect("JSON");
        let masked = parsed["more"][1].as_str().map(|text| text.trim_end_matches('\\'));
        prop_assert_eq!(masked, Some("***"));
        prop_assert!(!parsed["message"].as_str().expect("text").contains(&secret));
    }

    #[test]
    fn no_bytes_make_the_redactor_panic(secret in "\\PC{0,20}", text in proptest::collection::vec(any::<u8>(), 0..200)) {
        redactor(&[&secret]).redact(&text);
    }
}
