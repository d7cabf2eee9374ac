//! `list`: filters, pages and output formats.

use serde_json::json;

use crate::operator_workspace::{Workspace, id};

/// More than one page of the maximum size.
const JOB_COUNT: usize = 130;

impl Workspace {
    /// Submits jobs, alternately with the season spring and summer. Returns their IDs, newest first.
    async fn submit_jobs(&self) -> Vec<String> {
        let design = self.stack.simulator("abyssale").describe()["designs"]["static"][0]["id"].clone();
        let mut ids = vec![];
        for number in 0..JOB_COUNT {
            let season = if number % 2 == 0 { "spring" } else { "summer" };
            let job = (self.stack.submit_function)(json!({
                "command": "submit", "provider": "abyssale", "kind": "dynamic_image", "design_id": design,
                "metadata": { "season": season, "number": number },
            }));
            ids.push(id(&job.await.expect("a job")));
        }
        ids.reverse();
        ids
    }

    /// Runs `list` with these filters. Returns the IDs of the listed jobs.
    async fn list_ids(&self, filters: &[&str]) -> Vec<String> {
        let result = self.landfall(&[&["list"], filters].concat()).await.expect_exit(0);
        result.documents().iter().map(id).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_limits_apply_across_pages() {
    let workspace = Workspace::start().await;
    let ids = workspace.submit_jobs().await;
    assert_eq!(workspace.list_ids(&[]).await, ids[..50]);
    assert_eq!(workspace.list_ids(&["--limit", "120"]).await, ids[..120]);
    assert_eq!(workspace.list_ids(&["--all"]).await, ids);

    let summer: Vec<String> = ids.iter().step_by(2).cloned().collect();
    assert_eq!(workspace.list_ids(&["--all", "--metadata", "season=summer"]).await, summer);
    let one =
        ["--all", "--metadata", "season=spring", "--metadata", "number=0", "--status", "stored,partial"];
    assert_eq!(workspace.list_ids(&one).await, ids[JOB_COUNT - 1..]);
    for filter in [["--kind", "export"], ["--provider", "ai_studios"], ["--to", "2020-01-31"]] {
        let from = if filter[0] == "--to" { &["--from", "2020-01-01"][..] } else { &[] };
        assert_eq!(
            workspace.list_ids(&[&filter[..], from].concat()).await,
            Vec::<String>::new(),
            "{filter:?}"
        );
    }
    let result = workspace.landfall(&["list", "--status", "lost"]).await.expect_exit(3);
    assert!(result.problem() == "invalid-request" && result.stderr.contains("status"), "{}", result.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_output_is_a_table_and_json_output_has_a_document_for_each_job() {
    let workspace = Workspace::start().await;
    let job = workspace.run_job_to_end(0).await;
    let result = workspace.landfall(&["list", "--output", "text"]).await.expect_exit(0);
    let rows: Vec<Vec<&str>> = result.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["CREATED", "STATUS", "PROVIDER", "KIND", "FILES", "JOB", "ERROR"]);
    assert_eq!(rows[1][2..], ["stored", "abyssale", "export", "2", &id(&job)]);
    let mut listed = workspace.landfall(&["list"]).await.expect_exit(0).document();
    let deliveries = listed.as_object_mut().map(|listed| listed.remove("deliveries"));
    assert_eq!(deliveries, Some(None), "only the response to get has them");
    assert_eq!(listed["files"], job["files"]);
}
