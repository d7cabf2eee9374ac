//! The environment that the `webhook` function reads, in either role.

use std::time::Duration;

use archive::UnpackLimits;
use model::{ChecksumAlgorithm, Error, ErrorClass};
use runtime::{DefaultLimits, Environment, ProviderSettings, ca_bundle};
use transport::{Origin, SsrfGuard};

use crate::landing::transfer::MinRate;

/// Largest archive that is brought in unless configured otherwise: 10 GiB.
const MAX_ARCHIVE_BYTES: u64 = 10 * 1024 * 1024 * 1024;

/// The least rate of a source unless configured otherwise: 80,000 bytes per second (640 kbit/s) over a minute. What is
/// at most 64 MiB long cannot be gone on with and must come within one invocation, and 64 MiB in 15 minutes are 75,000
/// bytes per second: a source that is slower than that never lands one. Providers serve from object stores and CDNs at
/// a hundred times this rate and more. A source that drips takes three minutes of a worker, not three hours.
const MIN_RATE: MinRate = MinRate { bytes_per_second: 80_000, window: Duration::from_secs(60) };

/// What is unpacked unless configured otherwise: 10,000 entries, 50 GiB in all, 20 GiB each, 200 times its own length.
const LIMITS: UnpackLimits = UnpackLimits {
    max_entries: 10_000,
    max_unpacked_bytes: 50 * 1024 * 1024 * 1024,
    max_entry_bytes: 20 * 1024 * 1024 * 1024,
    max_ratio: 200,
};

/// Which of the two functions this process is.
#[derive(Debug, Clone)]
pub enum Config {
    /// `ROLE=receiver`: the webhook receiver.
    Receiver(ReceiverConfig),
    /// `ROLE=worker`: the worker behind the queue.
    Worker(Box<WorkerConfig>),
}

/// What both roles read.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `DELIVERY_QUEUE_URL`: the delivery queue.
    pub queue_url: String,
    /// `BUCKET_NAME`: the user's bucket.
    pub bucket: String,
    /// `KEY_PREFIX`: prefix of every key, empty or ending in `/`.
    pub prefix: String,
    /// `CHECKSUM_ALGORITHM`: `CRC64NVME` (default) or `CRC32`.
    pub algorithm: ChecksumAlgorithm,
}

/// What the receiver reads.
#[derive(Debug, Clone)]
pub struct ReceiverConfig {
    /// Queue and bucket.
    pub store: StoreConfig,
    /// `SECRET_ID`: name or ARN of Landfall's secret.
    pub secret_id: String,
    /// `TOKEN_SECRET_ID`: name or ARN of the secret in which tokens of providers are kept.
    pub token_secret_id: String,
    /// `REQUIRE_SIGNATURES`: whether a callback's token is not enough, even while no signing secret is configured.
    pub require_signatures: bool,
}

/// What the worker reads.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Queue and bucket.
    pub store: StoreConfig,
    /// `TABLE_NAME`: the table of jobs.
    pub table: String,
    /// `EVENT_BUS_NAME`: the event bus on which others are told of jobs. Default: nobody is told.
    pub event_bus: Option<String>,
    /// `MAX_ARCHIVE_BYTES`: the largest archive that is brought in.
    pub largest: u64,
    /// `MIN_DOWNLOAD_BYTES_PER_SECOND` and `MIN_DOWNLOAD_WINDOW_SECONDS`: the least rate of a source.
    pub min_rate: MinRate,
    /// `UNPACK`: whether archives are unpacked when their jobs do not say.
    pub unpack: bool,
    /// `MAX_ENTRIES`, `MAX_UNPACKED_BYTES`, `MAX_ENTRY_BYTES` and `MAX_RATIO`: the largest archive that is unpacked.
    pub limits: UnpackLimits,
    /// `IMPORT_KINDS`: kinds of work that become a job although nobody asked us for them: `export`, `generation`, `banner`.
    pub adopt: Vec<String>,
    /// `LOOKUP_DELAY_SECONDS`: how long a workspace delivery waits before its job is looked for once more.
    pub lookup_delay: u32,
    /// `LEASE_SECONDS`: how long a crashed worker's job is left alone.
    pub lease: Duration,
    /// `RETRY_BASE_SECONDS`: the first wait after a passing trouble; doubles each time, up to 15 minutes.
    pub retry: u32,
    /// `CALLER_WEBHOOKS_QUEUE_URL`: the queue of what callers are to be told by their own webhooks.
    pub caller_webhooks_queue_url: String,
    /// `WEBHOOK_ALLOWED_HOSTS`: hosts that may be told. Default: any that is public.
    notify_hosts: Vec<String>,
    /// `HEARTBEAT_SECONDS`: how often those who wait for a job get a sign of life while its files are brought in.
    pub heartbeat: Duration,
    /// What the sweep needs.
    pub sweep: SweepConfig,
    /// `TRUSTED_ORIGINS`: origins that the download guard lets through unchecked, for simulators.
    trusted: Vec<Origin>,
    /// What `TRUSTED_CA_FILE` holds: authorities that are trusted besides the public ones, as PEM.
    pub ca_bundle: Vec<u8>,
    environment: Environment,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] naming the variable.
    pub fn read(environment: &Environment) -> Result<Self, Error> {
        match environment.maybe("ROLE") {
            Some("receiver") => ReceiverConfig::read(environment).map(Config::Receiver),
            Some("worker") => WorkerConfig::read(environment).map(|config| Config::Worker(Box::new(config))),
            _ => Err(Error::new(
                ErrorClass::Misconfigured,
                "the environment variable ROLE is not receiver or worker",
            )),
        }
    }
}

impl StoreConfig {
    fn read(environment: &Environment) -> Result<Self, Error> {
        let algorithm = match environment.maybe("CHECKSUM_ALGORITHM") {
            None | Some("CRC64NVME") => ChecksumAlgorithm::Crc64Nvme,
            Some("CRC32") => ChecksumAlgorithm::Crc32,
            Some(_) => {
                let message = "the environment variable CHECKSUM_ALGORITHM is not CRC64NVME or CRC32";
                return Err(Error::new(ErrorClass::Misconfigured, message));
            }
        };
        let prefix = environment.maybe("KEY_PREFIX").unwrap_or_default().trim_start_matches('/');
        let ends = prefix.is_empty() || prefix.ends_with('/');
        Ok(Self {
            queue_url: environment.text("DELIVERY_QUEUE_URL")?,
            bucket: environment.text("BUCKET_NAME")?,
            prefix: if ends { prefix.to_owned() } else { format!("{prefix}/") },
            algorithm,
        })
    }
}

impl ReceiverConfig {
    fn read(environment: &Environment) -> Result<Self, Error> {
        Ok(Self {
            store: StoreConfig::read(environment)?,
            secret_id: environment.text("SECRET_ID")?,
            token_secret_id: environment.text("TOKEN_SECRET_ID")?,
            require_signatures: environment.parsed("REQUIRE_SIGNATURES", false, "true or false")?,
        })
    }
}

impl WorkerConfig {
    fn read(environment: &Environment) -> Result<Self, Error> {
        Ok(Self {
            store: StoreConfig::read(environment)?,
            table: environment.text("TABLE_NAME")?,
            event_bus: environment.maybe("EVENT_BUS_NAME").map(str::to_owned),
            largest: environment.parsed("MAX_ARCHIVE_BYTES", MAX_ARCHIVE_BYTES, "a number of bytes")?,
            min_rate: min_rate(environment)?,
            unpack: environment.parsed("UNPACK", true, "true or false")?,
            limits: limits(environment)?,
            adopt: environment.list("IMPORT_KINDS"),
            lookup_delay: environment.parsed("LOOKUP_DELAY_SECONDS", 30, "a number of seconds")?,
            lease: Duration::from_secs(environment.parsed("LEASE_SECONDS", 60, "a number of seconds")?),
            retry: environment.parsed("RETRY_BASE_SECONDS", 10, "a number of seconds")?,
            caller_webhooks_queue_url: environment.text("CALLER_WEBHOOKS_QUEUE_URL")?,
            notify_hosts: environment.list("WEBHOOK_ALLOWED_HOSTS"),
            heartbeat: heartbeat(environment)?,
            sweep: SweepConfig::read(environment)?,
            trusted: Origin::trusted(&environment.list("TRUSTED_ORIGINS"))?,
            ca_bundle: ca_bundle(environment)?,
            environment: environment.clone(),
        })
    }

    /// The download guard for a provider's files: its own hosts, those of `<PROVIDER>_DOWNLOAD_HOSTS`, and the
    /// trusted origins.
    pub fn guard(&self, provider: &dyn providers::Provider) -> SsrfGuard {
        let setting = format!("{}_DOWNLOAD_HOSTS", provider.name().to_uppercase());
        let own = provider.download_hosts().iter().map(|host| (*host).to_owned());
        let hosts: Vec<String> = own.chain(self.environment.list(&setting)).collect();
        SsrfGuard::new(hosts, self.trusted.iter().cloned(), setting)
    }

    /// The guard for callers' webhooks: those of `WEBHOOK_ALLOWED_HOSTS` or all, and the trusted origins.
    pub(crate) fn caller_guard(&self) -> SsrfGuard {
        SsrfGuard::for_calls(
            self.notify_hosts.iter().cloned(),
            self.trusted.iter().cloned(),
            "WEBHOOK_ALLOWED_HOSTS",
        )
    }
}

/// What the sweep reads.
#[derive(Debug, Clone)]
pub struct SweepConfig {
    /// `SECRET_ID`: name or ARN of Landfall's secret.
    pub secret_id: String,
    /// `TOKEN_SECRET_ID`: name or ARN of the secret in which tokens of providers are kept.
    pub token_secret_id: String,
    /// `SUBMISSIONS_QUEUE_URL`: where jobs wait for their turn at a provider.
    pub submissions_queue_url: String,
    /// `<PROVIDER>_API_URL` and `<PROVIDER>_REQUESTS_PER_SECOND`.
    pub providers: ProviderSettings,
    /// `PROVIDER_TIMEOUT_SECONDS`: how long a provider may take to answer one question. Default 20.
    pub provider_timeout: Duration,
    /// `CALLBACK_TIMEOUT_SECONDS`: how long work is waited for that the provider cannot be asked about. Default a day: a
    /// callback is tried again for hours (contract of Abyssale 6.1).
    pub expiry: Duration,
    /// `SWEEP_SECONDS`: how long one sweep goes on at most. Default 50, so that one is over when the next begins.
    pub longest: Duration,
}

impl SweepConfig {
    fn read(environment: &Environment) -> Result<Self, Error> {
        let seconds = |name: &str, default: u64| {
            environment.parsed(name, default, "a number of seconds").map(Duration::from_secs)
        };
        let providers = providers::ALL.iter().map(|provider| DefaultLimits {
            name: provider.name(),
            api_url: provider.default_api_url(),
            requests_per_second: provider.requests_per_second(),
            concurrent_jobs: provider.concurrent_jobs(),
        });
        Ok(Self {
            secret_id: environment.text("SECRET_ID")?,
            token_secret_id: environment.text("TOKEN_SECRET_ID")?,
            submissions_queue_url: environment.text("SUBMISSIONS_QUEUE_URL")?,
            providers: ProviderSettings::read(environment, providers)?,
            provider_timeout: seconds("PROVIDER_TIMEOUT_SECONDS", 20)?,
            expiry: seconds("CALLBACK_TIMEOUT_SECONDS", 24 * 3600)?,
            longest: seconds("SWEEP_SECONDS", 50)?,
        })
    }
}

fn heartbeat(environment: &Environment) -> Result<Duration, Error> {
    let seconds: u64 = environment.parsed("HEARTBEAT_SECONDS", 30, "a number of seconds")?;
    // An interval of nothing would keep the processor busy.
    Ok(Duration::from_secs(seconds.max(1)))
}

fn min_rate(environment: &Environment) -> Result<MinRate, Error> {
    let name = "MIN_DOWNLOAD_BYTES_PER_SECOND";
    let bytes_per_second = environment.parsed(name, MIN_RATE.bytes_per_second, "a number of bytes")?;
    let name = "MIN_DOWNLOAD_WINDOW_SECONDS";
    let seconds: u64 = environment.parsed(name, MIN_RATE.window.as_secs(), "a number of seconds")?;
    // Over no time at all there is no rate.
    Ok(MinRate { bytes_per_second, window: Duration::from_secs(seconds.max(1)) })
}

fn limits(environment: &Environment) -> Result<UnpackLimits, Error> {
    Ok(UnpackLimits {
        max_entries: environment.parsed("MAX_ENTRIES", LIMITS.max_entries, "a number")?,
        max_unpacked_bytes: environment.parsed(
            "MAX_UNPACKED_BYTES",
            LIMITS.max_unpacked_bytes,
            "a number of bytes",
        )?,
        max_entry_bytes: environment.parsed(
            "MAX_ENTRY_BYTES",
            LIMITS.max_entry_bytes,
            "a number of bytes",
        )?,
        max_ratio: environment.parsed("MAX_RATIO", LIMITS.max_ratio, "a number")?,
    })
}
