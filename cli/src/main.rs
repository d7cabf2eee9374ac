//! `landfall`, the operator's command line: submits jobs, watches them, downloads their files and operates the installation.

mod arguments;
mod client;
mod commands;
mod download;
mod error;
mod exit_status;
mod job;
mod output;

use std::process::ExitCode;

use clap::Parser;

use crate::{arguments::Arguments, output::Output};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(&arguments.output);
    match commands::run_command(arguments, &output) {
        Ok(status) => status.into(),
        Err(error) => {
            output.print_error(&error);
            error.exit_status.into()
        }
    }
}
