//! A progress line on standard error. A library for it would add ten crates.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use super::terminal_text::sanitize_for_terminal;

/// The maximum length of the line: a terminal of 80 columns does not wrap it.
const MAX_LINE_CHARS: usize = 78;
const BAR_CHARS: usize = 24;
/// The minimum time between two redraws.
const REDRAW_INTERVAL: Duration = Duration::from_millis(80);

/// A line that is redrawn in place. Dropping it clears the line.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    is_visible: bool,
    drawn_at: Option<Instant>,
}

impl ProgressLine {
    pub(super) fn new(is_visible: bool) -> Self {
        Self { is_visible, drawn_at: None }
    }

    /// Redraws the line, unless it was drawn within the redraw interval.
    pub(crate) fn draw(&mut self, line: impl FnOnce() -> String) {
        if !self.is_visible || self.drawn_at.is_some_and(|drawn_at| drawn_at.elapsed() < REDRAW_INTERVAL) {
            return;
        }
        self.drawn_at = Some(Instant::now());
        let line: String = sanitize_for_terminal(&line()).chars().take(MAX_LINE_CHARS).collect();
        let mut terminal = io::stderr().lock();
        // Write errors are ignored: the terminal may be closed.
        let _ = write!(terminal, "\r\x1b[K{line}").and_then(|()| terminal.flush());
    }

    /// Clears the line, so that other lines can be printed.
    pub(crate) fn clear(&mut self) {
        if self.drawn_at.take().is_some() {
            let mut terminal = io::stderr().lock();
            let _ = write!(terminal, "\r\x1b[K").and_then(|()| terminal.flush());
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A progress bar for a fraction from 0 to 1.
pub(crate) fn progress_bar(fraction: f64) -> String {
    let filled = (fraction.clamp(0.0, 1.0) * BAR_CHARS as f64) as usize;
    format!("[{}{}]", "#".repeat(filled), "-".repeat(BAR_CHARS - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_filled_by_its_fraction_and_has_a_fixed_length() {
        for (fraction, filled) in
            [(0.0, 0), (0.5, 12), (0.999, 23), (1.0, 24), (7.0, 24), (-1.0, 0), (f64::NAN, 0)]
        {
            assert_eq!(progress_bar(fraction).matches('#').count(), filled, "{fraction}");
            assert_eq!(progress_bar(fraction).len(), BAR_CHARS + 2);
        }
    }
}
