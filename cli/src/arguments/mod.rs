//! The command line: commands, options and their help texts.

mod value_parsers;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use self::value_parsers::{parse_duration, parse_pair};

/// The help heading of the options that every command has.
const GLOBAL_OPTIONS: &str = "Global options";

/// The exit codes of [`crate::exit_status::ExitStatus`] as the help text lists them.
const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  transient error; retry the command
  2  invalid command line or malformed request
  3  rejected permanently
  4  no such job, file or delivery
  5  the job ended partial
  6  the job ended failed, expired or cancelled
  7  the job was still active after --timeout
  8  local file conflict
  9  a check reported a problem";

/// Submits jobs to Landfall, watches them, downloads their files and operates the installation.
#[derive(Debug, Parser)]
#[command(name = "landfall", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which submit function the command invokes, and with which AWS configuration.
#[derive(Debug, Args)]
pub(crate) struct ConnectionOptions {
    /// Name or ARN of the submit function
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL_OPTIONS,
        env = "LANDFALL_FUNCTION",
        default_value = "landfall-submit",
        value_name = "NAME"
    )]
    pub(crate) function: String,
    /// AWS profile. Defaults to AWS_PROFILE, else to the default profile
    #[arg(long, global = true, help_heading = GLOBAL_OPTIONS, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// AWS region. Defaults to the region of the environment or the profile
    #[arg(long, global = true, help_heading = GLOBAL_OPTIONS, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// How results are printed.
#[derive(Debug, Args)]
pub(crate) struct OutputOptions {
    /// Output format: text, or JSON with one document per line. Defaults to text on a terminal, JSON elsewhere
    #[arg(long = "output", global = true, help_heading = GLOBAL_OPTIONS, value_name = "FORMAT")]
    pub(crate) format: Option<OutputFormat>,
    /// The same as --output json
    #[arg(long, global = true, help_heading = GLOBAL_OPTIONS, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Print no progress and no hints on standard error
    #[arg(long, short, global = true, help_heading = GLOBAL_OPTIONS)]
    pub(crate) quiet: bool,
}

/// The format of results and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Text for people.
    Text,
    /// JSON, one document per line.
    Json,
}

/// One command with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Submit a job
    Submit {
        /// The request as `POST /jobs` takes it: JSON, the name of a file, or - for standard input
        request: String,
        /// Idempotency key: the same key and request return the same job. Generated if omitted
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        #[command(flatten)]
        wait: WaitOptions,
    },
    /// Show a job
    Get {
        /// The job's ID
        job: String,
    },
    /// List jobs, newest first
    List(ListArguments),
    /// Wait until a job has ended
    Wait {
        /// The job's ID
        job: String,
        /// How long to wait at most, such as 90s, 15m or 2h
        #[arg(long, default_value = "1h", value_name = "DURATION", value_parser = parse_duration)]
        timeout: Duration,
    },
    /// Download the files of a job. Resumes interrupted downloads and skips files that exist already
    Download(DownloadArguments),
    /// Print a presigned URL of a file, the archive or the manifest
    #[command(override_usage = "landfall link [OPTIONS] <JOB> <FILE|--archive|--manifest>")]
    Link(LinkArguments),
    /// Land a job's files again, or submit its request as a new job
    Retry {
        /// The job's ID
        job: String,
        /// Submit the same request as a new job, which the provider may bill. Repeating it returns the same new job
        #[arg(long)]
        resubmit: bool,
        #[command(flatten)]
        wait: WaitOptions,
    },
    /// Process a stored delivery of the provider again
    Replay {
        /// The job's ID
        job: String,
        /// The delivery's ID, as `get` lists it. Defaults to the newest delivery
        #[arg(long, value_name = "ID")]
        delivery: Option<String>,
        #[command(flatten)]
        wait: WaitOptions,
    },
    /// Cancel a job
    Cancel {
        /// The job's ID
        job: String,
    },
    /// Check configuration, credentials and connectivity
    Check {
        /// The provider, such as abyssale
        provider: String,
        /// Fields that only this provider takes, such as design_id=77aa10c2-…
        #[arg(value_name = "NAME=VALUE", value_parser = parse_pair)]
        fields: Vec<(String, String)>,
    },
    /// Manage the secret with which a provider signs its deliveries
    SigningSecret(SigningSecretArguments),
    /// Manage the secrets that sign webhooks to callers
    WebhookSecret {
        /// The action
        action: WebhookSecretAction,
    },
    /// Subscribe this installation to events of a provider's workspace. Finds subscriptions that exist already
    Subscribe(SubscriptionArguments),
    /// End subscriptions to events of a provider's workspace
    Unsubscribe(SubscriptionArguments),
    /// List, redrive or discard asynchronous invocations that failed
    FailedInvocations {
        #[command(subcommand)]
        action: FailedInvocationsAction,
    },
}

/// Actions on asynchronous invocations that failed. An invocation is named by its request ID.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum FailedInvocationsAction {
    /// Show what failed and why
    List,
    /// Run an invocation again, or all of them. A job that was submitted already is not submitted again
    Redrive {
        /// The invocation's request ID. Defaults to all invocations
        #[arg(value_name = "REQUEST_ID")]
        request_id: Option<String>,
    },
    /// Delete an invocation that is not to run again
    Discard {
        /// The invocation's request ID
        #[arg(value_name = "REQUEST_ID")]
        request_id: String,
    },
}

/// Which jobs are listed.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// First day, in UTC. Defaults to a week ago
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) from: Option<String>,
    /// Last day, in UTC. Defaults to today
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) to: Option<String>,
    /// List only jobs with these statuses, separated by commas
    #[arg(long, value_name = "STATUS,…")]
    pub(crate) status: Option<String>,
    /// List only jobs of this provider
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// List only jobs of this kind
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// List only jobs with this metadata value. May be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub(crate) metadata: Vec<(String, String)>,
    /// Maximum number of jobs
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
    /// List all jobs
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
}

/// What is downloaded, and the destination.
#[derive(Debug, Args)]
pub(crate) struct DownloadArguments {
    /// The job's ID
    pub(crate) job: String,
    /// Names of files. Defaults to all files
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Download the provider's archive in place of the files
    #[arg(long, conflicts_with = "files")]
    pub(crate) archive: bool,
    /// Destination folder, created if it does not exist. Defaults to a folder named after the job
    #[arg(long, short, value_name = "FOLDER")]
    pub(crate) to: Option<PathBuf>,
    /// Overwrite different files of the same names
    #[arg(long)]
    pub(crate) force: bool,
}

/// What the presigned URL gives access to, and for how long.
#[derive(Debug, Args)]
pub(crate) struct LinkArguments {
    /// The job's ID
    pub(crate) job: String,
    #[command(flatten)]
    pub(crate) selection: LinkSelection,
    /// Validity, such as 15m or 2h. The URL ends sooner if the credentials that sign it expire sooner
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) expires_in: Option<Duration>,
}

/// The object of a presigned URL: exactly one of these is given.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct LinkSelection {
    /// The name of a file
    pub(crate) file: Option<String>,
    /// The archive as the provider delivered it
    #[arg(long)]
    pub(crate) archive: bool,
    /// The manifest, which lists all files
    #[arg(long)]
    pub(crate) manifest: bool,
}

/// Whether the command waits until the job has ended.
#[derive(Debug, Args)]
pub(crate) struct WaitOptions {
    /// Wait until the job has ended, then show it
    #[arg(long = "wait")]
    pub(crate) is_requested: bool,
    /// How long to wait at most, such as 90s, 15m or 2h
    #[arg(long, requires = "is_requested", default_value = "1h", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) timeout: Duration,
}

/// The arguments of `signing-secret`.
#[derive(Debug, Args)]
pub(crate) struct SigningSecretArguments {
    /// The provider, such as abyssale
    pub(crate) provider: String,
    /// The action
    pub(crate) action: SigningSecretAction,
    /// Rotate even while the previous secret is still valid. This invalidates the previous secret
    #[arg(long)]
    pub(crate) force: bool,
}

/// The arguments of `subscribe` and `unsubscribe`.
#[derive(Debug, Args)]
pub(crate) struct SubscriptionArguments {
    /// The provider, such as abyssale
    pub(crate) provider: String,
    /// The events, such as new_export
    #[arg(value_name = "EVENT", required = true)]
    pub(crate) events: Vec<String>,
}

/// Actions on a provider's signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SigningSecretAction {
    /// Show the stored secrets and the provider's secret by their fingerprints.
    Status,
    /// Store the provider's current secret.
    Fetch,
    /// Make the provider generate a new secret, and store it.
    Rotate,
    /// Invalidate the previous secret.
    Revoke,
}

/// Actions on the secrets that sign webhooks to callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WebhookSecretAction {
    /// Show the active secrets by their fingerprints.
    Status,
    /// Generate a new secret, or the first one. The previous secret stays active beside it.
    Rotate,
    /// Keep only the newest secret active.
    Revoke,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_definition_is_valid() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_default_timeout_of_wait_is_an_hour() {
        for (line, seconds) in
            [("landfall retry 1 --wait", 3600), ("landfall retry 1 --wait --timeout 5m", 300)]
        {
            let command = Arguments::try_parse_from(line.split(' ')).expect("a valid line").command;
            let Command::Retry { wait, .. } = command else { panic!("not the command retry") };
            assert_eq!(wait.timeout.as_secs(), seconds, "{line}");
        }
    }

    #[test]
    fn contradictory_and_incomplete_command_lines_are_rejected() {
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
            "landfall subscribe abyssale",
            "landfall unsubscribe",
            "landfall failed-invocations",
            "landfall failed-invocations list 1",
            "landfall failed-invocations discard",
        ] {
            assert!(Arguments::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
