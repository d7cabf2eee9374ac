//! Use case: bring what landed to this machine. What is there already stays, what broke off goes on, and nothing counts
//! as there before its length and checksum are those that S3 verified.

mod answer;
mod checksum;
mod fetch;
mod part;
mod place;
mod progress;
mod wanted;

use std::path::{Path, PathBuf};

use futures_util::{StreamExt, TryStreamExt, stream};
use model::StoredFile;
use serde_json::json;

use self::{
    fetch::{Brought, Fetching},
    place::{There, there},
    progress::Progress,
    wanted::wanted,
};
use crate::{
    arguments::Download,
    commands::job_of,
    exit::Exit,
    failure::Failure,
    function::Function,
    output::{Output, clean, size},
};

/// How many files come at once. Small ones wait for answers more than for bytes.
const AT_ONCE: usize = 4;

/// A file, and where it goes.
#[derive(Debug)]
struct Placed {
    file: StoredFile,
    path: PathBuf,
    /// Its bytes are there already.
    is_there: bool,
}

/// Downloads files of a job. Of a job that ended `partial`, all there is comes, and the process ends as that of a wait
/// does, so that no script takes it for everything.
///
/// # Errors
/// What is named is not there, something else lies in its place, or it could not be brought whole.
pub(crate) async fn download(
    function: &Function,
    output: &Output,
    asked: &Download,
) -> Result<Exit, Failure> {
    let job = job_of(function, &asked.job).await?;
    let files = wanted(function, &job, asked).await?;
    let folder = match &asked.to {
        Some(folder) => folder.clone(),
        None => place::path(Path::new(""), job.id())?,
    };
    let placed: Vec<Placed> =
        files.into_iter().map(|file| placed(&folder, file, asked.force)).collect::<Result<_, _>>()?;
    let missing = placed.iter().filter(|placed| !placed.is_there);
    let progress =
        Progress::new(output.meter(), missing.clone().count(), missing.map(|p| p.file.bytes).sum());
    let fetching = Fetching::new(function, &job, asked, &progress);
    let fetched = stream::iter(&placed)
        .map(async |placed| {
            let brought = match placed.is_there {
                true => Brought::Already,
                false => fetching.bring(&placed.file, &placed.path).await?,
            };
            Ok::<_, Failure>((placed, brought))
        })
        .buffer_unordered(AT_ONCE);
    let told = fetched.try_for_each(async |(placed, brought)| {
        progress.pause();
        tell(output, placed, brought)
    });
    told.await?;
    progress.pause();
    let everything = asked.files.is_empty() && !asked.archive;
    Ok(if everything { job.end().unwrap_or(Exit::Done) } else { Exit::Done })
}

/// Finds a file's place, and that nothing else lies there, before anything is downloaded.
fn placed(folder: &Path, file: StoredFile, force: bool) -> Result<Placed, Failure> {
    let path = place::path(folder, &file.name)?;
    let is_there = match there(&path, &file)? {
        There::TheFile => true,
        There::Nothing => false,
        There::SomethingElse if force => false,
        There::SomethingElse => {
            let message = format!("{} is something else; --force puts the file over it", path.display());
            return Err(Failure::new("InTheWay", message, Exit::InTheWay));
        }
    };
    Ok(Placed { file, path, is_there })
}

fn tell(output: &Output, placed: &Placed, brought: Brought) -> Result<(), Failure> {
    let Placed { file, path, .. } = placed;
    let json = json!({
        "name": file.name, "path": path, "bytes": file.bytes, "content_type": file.content_type,
        "checksum": file.checksum, "outcome": brought.name(),
    });
    output.answer(&json, || {
        let path = clean(&path.display().to_string());
        format!("{:<10}  {:>9}  {path}\n", brought.name(), size(file.bytes as f64))
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
