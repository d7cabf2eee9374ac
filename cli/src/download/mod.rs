//! Use case: bring what landed to this machine. What is there already stays, what broke off goes on, and nothing counts
//! as there before its length and checksum are those that S3 verified.

mod checksum;
mod destination;
mod fetch;
mod part;
mod progress;
mod response;
mod selection;

use std::{
    path::{Path, PathBuf},
    pin::pin,
};

use futures_util::{StreamExt, stream};
use model::StoredFile;
use serde_json::{Value, json};

use self::{
    destination::{There, leads_nowhere_else, there},
    fetch::{Brought, DIFFERS, Fetching},
    progress::Progress,
    response::REFUSED,
    selection::wanted,
};
use crate::{
    arguments::Download,
    client::Function,
    commands::job_of,
    exit::Exit,
    failure::{Failure, IN_THE_WAY},
    job::Job,
    output::{Output, clean, size},
};

/// How many files come at once. Small ones wait for answers more than for bytes.
const CONCURRENCY: usize = 4;

/// A file, and where it goes.
#[derive(Debug)]
struct Placed {
    file: StoredFile,
    path: PathBuf,
    /// Its bytes are there already.
    is_there: bool,
}

/// Downloads files of a job. Of a job that ended `partial` or has not ended, all there is comes, and the process does not
/// end well, so that no script takes it for everything. Files or an archive that were named are all that was wanted.
///
/// A file that is gone, refused or in the way is told, and the others come all the same.
///
/// # Errors
/// What is named is not there, something else lies in its place, or standard output takes no more.
pub(crate) async fn download(
    function: &Function,
    output: &Output,
    asked: &Download,
) -> Result<Exit, Failure> {
    let job = job_of(function, &asked.job).await?;
    let (files, apart) = destination::apart(wanted(function, &job, asked).await?);
    let placed = all_placed(&job, files, asked)?;
    let missing = placed.iter().filter(|placed| !placed.is_there);
    let progress =
        Progress::new(output.meter(), missing.clone().count(), missing.map(|p| p.file.bytes).sum());
    let fetching = Fetching::new(function, &job, asked, &progress);
    let fetched = stream::iter(&placed)
        .map(async |placed| {
            let brought = match placed.is_there {
                true => Ok(Brought::Already),
                false => fetching.bring(&placed.file, &placed.path).await,
            };
            (placed, brought)
        })
        .buffer_unordered(CONCURRENCY);
    let (mut fetched, mut exit) = (pin!(fetched), Exit::Done);
    for failure in &apart {
        output.failed(failure);
        exit = exit.worse(failure.exit);
    }
    while let Some((placed, brought)) = fetched.next().await {
        progress.pause();
        match brought {
            Ok(brought) => tell(output, placed, brought)?,
            Err(failure) => {
                output.failed(&failure);
                exit = exit.worse(failure.exit);
                if !concerns_one_file(&failure) {
                    return Ok(exit);
                }
            }
        }
    }
    Ok(exit.worse(end(output, &job, asked)))
}

/// Whether other files may come all the same. Without a network, the function, or room on the disk none would.
fn concerns_one_file(failure: &Failure) -> bool {
    match failure.exit {
        Exit::NotFound => true,
        _ => [REFUSED, IN_THE_WAY, DIFFERS].contains(&failure.class.as_str()),
    }
}

/// How the process ends as far as the job goes. That the job goes on is told.
fn end(output: &Output, job: &Job, asked: &Download) -> Exit {
    if asked.archive || !asked.files.is_empty() {
        return Exit::Done;
    }
    job.end().unwrap_or_else(|| {
        let (id, status) = (job.id(), job.status());
        let message = format!(
            "job {id} is {status}, and these may not be all its files; `landfall wait {id}` waits for its end"
        );
        let unfinished = Failure::not_finished(message);
        output.failed(&unfinished);
        unfinished.exit
    })
}

/// Finds every file's place.
fn all_placed(job: &Job, files: Vec<StoredFile>, asked: &Download) -> Result<Vec<Placed>, Failure> {
    // Nobody has chosen the folder that is named after the job: it may be no link either.
    let (base, folder) = match &asked.to {
        Some(folder) => (folder.as_path(), folder.clone()),
        None => (Path::new(""), destination::path(Path::new(""), job.id())?),
    };
    files.into_iter().map(|file| placed(base, &folder, file, asked.force)).collect()
}

/// Finds a file's place, and that nothing else lies there, before anything is downloaded.
fn placed(base: &Path, folder: &Path, file: StoredFile, force: bool) -> Result<Placed, Failure> {
    let path = destination::path(folder, &file.name)?;
    leads_nowhere_else(base, &path)?;
    let is_there = match there(&path, &file)? {
        There::TheFile => true,
        There::Nothing => false,
        There::SomethingElse if force => false,
        There::SomethingElse => {
            let message = format!("{} is something else; --force puts the file over it", path.display());
            return Err(Failure::in_the_way(message));
        }
    };
    Ok(Placed { file, path, is_there })
}

/// A file that is there stays there, whether or not anybody reads of it.
fn tell(output: &Output, placed: &Placed, brought: Brought) -> Result<(), Failure> {
    let (file, path) = (&placed.file, placed.path.display().to_string());
    output.answer(&document(placed, brought), || {
        format!("{:<10}  {:>9}  {}\n", brought.name(), size(file.bytes as f64), clean(&path))
    })?;
    Ok(())
}

/// A file as programs are told of it. JSON cannot say a path that is not Unicode; it gets replacement characters.
fn document(placed: &Placed, brought: Brought) -> Value {
    let Placed { file, path, .. } = placed;
    json!({
        "name": file.name, "path": path.to_string_lossy(), "bytes": file.bytes, "content_type": file.content_type,
        "checksum": file.checksum, "outcome": brought.name(),
    })
}

/// A file that some tests share.
#[cfg(test)]
fn nine_bytes() -> StoredFile {
    use model::{Checksum, ChecksumAlgorithm};
    StoredFile {
        name: "n".into(),
        key: "k".into(),
        bytes: 9,
        content_type: "text/plain".into(),
        checksum: Checksum { algorithm: ChecksumAlgorithm::Crc32, value: "y/Q5Jg==".into() },
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    use super::*;

    #[test]
    fn a_path_that_is_not_unicode_is_told_all_the_same() {
        let path = Path::new(OsStr::from_bytes(b"caf\xe9")).join("n");
        let placed = Placed { file: nine_bytes(), path, is_there: true };
        assert_eq!(document(&placed, Brought::Already)["path"], "caf\u{fffd}/n");
    }
}
