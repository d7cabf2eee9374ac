//! The state of the Abyssale simulator.

use crate::abyssale::design_duplication::DesignDuplication;
use crate::abyssale::dynamic_image::DynamicImages;
use crate::abyssale::export::Exports;
use crate::abyssale::fault_queues::Faults;
use crate::abyssale::generation::Generations;
use crate::abyssale::outbox::Outbox;
use crate::abyssale::rate_limit::RateLimits;
use crate::abyssale::settings::Settings;
use crate::abyssale::signing_secret::SigningSecrets;
use crate::abyssale::subscription::Subscriptions;
use crate::abyssale::workspace::Workspace;
use crate::id_generator::IdGenerator;
use crate::request_log::RequestLog;
use crate::request_rate::RequestRate;
use crate::simulator::Origins;
use crate::virtual_clock::VirtualClock;

/// A simulated Abyssale workspace. It is deterministic: the same seed and requests give the same responses.
pub struct AbyssaleSimulator {
    pub(super) origins: Origins,
    pub(super) ids: IdGenerator,
    pub(super) secrets: SigningSecrets,
    pub(super) clock: VirtualClock,
    pub(super) state: SimulatorState,
}

/// The state that `POST /reset` resets.
pub(super) struct SimulatorState {
    pub(super) workspace: Workspace,
    pub(super) settings: Settings,
    pub(super) faults: Faults,
    pub(super) rate_limits: RateLimits,
    pub(super) exports: Exports,
    pub(super) generations: Generations,
    pub(super) dynamic_images: DynamicImages,
    pub(super) duplications: Vec<DesignDuplication>,
    pub(super) subscriptions: Subscriptions,
    pub(super) outbox: Outbox,
    pub(super) request_log: RequestLog,
    pub(super) request_rate: RequestRate,
}

impl SimulatorState {
    /// Returns the seeded workspace.
    pub(super) fn seeded(ids: &IdGenerator) -> Self {
        Self {
            workspace: Workspace::seeded(ids),
            settings: Settings::default(),
            faults: Faults::default(),
            rate_limits: RateLimits::default(),
            exports: Exports::default(),
            generations: Generations::default(),
            dynamic_images: DynamicImages::default(),
            duplications: Vec::new(),
            subscriptions: Subscriptions::default(),
            outbox: Outbox::default(),
            request_log: RequestLog::default(),
            request_rate: RequestRate::default(),
        }
    }
}

impl AbyssaleSimulator {
    /// Creates a workspace whose key, secrets, banners and designs depend on `seed`.
    pub fn new(seed: u64) -> Self {
        Self::for_run(seed, 0)
    }

    /// Creates the same workspace, but the ids of generations, exports and deliveries depend on `run`, so that
    /// a database kept between two runs never sees an id twice.
    pub fn for_run(seed: u64, run: u64) -> Self {
        let ids = IdGenerator::new(seed, run);
        Self {
            origins: Origins { api: String::new(), files: String::new(), admin: String::new() },
            secrets: SigningSecrets::default(),
            clock: VirtualClock::default(),
            state: SimulatorState::seeded(&ids),
            ids,
        }
    }
}
