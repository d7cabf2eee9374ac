//! STATE

use crate::abyssale::design_duplication::Duplication;
use crate::abyssale::dynamic_image::DynamicImages;
use crate::abyssale::export::Exports;
use crate::abyssale::fault_queues::Faults;
use crate::abyssale::generation::Generations;
use crate::abyssale::outbox::Outbox;
use crate::abyssale::rate_limit::Limits;
use crate::abyssale::settings::Knobs;
use crate::abyssale::signing_secret::SigningSecrets;
use crate::abyssale::subscription::Subscriptions;
use crate::abyssale::workspace::Workspace;
use crate::id_generator::Draw;
use crate::request_log::RequestLog;
use crate::request_rate::Arrivals;
use crate::simulator::Origins;
use crate::virtual_clock::Clock;

/// A simulated Abyssale workspace: pure, and the same for the same seed and the same requests.
pub struct AbyssaleSimulator {
    pub(super) origins: Origins,
    pub(super) draw: Draw,
    pub(super) secrets: SigningSecrets,
    pub(super) clock: Clock,
    pub(super) state: State,
}

/// What `POST /reset` forgets.
pub(super) struct State {
    pub(super) workspace: Workspace,
    pub(super) knobs: Knobs,
    pub(super) faults: Faults,
    pub(super) limits: Limits,
    pub(super) exports: Exports,
    pub(super) generations: Generations,
    pub(super) dynamic_images: DynamicImages,
    pub(super) duplications: Vec<Duplication>,
    pub(super) subscriptions: Subscriptions,
    pub(super) outbox: Outbox,
    pub(super) requests: RequestLog,
    pub(super) arrivals: Arrivals,
}

impl State {
    /// The seeded workspace, before anything happened.
    pub(super) fn seeded(draw: &Draw) -> Self {
        Self {
            workspace: Workspace::seeded(draw),
            knobs: Knobs::default(),
            faults: Faults::default(),
            limits: Limits::default(),
            exports: Exports::default(),
            generations: Generations::default(),
            dynamic_images: DynamicImages::default(),
            duplications: Vec::new(),
            subscriptions: Subscriptions::default(),
            outbox: Outbox::default(),
            requests: RequestLog::default(),
            arrivals: Arrivals::default(),
        }
    }
}

impl AbyssaleSimulator {
    /// A workspace whose key, secrets, banners and designs follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self::for_run(seed, 0)
    }

    /// The same workspace, but generations, exports and deliveries take their ids from `run`, so that a database
    /// kept between two runs never sees an id twice.
    pub fn for_run(seed: u64, run: u64) -> Self {
        let draw = Draw::new(seed, run);
        Self {
            origins: Origins { api: String::new(), files: String::new(), admin: String::new() },
            secrets: SigningSecrets::default(),
            clock: Clock::default(),
            state: State::seeded(&draw),
            draw,
        }
    }
}
