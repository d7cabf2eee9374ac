//! Jobs are listed newest first, over days and pages.

use aws_sdk_dynamodb::types::AttributeValue;
use harness::{
    TABLE,
    cloud::{Outage, Service},
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::world::{World, assert_problem, error_fields, without_deliveries};

/// The date so many days ago, in the format of the query.
fn day(ago: i64) -> String {
    (OffsetDateTime::now_utc() - Duration::days(ago)).date().to_string()
}

impl World {
    /// Inserts copies of a job that were created so many days ago, with these fields. Returns their ids. It writes to
    /// the table directly, since the API cannot create jobs in the past.
    async fn insert_past_jobs(&self, like: &str, jobs: &[(i64, &[(&str, &str)])]) -> Vec<String> {
        let like = self.job_item(like).await;
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut ids = vec![];
        for (ago, fields) in jobs {
            let created = OffsetDateTime::now_utc() - Duration::days(*ago);
            let milliseconds = u64::try_from(created.unix_timestamp_nanos() / 1_000_000).expect("a time");
            let random = uuid::Uuid::new_v4();
            let random: &[u8; 10] = random.as_bytes()[..10].try_into().expect("ten bytes");
            let id = uuid::Builder::from_unix_timestamp_millis(milliseconds, random).into_uuid().to_string();
            let mut item = like.clone();
            for (name, value) in [
                ("pk", id.as_str()),
                ("created", id.as_str()),
                ("day", &created.date().to_string()),
                ("created_at", &created.format(&Rfc3339).expect("a time")),
            ]
            .into_iter()
            .chain(fields.iter().copied())
            {
                item.insert(name.to_owned(), text(value));
            }
            self.aws
                .dynamodb
                .put_item()
                .table_name(TABLE)
                .set_item(Some(item))
                .send()
                .await
                .expect("written");
            ids.push(id);
        }
        ids
    }

    /// A page of `GET /jobs`.
    async fn list_page(&self, query: &str) -> Value {
        let response = self.get(&format!("/jobs?{query}")).await;
        assert_eq!(response.status(), 200, "{query}: {}", response.body());
        response.into_body()
    }

    /// The ids of all pages of a query, and the number of pages.
    async fn list_all_pages(&self, query: &str) -> (Vec<String>, usize) {
        let (mut ids, mut count, mut more) = (vec![], 0, String::new());
        loop {
            let page = self.list_page(&format!("{query}{more}")).await;
            ids.extend(job_ids(&page));
            count += 1;
            match page["next_cursor"].as_str() {
                Some(cursor) => more = format!("&cursor={cursor}"),
                None => return (ids, count),
            }
        }
    }
}

fn job_ids(page: &Value) -> Vec<String> {
    let ids = page["jobs"]
        .as_array()
        .expect("jobs")
        .iter()
        .map(|job| job["job_id"].as_str().expect("an id").to_owned());
    ids.collect()
}

#[tokio::test]
async fn jobs_of_several_days_are_listed_newest_first_in_pages() {
    let world = World::start().await;
    let today = world.submit_export(1).await;
    let job = world.wait_for_status(&today, "stored").await;
    let days: Vec<(i64, &[(&str, &str)])> =
        [6, 3, 3, 3, 1, 1, 9].into_iter().map(|ago| (ago, &[][..])).collect();
    let mut ids = world.insert_past_jobs(&today, &days).await;
    let long_ago = ids.pop().expect("the last one");
    ids.push(today.clone());
    // A job's id (UUIDv7) begins with the time of its creation.
    ids.sort_unstable_by(|a, b| b.cmp(a));

    for limit in [1, 2, 3, 50] {
        let (listed, pages) = world.list_all_pages(&format!("limit={limit}")).await;
        assert_eq!(listed, ids, "{limit} at a time");
        assert!(pages >= ids.len().div_ceil(limit), "{pages} pages");
    }
    assert_eq!(
        world.list_page("limit=1").await["jobs"],
        json!([without_deliveries(&job)]),
        "the list shows the job as GET does"
    );

    let (listed, _) = world.list_all_pages(&format!("from={}&to={}", day(9), day(6))).await;
    assert_eq!(listed, [ids.last().expect("the oldest of the week").clone(), long_ago]);
}

#[tokio::test]
async fn filters_select_jobs_and_cursors_continue_after_them() {
    let world = World::start().await;
    let mut request = world.export_request(1);
    request["metadata"] = json!({ "campaign": "spring", "number": 7, "final": true, "deep": { "a": 1 } });
    let response = world.post(&request, &[]).await;
    let spring = response.body()["job_id"].as_str().expect("an id").to_owned();
    world.wait_for_status(&spring, "stored").await;
    let autumn = r#"{"campaign": "autumn"}"#;
    let others = world
        .insert_past_jobs(
            &spring,
            &[
                (1, &[("metadata", autumn)]),
                (2, &[("status", "partial"), ("metadata", autumn)]),
                (3, &[("kind", "generation"), ("metadata", autumn)]),
                (4, &[("provider", "ai_studios"), ("status", "failed"), ("metadata", autumn)]),
            ],
        )
        .await;
    for (query, expected) in [
        ("status=partial,failed", vec![&others[1], &others[3]]),
        ("provider=ai_studios", vec![&others[3]]),
        ("kind=generation", vec![&others[2]]),
        ("kind=generation&status=failed", vec![]),
        ("metadata.campaign=spring", vec![&spring]),
        ("metadata.number=7&metadata.final=true", vec![&spring]),
        ("metadata.deep=1", vec![]),
        ("metadata.campaign=autumn&status=stored", vec![&others[0], &others[2]]),
    ] {
        for limit in [1, 50] {
            let (listed, _) = world.list_all_pages(&format!("{query}&limit={limit}")).await;
            assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{query}");
        }
    }
}

#[tokio::test]
async fn a_request_reads_a_limited_number_of_days_and_returns_a_cursor() {
    let world = World::start().await;
    let today = world.submit_export(1).await;
    world.wait_for_status(&today, "stored").await;
    let month = format!("from={}&to={}", day(30), day(0));
    let oldest = world.insert_past_jobs(&today, &[(30, &[("kind", "image")])]).await;

    let before = world.cloud.requests().count(Service::DynamoDb, "Query");
    let page = world.list_page(&format!("{month}&kind=image")).await;
    assert_eq!(world.cloud.requests().count(Service::DynamoDb, "Query") - before, 10);
    assert_eq!((job_ids(&page), page["next_cursor"].is_string()), (vec![], true));
    assert_eq!(world.list_all_pages(&format!("{month}&kind=image")).await, (oldest, 4));
}

#[tokio::test]
async fn a_changed_cursor_or_one_of_another_query_is_rejected() {
    let world = World::start().await;
    let id = world.submit_export(1).await;
    world.wait_for_status(&id, "stored").await;
    world.insert_past_jobs(&id, &[(1, &[]), (2, &[])]).await;
    let query = "limit=1&kind=export";
    let page = world.list_page(query).await;
    let cursor = page["next_cursor"].as_str().expect("more").to_owned();

    let other_letter = if cursor.starts_with('A') { "B" } else { "A" };
    let changed = format!("{other_letter}{}", &cursor[1..]);
    for bad in [
        format!("{query}&cursor={changed}"),
        format!("{query}&cursor=nonsense"),
        format!("{query}&cursor=%00"),
        format!("limit=1&cursor={cursor}"),
        format!("limit=1&kind=image&cursor={cursor}"),
        format!("{query}&from={}&cursor={cursor}", day(6)),
    ] {
        let response = world.get(&format!("/jobs?{bad}")).await;
        assert_eq!(error_fields(assert_problem(&response, 400, "invalid-request")), ["cursor"], "{bad}");
    }
    assert_eq!(
        job_ids(&world.list_page(&format!("limit=5&kind=export&cursor={cursor}")).await).len(),
        2,
        "longer pages"
    );

    let mut secret = world.secret().await;
    secret["previous_callback_keys"] = json!([secret["callback_key"]]);
    secret["callback_key"] = json!("another key, since keys are rotated");
    world.put_secret(&secret).await;
    assert_eq!(
        job_ids(&world.list_page(&format!("{query}&cursor={cursor}")).await).len(),
        1,
        "a cursor stays valid after a key rotation"
    );
}

#[tokio::test]
async fn invalid_query_parameters_are_named() {
    let world = World::start().await;
    for (query, fields) in [
        ("page=2", vec!["page"]),
        ("limit=0", vec!["limit"]),
        ("limit=101", vec!["limit"]),
        ("status=done", vec!["status"]),
        ("from=yesterday&to=2026-02-30", vec!["from", "to"]),
        ("from=2026-01-01&to=2026-02-01", vec!["from"]),
        ("from=2026-02-01&to=2026-01-01", vec!["from"]),
        ("metadata=x", vec!["metadata"]),
        ("kind=a&kind=b", vec!["kind"]),
    ] {
        let response = world.get(&format!("/jobs?{query}")).await;
        assert_eq!(error_fields(assert_problem(&response, 400, "invalid-request")), fields, "{query}");
    }
    let id = world.submit_export(1).await;
    let response = world.get(&format!("/jobs/{id}?verbose=1")).await;
    assert_eq!(error_fields(assert_problem(&response, 400, "invalid-request")), ["verbose"]);
}

#[tokio::test]
async fn a_table_outage_is_reported_as_storage_unavailable() {
    let world = World::start().await;
    world.cloud.faults().next(Service::DynamoDb, "Query", Outage::Refuse503, 3);
    assert_problem(&world.get("/jobs").await, 503, "storage-unavailable");
    assert_eq!(world.list_page("").await, json!({ "jobs": [], "next_cursor": null }));
}
