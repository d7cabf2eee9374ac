//! The least rate at which a source must send, so that one that drips holds no landing for hours.
//!
//! Only the time that is spent waiting for the source counts: neither that in which S3 or our own memory takes no more,
//! nor that for the head of an answer, which has a limit of its own. The bytes of all downloads of a landing count
//! together, since four ranges of a file or eight files of a set may share one slow line: a download is too slow when
//! it sent too little within its window, and all the others made no more of the same time either.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::Stream;
use model::{Error, ErrorClass};
use tokio::time::Instant;

use super::stream::Pieces;

/// After so many attempts in a row that ended since the source was too slow, it counts as gone.
pub(crate) const SLOW_ATTEMPTS: u32 = 3;
/// An invocation that was not longer than so many windows says nothing of the source.
const WINDOWS_OF_AN_INVOCATION: u32 = 5;

/// The least rate, and the time over which it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinRate {
    /// Bytes in each second. None are expected of a source when this is 0.
    pub bytes_per_second: u64,
    /// How long a source may be slower.
    pub window: Duration,
}

/// What the sources of one landing send.
#[derive(Debug)]
pub struct SourceRate {
    least: MinRate,
    /// Whether this is the last attempt in which sources may be too slow.
    last: bool,
    received: AtomicU64,
    waited_milliseconds: AtomicU64,
    too_slow: AtomicUsize,
}

impl SourceRate {
    /// A landing whose sources were too slow in so many attempts in a row before.
    pub fn new(least: MinRate, slow_attempts: u32) -> Self {
        Self {
            least,
            last: slow_attempts + 1 >= SLOW_ATTEMPTS,
            received: AtomicU64::new(0),
            waited_milliseconds: AtomicU64::new(0),
            too_slow: AtomicUsize::new(0),
        }
    }

    /// How many downloads were too slow.
    pub(crate) fn too_slow(&self) -> usize {
        self.too_slow.load(Ordering::Relaxed)
    }

    /// The fault of a landing that did not fit into an invocation of this length and cannot be gone on with, if most of
    /// the time went by waiting for the source.
    pub(crate) fn held_up(&self, invocation: Duration) -> Option<Error> {
        let waited = Duration::from_millis(self.waited_milliseconds.load(Ordering::Relaxed));
        let long = invocation > self.least.window * WINDOWS_OF_AN_INVOCATION;
        (long && self.least.bytes_per_second > 0 && waited > invocation / 2).then(|| {
            let received = self.received.load(Ordering::Relaxed);
            let seconds = invocation.as_secs();
            self.error(format!(
                "the source was too slow: {received} bytes in {seconds} s, and none of it can be gone on with"
            ))
        })
    }

    fn is_too_slow(&self, bytes: u64, waited: Duration) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
        let (bytes, least) = (bytes as f64, self.least.bytes_per_second as f64);
        bytes < least * waited.as_secs_f64()
    }

    fn slow_download(&self, bytes: u64, waited: Duration) -> Error {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is no exact number"
        )]
        let rate = (bytes as f64 / waited.as_secs_f64().max(0.001)) as u64;
        let MinRate { bytes_per_second, window } = self.least;
        self.error(format!(
            "the source was too slow: {rate} bytes per second over {} s, at least {bytes_per_second} are expected",
            window.as_secs()
        ))
    }

    fn error(&self, message: String) -> Error {
        self.too_slow.fetch_add(1, Ordering::Relaxed);
        match self.last {
            false => Error::new(ErrorClass::SourceUnavailable, message),
            true => {
                Error::new(ErrorClass::SourceGone, format!("{message}, at {SLOW_ATTEMPTS} attempts in a row"))
            }
        }
    }
}

/// A source's bytes, which end with an error when they are too slow.
pub(super) fn watched(rate: &Arc<SourceRate>, pieces: Pieces) -> Pieces {
    if rate.least.bytes_per_second == 0 {
        return pieces;
    }
    let all_before = rate.received.load(Ordering::Relaxed);
    Box::pin(Watched {
        pieces,
        rate: rate.clone(),
        waiting_since: None,
        waited: Duration::ZERO,
        bytes: 0,
        all_before,
    })
}

/// A download and its window.
struct Watched {
    pieces: Pieces,
    rate: Arc<SourceRate>,
    /// Set while somebody waits for the next piece. Nobody does while S3 takes no more.
    waiting_since: Option<Instant>,
    /// The time in this window that went by waiting.
    waited: Duration,
    /// The bytes that came in this window, and those of all downloads before it.
    bytes: u64,
    all_before: u64,
}

impl Watched {
    /// Ends the window when it is over. The fault if both this download and all together were too slow in it.
    fn judge(&mut self) -> Option<Error> {
        if self.waited < self.rate.least.window {
            return None;
        }
        let all = self.rate.received.load(Ordering::Relaxed);
        let (bytes, together, waited) = (self.bytes, all.saturating_sub(self.all_before), self.waited);
        (self.bytes, self.all_before, self.waited) = (0, all, Duration::ZERO);
        let slow = self.rate.is_too_slow(bytes, waited) && self.rate.is_too_slow(together, waited);
        slow.then(|| self.rate.slow_download(bytes, waited))
    }
}

impl Stream for Watched {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.pieces.as_mut().poll_next(context);
        let now = Instant::now();
        if let Some(since) = self.waiting_since.take() {
            let waited = now - since;
            self.waited += waited;
            let milliseconds = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
            self.rate.waited_milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
        }
        match &polled {
            Poll::Pending => self.waiting_since = Some(now),
            Poll::Ready(Some(Ok(piece))) => {
                self.bytes += piece.len() as u64;
                self.rate.received.fetch_add(piece.len() as u64, Ordering::Relaxed);
            }
            // It ends or fails by itself.
            Poll::Ready(None | Some(Err(_))) => return polled,
        }
        match self.judge() {
            Some(error) => Poll::Ready(Some(Err(error))),
            None => polled,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;

    const MIN_RATE: MinRate = MinRate { bytes_per_second: 1000, window: Duration::from_secs(60) };

    /// Pieces of this length, one each so often.
    fn source(length: usize, every: Duration, count: usize) -> Pieces {
        Box::pin(stream::iter(0..count).then(move |_| async move {
            tokio::time::sleep(every).await;
            Ok(Bytes::from(vec![0; length]))
        }))
    }

    /// Reads to the end, and takes so long for each piece as a slow bucket would.
    async fn read(mut pieces: Pieces, takes: Duration) -> Result<u64, Error> {
        let mut bytes = 0;
        while let Some(piece) = pieces.next().await {
            bytes += piece?.len() as u64;
            tokio::time::sleep(takes).await;
        }
        Ok(bytes)
    }

    fn rate(slow_attempts: u32) -> Arc<SourceRate> {
        Arc::new(SourceRate::new(MIN_RATE, slow_attempts))
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_drips_ends_after_a_window_and_counts_as_gone_at_the_third_attempt() {
        for (slow_attempts, class) in [
            (0, ErrorClass::SourceUnavailable),
            (1, ErrorClass::SourceUnavailable),
            (2, ErrorClass::SourceGone),
        ] {
            let (rate, began) = (rate(slow_attempts), Instant::now());
            let dripping = watched(&rate, source(1, Duration::from_secs(1), 100_000));
            let error = read(dripping, Duration::ZERO).await.expect_err("too slow");
            assert_eq!((error.class, rate.too_slow(), began.elapsed().as_secs()), (class, 1, 60));
            assert!(
                error
                    .message
                    .starts_with("the source was too slow: 1 bytes per second over 60 s, at least 1000"),
                "{}",
                error.message
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_source_that_keeps_the_rate_passes_whatever_its_rhythm() {
        for (length, seconds) in [(1000, 1), (25_000, 25), (60_000, 59)] {
            let slow = watched(&rate(0), source(length, Duration::from_secs(seconds), 100));
            assert_eq!(read(slow, Duration::ZERO).await.expect("fast enough"), length as u64 * 100);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_the_bucket_takes_no_more_is_not_the_sources() {
        // 10 bytes per second in all, 10,000 while the source is waited for.
        let held_back = watched(&rate(0), source(1000, Duration::from_millis(100), 1000));
        assert_eq!(read(held_back, Duration::from_secs(100)).await.expect("fast enough"), 1_000_000);
        // A bucket that is slow as well excuses no source that drips.
        let dripping = watched(&rate(0), source(10, Duration::from_secs(1), 1000));
        read(dripping, Duration::from_secs(5)).await.expect_err("too slow");
    }

    #[tokio::test(start_paused = true)]
    async fn ranges_that_share_a_slow_line_are_measured_together() {
        let shared = rate(0);
        let four = (0..4).map(|_| watched(&shared, source(300, Duration::from_secs(1), 1000)));
        let read_all = futures_util::future::join_all(four.map(|range| read(range, Duration::ZERO))).await;
        assert!(read_all.iter().all(Result::is_ok), "{read_all:?}");
        let four = (0..4).map(|_| watched(&shared, source(200, Duration::from_secs(1), 1000)));
        let read_all = futures_util::future::join_all(four.map(|range| read(range, Duration::ZERO))).await;
        assert!(read_all.iter().all(Result::is_err), "{read_all:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_drips_among_others_is_found_once_they_are_done() {
        let shared = rate(0);
        let fast = read(watched(&shared, source(2000, Duration::from_secs(1), 600)), Duration::ZERO);
        let began = Instant::now();
        let dripping = read(watched(&shared, source(1, Duration::from_secs(1), 100_000)), Duration::ZERO);
        let (fast, dripping) = tokio::join!(fast, dripping);
        assert_eq!(fast.expect("fast enough"), 1_200_000);
        dripping.expect_err("too slow");
        assert!((600..730).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_invocation_that_only_waited_for_the_source_was_held_up_by_it() {
        let rate = rate(0);
        let slow = watched(&rate, source(2000, Duration::from_secs(1), 800));
        read(slow, Duration::ZERO).await.expect("fast enough");
        assert!(rate.held_up(Duration::from_secs(200)).is_none(), "too short to say");
        assert!(rate.held_up(Duration::from_secs(1700)).is_none(), "the bucket took as long");
        let error = rate.held_up(Duration::from_secs(890)).expect("held up");
        assert_eq!((error.class, rate.too_slow()), (ErrorClass::SourceUnavailable, 1));
    }
}
