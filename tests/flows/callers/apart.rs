//! Callers that hang keep no job from landing.

use harness::CALLER_WEBHOOKS_QUEUE;

use super::{caller::Answer::Never, with_caller};

/// More than are told at once.
const HANGING: usize = 25;

#[tokio::test]
async fn callers_that_never_answer_hold_up_no_job() {
    let (world, caller) = with_caller(|mut options| {
        options.worker_concurrency = 2;
        options
    })
    .await;
    caller.answers([Never; HANGING]);
    for _ in 0..HANGING {
        let id = world.submitted_for(&caller.url()).await;
        world.ends(&id, "stored").await;
    }
    caller.hears(10).await;
    let id = world.submitted(2).await;
    world.ends(&id, "stored").await;
    // While somebody is told, its message is hidden for the queue's own time.
    let hidden = world.cloud.hidden_for(CALLER_WEBHOOKS_QUEUE);
    assert!(hidden.iter().any(|hidden| (900..=960).contains(&hidden.as_secs())), "{hidden:?}");
}
