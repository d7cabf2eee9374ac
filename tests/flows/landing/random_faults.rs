//! Random faults of source and bucket: a file lands once and byte for byte, or the job fails with a named reason and
//! leaves no object.
//!
//! Each case has its own world: a source with a list of faults, one for each request, and a bucket with some outages.
//! Both lists are finite, so that every landing ends. The cases are the same in each run, unless `PROPTEST_RNG_SEED`
//! is set.

mod faulty_server;

use std::{ops::Range, panic::AssertUnwindSafe, time::Duration};

use faulty_server::{Fault, FaultyServer, ServingMode};
use futures_util::{FutureExt, StreamExt, stream};
use harness::{
    BUCKET,
    cloud::{Outage, Service},
    until,
};
use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngSeed, TestError, TestRunner},
};
use serde_json::{Value, json};
use tokio::{runtime::Handle, task::block_in_place};

use crate::{
    archive_builder::{another_archive_of, archive_of},
    world::World,
};

/// S3 operations of every landing.
const COMMON_CALLS: &[&str] = &["HeadObject", "GetObject", "PutObject"];
/// Additional S3 operations of a multipart upload.
const MULTIPART_CALLS: &[&str] =
    &["CreateMultipartUpload", "UploadPart", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"];

const MIB: usize = 1024 * 1024;
/// Longer than any case takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(50);

/// One landing with its faults.
#[derive(Debug, Clone)]
struct Case {
    mode: ServingMode,
    /// Bytes of each of the three files in the archive.
    length: usize,
    faults: Vec<Fault>,
    outages: Vec<(&'static str, Outage, u32)>,
}

/// `well` is the probability of a valid first response. It reveals what the file is, so that the faults happen during
/// the transfer.
fn cases(
    mode: impl Strategy<Value = ServingMode>,
    length: Range<usize>,
    well: f64,
    operations: &[&'static str],
) -> impl Strategy<Value = Case> {
    let operation = prop::sample::select(operations.to_vec());
    let outage = prop::sample::select(vec![Outage::Refuse503, Outage::DropConnections, Outage::LoseAnswers]);
    let outages = vec((operation, outage, 1..4_u32), 0..3);
    let first = prop::bool::weighted(well).prop_map(|well| if well { vec![Fault::None] } else { vec![] });
    let faults = (first, vec(faulty_server::faults(), 0..8)).prop_map(|(first, then)| [first, then].concat());
    (mode, length, faults, outages).prop_map(|(mode, length, faults, outages)| Case {
        mode,
        length,
        faults,
        outages,
    })
}

impl Case {
    /// Whether the source may have reported a shorter length than the file has. The download cannot detect that.
    fn may_serve_shortened_file(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault, Fault::Shorter(_)))
    }

    fn failed_call_count(&self, operation: &str, how: impl Fn(Outage) -> bool) -> u32 {
        let ours = self.outages.iter().filter(|(name, outage, _)| *name == operation && how(*outage));
        ours.map(|(.., calls)| calls).sum()
    }

    /// The largest number of uploads that only the bucket's lifecycle rule removes: started with a lost id, or with
    /// an abort that failed at all three attempts.
    fn expected_open_uploads(&self) -> u32 {
        self.failed_call_count("CreateMultipartUpload", |outage| outage == Outage::LoseAnswers)
            + self.failed_call_count("AbortMultipartUpload", |outage| outage != Outage::LoseAnswers) / 3
    }

    async fn check(self) {
        let files = vec![archive_of(3, self.length), another_archive_of(3, self.length)];
        let source = FaultyServer::start(files, self.mode, self.faults.clone()).await;
        let world = World::start_with(|options| {
            let options = options.variable("TRUSTED_ORIGINS", source.origin.clone());
            options.variable("RETRY_BASE_SECONDS", "0").variable("UNPACK", "false")
        })
        .await;
        for (operation, outage, calls) in &self.outages {
            world.cloud.faults().next(Service::S3, operation, *outage, *calls);
        }
        let job = tokio::time::timeout(DEADLINE, world.land_from(&source.origin));
        let job = job
            .await
            .unwrap_or_else(|_| panic!("the job does not end within {DEADLINE:?}; {}", source.request_log()));
        world.cloud.faults().clear();
        let open = world.open_uploads().await.len();
        assert!(
            open <= self.expected_open_uploads() as usize,
            "{open} uploads are left open; {}",
            source.request_log()
        );
        match job["status"].as_str() {
            Some("stored") => self.assert_stored(&world, &job, &source).await,
            _ => self.assert_failed(&world, &job, &source).await,
        }
    }

    async fn assert_stored(&self, world: &World, job: &Value, source: &FaultyServer) {
        let key = job["archive"]["key"].as_str().expect("a key");
        let bytes = world.read_object(key).await;
        assert!(
            source.has_served(&bytes),
            "the stored {} bytes differ; {}",
            bytes.len(),
            source.request_log()
        );
        assert_eq!((&job["archive"]["bytes"], &job["error"]), (&json!(bytes.len()), &Value::Null));
        assert_eq!(world.cloud.object_writes(BUCKET, key), 1, "{}", source.request_log());
        assert_eq!(world.object_keys().await.len(), 2, "the archive and its manifest");
    }

    /// A job may only fail for a fault that cannot be recovered, with the error of that fault.
    async fn assert_failed(&self, world: &World, job: &Value, source: &FaultyServer) {
        let error = &job["error"];
        let excused = match error["type"].as_str() {
            Some("ArchiveInvalid") => self.may_serve_shortened_file(),
            // A part of the file where the whole was requested.
            Some("SourceInvalid") => self.faults.iter().any(|fault| matches!(fault, Fault::AlwaysPartial)),
            _ => false,
        };
        assert!(excused && job["status"] == "failed", "{job:#}; {}", source.request_log());
        assert_eq!(error["retryable"], false);
        assert_eq!(world.object_keys().await, Vec::<String>::new(), "an object is left in the bucket");
    }
}

impl World {
    /// Lands an export from this origin. Returns the job when it has ended.
    async fn land_from(&self, origin: &str) -> Value {
        let (id, url) = self.submit_export_without_callback(3).await;
        let body =
            json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": format!("{origin}/a.zip") });
        assert_eq!(self.deliver(json!({ "url": url, "sign": true, "body": body })).await, 200);
        until("the job ends", || async {
            let job = self.job(&id).await;
            ["stored", "partial", "failed"].iter().any(|end| job["status"] == *end).then_some(job)
        })
        .await
    }
}

/// Checks so many cases, some concurrently. A failing case is repeated alone and shrunk.
async fn check_cases(count: usize, at_once: usize, cases: impl Strategy<Value = Case>) {
    let mut config = Config { max_shrink_iters: 16, failure_persistence: None, ..Config::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    let mut runner = TestRunner::new(config);
    let trees: Vec<_> = (0..count).map(|_| cases.new_tree(&mut runner).expect("a case")).collect();
    let tried = stream::iter(trees).map(|tree| async move {
        let checked = AssertUnwindSafe(tree.current().check()).catch_unwind().await;
        checked.is_err().then_some(tree)
    });
    let failed: Vec<_> = tried.buffer_unordered(at_once).filter_map(std::future::ready).collect().await;
    let Some(tree) = failed.into_iter().next() else { return };
    let first = tree.current();
    let simplest = runner.run_one(tree, |case| {
        block_in_place(|| Handle::current().block_on(case.check()));
        Ok(())
    });
    match simplest {
        Err(TestError::Fail(why, case)) => panic!("{why}\nthe simplest case that fails: {case:#?}"),
        _ => panic!("this case failed as shown above, but not when repeated alone: {first:#?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_lands_completely_or_not_at_all() {
    let mode = prop_oneof![Just(ServingMode::Ranges), Just(ServingMode::Length)];
    check_cases(24, 6, cases(mode, 0..400_000, 0.1, COMMON_CALLS)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_unknown_length_lands_completely_or_not_at_all() {
    check_cases(
        12,
        4,
        cases(Just(ServingMode::Chunks), 0..5 * MIB, 0.1, &[COMMON_CALLS, MULTIPART_CALLS].concat()),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_lands_completely_or_not_at_all() {
    let mode = prop_oneof![5 => Just(ServingMode::Ranges), 1 => Just(ServingMode::Length)];
    check_cases(9, 3, cases(mode, 22 * MIB..26 * MIB, 0.7, MULTIPART_CALLS)).await;
}
