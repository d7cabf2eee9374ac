//! Fetching one file: by a link of its own, from where it broke off, until its checksum is right.

use std::{path::Path, time::Duration};

use http::StatusCode;
use model::StoredFile;

use super::{
    part::Part,
    progress::Progress,
    response::{begins_at, get, refused},
};
use crate::{
    arguments::Download,
    client::{Function, Http, Linked, Received, link},
    exit::Exit,
    failure::Failure,
    job::Job,
};

/// How long a server may say nothing.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
/// How often a file is tried without a single byte more.
const ATTEMPTS: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// All bytes came, and are others. They are fetched once more; whatever is wrong twice is not the line.
pub(super) const DIFFERS: &str = "ChecksumDiffers";

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brought {
    Already,
    Whole,
    Resumed,
}

impl Brought {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Already => "skipped",
            Self::Whole => "downloaded",
            Self::Resumed => "resumed",
        }
    }
}

/// How a file's attempts went.
#[derive(Debug, Default)]
struct Attempts {
    /// How many in a row brought not a single byte.
    useless: u32,
    differed: bool,
}

impl Attempts {
    /// How long to wait before the next one; none if there is to be none. What came counts: a file that grows is gone on
    /// with, however often it breaks off.
    fn wait_after(&mut self, failure: &Failure, grew: bool) -> Option<Duration> {
        let differs = failure.class == DIFFERS;
        if failure.exit != Exit::Retry || differs && self.differed {
            return None;
        }
        self.differed |= differs;
        if grew {
            self.useless = 0;
            return Some(Duration::ZERO);
        }
        self.useless += 1;
        (self.useless < ATTEMPTS).then(|| FIRST_WAIT * 2_u32.pow(self.useless - 1))
    }
}

/// What it takes to fetch a job's files.
#[derive(Debug)]
pub(super) struct Fetching<'a> {
    function: &'a Function,
    job: &'a Job,
    asked: &'a Download,
    http: Http,
    progress: &'a Progress,
}

impl<'a> Fetching<'a> {
    pub(super) fn new(
        function: &'a Function,
        job: &'a Job,
        asked: &'a Download,
        progress: &'a Progress,
    ) -> Self {
        Self { function, job, asked, http: Http::new(TIMEOUT), progress }
    }

    /// Brings a file to its place.
    ///
    /// # Errors
    /// It is gone or refused, it broke off again and again, it is never the right one, or the disk is in the way.
    pub(super) async fn bring(&self, file: &StoredFile, place: &Path) -> Result<Brought, Failure> {
        let mut part = Part::open(place, file)?;
        self.progress.came(part.bytes());
        let mut attempts = Attempts::default();
        while !part.is_right() {
            let before = part.bytes();
            let Err(failure) = self.attempt(file, &mut part).await else { continue };
            match attempts.wait_after(&failure, part.bytes() > before) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(failure),
            }
        }
        let brought = if part.goes_on() { Brought::Resumed } else { Brought::Whole };
        part.into_place(self.asked.force)?;
        self.progress.file_done();
        Ok(brought)
    }

    /// One request, with a link that is fresh. What comes stays, even if it breaks off.
    async fn attempt(&self, file: &StoredFile, part: &mut Part<'_>) -> Result<(), Failure> {
        let linked = if self.asked.archive { Linked::Archive } else { Linked::File(&file.name) };
        let link = link(self.function, self.job.id(), linked, None).await?;
        let what = format!("the file {:?}", file.name);
        let answer = self.http.send(get(&link.url, part.bytes())?).await;
        let answer = answer.map_err(|e| Failure::unreachable(&what, &e))?;
        match answer.status() {
            StatusCode::PARTIAL_CONTENT if begins_at(&answer, part.bytes()) => {}
            // Not what was asked for, but all of it.
            StatusCode::OK => self.restart(part)?,
            status => return Err(refused(&what, status)),
        }
        self.receive(answer, &what, part, file.bytes).await?;
        self.judge(&what, part, file)
    }

    /// Adds what comes, until it ends or is more than the file.
    async fn receive(
        &self,
        answer: Received,
        what: &str,
        part: &mut Part<'_>,
        most: u64,
    ) -> Result<(), Failure> {
        let mut body = answer.into_body();
        while part.bytes() <= most {
            let bytes = self.http.next(&mut body).await.map_err(|e| Failure::unreachable(what, &e))?;
            let Some(bytes) = bytes else { break };
            part.write(&bytes)?;
            self.progress.fetched(bytes.len() as u64);
        }
        Ok(())
    }

    /// Whether what came is the file. What can be no part of it is thrown away.
    fn judge(&self, what: &str, part: &mut Part<'_>, file: &StoredFile) -> Result<(), Failure> {
        if part.is_right() {
            return Ok(());
        }
        if part.bytes() < file.bytes {
            let message = format!("{what} broke off after {} of {} bytes", part.bytes(), file.bytes);
            return Err(Failure::new("BrokeOff", message, Exit::Retry));
        }
        self.restart(part)?;
        let message = format!("{what} is not what S3 verified when it landed: its checksum differs");
        Err(Failure::new(DIFFERS, message, Exit::Retry))
    }

    fn restart(&self, part: &mut Part<'_>) -> Result<(), Failure> {
        self.progress.lost(part.bytes());
        part.restart()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_grows_is_gone_on_with_and_one_that_does_not_is_given_up() {
        let broke_off = Failure::new("BrokeOff", "", Exit::Retry);
        let mut attempts = Attempts::default();
        let waits = [false, false, false, true, false, false, false, false]
            .map(|grew| attempts.wait_after(&broke_off, grew).map(|wait| wait.as_millis()));
        let expected = [Some(500), Some(1000), Some(2000), Some(0), Some(500), Some(1000), Some(2000), None];
        assert_eq!(waits, expected);
    }

    #[test]
    fn what_is_refused_or_differs_twice_is_given_up_at_once() {
        let mut attempts = Attempts::default();
        let differs = Failure::new(DIFFERS, "", Exit::Retry);
        assert!(attempts.wait_after(&differs, false).is_some());
        assert!(attempts.wait_after(&differs, false).is_none());
        assert!(
            Attempts::default().wait_after(&Failure::new("NotFound", "", Exit::NotFound), true).is_none()
        );
    }
}
