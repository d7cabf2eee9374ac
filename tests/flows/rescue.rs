//! Rescue: the banners of an export are read one by one when its callback is lost, when its archive is short, and when
//! an operator retries it.

mod lost_callbacks;
mod retries;
mod short_archives;

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::world::World;

/// Long enough for every job to be due again.
const A_DAY: u64 = 25 * 3600;

impl World {
    /// The ids of the banners that were read, in order.
    fn read_banners(&self) -> Vec<String> {
        let requests = self.admin(Method::GET, "/requests?endpoint=api&method=GET", Value::Null);
        let requests = requests.as_array().cloned().unwrap_or_default();
        let id = |request: &Value| request["path"].as_str()?.strip_prefix("/banners/").map(str::to_owned);
        requests.iter().filter_map(id).collect()
    }

    /// Lets so much time pass since a job was created, and sweeps. Waits until the reads that follow have ended.
    async fn sweep_at_age(&self, id: &str, age: Duration) {
        self.set_age(id, age).await;
        self.sweep_for_rescue().await;
    }

    /// Lets so much time pass since a job was created.
    async fn set_age(&self, id: &str, age: Duration) {
        let created_at = (OffsetDateTime::now_utc() - age).format(&Rfc3339).expect("a time");
        self.update_job_item(id, &[("created_at", &created_at)], &[]).await;
    }

    /// Sweeps as if every job were due, and waits until the reads that follow have ended.
    async fn sweep_for_rescue(&self) {
        self.sweep(A_DAY).await;
        self.wait_for_empty_queue().await;
    }

    /// Deletes these banners of the workspace.
    fn delete_banners(&self, ids: &[Value]) {
        self.admin(Method::PUT, "/knobs", json!({ "deleted_banners": ids }));
    }

    /// Checks that the provider got one request for work, so that nothing was billed for the rescue.
    fn assert_nothing_billed(&self) {
        assert_eq!(self.work_requests().len(), 1, "{:#?}", self.work_requests());
    }
}

/// The names of a job's missing files.
fn missing_names(job: &Value) -> BTreeSet<&str> {
    let missing = job["missing"].as_array().expect("a list");
    missing.iter().filter_map(|missing| missing["name"].as_str()).collect()
}

/// The names of a job's files.
fn file_names(job: &Value) -> BTreeSet<&str> {
    let files = job["files"].as_array().expect("a list");
    files.iter().filter_map(|file| file["name"].as_str()).collect()
}
