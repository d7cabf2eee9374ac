//! Enforces a minimum download rate, so that a source that is very slow does not occupy a worker for hours.
//!
//! Only the time spent waiting for the source counts: neither the time in which S3 or the memory budget accepts no
//! more bytes, nor the time for the head of a response, which has its own timeout. The bytes of all downloads of a
//! landing count together, since four ranges of a file or eight files may share one slow connection: a download is
//! too slow if it received too little within its window, and all downloads together received too little in the same
//! time.

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

use super::byte_stream::ByteStream;

/// After this many attempts in a row that ended since the source was too slow, the error is permanent.
const MAX_SLOW_ATTEMPTS: u32 = 3;
/// An invocation that was not longer than this many windows is too short to judge the source.
const MIN_INVOCATION_WINDOWS: u32 = 5;

/// The minimum rate, and the time over which it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinDownloadRate {
    /// Bytes per second. 0 turns the check off.
    pub bytes_per_second: u64,
    /// How long a source may be slower than that.
    pub window: Duration,
}

/// Measures what the sources of one landing send.
#[derive(Debug)]
pub struct DownloadRate {
    min_rate: MinDownloadRate,
    /// Whether this is the last attempt before a slow source becomes a permanent error.
    is_last_attempt: bool,
    received_bytes: AtomicU64,
    waited_milliseconds: AtomicU64,
    slow_downloads: AtomicUsize,
}

impl DownloadRate {
    /// The rate of a landing whose sources were too slow in `slow_attempts` attempts in a row before.
    pub fn new(min_rate: MinDownloadRate, slow_attempts: u32) -> Self {
        Self {
            min_rate,
            is_last_attempt: slow_attempts + 1 >= MAX_SLOW_ATTEMPTS,
            received_bytes: AtomicU64::new(0),
            waited_milliseconds: AtomicU64::new(0),
            slow_downloads: AtomicUsize::new(0),
        }
    }

    /// How many downloads were too slow.
    pub(crate) fn slow_downloads(&self) -> usize {
        self.slow_downloads.load(Ordering::Relaxed)
    }

    /// The error of a landing that ran out of time in an invocation of this length and cannot be resumed, if it spent
    /// most of the time waiting for the source.
    pub(crate) fn slow_source_error(&self, invocation: Duration) -> Option<Error> {
        let waited = Duration::from_millis(self.waited_milliseconds.load(Ordering::Relaxed));
        let long = invocation > self.min_rate.window * MIN_INVOCATION_WINDOWS;
        (long && self.min_rate.bytes_per_second > 0 && waited > invocation / 2).then(|| {
            let received = self.received_bytes.load(Ordering::Relaxed);
            let seconds = invocation.as_secs();
            self.record_slow_download(format!(
                "the source was too slow: {received} bytes in {seconds} s, and the download cannot be resumed"
            ))
        })
    }

    fn is_too_slow(&self, bytes: u64, waited: Duration) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let (bytes, least) = (bytes as f64, self.min_rate.bytes_per_second as f64);
        bytes < least * waited.as_secs_f64()
    }

    fn slow_download_error(&self, bytes: u64, waited: Duration) -> Error {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate need not be exact"
        )]
        let rate = (bytes as f64 / waited.as_secs_f64().max(0.001)) as u64;
        let MinDownloadRate { bytes_per_second, window } = self.min_rate;
        self.record_slow_download(format!(
            "the source was too slow: {rate} bytes per second over {} s, expected at least {bytes_per_second}",
            window.as_secs()
        ))
    }

    /// Counts a slow download and returns its error.
    fn record_slow_download(&self, message: String) -> Error {
        self.slow_downloads.fetch_add(1, Ordering::Relaxed);
        match self.is_last_attempt {
            false => Error::new(ErrorClass::SourceUnavailable, message),
            true => Error::new(
                ErrorClass::SourceGone,
                format!("{message}, at {MAX_SLOW_ATTEMPTS} attempts in a row"),
            ),
        }
    }
}

/// Returns a stream that ends with an error if the source is too slow.
pub(super) fn enforce_min_rate(rate: &Arc<DownloadRate>, stream: ByteStream) -> ByteStream {
    if rate.min_rate.bytes_per_second == 0 {
        return stream;
    }
    let all_before = rate.received_bytes.load(Ordering::Relaxed);
    Box::pin(RateCheckedStream {
        stream,
        rate: rate.clone(),
        waiting_since: None,
        waited: Duration::ZERO,
        bytes: 0,
        all_before,
    })
}

/// A download and its current window.
struct RateCheckedStream {
    stream: ByteStream,
    rate: Arc<DownloadRate>,
    /// Set while the next chunk is awaited. It is not awaited while S3 accepts no more bytes.
    waiting_since: Option<Instant>,
    /// The time in this window that was spent waiting.
    waited: Duration,
    /// The bytes of this download in this window, and those of all downloads before it.
    bytes: u64,
    all_before: u64,
}

impl RateCheckedStream {
    /// Ends the window when it is over. Returns an error if both this download and all together were too slow in it.
    fn check_window(&mut self) -> Option<Error> {
        if self.waited < self.rate.min_rate.window {
            return None;
        }
        let all = self.rate.received_bytes.load(Ordering::Relaxed);
        let (bytes, together, waited) = (self.bytes, all.saturating_sub(self.all_before), self.waited);
        (self.bytes, self.all_before, self.waited) = (0, all, Duration::ZERO);
        let slow = self.rate.is_too_slow(bytes, waited) && self.rate.is_too_slow(together, waited);
        slow.then(|| self.rate.slow_download_error(bytes, waited))
    }
}

impl Stream for RateCheckedStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.stream.as_mut().poll_next(context);
        let now = Instant::now();
        if let Some(since) = self.waiting_since.take() {
            let waited = now - since;
            self.waited += waited;
            let milliseconds = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
            self.rate.waited_milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
        }
        match &polled {
            Poll::Pending => self.waiting_since = Some(now),
            Poll::Ready(Some(Ok(chunk))) => {
                self.bytes += chunk.len() as u64;
                self.rate.received_bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            }
            // The stream ends or fails by itself.
            Poll::Ready(None | Some(Err(_))) => return polled,
        }
        match self.check_window() {
            Some(error) => Poll::Ready(Some(Err(error))),
            None => polled,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;

    const MIN_RATE: MinDownloadRate =
        MinDownloadRate { bytes_per_second: 1000, window: Duration::from_secs(60) };

    /// A source that sends `count` chunks of this length at this interval.
    fn source(length: usize, every: Duration, count: usize) -> ByteStream {
        Box::pin(stream::iter(0..count).then(move |_| async move {
            tokio::time::sleep(every).await;
            Ok(Bytes::from(vec![0; length]))
        }))
    }

    /// Reads to the end, and waits after each chunk as a slow bucket would.
    async fn read(mut stream: ByteStream, delay: Duration) -> Result<u64, Error> {
        let mut bytes = 0;
        while let Some(chunk) = stream.next().await {
            bytes += chunk?.len() as u64;
            tokio::time::sleep(delay).await;
        }
        Ok(bytes)
    }

    fn rate(slow_attempts: u32) -> Arc<DownloadRate> {
        Arc::new(DownloadRate::new(MIN_RATE, slow_attempts))
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_source_fails_after_one_window_and_permanently_at_the_third_attempt() {
        for (slow_attempts, class) in [
            (0, ErrorClass::SourceUnavailable),
            (1, ErrorClass::SourceUnavailable),
            (2, ErrorClass::SourceGone),
        ] {
            let (rate, began) = (rate(slow_attempts), Instant::now());
            let slow = enforce_min_rate(&rate, source(1, Duration::from_secs(1), 100_000));
            let error = read(slow, Duration::ZERO).await.expect_err("too slow");
            assert_eq!((error.class, rate.slow_downloads(), began.elapsed().as_secs()), (class, 1, 60));
            assert!(
                error.message.starts_with(
                    "the source was too slow: 1 bytes per second over 60 s, expected at least 1000"
                ),
                "{}",
                error.message
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_at_the_minimum_rate_passes_however_its_bytes_are_spaced() {
        for (length, seconds) in [(1000, 1), (25_000, 25), (60_000, 59)] {
            let slow = enforce_min_rate(&rate(0), source(length, Duration::from_secs(seconds), 100));
            assert_eq!(read(slow, Duration::ZERO).await.expect("fast enough"), length as u64 * 100);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_spent_waiting_for_the_bucket_does_not_count() {
        // 10 bytes per second overall, 10,000 in the time spent waiting for the source.
        let slow_bucket = enforce_min_rate(&rate(0), source(1000, Duration::from_millis(100), 1000));
        assert_eq!(read(slow_bucket, Duration::from_secs(100)).await.expect("fast enough"), 1_000_000);
        // A slow bucket does not excuse a slow source.
        let slow = enforce_min_rate(&rate(0), source(10, Duration::from_secs(1), 1000));
        read(slow, Duration::from_secs(5)).await.expect_err("too slow");
    }

    #[tokio::test(start_paused = true)]
    async fn ranges_that_share_a_slow_connection_are_measured_together() {
        let shared = rate(0);
        let four = (0..4).map(|_| enforce_min_rate(&shared, source(300, Duration::from_secs(1), 1000)));
        let read_all = futures_util::future::join_all(four.map(|range| read(range, Duration::ZERO))).await;
        assert!(read_all.iter().all(Result::is_ok), "{read_all:?}");
        let four = (0..4).map(|_| enforce_min_rate(&shared, source(200, Duration::from_secs(1), 1000)));
        let read_all = futures_util::future::join_all(four.map(|range| read(range, Duration::ZERO))).await;
        assert!(read_all.iter().all(Result::is_err), "{read_all:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_slow_download_among_others_fails_once_the_others_are_done() {
        let shared = rate(0);
        let fast = read(enforce_min_rate(&shared, source(2000, Duration::from_secs(1), 600)), Duration::ZERO);
        let began = Instant::now();
        let slow =
            read(enforce_min_rate(&shared, source(1, Duration::from_secs(1), 100_000)), Duration::ZERO);
        let (fast, slow) = tokio::join!(fast, slow);
        assert_eq!(fast.expect("fast enough"), 1_200_000);
        slow.expect_err("too slow");
        assert!((600..730).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_invocation_that_mostly_waited_for_the_source_ends_with_its_error() {
        let rate = rate(0);
        let slow = enforce_min_rate(&rate, source(2000, Duration::from_secs(1), 800));
        read(slow, Duration::ZERO).await.expect("fast enough");
        assert!(
            rate.slow_source_error(Duration::from_secs(200)).is_none(),
            "the invocation is too short to judge"
        );
        assert!(
            rate.slow_source_error(Duration::from_secs(1700)).is_none(),
            "the bucket took as long as the source"
        );
        let error = rate.slow_source_error(Duration::from_secs(890)).expect("an error");
        assert_eq!((error.class, rate.slow_downloads()), (ErrorClass::SourceUnavailable, 1));
    }
}
