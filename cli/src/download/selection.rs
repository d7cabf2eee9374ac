//! Selects the files of a job to download.

use model::StoredFile;
use serde_json::Value;

use super::object_response::{get_object_request, object_error};
use crate::{
    arguments::DownloadArguments,
    client::{HttpClient, LinkTarget, S3_READ_TIMEOUT, SubmitFunction, create_presigned_url},
    error::CliError,
    exit_status::ExitStatus,
    job::{Job, parse_file},
};

/// A manifest of ten thousand files has a few MiB.
const MAX_MANIFEST_BYTES: usize = 64 << 20;

/// Selects the files that the arguments name, or all of them.
///
/// # Errors
/// A named file does not exist, or the job has no files.
pub(super) async fn select_files(
    function: &SubmitFunction,
    job: &Job,
    arguments: &DownloadArguments,
) -> Result<Vec<StoredFile>, CliError> {
    if arguments.archive {
        return Ok(vec![job.archive()?.ok_or_else(|| no_files_error(job, "no archive"))?]);
    }
    let (mut files, total) = job.files()?;
    if total > files.len() as u64 {
        files = fetch_manifest_files(function, job).await?;
    }
    if files.is_empty() {
        return Err(no_files_error(job, "no files"));
    }
    if arguments.files.is_empty() {
        return Ok(files);
    }
    filter_by_name(files, &arguments.files)
}

/// The files with these names, each once.
fn filter_by_name(files: Vec<StoredFile>, names: &[String]) -> Result<Vec<StoredFile>, CliError> {
    if let Some(unknown) = names.iter().find(|name| files.iter().all(|file| file.name != **name)) {
        let message = format!("the job has no file {unknown:?}");
        return Err(CliError::new("NotFound", message, ExitStatus::NotFound));
    }
    Ok(files.into_iter().filter(|file| names.contains(&file.name)).collect())
}

/// Fetches all files of a job from its manifest: the job's own list is truncated.
async fn fetch_manifest_files(function: &SubmitFunction, job: &Job) -> Result<Vec<StoredFile>, CliError> {
    let link = create_presigned_url(function, job.id(), LinkTarget::Manifest, None).await?;
    let http = HttpClient::new(S3_READ_TIMEOUT);
    let response = http.send_and_read(get_object_request(&link.url, 0)?, MAX_MANIFEST_BYTES).await;
    let response = response.map_err(|e| CliError::unreachable("the job's manifest", &e))?;
    if !response.status().is_success() {
        return Err(object_error("the job's manifest", response.status()));
    }
    let manifest: Value = serde_json::from_slice(response.body())
        .map_err(|e| CliError::unexpected_response(format!("the job's manifest cannot be read: {e}")))?;
    manifest["files"].as_array().into_iter().flatten().map(parse_file).collect()
}

/// The error for a job without files. It depends on whether the job may still get some.
fn no_files_error(job: &Job, what: &str) -> CliError {
    let (id, status) = (job.id(), job.status());
    match job.exit_status() {
        None => CliError::job_active(format!(
            "there is {what} yet: the job is {status}; run `landfall wait {id}` to wait until it has ended"
        )),
        Some(ExitStatus::JobUnsuccessful) => {
            let message = format!("there is {what}: the job is {status}");
            CliError::new("JobEnded", message, ExitStatus::JobUnsuccessful)
        }
        Some(_) => CliError::new("NotFound", format!("the job has {what}"), ExitStatus::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::test_support::nine_byte_file, *};

    #[test]
    fn named_files_are_selected_once_and_an_unknown_name_is_rejected() {
        let file = |name: &str| StoredFile { name: name.into(), ..nine_byte_file() };
        let all = || vec![file("a"), file("b/c"), file("d")];
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(filter_by_name(all(), &names(&["d", "a", "a"])), Ok(vec![file("a"), file("d")]));
        let unknown = filter_by_name(all(), &names(&["a", "c"])).map_err(|error| error.exit_status);
        assert_eq!(unknown, Err(ExitStatus::NotFound));
    }

    #[test]
    fn the_exit_code_of_a_job_without_files_depends_on_its_status() {
        for (status, code) in
            [("rendering", 1), ("landing", 1), ("failed", 6), ("expired", 6), ("cancelled", 6), ("stored", 4)]
        {
            let job = Job::from_response(json!({ "job_id": "1", "status": status })).expect("a job");
            assert_eq!(no_files_error(&job, "no files").exit_status.code(), code, "{status}");
        }
    }
}
