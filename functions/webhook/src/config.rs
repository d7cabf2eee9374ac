//! The settings of the `webhook` function, in either role. They are environment variables.

use std::time::Duration;

use archive::UnpackLimits;
use http_client::{SsrfGuard, UrlOrigin};
use model::{ChecksumAlgorithm, Error, ErrorClass};
use runtime::{Environment, ProviderDefaults, ProviderSettings, read_ca_bundle};

use crate::landing::transfer::MinDownloadRate;

/// The largest archive by default: 10 GiB.
const DEFAULT_MAX_ARCHIVE_BYTES: u64 = 10 * 1024 * 1024 * 1024;

/// The minimum download rate by default: 80,000 bytes per second (640 kbit/s) over a minute. A download of at most 64
/// MiB cannot be resumed and must finish within one invocation, and 64 MiB in 15 minutes are 75,000 bytes per second:
/// a source that is slower than that never finishes one. Providers serve from object stores and CDNs at a hundred
/// times this rate and more. A source that is slower takes three minutes of a worker, not three hours.
const DEFAULT_MIN_DOWNLOAD_RATE: MinDownloadRate =
    MinDownloadRate { bytes_per_second: 80_000, window: Duration::from_secs(60) };

/// How long a landing occupies a worker of the delivery queue by default. 64 MiB, the most that restarts when it moves,
/// take this long at 6.7 MB per second. docs/architecture.md has the arithmetic.
const DEFAULT_SHORT_LANDING_SECONDS: u64 = 10;

/// The limits on an archive that is unpacked, by default: 10,000 entries, 50 GiB in all, 20 GiB each, and 200 times
/// the length of the archive.
const DEFAULT_UNPACK_LIMITS: UnpackLimits = UnpackLimits {
    max_entries: 10_000,
    max_unpacked_bytes: 50 * 1024 * 1024 * 1024,
    max_entry_bytes: 20 * 1024 * 1024 * 1024,
    max_ratio: 200,
};

/// The settings of the role of this process.
#[derive(Debug, Clone)]
pub enum Config {
    /// `ROLE=receiver`: the webhook receiver.
    Receiver(ReceiverConfig),
    /// `ROLE=worker`: the worker behind the queue.
    Worker(Box<WorkerConfig>),
}

/// The settings of both roles.
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

/// The settings of the receiver.
#[derive(Debug, Clone)]
pub struct ReceiverConfig {
    /// The delivery queue and the bucket.
    pub store: StoreConfig,
    /// `SECRET_ID`: name or ARN of Landfall's secret.
    pub secret_id: String,
    /// `TOKEN_SECRET_ID`: name or ARN of the secret with the providers' access tokens.
    pub token_secret_id: String,
    /// `REQUIRE_SIGNATURES`: whether a callback needs a signature besides its token, even while no signing secret is
    /// configured.
    pub require_signatures: bool,
}

/// The settings of the worker.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// The delivery queue and the bucket.
    pub store: StoreConfig,
    /// `TABLE_NAME`: the table of jobs.
    pub table: String,
    /// `EVENT_BUS_NAME`: the event bus for the events of jobs. Default: no events are published.
    pub event_bus: Option<String>,
    /// `MAX_ARCHIVE_BYTES`: the largest file that is downloaded.
    pub max_archive_bytes: u64,
    /// `MIN_DOWNLOAD_BYTES_PER_SECOND` and `MIN_DOWNLOAD_WINDOW_SECONDS`: the minimum download rate.
    pub min_download_rate: MinDownloadRate,
    /// `UNPACK`: whether archives are unpacked by default. A job may override it.
    pub unpack: bool,
    /// `MAX_ENTRIES`, `MAX_UNPACKED_BYTES`, `MAX_ENTRY_BYTES` and `MAX_RATIO`: the limits on an archive that is
    /// unpacked.
    pub unpack_limits: UnpackLimits,
    /// `LONG_LANDINGS_QUEUE_URL`: the queue of long landings.
    pub long_landings_queue_url: String,
    /// `SHORT_LANDING_SECONDS`: how long a landing occupies a worker of the delivery queue before it moves to the queue
    /// of long landings.
    pub short_landing_duration: Duration,
    /// `IMPORT_KINDS`: kinds of work that are imported as jobs although they were not submitted through Landfall:
    /// `export`, `generation`, `banner`.
    pub import_kinds: Vec<String>,
    /// `LOOKUP_DELAY_SECONDS`: the delay before the lookup of a workspace delivery's job is retried.
    pub lookup_delay_seconds: u32,
    /// `LEASE_SECONDS`: how long the lease on a job lasts after its worker has crashed.
    pub lease_duration: Duration,
    /// `RETRY_BASE_SECONDS`: the delay before the first retry of a message. It doubles each time, up to 15 minutes.
    pub retry_base_seconds: u32,
    /// `CALLER_WEBHOOKS_QUEUE_URL`: the queue of caller webhooks.
    pub caller_webhooks_queue_url: String,
    /// `WEBHOOK_ALLOWED_HOSTS`: hosts that caller webhooks may be sent to. Default: any public host.
    webhook_allowed_hosts: Vec<String>,
    /// `HEARTBEAT_SECONDS`: how often workflows that wait for a job receive a heartbeat while the job lands.
    pub heartbeat_interval: Duration,
    /// The settings of the sweep.
    pub sweep: SweepConfig,
    /// `TRUSTED_ORIGINS`: origins that the SSRF guard allows without a check, for simulators.
    trusted_origins: Vec<UrlOrigin>,
    /// The content of `TRUSTED_CA_FILE`: certificate authorities that are trusted besides the public ones, as PEM.
    pub ca_bundle: Vec<u8>,
    environment: Environment,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] naming the variable.
    pub fn read(environment: &Environment) -> Result<Self, Error> {
        match environment.optional("ROLE") {
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
        let algorithm = match environment.optional("CHECKSUM_ALGORITHM") {
            None | Some("CRC64NVME") => ChecksumAlgorithm::Crc64Nvme,
            Some("CRC32") => ChecksumAlgorithm::Crc32,
            Some(_) => {
                let message = "the environment variable CHECKSUM_ALGORITHM is not CRC64NVME or CRC32";
                return Err(Error::new(ErrorClass::Misconfigured, message));
            }
        };
        let prefix = environment.optional("KEY_PREFIX").unwrap_or_default().trim_start_matches('/');
        let ends = prefix.is_empty() || prefix.ends_with('/');
        Ok(Self {
            queue_url: environment.required("DELIVERY_QUEUE_URL")?,
            bucket: environment.required("BUCKET_NAME")?,
            prefix: if ends { prefix.to_owned() } else { format!("{prefix}/") },
            algorithm,
        })
    }
}

impl ReceiverConfig {
    fn read(environment: &Environment) -> Result<Self, Error> {
        Ok(Self {
            store: StoreConfig::read(environment)?,
            secret_id: environment.required("SECRET_ID")?,
            token_secret_id: environment.required("TOKEN_SECRET_ID")?,
            require_signatures: environment.parse_or_default("REQUIRE_SIGNATURES", false, "true or false")?,
        })
    }
}

impl WorkerConfig {
    fn read(environment: &Environment) -> Result<Self, Error> {
        Ok(Self {
            store: StoreConfig::read(environment)?,
            table: environment.required("TABLE_NAME")?,
            event_bus: environment.optional("EVENT_BUS_NAME").map(str::to_owned),
            max_archive_bytes: environment.parse_or_default(
                "MAX_ARCHIVE_BYTES",
                DEFAULT_MAX_ARCHIVE_BYTES,
                "a number of bytes",
            )?,
            min_download_rate: read_min_download_rate(environment)?,
            unpack: environment.parse_or_default("UNPACK", true, "true or false")?,
            unpack_limits: read_unpack_limits(environment)?,
            long_landings_queue_url: environment.required("LONG_LANDINGS_QUEUE_URL")?,
            short_landing_duration: Duration::from_secs(environment.parse_or_default(
                "SHORT_LANDING_SECONDS",
                DEFAULT_SHORT_LANDING_SECONDS,
                "a number of seconds",
            )?),
            import_kinds: environment.comma_separated("IMPORT_KINDS"),
            lookup_delay_seconds: environment.parse_or_default(
                "LOOKUP_DELAY_SECONDS",
                30,
                "a number of seconds",
            )?,
            lease_duration: Duration::from_secs(environment.parse_or_default(
                "LEASE_SECONDS",
                60,
                "a number of seconds",
            )?),
            retry_base_seconds: environment.parse_or_default(
                "RETRY_BASE_SECONDS",
                10,
                "a number of seconds",
            )?,
            caller_webhooks_queue_url: environment.required("CALLER_WEBHOOKS_QUEUE_URL")?,
            webhook_allowed_hosts: environment.comma_separated("WEBHOOK_ALLOWED_HOSTS"),
            heartbeat_interval: read_heartbeat_interval(environment)?,
            sweep: SweepConfig::read(environment)?,
            trusted_origins: UrlOrigin::parse_trusted_origins(
                &environment.comma_separated("TRUSTED_ORIGINS"),
            )?,
            ca_bundle: read_ca_bundle(environment)?,
            environment: environment.clone(),
        })
    }

    /// The SSRF guard for downloads of a provider's files. It allows the provider's hosts, those of
    /// `<PROVIDER>_DOWNLOAD_HOSTS`, and the trusted origins.
    pub fn download_guard(&self, provider: &dyn providers::Provider) -> SsrfGuard {
        let setting = format!("{}_DOWNLOAD_HOSTS", provider.name().to_uppercase());
        let provider_hosts = provider.download_hosts().iter().map(|host| (*host).to_owned());
        let hosts: Vec<String> = provider_hosts.chain(self.environment.comma_separated(&setting)).collect();
        SsrfGuard::new(hosts, self.trusted_origins.iter().cloned(), setting)
    }

    /// The SSRF guard for caller webhooks. It allows the hosts of `WEBHOOK_ALLOWED_HOSTS` or all public ones, and the
    /// trusted origins.
    pub(crate) fn caller_webhook_guard(&self) -> SsrfGuard {
        SsrfGuard::for_caller_urls(
            self.webhook_allowed_hosts.iter().cloned(),
            self.trusted_origins.iter().cloned(),
            "WEBHOOK_ALLOWED_HOSTS",
        )
    }
}

/// The settings of the sweep and of polls.
#[derive(Debug, Clone)]
pub struct SweepConfig {
    /// `SECRET_ID`: name or ARN of Landfall's secret.
    pub secret_id: String,
    /// `TOKEN_SECRET_ID`: name or ARN of the secret with the providers' access tokens.
    pub token_secret_id: String,
    /// `SUBMISSIONS_QUEUE_URL`: the queue of jobs that wait to be submitted.
    pub submissions_queue_url: String,
    /// `<PROVIDER>_API_URL` and `<PROVIDER>_REQUESTS_PER_SECOND`.
    pub providers: ProviderSettings,
    /// `PROVIDER_TIMEOUT_SECONDS`: the timeout of one request to a provider. Default 20.
    pub provider_timeout: Duration,
    /// `CALLBACK_TIMEOUT_SECONDS`: when a job expires whose work cannot be polled. Default a day: Abyssale retries a
    /// callback for hours (contract of Abyssale 6.1).
    pub callback_timeout: Duration,
    /// `SWEEP_SECONDS`: the longest duration of a sweep. Default 50, so that it ends before the next one starts.
    pub max_duration: Duration,
}

impl SweepConfig {
    fn read(environment: &Environment) -> Result<Self, Error> {
        let seconds = |name: &str, default: u64| {
            environment.parse_or_default(name, default, "a number of seconds").map(Duration::from_secs)
        };
        let providers = providers::ALL.iter().map(|provider| ProviderDefaults {
            name: provider.name(),
            api_url: provider.default_api_url(),
            requests_per_second: provider.requests_per_second(),
            concurrent_jobs: provider.concurrency_limit(),
        });
        Ok(Self {
            secret_id: environment.required("SECRET_ID")?,
            token_secret_id: environment.required("TOKEN_SECRET_ID")?,
            submissions_queue_url: environment.required("SUBMISSIONS_QUEUE_URL")?,
            providers: ProviderSettings::from_environment(environment, providers)?,
            provider_timeout: seconds("PROVIDER_TIMEOUT_SECONDS", 20)?,
            callback_timeout: seconds("CALLBACK_TIMEOUT_SECONDS", 24 * 3600)?,
            max_duration: seconds("SWEEP_SECONDS", 50)?,
        })
    }
}

fn read_heartbeat_interval(environment: &Environment) -> Result<Duration, Error> {
    let seconds: u64 = environment.parse_or_default("HEARTBEAT_SECONDS", 30, "a number of seconds")?;
    // An interval of zero would be a busy loop.
    Ok(Duration::from_secs(seconds.max(1)))
}

fn read_min_download_rate(environment: &Environment) -> Result<MinDownloadRate, Error> {
    let name = "MIN_DOWNLOAD_BYTES_PER_SECOND";
    let bytes_per_second = environment.parse_or_default(
        name,
        DEFAULT_MIN_DOWNLOAD_RATE.bytes_per_second,
        "a number of bytes",
    )?;
    let name = "MIN_DOWNLOAD_WINDOW_SECONDS";
    let seconds: u64 = environment.parse_or_default(
        name,
        DEFAULT_MIN_DOWNLOAD_RATE.window.as_secs(),
        "a number of seconds",
    )?;
    // A rate needs a window of more than zero.
    Ok(MinDownloadRate { bytes_per_second, window: Duration::from_secs(seconds.max(1)) })
}

fn read_unpack_limits(environment: &Environment) -> Result<UnpackLimits, Error> {
    Ok(UnpackLimits {
        max_entries: environment.parse_or_default(
            "MAX_ENTRIES",
            DEFAULT_UNPACK_LIMITS.max_entries,
            "a number",
        )?,
        max_unpacked_bytes: environment.parse_or_default(
            "MAX_UNPACKED_BYTES",
            DEFAULT_UNPACK_LIMITS.max_unpacked_bytes,
            "a number of bytes",
        )?,
        max_entry_bytes: environment.parse_or_default(
            "MAX_ENTRY_BYTES",
            DEFAULT_UNPACK_LIMITS.max_entry_bytes,
            "a number of bytes",
        )?,
        max_ratio: environment.parse_or_default("MAX_RATIO", DEFAULT_UNPACK_LIMITS.max_ratio, "a number")?,
    })
}
