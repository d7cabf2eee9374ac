//! The command `download`: downloads the files of a job. It skips files that exist already and resumes interrupted ones. A
//! file appears under its name only when its length and checksum match those that S3 verified.

mod compare_local_file;
mod destination;
mod download_progress;
mod file_fetcher;
mod object_response;
mod part_file;
mod running_checksum;
mod selection;
#[cfg(test)]
mod test_support;

use std::{
    path::{Path, PathBuf},
    pin::pin,
};

use futures_util::{StreamExt, stream};
use model::StoredFile;
use serde_json::{Value, json};

use self::{
    compare_local_file::{LocalContent, compare_local_file},
    destination::{destination_path, reject_symlinks_below, split_off_folder_names},
    download_progress::DownloadProgress,
    file_fetcher::{CHECKSUM_DIFFERS_CLASS, FileFetcher, FileOutcome},
    object_response::DOWNLOAD_REFUSED_CLASS,
    selection::select_files,
};
use crate::{
    arguments::DownloadArguments,
    client::{SubmitFunction, fetch_job},
    error::{CliError, LOCAL_CONFLICT_CLASS},
    exit_status::ExitStatus,
    job::Job,
    output::{Output, format_bytes, sanitize_for_terminal},
};

/// How many files are downloaded at once. Small files wait for responses more than for bytes.
const CONCURRENCY: usize = 4;

/// A file and its destination.
#[derive(Debug)]
struct PlannedFile {
    file: StoredFile,
    path: PathBuf,
    /// The destination contains the same bytes already.
    is_present: bool,
}

/// Downloads files of a job. If the job is `partial` or still active, all existing files are downloaded and the exit status
/// says so: a script must not take them for the complete set. Files or an archive that are named are the complete set.
///
/// A file that is missing, refused or blocked by a local file is reported, and the other files are downloaded.
///
/// # Errors
/// A named file does not exist, a different local file has the same path, or standard output cannot be written.
pub(crate) async fn download_files(
    function: &SubmitFunction,
    output: &Output,
    arguments: &DownloadArguments,
) -> Result<ExitStatus, CliError> {
    let job = fetch_job(function, &arguments.job).await?;
    let (files, conflicts) = split_off_folder_names(select_files(function, &job, arguments).await?);
    let planned = plan_files(&job, files, arguments)?;
    let missing = planned.iter().filter(|planned| !planned.is_present);
    let progress = DownloadProgress::new(
        output.progress_line(),
        missing.clone().count(),
        missing.map(|planned| planned.file.bytes).sum(),
    );
    let fetcher = FileFetcher::new(function, &job, arguments, &progress);
    let results = stream::iter(&planned)
        .map(async |planned| {
            let result = match planned.is_present {
                true => Ok(FileOutcome::Skipped),
                false => fetcher.fetch_file(&planned.file, &planned.path).await,
            };
            (planned, result)
        })
        .buffer_unordered(CONCURRENCY);
    let (mut results, mut status) = (pin!(results), ExitStatus::Success);
    for error in &conflicts {
        output.print_error(error);
        status = status.most_severe(error.exit_status);
    }
    while let Some((planned, result)) = results.next().await {
        progress.clear_line();
        match result {
            Ok(outcome) => print_file(output, planned, outcome)?,
            Err(error) => {
                output.print_error(&error);
                status = status.most_severe(error.exit_status);
                if !concerns_one_file(&error) {
                    return Ok(status);
                }
            }
        }
    }
    Ok(status.most_severe(job_exit_status(output, &job, arguments)))
}

/// Whether other files can still be downloaded. An error of the network, the function or the disk concerns all of them.
fn concerns_one_file(error: &CliError) -> bool {
    match error.exit_status {
        ExitStatus::NotFound => true,
        _ => [DOWNLOAD_REFUSED_CLASS, LOCAL_CONFLICT_CLASS, CHECKSUM_DIFFERS_CLASS]
            .contains(&error.class.as_str()),
    }
}

/// The exit status by the job's status. Reports a job that is still active.
fn job_exit_status(output: &Output, job: &Job, arguments: &DownloadArguments) -> ExitStatus {
    if arguments.archive || !arguments.files.is_empty() {
        return ExitStatus::Success;
    }
    job.exit_status().unwrap_or_else(|| {
        let (id, status) = (job.id(), job.status());
        let message = format!(
            "job {id} is {status} and may get more files; run `landfall wait {id}` to wait until it has ended"
        );
        let error = CliError::job_active(message);
        output.print_error(&error);
        error.exit_status
    })
}

/// Determines the destination of every file.
fn plan_files(
    job: &Job,
    files: Vec<StoredFile>,
    arguments: &DownloadArguments,
) -> Result<Vec<PlannedFile>, CliError> {
    // The operator did not choose the default folder, so it must not be a symbolic link either.
    let (base, folder) = match &arguments.to {
        Some(folder) => (folder.as_path(), folder.clone()),
        None => (Path::new(""), destination_path(Path::new(""), job.id())?),
    };
    files.into_iter().map(|file| plan_file(base, &folder, file, arguments.force)).collect()
}

/// Determines the destination of a file, and rejects a different local file there before anything is downloaded.
fn plan_file(base: &Path, folder: &Path, file: StoredFile, force: bool) -> Result<PlannedFile, CliError> {
    let path = destination_path(folder, &file.name)?;
    reject_symlinks_below(base, &path)?;
    let is_present = match compare_local_file(&path, &file)? {
        LocalContent::Same => true,
        LocalContent::Absent => false,
        LocalContent::Different if force => false,
        LocalContent::Different => {
            let message = format!("{} exists and differs; use --force to overwrite it", path.display());
            return Err(CliError::local_conflict(message));
        }
    };
    Ok(PlannedFile { file, path, is_present })
}

/// Prints the outcome of a file. A closed standard output changes nothing about the download.
fn print_file(output: &Output, planned: &PlannedFile, outcome: FileOutcome) -> Result<(), CliError> {
    let (file, path) = (&planned.file, planned.path.display().to_string());
    output.print_result(&file_json(planned, outcome), || {
        let path = sanitize_for_terminal(&path);
        format!("{:<10}  {:>9}  {path}\n", outcome.name(), format_bytes(file.bytes as f64))
    })?;
    Ok(())
}

/// The outcome of a file as JSON. JSON is Unicode, so a path that is not gets replacement characters.
fn file_json(planned: &PlannedFile, outcome: FileOutcome) -> Value {
    let PlannedFile { file, path, .. } = planned;
    json!({
        "name": file.name, "path": path.to_string_lossy(), "bytes": file.bytes, "content_type": file.content_type,
        "checksum": file.checksum, "outcome": outcome.name(),
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    use super::{test_support::nine_byte_file, *};

    #[test]
    fn a_path_that_is_not_unicode_is_printed_with_replacement_characters() {
        let path = Path::new(OsStr::from_bytes(b"caf\xe9")).join("n");
        let planned = PlannedFile { file: nine_byte_file(), path, is_present: true };
        assert_eq!(file_json(&planned, FileOutcome::Skipped)["path"], "caf\u{fffd}/n");
    }
}
