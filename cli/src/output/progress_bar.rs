//! One line that shows how far something is. A library would bring ten crates for what these lines do.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use super::text::clean;

/// The longest line, so that a terminal of the usual width does not wrap it.
const WIDTH: usize = 78;
const BAR: usize = 24;
/// Drawn no more often than an eye follows.
const PAUSE: Duration = Duration::from_millis(80);

/// The line. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Meter {
    shown: bool,
    drawn: Option<Instant>,
}

impl Meter {
    pub(super) fn new(shown: bool) -> Self {
        Self { shown, drawn: None }
    }

    /// Draws the line anew, unless that was just done.
    pub(crate) fn draw(&mut self, line: impl FnOnce() -> String) {
        if !self.shown || self.drawn.is_some_and(|drawn| drawn.elapsed() < PAUSE) {
            return;
        }
        self.drawn = Some(Instant::now());
        let line: String = clean(&line()).chars().take(WIDTH).collect();
        let mut terminal = io::stderr().lock();
        // A terminal that is gone shows nothing, and that is all.
        let _ = write!(terminal, "\r\x1b[K{line}").and_then(|()| terminal.flush());
    }

    /// Makes room for other lines.
    pub(crate) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let mut terminal = io::stderr().lock();
            let _ = write!(terminal, "\r\x1b[K").and_then(|()| terminal.flush());
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A bar for a share from 0 to 1.
pub(crate) fn bar(share: f64) -> String {
    let full = (share.clamp(0.0, 1.0) * BAR as f64) as usize;
    format!("[{}{}]", "#".repeat(full), "-".repeat(BAR - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_its_share_and_never_longer() {
        for (share, full) in
            [(0.0, 0), (0.5, 12), (0.999, 23), (1.0, 24), (7.0, 24), (-1.0, 0), (f64::NAN, 0)]
        {
            assert_eq!(bar(share).matches('#').count(), full, "{share}");
            assert_eq!(bar(share).len(), BAR + 2);
        }
    }
}
