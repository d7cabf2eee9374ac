//! The local runner: starts all of Landfall on this machine, runs one job of each provider and
//! keeps the stack running for experiments.

mod cheat_sheet;
mod demonstration;
mod options;
mod show;

use std::process::ExitCode;

use clap::Parser;
use harness::Stack;
use options::Options;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            show::failure(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    options.start_log();
    let (stack, _lock) = options.stack_options()?;
    let stack = Stack::start(stack).await?;
    show::started(&stack);
    options.describe(&stack)?;
    let result = demonstration::run(&stack, options.all).await;
    if options.once {
        return result;
    }
    if let Err(error) = result {
        show::failure(&error.to_string());
    }
    cheat_sheet::print(&stack);
    tokio::signal::ctrl_c().await?;
    Ok(())
}
