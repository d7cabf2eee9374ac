//! What is printed: text for people, or JSON for programs; answers on standard output, everything else on standard error.

mod job_view;
mod lines;
mod operator_result;
mod progress_bar;
mod table;
mod text;

use std::io::{self, ErrorKind, IsTerminal, Write};

use serde_json::Value;

use self::text::escaped;
pub(crate) use self::{
    job_view::{job, jobs_table},
    operator_result::{checks, signing_secrets, webhook_secrets},
    progress_bar::{Meter, bar},
    text::{clean, size},
};
use crate::{
    arguments::{Appearance, Format},
    failure::Failure,
};

/// Whether anybody still reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    There,
    /// Standard output is a pipe that somebody closed, as `head` does.
    Gone,
}

/// How this run prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
}

impl Output {
    /// What was asked for; otherwise text on a terminal, and JSON where a program reads.
    pub(crate) fn new(appearance: &Appearance) -> Self {
        let usual = if io::stdout().is_terminal() { Format::Text } else { Format::Json };
        let format = if appearance.json { Format::Json } else { appearance.output.unwrap_or(usual) };
        Self { format, quiet: appearance.quiet }
    }

    /// Whether programs read.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints an answer in the form that was asked for. A command whose answer nobody reads is carried out all the same,
    /// and ends as it would have; only who would go on for the reader alone looks whether there is one.
    ///
    /// # Errors
    /// Standard output takes no more, such as a full disk.
    pub(crate) fn answer(&self, json: &Value, text: impl FnOnce() -> String) -> Result<Reader, Failure> {
        match self.format {
            Format::Json => print(&format!("{}\n", escaped(&json.to_string()))),
            Format::Text => print(&text()),
        }
    }

    /// Tells a person something beside the answer.
    pub(crate) fn hint(&self, text: &str) {
        if !self.quiet && !self.is_json() {
            complain(&clean(text));
        }
    }

    /// A line that shows how far something is, where a person sees it.
    pub(crate) fn meter(&self) -> Meter {
        Meter::new(!self.quiet && io::stderr().is_terminal())
    }

    /// Tells what went wrong, as one line or as problem JSON.
    pub(crate) fn failed(&self, failure: &Failure) {
        match self.format {
            Format::Json => complain(&escaped(&failure.problem().to_string())),
            Format::Text => complain(&format!("landfall: {}", clean(&failure.line()))),
        }
    }
}

fn print(text: &str) -> Result<Reader, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(e) => Err(Failure::local("standard output", &e)),
    }
}

/// Whoever closed standard error does not want to know.
fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
