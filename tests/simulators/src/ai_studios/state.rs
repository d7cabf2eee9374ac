//! STATE

use crate::ai_studios::access_token::Tokens;
use crate::ai_studios::account::Account;
use crate::ai_studios::dubbing::Folder;
use crate::ai_studios::export::Exports;
use crate::ai_studios::fault_queues::Faults;
use crate::ai_studios::outbox::Outbox;
use crate::ai_studios::project::Projects;
use crate::ai_studios::settings::Knobs;
use crate::id_generator::Draw;
use crate::request_log::RequestLog;
use crate::request_rate::Arrivals;
use crate::simulator::Origins;
use crate::virtual_clock::Clock;

/// A simulated AI Studios account: pure, and the same for the same seed and the same requests.
pub struct AiStudiosSimulator {
    pub(super) origins: Origins,
    pub(super) draw: Draw,
    pub(super) account: Account,
    pub(super) tokens: Tokens,
    pub(super) clock: Clock,
    pub(super) state: State,
}

/// What `POST /reset` forgets.
pub(super) struct State {
    pub(super) projects: Projects,
    pub(super) folders: Vec<Folder>,
    pub(super) exports: Exports,
    pub(super) knobs: Knobs,
    pub(super) faults: Faults,
    pub(super) outbox: Outbox,
    pub(super) requests: RequestLog,
    pub(super) arrivals: Arrivals,
}

impl State {
    /// The seeded account, before anything happened.
    pub(super) fn seeded(account: &Account, draw: &Draw) -> Self {
        Self {
            projects: account.projects(draw),
            folders: Vec::new(),
            exports: Exports::default(),
            knobs: Knobs::default(),
            faults: Faults::default(),
            outbox: Outbox::default(),
            requests: RequestLog::default(),
            arrivals: Arrivals::default(),
        }
    }
}

impl AiStudiosSimulator {
    /// An account whose key, workspaces and projects follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self::for_run(seed, 0)
    }

    /// The same account, but new projects and exports take their ids from `run`, so that a database kept between
    /// two runs never sees an id twice.
    pub fn for_run(seed: u64, run: u64) -> Self {
        let draw = Draw::new(seed, run);
        let account = Account::seeded(&draw);
        Self {
            origins: Origins { api: String::new(), files: String::new(), admin: String::new() },
            tokens: Tokens::signed_with(draw.seeded("token key", run)),
            clock: Clock::default(),
            state: State::seeded(&account, &draw),
            account,
            draw,
        }
    }
}
