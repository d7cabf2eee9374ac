//! What is printed: text for people, or JSON for programs; answers on standard output, everything else on standard error.

mod lines;
mod meter;
mod operated;
mod shown;
mod table;
mod text;

use std::{
    io::{self, ErrorKind, IsTerminal, Write},
    process::ExitCode,
};

use serde_json::Value;

pub(crate) use self::{
    meter::{Meter, bar},
    operated::{checks, signing_secrets, webhook_secrets},
    shown::{job, jobs_table},
    text::{clean, size},
};
use crate::{
    arguments::{Appearance, Format},
    exit::Exit,
    failure::Failure,
};

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

    /// Prints an answer in the form that was asked for.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub(crate) fn answer(&self, json: &Value, text: impl FnOnce() -> String) -> Result<(), Failure> {
        match self.format {
            Format::Json => print(&format!("{json}\n")),
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

    /// Tells why the process ends, as one line or as problem JSON.
    pub(crate) fn failed(&self, failure: &Failure) -> ExitCode {
        match self.format {
            // Whoever read has seen enough.
            _ if failure.exit == Exit::Done => {}
            Format::Json => complain(&failure.problem().to_string()),
            Format::Text => complain(&format!("landfall: {}", clean(&failure.line()))),
        }
        failure.exit.into()
    }
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    printed.map_err(|e| match e.kind() {
        ErrorKind::BrokenPipe => Failure::new("OutputClosed", "nobody reads any more", Exit::Done),
        _ => Failure::local("standard output", &e),
    })
}

/// Whoever closed standard error does not want to know.
fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
