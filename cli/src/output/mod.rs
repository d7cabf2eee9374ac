//! Prints results on standard output, and errors, hints and progress on standard error, as text or as JSON.

mod check_and_secret_output;
mod failed_invocation_output;
mod job_view;
mod labelled_lines;
mod progress_line;
mod table;
mod terminal_text;

use std::io::{self, ErrorKind, IsTerminal, Write};

use serde_json::Value;

use self::terminal_text::escape_json_for_terminal;
pub(crate) use self::{
    check_and_secret_output::{
        render_checks, render_signing_secrets, render_subscription, render_webhook_secrets,
    },
    failed_invocation_output::{render_failed_invocations, render_redrive_results},
    job_view::{render_job, render_job_table},
    progress_line::{ProgressLine, progress_bar},
    terminal_text::{format_bytes, sanitize_for_terminal},
};
use crate::{
    arguments::{OutputFormat, OutputOptions},
    error::CliError,
};

/// Whether standard output still has a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StdoutState {
    Open,
    /// Standard output is a pipe that its reader has closed, as `head` does.
    Closed,
}

/// Prints in the format of this run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    format: OutputFormat,
    quiet: bool,
}

impl Output {
    /// Takes the format from the options. The default is text on a terminal and JSON elsewhere.
    pub(crate) fn new(options: &OutputOptions) -> Self {
        let default = if io::stdout().is_terminal() { OutputFormat::Text } else { OutputFormat::Json };
        let format = if options.json { OutputFormat::Json } else { options.format.unwrap_or(default) };
        Self { format, quiet: options.quiet }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == OutputFormat::Json
    }

    /// Prints a result. A closed pipe is not an error: the command still completes and exits as usual. Only a command that
    /// works solely for its output stops when it is closed.
    ///
    /// # Errors
    /// Standard output cannot be written, for example because a disk is full.
    pub(crate) fn print_result(
        &self,
        json: &Value,
        text: impl FnOnce() -> String,
    ) -> Result<StdoutState, CliError> {
        match self.format {
            OutputFormat::Json => write_stdout(&format!("{}\n", escape_json_for_terminal(&json.to_string()))),
            OutputFormat::Text => write_stdout(&text()),
        }
    }

    /// Prints a hint for people on standard error.
    pub(crate) fn print_hint(&self, text: &str) {
        if !self.quiet && !self.is_json() {
            write_stderr_line(&sanitize_for_terminal(text));
        }
    }

    /// A progress line, which is visible on a terminal only.
    pub(crate) fn progress_line(&self) -> ProgressLine {
        ProgressLine::new(!self.quiet && io::stderr().is_terminal())
    }

    /// Prints an error as one line or as problem JSON.
    pub(crate) fn print_error(&self, error: &CliError) {
        match self.format {
            OutputFormat::Json => {
                write_stderr_line(&escape_json_for_terminal(&error.to_problem_json().to_string()));
            }
            OutputFormat::Text => {
                write_stderr_line(&format!("landfall: {}", sanitize_for_terminal(&error.to_line())));
            }
        }
    }
}

fn write_stdout(text: &str) -> Result<StdoutState, CliError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(StdoutState::Open),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(StdoutState::Closed),
        Err(e) => Err(CliError::local_file("standard output", &e)),
    }
}

/// Ignores write errors: standard error may be closed.
fn write_stderr_line(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
