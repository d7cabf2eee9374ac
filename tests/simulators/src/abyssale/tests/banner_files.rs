//! Files of banners: the content of each type, their URLs, and download faults.

use std::io::{Cursor, Read};

use bytes::Bytes;
use http::{Method, Request, Response};
use image::AnimationDecoder;
use image::codecs::gif::GifDecoder;
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::simulator::{Endpoint, SendMode};

use super::TestBench;

/// Generates from this design and returns the banners.
fn banners(bench: &mut TestBench, kind: &str, body: &Value) -> Vec<Value> {
    let request = bench.generate(&bench.design(kind, 0), body);
    bench.advance_real_time(3.0);
    let (_, done) = bench.api(Method::GET, &format!("/generation-request/{request}"), &Value::Null);
    done["banners"].as_array().cloned().unwrap_or_default()
}

fn download(bench: &mut TestBench, url: &Value) -> Response<Bytes> {
    let path = url.as_str().unwrap_or_default().replace("http://files.test", "");
    bench.call(Endpoint::Files, Method::GET, &path, &Value::Null).response
}

#[test]
fn images_have_the_size_of_their_format() {
    let mut bench = TestBench::new();
    for (requested, content_type) in [("png", "image/png"), ("jpeg", "image/jpeg"), ("webp", "image/webp")] {
        let body = json!({"image_file_type": requested, "template_format_names": ["story", "landscape"]});
        for banner in banners(&mut bench, "static", &body) {
            assert_eq!(banner["file"]["type"], requested);
            let file = download(&mut bench, &banner["file"]["url"]);
            assert_eq!(file.headers()["content-type"], content_type);
            let picture = image::load_from_memory(file.body()).expect("an image");
            let size = json!({"width": picture.width(), "height": picture.height()});
            assert_eq!(
                (&size["width"], &size["height"]),
                (&banner["format"]["width"], &banner["format"]["height"])
            );
            assert_eq!(download(&mut bench, &banner["file"]["cdn_url"]).body(), file.body());
        }
    }
}

#[test]
fn a_higher_quality_makes_a_jpeg_larger() {
    let mut bench = TestBench::new();
    let sizes = [10, 95].map(|level| {
        let body = json!({
            "image_file_type": "jpeg", "file_compression_level": level, "template_format_names": ["postcard"],
        });
        let banner = banners(&mut bench, "static", &body).remove(0);
        download(&mut bench, &banner["file"]["url"]).body().len()
    });
    assert!(sizes[0] * 2 < sizes[1], "{sizes:?}");
}

#[test]
fn a_gif_is_animated() {
    let mut bench = TestBench::new();
    let body = json!({"image_file_type": "gif", "template_format_names": ["mpu"]});
    let banner = banners(&mut bench, "animated", &body).remove(0);
    let file = download(&mut bench, &banner["file"]["url"]);
    let frames = GifDecoder::new(Cursor::new(file.body().clone())).expect("a GIF").into_frames();
    let frames = frames.collect_frames().expect("complete frames");
    assert_eq!(frames.len(), 3);
    assert_eq!(frames[0].buffer().dimensions(), (300, 250));
    assert_ne!(frames[0].buffer(), frames[1].buffer());
}

#[test]
fn an_html5_banner_is_a_package_with_a_fallback() {
    let mut bench = TestBench::new();
    let body = json!({
        "image_file_type": "html5", "template_format_names": ["mpu"],
        "html5": {"page_title": "Buy <now>", "click_tag": "https://shop.example/?a=1&b=2"},
    });
    let banner = banners(&mut bench, "animated", &body).remove(0);
    assert_eq!((&banner["file"]["type"], banner["file"].get("cdn_url")), (&json!("zip"), None));
    let file = download(&mut bench, &banner["file"]["url"]);
    let mut package = ZipArchive::new(Cursor::new(file.into_body())).expect("a ZIP");
    let mut page = String::new();
    package.by_name("index.html").expect("a page").read_to_string(&mut page).expect("text");
    assert!(
        page.contains("<title>Buy &lt;now></title>")
            && page.contains("href=\"https://shop.example/?a=1&amp;b=2\"")
    );
    assert!(package.by_name("assets/banner.jpg").is_ok());
    let fallback = download(&mut bench, &banner["file"]["fallback_image_url"]);
    assert_eq!(image::load_from_memory(fallback.body()).expect("an image").width(), 300);
}

#[test]
fn avif_and_mp4_fixtures_differ_for_each_banner() {
    let mut bench = TestBench::new();
    for (kind, requested, content_type) in
        [("static", "avif", "image/avif"), ("animated", "mp4", "video/mp4")]
    {
        let files: Vec<_> = banners(&mut bench, kind, &json!({"image_file_type": requested}))
            .iter()
            .map(|banner| download(&mut bench, &banner["file"]["url"]))
            .collect();
        assert!(files.iter().all(|file| &file.body()[4..8] == b"ftyp"), "{requested}");
        assert_eq!(files[0].headers()["content-type"], content_type);
        assert_ne!(files[0].body(), files[1].body());
    }
}

#[test]
fn a_pdf_has_the_pages_and_sizes_of_its_format() {
    let mut bench = TestBench::new();
    let whole = banners(&mut bench, "printer_multipage", &json!({})).remove(0);
    let pdf = download(&mut bench, &whole["file"]["url"]);
    let text = String::from_utf8_lossy(pdf.body()).into_owned();
    assert!(text.starts_with("%PDF-1.") && text.ends_with("%%EOF\n"));
    assert!(
        text.contains("/Count 4 ") && text.matches("/MediaBox [0 0 595.28 841.89]").count() == 4,
        "{text}"
    );
    for (number, start) in offsets(&text).into_iter().enumerate() {
        assert!(text[start..].starts_with(&format!("{} 0 obj", number + 1)), "object {number}");
    }
    let marked = json!({"template_format_names": ["a4"], "print": {"display_crop_marks": true}});
    let flyer = banners(&mut bench, "printer", &marked).remove(0);
    let text = String::from_utf8_lossy(download(&mut bench, &flyer["file"]["url"]).body()).into_owned();
    assert!(text.contains("/MediaBox [0 0 651.28 897.89] /TrimBox [28.00 28.00 623.28 869.89]"), "{text}");
    let flat = json!({"template_format_names": ["postcard"], "image_file_type": "pdf"});
    let picture = banners(&mut bench, "static", &flat).remove(0);
    let text = String::from_utf8_lossy(download(&mut bench, &picture["file"]["url"]).body()).into_owned();
    assert!(text.contains("/MediaBox [0 0 600.00 450.00]"), "{text}");
}

/// Returns the offsets of the objects from a PDF's cross-reference table.
fn offsets(text: &str) -> Vec<usize> {
    let table = text.rsplit_once("xref\n0").map(|(before, _)| before.len()).unwrap_or_default();
    let lines = text[table..].lines().skip(3).take_while(|line| line.ends_with(" n "));
    lines.filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

#[test]
fn file_urls_expire_when_the_setting_says_so() {
    let mut bench = TestBench::new();
    let lasting = banners(&mut bench, "static", &json!({})).remove(0);
    assert!(!lasting["file"]["url"].to_string().contains('?'));
    bench.admin(Method::PUT, "/knobs", &json!({"file_expiry_seconds": 60}));
    let banner = banners(&mut bench, "static", &json!({})).remove(0);
    let url = banner["file"]["url"].clone();
    assert_eq!(download(&mut bench, &url).status(), 200);
    let bare = json!(url.as_str().and_then(|url| url.split('?').next()));
    assert_eq!(download(&mut bench, &bare).status(), 403, "no signature");
    bench.advance_real_time(60.0);
    assert_eq!(download(&mut bench, &url).status(), 403, "too old");
    let path = format!("/banners/{}", banner["id"].as_str().unwrap_or_default());
    assert_eq!(bench.api(Method::GET, &path, &Value::Null).1["file"]["url"], url);
    bench.admin(Method::PUT, "/knobs", &json!({"file_url_renewed": true}));
    let renewed = bench.api(Method::GET, &path, &Value::Null).1["file"]["url"].clone();
    assert_eq!(download(&mut bench, &renewed).status(), 200);
}

#[test]
fn file_names_can_be_unusual_or_absent() {
    let mut bench = TestBench::new();
    let story = json!({"template_format_names": ["story"]});
    for (pattern, expected) in [
        ("../../etc/{format}.{extension}", Some("../../etc/story.jpg")),
        ("", None),
        ("{design}-{number}.{extension}", Some("spring-15.jpg")),
    ] {
        bench.admin(Method::PUT, "/knobs", &json!({"filename": pattern}));
        let banner = banners(&mut bench, "static", &story).remove(0);
        assert_eq!(banner["file"]["filename"].as_str(), expected);
    }
}

#[test]
fn a_custom_file_is_served_for_the_next_banner_of_its_format() {
    let mut bench = TestBench::new();
    let request = Request::put("/file?format=story").header("content-type", "image/x-odd");
    let request = request.body(Bytes::from_static(b"odd bytes")).expect("a request");
    crate::simulator::Simulator::handle(&mut bench.simulator, Endpoint::Admin, request, bench.wall);
    let two = json!({"template_format_names": ["square", "story"]});
    let files: Vec<_> = banners(&mut bench, "static", &two)
        .iter()
        .map(|banner| download(&mut bench, &banner["file"]["url"]))
        .collect();
    assert!(files[0].body().len() > 10_000);
    assert_eq!(
        (files[1].body().as_ref(), &files[1].headers()["content-type"]),
        (&b"odd bytes"[..], &"image/x-odd".parse().expect("a value"))
    );
}

#[test]
fn a_file_supports_ranges_and_is_missing_before_it_is_ready() {
    let mut bench = TestBench::new();
    bench.admin(Method::PUT, "/knobs", &json!({"early_banners": true}));
    let request = bench.generate(&bench.design("static", 0), &json!({}));
    bench.advance_real_time(1.0);
    let (_, early) = bench.api(Method::GET, &format!("/generation-request/{request}"), &Value::Null);
    let url = early["banners"][0]["file"]["url"].clone();
    assert_eq!(download(&mut bench, &url).status(), 404);
    bench.advance_real_time(2.0);
    let whole = download(&mut bench, &url).into_body();
    let path = url.as_str().unwrap_or_default().replace("http://files.test", "");
    let request = Request::get(path).header("range", "bytes=5-14").body(Bytes::new()).expect("a request");
    let part =
        crate::simulator::Simulator::handle(&mut bench.simulator, Endpoint::Files, request, bench.wall)
            .response;
    assert_eq!((part.status().as_u16(), part.body()), (206, &whole.slice(5..15)));
}

#[test]
fn file_faults_filter_by_format_type_and_route() {
    let mut bench = TestBench::new();
    let two = json!({"template_format_names": ["square", "story"]});
    let urls: Vec<_> = banners(&mut bench, "static", &two).iter().map(|b| b["file"]["url"].clone()).collect();
    let status = |bench: &mut TestBench, at: usize| download(bench, &urls[at]).status().as_u16();
    bench.fault(json!([
        {"on": "archive", "kind": "not_found", "count": null},
        {"on": "file", "kind": "expired", "format": "story"},
        {"on": "file", "kind": "unavailable", "file_type": "png", "count": 2},
        {"on": "file", "kind": "not_found", "route": "GET /cdn/*"},
    ]));
    assert_eq!([0, 1, 0, 1, 0].map(|at| status(&mut bench, at)), [503, 403, 503, 200, 200]);
    let nowhere = json!("http://files.test/exports/round.zip");
    bench.fault(json!({"on": "file", "kind": "unavailable", "route": "GET /exports/*"}));
    assert_eq!(download(&mut bench, &nowhere).status(), 404, "archive faults apply to /exports/ only");
    bench.admin(Method::DELETE, "/faults", &Value::Null);
    bench
        .fault(json!({"on": "archive", "kind": "redirect", "location": "/exports/round.zip", "count": null}));
    assert_eq!(download(&mut bench, &nowhere).status(), 302);
}

#[test]
fn queued_faults_are_listed_with_their_filters() {
    let mut bench = TestBench::new();
    bench.fault(json!({"on": "file", "kind": "expired", "format": "story", "file_type": "png"}));
    let listed = bench.admin(Method::GET, "/faults", &Value::Null);
    let expected = json!({
        "on": "file", "kind": "expired", "route": null, "count": 1, "format": "story", "file_type": "png",
    });
    assert_eq!(listed, json!([expected]));
}

#[test]
fn file_faults_change_the_download() {
    type ReplyCheck = fn(&crate::simulator::Reply) -> bool;
    let table: [(Value, ReplyCheck); 7] = [
        (json!({"kind": "truncated", "bytes": 99}), |reply| reply.response.body().len() == 99),
        (json!({"kind": "cut", "after_bytes": 7}), |reply| reply.send_mode == SendMode::CutAfter(7)),
        (json!({"kind": "html_page"}), |reply| reply.response.body().starts_with(b"<!doctype html>")),
        (json!({"kind": "content_type", "value": "a/b"}), |reply| {
            reply.response.headers()["content-type"] == "a/b"
        }),
        (json!({"kind": "redirect", "location": "http://10.0.0.1/"}), |reply| reply.response.status() == 302),
        (json!({"kind": "no_length"}), |reply| reply.send_mode == SendMode::NoLength),
        (json!({"kind": "slow", "chunk": 9, "pause_seconds": 0.5}), |reply| {
            matches!(reply.send_mode, SendMode::Slow { chunk: 9, .. })
        }),
    ];
    let mut bench = TestBench::new();
    let url = banners(&mut bench, "static", &json!({})).remove(0)["file"]["url"].clone();
    let path = url.as_str().unwrap_or_default().replace("http://files.test", "");
    for (mut fault, check) in table {
        fault["on"] = "file".into();
        bench.fault(fault.clone());
        assert!(check(&bench.call(Endpoint::Files, Method::GET, &path, &Value::Null)), "{fault}");
        let healed = bench.call(Endpoint::Files, Method::GET, &path, &Value::Null);
        assert_eq!((healed.response.status().as_u16(), healed.send_mode), (200, SendMode::Plain), "{fault}");
    }
}
