//! The local runner: all of Landfall on this machine, one export shown from request to files, and then a
//! running stack to play with.

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
        Err(reason) => {
            show::failure(&reason.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    options.start_log();
    let (stack, _lock) = options.stack()?;
    let stack = Stack::start(stack).await?;
    show::started(&stack);
    options.describe(&stack)?;
    let shown = demonstration::run(&stack, options.all).await;
    if options.once {
        return shown;
    }
    if let Err(reason) = shown {
        show::failure(&reason.to_string());
    }
    cheat_sheet::print(&stack);
    tokio::signal::ctrl_c().await?;
    Ok(())
}
