//! The state of the AI Studios simulator.

use crate::ai_studios::access_token::Tokens;
use crate::ai_studios::account::Account;
use crate::ai_studios::creation_log::CreationLog;
use crate::ai_studios::dubbing::DubbingFolder;
use crate::ai_studios::export::Exports;
use crate::ai_studios::fault_queues::Faults;
use crate::ai_studios::generated_asset::GeneratedAsset;
use crate::ai_studios::outbox::Outbox;
use crate::ai_studios::project::Projects;
use crate::ai_studios::settings::Settings;
use crate::ai_studios::uploaded_document::UploadedDocument;
use crate::id_generator::IdGenerator;
use crate::request_log::RequestLog;
use crate::request_rate::RequestRate;
use crate::simulator::Origins;
use crate::virtual_clock::VirtualClock;

/// A simulated AI Studios account. It is deterministic: the same seed and requests give the same responses.
pub struct AiStudiosSimulator {
    pub(super) origins: Origins,
    pub(super) ids: IdGenerator,
    pub(super) account: Account,
    pub(super) tokens: Tokens,
    pub(super) clock: VirtualClock,
    pub(super) state: SimulatorState,
}

/// The state that `POST /reset` resets.
pub(super) struct SimulatorState {
    pub(super) projects: Projects,
    pub(super) folders: Vec<DubbingFolder>,
    pub(super) uploads: Vec<UploadedDocument>,
    pub(super) assets: Vec<GeneratedAsset>,
    pub(super) creations: CreationLog,
    pub(super) exports: Exports,
    pub(super) settings: Settings,
    pub(super) faults: Faults,
    pub(super) outbox: Outbox,
    pub(super) request_log: RequestLog,
    pub(super) request_rate: RequestRate,
}

impl SimulatorState {
    /// Returns the seeded account's state.
    pub(super) fn seeded(account: &Account, ids: &IdGenerator) -> Self {
        Self {
            projects: account.projects(ids),
            folders: Vec::new(),
            uploads: Vec::new(),
            assets: Vec::new(),
            creations: CreationLog::default(),
            exports: Exports::default(),
            settings: Settings::default(),
            faults: Faults::default(),
            outbox: Outbox::default(),
            request_log: RequestLog::default(),
            request_rate: RequestRate::default(),
        }
    }
}

impl AiStudiosSimulator {
    /// Creates an account whose key, workspaces and projects depend on `seed`.
    pub fn new(seed: u64) -> Self {
        Self::for_run(seed, 0)
    }

    /// Creates the same account, but the ids of new projects and exports depend on `run`, so that a database
    /// kept between two runs never sees an id twice.
    pub fn for_run(seed: u64, run: u64) -> Self {
        let ids = IdGenerator::new(seed, run);
        let account = Account::seeded(&ids);
        Self {
            origins: Origins { api: String::new(), files: String::new(), admin: String::new() },
            tokens: Tokens::with_signing_key(ids.seeded("token key", run)),
            clock: VirtualClock::default(),
            state: SimulatorState::seeded(&account, &ids),
            account,
            ids,
        }
    }
}
