//! Files are downloaded through a redirect to a presigned URL.

use std::io::{Cursor, Write};

use bytes::Bytes;
use harness::{BUCKET, cloud::Service};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use url::Url;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    archive_builder::archive_of,
    world::{World, assert_problem, error_fields},
};

impl World {
    /// Follows a download link of a job as a browser does.
    async fn download(&self, path: &str) -> Response<Bytes> {
        let response = self.get(path).await;
        assert_eq!(response.status(), 302, "{path}: {}", response.body());
        let location = response.headers()["location"].to_str().expect("a URL").to_owned();
        assert_eq!(
            (&response.body()["url"], &response.headers()["cache-control"]),
            (&Value::from(&*location), &"no-store".parse().expect("a value"))
        );
        let request = Request::get(location).body(Bytes::new()).expect("a request");
        self.http.send(request).await.expect("a file")
    }

    /// The lifetime of a link in seconds, by its `expires_at` and by its URL.
    async fn link_lifetime(&self, path: &str) -> (i64, i64) {
        let before = OffsetDateTime::now_utc();
        let response = self.get(path).await;
        assert_eq!(response.status(), 302, "{path}: {}", response.body());
        let expires_at = response.body()["expires_at"].as_str().expect("a time");
        let lasts = OffsetDateTime::parse(expires_at, &Rfc3339).expect("a time") - before;
        let url = Url::parse(response.body()["url"].as_str().expect("a URL")).expect("a URL");
        let signed = url.query_pairs().find(|(name, _)| name == "X-Amz-Expires").expect("a time").1;
        (lasts.whole_seconds(), signed.parse().expect("a number"))
    }
}

/// An archive with one file of this name.
fn archive_with(name: &str) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(vec![]));
    archive.start_file(name, SimpleFileOptions::default()).expect("a file");
    archive.write_all(b"its bytes").expect("its bytes");
    archive.finish().expect("an archive").into_inner()
}

fn link(file: &Value) -> &str {
    file["links"]["download"].as_str().expect("a link")
}

#[tokio::test]
async fn every_file_and_the_archive_can_be_downloaded() {
    let world = World::start().await;
    let id = world.submit_export(2).await;
    let job = world.wait_for_status(&id, "stored").await;
    for file in job["files"].as_array().expect("files").iter().chain([&job["archive"]]) {
        let response = world.download(link(file)).await;
        assert!(
            *response.body() == world.read_object(file["key"].as_str().expect("a key")).await,
            "other bytes: {file}"
        );
        assert_eq!(response.headers()["content-type"], file["content_type"].as_str().expect("a type"));
        let disposition = response.headers()["content-disposition"].to_str().expect("a text").to_owned();
        let name = file["name"].as_str().expect("a name").rsplit('/').next().expect("a name");
        assert!(disposition.starts_with("attachment; ") && disposition.contains(name), "{disposition}");
    }
    assert_eq!(link(&job["archive"]), format!("/jobs/{id}/archive"));
}

#[tokio::test]
async fn the_manifest_can_be_downloaded() {
    let world = World::start().await;
    let id = world.submit_export(2).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(link(&job["manifest"]), format!("/jobs/{id}/manifest"));
    let response = world.download(link(&job["manifest"])).await;
    assert_eq!(
        serde_json::from_slice::<Value>(response.body()).expect("JSON"),
        world.read_manifest(&job).await
    );
    assert_eq!(response.headers()["content-type"], "application/json");
    world.admin(Method::PUT, "/knobs", json!({ "export_latency_seconds": 3600 }));
    let unfinished = world.submit_export(1).await;
    assert_problem(&world.get(&format!("/jobs/{unfinished}/manifest")).await, 404, "not-found");
}

#[tokio::test]
async fn a_file_beyond_the_listed_ones_can_be_downloaded() {
    let world = World::start().await;
    world.set_next_archive(archive_of(230, 50));
    let id = world.submit_export(2).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((job["files"].as_array().map(Vec::len), &job["files_total"]), (Some(200), &Value::from(230)));
    let manifest = world.read_manifest(&job).await;
    let last = manifest["files"].as_array().expect("files").last().expect("a file").clone();
    let response =
        world.download(&format!("/jobs/{id}/files/{}", last["name"].as_str().expect("a name"))).await;
    assert!(*response.body() == world.read_object(last["key"].as_str().expect("a key")).await, "other bytes");
    assert_problem(&world.get(&format!("/jobs/{id}/files/file-230.bin")).await, 404, "not-found");
}

#[tokio::test]
async fn a_file_that_only_a_deleted_manifest_lists_is_not_found() {
    let world = World::start().await;
    world.set_next_archive(archive_of(230, 50));
    let id = world.submit_export(2).await;
    let job = world.wait_for_status(&id, "stored").await;
    let manifest = job["manifest"]["key"].as_str().expect("a key");
    world.aws.s3.delete_object().bucket(BUCKET).key(manifest).send().await.expect("deleted");
    assert_problem(&world.get(&format!("/jobs/{id}/files/file-229.bin")).await, 404, "not-found");
}

#[tokio::test]
async fn an_odd_file_name_is_found_percent_encoded_or_decoded() {
    let name = "cut/é #1 100%, 50%25.bin";
    let world = World::start().await;
    world.set_next_archive(archive_with(name));
    let id = world.submit_export(1).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["files"][0]["name"], name);
    let response = world.download(link(&job["files"][0])).await;
    assert_eq!(response.body().as_ref(), b"its bytes");
    let disposition = response.headers()["content-disposition"].to_str().expect("a text");
    assert!(
        disposition.ends_with("filename*=UTF-8''%C3%A9%20%231%20100%25%2C%2050%2525.bin"),
        "{disposition}"
    );

    let world = World::start().await;
    let name = "cut/é #1 100%.bin";
    world.set_next_archive(archive_with(name));
    let id = world.submit_export(1).await;
    world.wait_for_status(&id, "stored").await;
    let mut event: Value =
        serde_json::from_str(include_str!("../../events/api_gateway_get.json")).expect("an event");
    event["rawPath"] = format!("/jobs/{id}/files/{name}").into();
    assert_eq!(world.invoke(event).await.expect("a response")["statusCode"], 302);
}

#[tokio::test]
async fn paths_that_are_no_file_of_the_job_are_not_found() {
    let world = World::start().await;
    let (one, other) = (world.submit_export(1).await, world.submit_export(1).await);
    let job = world.wait_for_status(&one, "stored").await;
    world.wait_for_status(&other, "stored").await;
    let name = job["files"][0]["name"].as_str().expect("a name");
    for name in [
        "nothing.png",
        "manifest.json",
        "..%2Fmanifest.json",
        "../manifest.json",
        "%2e%2e/archive.zip",
        &format!("..%2F..%2F{other}%2Farchive.zip"),
        &format!("{name}%00"),
        "%FF",
        // A doubly encoded name is another name.
        &name.replace('.', "%252E"),
    ] {
        assert_problem(&world.get(&format!("/jobs/{one}/files/{name}")).await, 404, "not-found");
    }
    assert_eq!(world.get(&format!("/jobs/{one}/files/{}", name.replace('.', "%2E"))).await.status(), 302);
    for path in ["/jobs/0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a/archive", "/jobs/nonsense/files/a.png"] {
        assert_problem(&world.get(path).await, 404, "not-found");
    }
}

#[tokio::test]
async fn a_link_reports_its_expiry_when_its_credentials_expire_earlier() {
    let world = World::start().await;
    let id = world.submit_export(1).await;
    world.wait_for_status(&id, "stored").await;
    let archive = format!("/jobs/{id}/archive");
    for (query, lasts) in
        [("", 900), ("?expires_in=60", 60), ("?expires_in=3000", 3000), ("?expires_in=604800", 3600)]
    {
        let (reported, signed) = world.link_lifetime(&format!("{archive}{query}")).await;
        assert!(
            (lasts - 5..=lasts).contains(&reported) && (reported - signed).abs() <= 1,
            "{query}: {reported} and {signed}"
        );
    }
    assert_eq!(world.cloud.requests().count(Service::Sts, "Query"), 1, "credentials are cached");
    for query in ["expires_in=59", "expires_in=604801", "expires_in=soon", "expires_in=", "until=never"] {
        let response = world.get(&format!("{archive}?{query}")).await;
        let field = query.split('=').next().expect("a name");
        assert_eq!(error_fields(assert_problem(&response, 400, "invalid-request")), [field], "{query}");
    }
}

#[tokio::test]
async fn without_a_role_long_term_credentials_sign_as_requested_and_temporary_ones_for_fifteen_minutes() {
    for (token, lasts) in [("", 604_800), ("a session", 900)] {
        let world = World::start_with(|options| {
            options.variable("LINK_ROLE_ARN", "").variable("AWS_SESSION_TOKEN", token)
        })
        .await;
        let id = world.submit_export(1).await;
        world.wait_for_status(&id, "stored").await;
        let (reported, signed) = world.link_lifetime(&format!("/jobs/{id}/archive?expires_in=604800")).await;
        assert!((lasts - 5..=lasts).contains(&reported) && signed == lasts, "{reported} and {signed}");
    }
}
