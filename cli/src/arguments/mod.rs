//! The command line.

mod values;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use self::values::{duration, pair};

/// The heading of what every command takes.
const EVERYWHERE: &str = "With every command";

/// The numbers of [`crate::exit::Exit`], for whoever asks for help.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  worth retrying
  2  the command line or the request on it cannot be read
  3  refused for good
  4  no such job, file or delivery
  5  the job ended partial
  6  the job ended failed, expired or cancelled
  7  the job was unfinished after --timeout
  8  something on this machine is in the way
  9  a check found something out of order";

/// Submits jobs to Landfall, watches them, downloads what landed, and looks after both.
#[derive(Debug, Parser)]
#[command(name = "landfall", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(flatten)]
    pub(crate) appearance: Appearance,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How Landfall is reached: by direct invocation of its submit function.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// Name or ARN of the submit function
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        env = "LANDFALL_FUNCTION",
        default_value = "landfall-submit",
        value_name = "NAME"
    )]
    pub(crate) function: String,
    /// Profile of the AWS configuration; otherwise AWS_PROFILE or the default one
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// AWS region; otherwise that of the environment or the profile
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// How answers are shown.
#[derive(Debug, Args)]
pub(crate) struct Appearance {
    /// What to print: text for people, or JSON, one document on a line. Text on a terminal, else JSON
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// The same as --output json
    #[arg(long, global = true, help_heading = EVERYWHERE, conflicts_with = "output")]
    pub(crate) json: bool,
    /// No progress and no hints on standard error
    #[arg(long, short, global = true, help_heading = EVERYWHERE)]
    pub(crate) quiet: bool,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people.
    Text,
    /// JSON, one document on a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Submit a job
    Submit {
        /// The request as `POST /jobs` takes it: JSON itself, the name of a file, or - for standard input
        request: String,
        /// The same key and request give the same job. Without one, a new key is made for every call
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        #[command(flatten)]
        waiting: MayWait,
    },
    /// Show a job
    Get {
        /// Its id
        job: String,
    },
    /// List jobs, the newest first
    List(Listing),
    /// Wait until a job has ended
    Wait {
        /// Its id
        job: String,
        #[command(flatten)]
        patience: Patience,
    },
    /// Download what landed. Goes on where it stopped, and leaves alone what is there already
    Download(Download),
    /// Print a URL that gives a file to whoever has it
    #[command(override_usage = "landfall link [OPTIONS] <JOB> <FILE|--archive|--manifest>")]
    Link(Linking),
    /// Land a job's files again, or submit its request anew
    Retry {
        /// Its id
        job: String,
        /// Make a new job of the same request, which the provider may bill. Repeated, it gives the same new job
        #[arg(long)]
        resubmit: bool,
        #[command(flatten)]
        waiting: MayWait,
    },
    /// Let a stored delivery of the provider go through the worker again
    Replay {
        /// The job's id
        job: String,
        /// Which delivery, as `get` lists them; otherwise the newest
        #[arg(long, value_name = "ID")]
        delivery: Option<String>,
        #[command(flatten)]
        waiting: MayWait,
    },
    /// Cancel a job
    Cancel {
        /// Its id
        job: String,
    },
    /// See whether everything is in order that jobs need
    Check {
        /// The provider, such as abyssale
        provider: String,
        /// The provider's own fields, such as design_id=77aa10c2-…
        #[arg(value_name = "NAME=VALUE", value_parser = pair)]
        fields: Vec<(String, String)>,
    },
    /// Look after the secret with which a provider signs its deliveries
    SigningSecret(SigningSecret),
    /// Look after the secrets that sign callers' webhooks
    WebhookSecret {
        /// What to do
        action: WebhookAction,
    },
}

/// Which jobs are listed.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    /// First day, in UTC; otherwise a week ago
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) from: Option<String>,
    /// Last day, in UTC; otherwise today
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) to: Option<String>,
    /// Only jobs of these states, separated by commas
    #[arg(long, value_name = "STATUS,…")]
    pub(crate) status: Option<String>,
    /// Only jobs of this provider
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// Only jobs of this kind
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Only jobs with this in their metadata. May be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) metadata: Vec<(String, String)>,
    /// The most jobs that are listed
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
    /// List them all, however many
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
}

/// What is downloaded, and where to.
#[derive(Debug, Args)]
pub(crate) struct Download {
    /// The job's id
    pub(crate) job: String,
    /// Files by their names; otherwise all of them
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// The archive as the provider delivered it, instead of the files
    #[arg(long, conflicts_with = "files")]
    pub(crate) archive: bool,
    /// The folder to put them into, made if need be; otherwise one named after the job
    #[arg(long, short, value_name = "FOLDER")]
    pub(crate) to: Option<PathBuf>,
    /// Put them over other files of the same names
    #[arg(long)]
    pub(crate) force: bool,
}

/// What is linked, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Linking {
    /// The job's id
    pub(crate) job: String,
    #[command(flatten)]
    pub(crate) linked: Linked,
    /// For how long, such as 15m or 2h. The credentials that sign it may end it sooner
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) expires_in: Option<Duration>,
}

/// One of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Linked {
    /// A file by its name
    pub(crate) file: Option<String>,
    /// The archive as the provider delivered it
    #[arg(long)]
    pub(crate) archive: bool,
    /// The manifest, which lists all files
    #[arg(long)]
    pub(crate) manifest: bool,
}

/// Whether to wait for the job's end.
#[derive(Debug, Args)]
pub(crate) struct MayWait {
    /// Wait until the job has ended, and show it then
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long to wait at most, such as 90s, 15m or 2h
    #[arg(long, requires = "wait", default_value = "1h", value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Duration,
}

/// How long to wait.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Patience {
    /// How long to wait at most, such as 90s, 15m or 2h
    #[arg(long, default_value = "1h", value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Duration,
}

/// Looking after a provider's signing secret.
#[derive(Debug, Args)]
pub(crate) struct SigningSecret {
    /// The provider, such as abyssale
    pub(crate) provider: String,
    /// What to do
    pub(crate) action: SigningAction,
    /// Rotate although the secret before is still valid, which ends it
    #[arg(long)]
    pub(crate) force: bool,
}

/// What to do about a provider's signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SigningAction {
    /// Show what is held and what the provider has.
    Status,
    /// Store the provider's present secret.
    Fetch,
    /// Have a new one made.
    Rotate,
    /// End the validity of the one before.
    Revoke,
}

/// What to do about the secrets that sign callers' webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WebhookAction {
    /// Show which ones sign.
    Status,
    /// Make a new one, or the first. The one before signs on beside it.
    Rotate,
    /// Let only the newest sign.
    Revoke,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn who_waits_does_so_for_an_hour_or_as_long_as_is_said() {
        for (line, seconds) in
            [("landfall retry 1 --wait", 3600), ("landfall retry 1 --wait --timeout 5m", 300)]
        {
            let read = Arguments::try_parse_from(line.split(' ')).expect("a line").command;
            let Command::Retry { waiting, .. } = read else { panic!("a retry") };
            assert_eq!(waiting.timeout.as_secs(), seconds, "{line}");
        }
    }

    #[test]
    fn what_contradicts_itself_or_says_too_little_is_refused() {
        for line in [
            "landfall list --all --limit 3",
            "landfall list --limit 0",
            "landfall download 1 a.png --archive",
            "landfall get",
            "landfall get 1 --json --output text",
            "landfall submit {} --timeout 5m",
            "landfall replay 1 --timeout 5m",
            "landfall link 1",
            "landfall link 1 a.png --archive",
            "landfall link 1 --archive --manifest",
            "landfall signing-secret abyssale sing",
            "landfall webhook-secret fetch",
        ] {
            assert!(Arguments::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
