//! Downloads of videos.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::simulator::{Reply, SendMode};

use super::{TestBench, text};

/// Returns a test bench with an ended export, the project's id and the URL of the video.
fn exported(settings: &Value) -> (TestBench, String, String) {
    let mut bench = TestBench::new();
    bench.change_settings(settings);
    let id = bench.export();
    bench.advance_real_time(65.0);
    let url = text(&bench.progress_data(&id)["downloadUrl"]);
    (bench, id, url)
}

fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn body(reply: &Reply) -> &Bytes {
    reply.response.body()
}

#[test]
fn a_video_supports_ranges() {
    let (mut bench, id, url) = exported(&json!({}));
    let task = text(&bench.show(&id)["backendTaskId"]);
    let whole = bench.download(&url, &[]);
    assert_eq!((whole.response.status().as_u16(), header(&whole, "content-type")), (200, "video/mp4"));
    assert_eq!(&body(&whole)[4..8], b"ftyp");
    assert!(body(&whole).ends_with(task.as_bytes()), "the file names its export");
    let part = bench.download(&url, &[("range", "bytes=100-199")]);
    assert_eq!(part.response.status(), 206);
    assert_eq!(header(&part, "content-range"), format!("bytes 100-199/{}", body(&whole).len()));
    assert_eq!(body(&part), &body(&whole).slice(100..200));
    let etag = header(&whole, "etag").to_owned();
    let same = bench.download(&url, &[("range", "bytes=0-0"), ("if-range", &etag)]);
    assert_eq!(same.response.status(), 206);
    let beyond = bench.download(&url, &[("range", "bytes=999999-")]);
    assert_eq!(beyond.response.status(), 416);
}

#[test]
fn a_download_with_a_token_is_rejected() {
    let (mut bench, _, url) = exported(&json!({}));
    let token = bench.token.clone();
    assert_eq!(bench.download(&url, &[("authorization", &token)]).response.status(), 400);
    bench.change_settings(&json!({"files": {"authorization": "accept"}}));
    assert_eq!(bench.download(&url, &[("authorization", &token)]).response.status(), 200);
}

#[test]
fn a_video_is_missing_before_the_export_ends() {
    let mut bench = TestBench::new();
    let id = bench.export();
    let url = format!("http://files.test/export/{id}.mp4");
    assert_eq!(bench.download(&url, &[]).response.status(), 404);
    bench.advance_real_time(65.0);
    assert_eq!(bench.download(&url, &[]).response.status(), 200);
    assert_eq!(bench.download("http://files.test/other/x.mp4", &[]).response.status(), 404);
}

#[test]
fn a_large_video_supports_ranges() {
    let (mut bench, _, url) = exported(&json!({"files": {"padding_megabytes": 512}}));
    let last = bench.download(&url, &[("range", "bytes=-1048576")]);
    assert_eq!(body(&last).len(), 1 << 20);
    let length: usize =
        header(&last, "content-range").rsplit('/').next().unwrap_or_default().parse().expect("a length");
    assert!(length > 512 << 20);
    assert!(
        body(&last).windows(8).any(|window| window == 511_u64.to_be_bytes()),
        "the last MiB holds its number"
    );
}

#[test]
fn expired_urls_are_replaced_by_polling() {
    let (mut bench, id, url) = exported(&json!({"files": {"url_lifetime_seconds": 30}}));
    assert_eq!(bench.download(&url, &[]).response.status(), 200);
    bench.advance_real_time(31.0);
    assert_eq!(bench.download(&url, &[]).response.status(), 403);
    let fresh = text(&bench.progress_data(&id)["downloadUrl"]);
    assert_eq!(bench.download(&fresh, &[]).response.status(), 200);
}

#[test]
fn the_first_download_revokes_earlier_urls() {
    let (mut bench, id, url) = exported(&json!({"files": {"first_urls_revoked": true}}));
    let early = text(&bench.show(&id)["download_url"]);
    for url in [&url, &early, &url] {
        assert_eq!(bench.download(url, &[]).response.status(), 403);
    }
    let fresh = text(&bench.progress_data(&id)["downloadUrl"]);
    assert_eq!(bench.download(&fresh, &[]).response.status(), 200);
}

#[test]
fn a_re_export_changes_the_file_behind_the_url() {
    let (mut bench, id, url) = exported(&json!({}));
    let first = body(&bench.download(&url, &[])).clone();
    bench.export();
    assert_eq!(body(&bench.download(&url, &[])), &first, "the file is unchanged until the new export ends");
    bench.advance_real_time(65.0);
    assert_eq!(text(&bench.progress_data(&id)["downloadUrl"]), url);
    assert_ne!(body(&bench.download(&url, &[])), &first);
    bench.change_settings(&json!({"files": {"name": "task"}}));
    assert_ne!(text(&bench.progress_data(&id)["downloadUrl"]), url, "each export has its own file name");
}

/// Checks a reply.
type ReplyCheck = fn(&Reply) -> bool;

#[test]
fn download_faults_change_one_download() {
    let table: [(Value, ReplyCheck); 11] = [
        (json!({"kind": "forbidden"}), |reply| reply.response.status() == 403),
        (json!({"kind": "not_found"}), |reply| reply.response.status() == 404),
        (json!({"kind": "unavailable"}), |reply| reply.response.status() == 503),
        (json!({"kind": "redirect"}), |reply| header(reply, "location").starts_with("/moved/")),
        (json!({"kind": "redirect", "location": "http://10.0.0.1/"}), |reply| {
            header(reply, "location") == "http://10.0.0.1/" && reply.response.status() == 302
        }),
        (json!({"kind": "page"}), |reply| {
            body(reply).starts_with(b"<!doctype") && reply.response.status() == 200
        }),
        (json!({"kind": "empty"}), |reply| body(reply).is_empty() && reply.response.status() == 200),
        (json!({"kind": "truncated", "bytes": 100}), |reply| body(reply).len() == 100),
        (json!({"kind": "cut", "after_bytes": 100}), |reply| reply.send_mode == SendMode::CutAfter(100)),
        (json!({"kind": "no_length"}), |reply| reply.send_mode == SendMode::NoLength),
        (json!({"kind": "slow", "chunk": 10}), |reply| {
            matches!(reply.send_mode, SendMode::Slow { chunk: 10, .. })
        }),
    ];
    for (mut fault, check) in table {
        let (mut bench, _, url) = exported(&json!({}));
        fault["on"] = "download".into();
        bench.fault(&fault);
        assert!(check(&bench.download(&url, &[])), "{fault}");
        assert_eq!(bench.download(&url, &[]).response.status(), 200, "{fault} applies once");
    }
}

#[test]
fn a_redirect_leads_to_the_file() {
    let (mut bench, _, url) = exported(&json!({}));
    bench.fault(&json!({"on": "download", "kind": "redirect", "count": null}));
    let moved = bench.download(&url, &[]);
    let moved = format!("http://files.test{}", header(&moved, "location"));
    assert_eq!(&body(&bench.download(&moved, &[]))[4..8], b"ftyp");
    let log = bench.admin(Method::GET, "/requests?endpoint=files", &Value::Null);
    assert_eq!(log.as_array().map(Vec::len), Some(2));
}
