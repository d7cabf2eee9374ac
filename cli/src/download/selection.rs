//! Which files of a job are meant.

use model::StoredFile;
use serde_json::Value;

use super::{
    fetch::TIMEOUT,
    response::{get, refused},
};
use crate::{
    arguments::Download,
    client::{Function, Http, Linked, link},
    exit::Exit,
    failure::Failure,
    job::{Job, file},
};

/// A manifest of ten thousand files takes a few MiB.
const MAX_MANIFEST_BYTES: usize = 64 << 20;

/// The files that are asked for.
///
/// # Errors
/// One is not there, or the job has none at all.
pub(super) async fn wanted(
    function: &Function,
    job: &Job,
    asked: &Download,
) -> Result<Vec<StoredFile>, Failure> {
    if asked.archive {
        return Ok(vec![job.archive()?.ok_or_else(|| nothing(job, "no archive"))?]);
    }
    let (mut files, total) = job.files()?;
    if total > files.len() as u64 {
        files = listed(function, job).await?;
    }
    if files.is_empty() {
        return Err(nothing(job, "no files"));
    }
    if asked.files.is_empty() {
        return Ok(files);
    }
    named(files, &asked.files)
}

/// Those of these names, each once.
fn named(files: Vec<StoredFile>, names: &[String]) -> Result<Vec<StoredFile>, Failure> {
    if let Some(unknown) = names.iter().find(|name| files.iter().all(|file| file.name != **name)) {
        return Err(Failure::new("NotFound", format!("this job has no file {unknown:?}"), Exit::NotFound));
    }
    Ok(files.into_iter().filter(|file| names.contains(&file.name)).collect())
}

/// All files, from the manifest: a job lists only the first ones.
async fn listed(function: &Function, job: &Job) -> Result<Vec<StoredFile>, Failure> {
    let link = link(function, job.id(), Linked::Manifest, None).await?;
    let http = Http::new(TIMEOUT);
    let answer = http.whole(get(&link.url, 0)?, MAX_MANIFEST_BYTES).await;
    let answer = answer.map_err(|e| Failure::unreachable("the job's manifest", &e))?;
    if !answer.status().is_success() {
        return Err(refused("the job's manifest", answer.status()));
    }
    let manifest: Value = serde_json::from_slice(answer.body())
        .map_err(|e| Failure::not_understood(format!("the job's manifest cannot be read: {e}")))?;
    manifest["files"].as_array().into_iter().flatten().map(file).collect()
}

/// There is nothing of a job: yet, or for good.
fn nothing(job: &Job, what: &str) -> Failure {
    let status = job.status();
    match job.end() {
        None => {
            let message =
                format!("there is {what} yet: the job is {status}; `landfall wait {}` waits", job.id());
            Failure::not_finished(message)
        }
        Some(Exit::Ended) => {
            Failure::new("JobEnded", format!("there is {what}: the job is {status}"), Exit::Ended)
        }
        Some(_) => Failure::new("NotFound", format!("this job has {what}"), Exit::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::download::nine_bytes;

    #[test]
    fn names_choose_files_each_once_and_an_unknown_one_is_told() {
        let file = |name: &str| StoredFile { name: name.into(), ..nine_bytes() };
        let all = || vec![file("a"), file("b/c"), file("d")];
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(named(all(), &names(&["d", "a", "a"])), Ok(vec![file("a"), file("d")]));
        assert_eq!(named(all(), &names(&["a", "c"])).map_err(|failure| failure.exit), Err(Exit::NotFound));
    }

    #[test]
    fn why_there_is_nothing_decides_how_the_process_ends() {
        for (status, exit) in
            [("rendering", 1), ("landing", 1), ("failed", 6), ("expired", 6), ("cancelled", 6), ("stored", 4)]
        {
            let job = Job::read(json!({ "job_id": "1", "status": status })).expect("a job");
            assert_eq!(nothing(&job, "no files").exit.code(), exit, "{status}");
        }
    }
}
