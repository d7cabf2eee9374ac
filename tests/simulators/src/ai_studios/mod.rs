//! AI Studios' side of the wire, for tests and for the local runner.
//!
//! [`AiStudiosSimulator`] follows section 9 of the integration contract. What no document of the vendor says is a
//! knob; the few words that had to be made up are in one block of them, `invented`. `README.md` beside this file
//! lists every call, knob, fault and scenario.
//!
//! Progress, webhooks, tokens and URLs follow the virtual clock.

mod account;
mod address;
mod admin;
mod announce;
mod api;
mod auth;
mod automation;
mod body;
mod control;
mod create;
mod delivery;
mod dubbing;
mod envelope;
mod export;
mod fault;
mod faults;
mod files;
mod knobs;
mod lenience;
mod multipart;
mod outbox;
mod progress;
mod project;
mod project_view;
mod refusal;
mod route;
mod run;
mod scenario;
mod send;
mod serve;
mod token;
mod video;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::arrivals::Arrivals;
use crate::clock::{Clock, Moment};
use crate::draw::Draw;
use crate::log::RequestLog;
use crate::{Endpoint, Origins, Outcome, Outgoing, Reply, Simulator};

use self::account::Account;
use self::dubbing::Folder;
use self::export::Exports;
use self::faults::Faults;
use self::knobs::Knobs;
use self::outbox::Outbox;
use self::project::Projects;
use self::token::Tokens;

/// A simulated AI Studios account: pure, and the same for the same seed and the same requests.
pub struct AiStudiosSimulator {
    origins: Origins,
    draw: Draw,
    account: Account,
    tokens: Tokens,
    clock: Clock,
    state: State,
}

/// What `POST /reset` forgets.
struct State {
    projects: Projects,
    folders: Vec<Folder>,
    exports: Exports,
    knobs: Knobs,
    faults: Faults,
    outbox: Outbox,
    requests: RequestLog,
    arrivals: Arrivals,
}

impl State {
    /// The seeded account, before anything happened.
    fn seeded(account: &Account, draw: &Draw) -> Self {
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

    /// The knobs of a project: those of the account, and what was turned for it alone.
    fn knobs_for(&self, place: usize) -> Knobs {
        let own = &self.state.projects.at(place).knobs;
        // They fitted when they were set. What was changed since wins over them when both do not go together.
        self.state.knobs.changed(own).unwrap_or_else(|_| self.state.knobs.clone())
    }
}

impl Simulator for AiStudiosSimulator {
    fn set_origins(&mut self, origins: Origins) {
        self.origins = origins;
    }

    fn handle(&mut self, endpoint: Endpoint, request: http::Request<Bytes>, wall: OffsetDateTime) -> Reply {
        let at = self.clock.read(wall);
        match endpoint {
            Endpoint::Api => self.answer_api(&request, at),
            Endpoint::Files => self.answer_files(&request, at),
            Endpoint::Admin => self.answer_admin(&request, at),
        }
    }

    fn next_due(&self) -> Option<OffsetDateTime> {
        self.state.outbox.next_due().map(|due| self.clock.to_wall(due))
    }

    fn take_due(&mut self, wall: OffsetDateTime) -> Vec<Outgoing> {
        let at = self.clock.read(wall);
        self.send_due(at)
    }

    fn delivered(&mut self, delivery: u64, outcome: Outcome, wall: OffsetDateTime) {
        let at = self.clock.read(wall);
        self.attempt_ended(delivery, outcome, at);
    }

    fn describe(&self) -> Value {
        let workspaces = self.account.workspaces.iter().map(|(id, _)| id.as_str());
        json!({
            "api_url": self.origins.api,
            "app_id": self.account.app_id,
            "user_key": self.account.user_key,
            "admin_url": self.origins.admin,
            "files_url": self.origins.files,
            "project_ids": self.account.project_ids,
            "exported_project_id": self.account.exported_project_id,
            "foreign_project_id": self.account.foreign_project_id,
            "workspace_ids": workspaces.collect::<Vec<_>>(),
        })
    }

    fn credentials(&mut self) -> Value {
        json!({"app_id": self.account.app_id, "user_key": self.account.user_key})
    }

    fn hurry(&mut self) {
        (self.state.knobs.timeline.queue_seconds, self.state.knobs.timeline.ramp_seconds) = (0.5, 3.0);
    }

    fn demonstration(&self) -> Value {
        json!({
            "provider": "ai_studios",
            "kind": "export",
            "project_id": self.account.project_ids.first(),
            "resolution": "1080",
            "metadata": {"campaign": "spring"},
        })
    }
}
