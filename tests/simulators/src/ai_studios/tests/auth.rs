//! Tokens: issuing, sending and losing them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use crate::simulator::Endpoint;

use super::{TestBench, V3, read, request};

#[test]
fn a_token_has_the_documented_claims_and_is_valid_for_a_day() {
    let mut bench = TestBench::new();
    let parts: Vec<&str> = bench.token.split('.').collect();
    let claims = URL_SAFE_NO_PAD.decode(parts[1]).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    let issued = claims["iat"].as_i64().expect("a time");
    let expected =
        json!({"appId": "studio.acme-media", "platform": "web", "iat": issued, "exp": issued + 86_400});
    assert_eq!(claims, expected);
    assert_eq!(bench.get("/auth").1, json!({"success": true, "data": {"isAuthenticated": true}}));
    bench.advance_real_time(86_399.0);
    assert_eq!(bench.get("/auth").0, 200);
    bench.advance_real_time(2.0);
    let (status, body) = bench.get("/auth");
    assert_eq!((status, &body["error"]["code"]), (401, &json!(4010)));
    assert!(body["error"]["msg"].as_str().is_some_and(|message| message.contains("expired")));
}

#[test]
fn wrong_credentials_are_rejected() {
    let mut bench = TestBench::new();
    for (body, expected) in [
        (json!({"appId": "studio.acme-media", "userKey": "uk_other"}), (401, 4010)),
        (json!({"appId": "studio.acme-media"}), (400, 4000)),
        (json!([]), (400, 4000)),
    ] {
        let (status, response) = bench.api(Method::POST, "/auth/token", &body);
        assert_eq!((status, response["error"]["code"].as_i64()), (expected.0, Some(expected.1)), "{body}");
    }
}

#[test]
fn a_token_is_sent_without_a_scheme() {
    let mut bench = TestBench::new();
    let bare = bench.token.clone();
    let status = |bench: &mut TestBench, token: String| {
        bench.token = token;
        bench.get("/auth").0
    };
    assert_eq!(status(&mut bench, format!("Bearer {bare}")), 401);
    assert_eq!(status(&mut bench, String::new()), 401);
    assert_eq!(status(&mut bench, "made.up.token".to_owned()), 401);
    bench.change_settings(&json!({"auth": {"bearer": "accept"}}));
    assert_eq!(status(&mut bench, format!("Bearer {bare}")), 200);
    assert_eq!(status(&mut bench, bare), 200);
}

#[test]
fn a_new_token_revokes_the_old_one_if_the_setting_says_so() {
    let mut bench = TestBench::new();
    bench.new_token();
    assert_eq!(bench.get("/auth").0, 200, "both tokens are valid by default");
    bench.change_settings(&json!({"auth": {"invalidate_on_reissue": true}}));
    let new = bench.new_token();
    assert_eq!(bench.get("/auth").0, 401);
    bench.token = new;
    assert_eq!(bench.get("/auth").0, 200);
}

#[test]
fn errors_follow_the_envelope_settings() {
    let mut bench = TestBench::new();
    bench.token = String::new();
    let cases = [
        (json!({"envelope": {"errors_as_200": true}}), 200, json!({"code": 4010, "msg": "token is missing"})),
        (json!({"envelope": {"code": "text"}}), 200, json!({"code": "4010", "msg": "token is missing"})),
        (json!({"envelope": {"error": "text", "errors_as_200": false}}), 401, json!("token is missing")),
    ];
    for (settings, status, error) in cases {
        bench.change_settings(&settings);
        let (given, body) = bench.get("/auth");
        assert_eq!((given, body), (status, json!({"success": false, "error": error})), "{settings}");
    }
    bench.change_settings(&json!({"auth": {"html_page": true}}));
    let reply = bench.call(Method::GET, "/auth", &Value::Null);
    assert!(reply.response.body().starts_with(b"<!doctype html>"));
}

#[test]
fn every_path_but_the_token_call_requires_a_token() {
    let mut bench = TestBench::new();
    for (method, path) in [
        (Method::POST, "/editor/project/export"),
        (Method::GET, "/editor/progress/1"),
        (Method::GET, "/editor/project"),
        (Method::GET, "/dropdown/workspaces"),
        (Method::POST, "/automation/topic_to_video"),
    ] {
        let request = request(method, &format!("{V3}{path}"), &json!({}));
        assert_eq!(read(&bench.send(Endpoint::Api, request).response).0, 401, "{path}");
    }
}

#[test]
fn the_log_shows_neither_token_nor_key() {
    let mut bench = TestBench::new();
    bench.get("/auth");
    let log = bench.admin(Method::GET, "/requests", &Value::Null);
    let key = bench.credentials()["user_key"].as_str().expect("a key").to_owned();
    assert!(!log.to_string().contains(&bench.token) && !log.to_string().contains(&key));
    assert!(log[0]["body"].as_str().is_some_and(|body| body.contains("studio.acme-media")));
    assert_eq!(log[1]["headers"]["authorization"], "eyJh…", "the log shows that there is no scheme");
}
