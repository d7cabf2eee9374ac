//! Jobs are listed, however many pages they take.

use serde_json::json;

use crate::world::{World, id};

/// More than one page of the longest kind.
const MANY: usize = 130;

impl World {
    /// Makes many jobs, of which every other one is for summer. Returns their ids, the newest first.
    async fn many(&self) -> Vec<String> {
        let design = self.stack.simulator("abyssale").describe()["designs"]["static"][0]["id"].clone();
        let mut ids = vec![];
        for number in 0..MANY {
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

    /// The ids of the jobs that are listed.
    async fn listed(&self, filters: &[&str]) -> Vec<String> {
        let ran = self.landfall(&[&["list"], filters].concat()).await.ends(0);
        ran.documents().iter().map(id).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_followed_as_far_as_is_asked_for() {
    let world = World::start().await;
    let ids = world.many().await;
    assert_eq!(world.listed(&[]).await, ids[..50]);
    assert_eq!(world.listed(&["--limit", "120"]).await, ids[..120]);
    assert_eq!(world.listed(&["--all"]).await, ids);

    let summer: Vec<String> = ids.iter().step_by(2).cloned().collect();
    assert_eq!(world.listed(&["--all", "--metadata", "season=summer"]).await, summer);
    let one =
        ["--all", "--metadata", "season=spring", "--metadata", "number=0", "--status", "stored,partial"];
    assert_eq!(world.listed(&one).await, ids[MANY - 1..]);
    for nothing in [["--kind", "export"], ["--provider", "ai_studios"], ["--to", "2020-01-31"]] {
        let from = if nothing[0] == "--to" { &["--from", "2020-01-01"][..] } else { &[] };
        assert_eq!(world.listed(&[&nothing[..], from].concat()).await, Vec::<String>::new(), "{nothing:?}");
    }
    let ran = world.landfall(&["list", "--status", "lost"]).await.ends(3);
    assert!(ran.problem() == "invalid-request" && ran.err.contains("status"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_a_table_and_programs_a_document_for_each_job() {
    let world = World::start().await;
    let job = world.ended(0).await;
    let ran = world.landfall(&["list", "--output", "text"]).await.ends(0);
    let rows: Vec<Vec<&str>> = ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["CREATED", "STATUS", "PROVIDER", "KIND", "FILES", "JOB", "ERROR"]);
    assert_eq!(rows[1][2..], ["stored", "abyssale", "export", "2", &id(&job)]);
    let mut listed = world.landfall(&["list"]).await.ends(0).document();
    let deliveries = listed.as_object_mut().map(|listed| listed.remove("deliveries"));
    assert_eq!(deliveries, Some(None), "only a job alone has them");
    assert_eq!(listed["files"], job["files"]);
}
