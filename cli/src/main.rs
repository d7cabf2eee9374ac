//! `landfall`, the operator's command line: submits jobs, watches them, downloads what landed, and looks after both.

mod arguments;
mod client;
mod commands;
mod download;
mod exit;
mod failure;
mod job;
mod output;

use std::process::ExitCode;

use clap::Parser;

use crate::{arguments::Arguments, output::Output};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(&arguments.appearance);
    match commands::run(arguments, &output) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.failed(&failure);
            failure.exit.into()
        }
    }
}
