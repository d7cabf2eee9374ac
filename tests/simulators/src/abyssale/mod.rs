//! Abyssale's side of the wire, for tests and for the local runner.
//!
//! [`AbyssaleSimulator`] follows section 10 of the integration contract. What the contract calls unknown is a
//! knob, never a guess. `README.md` beside this file lists every knob and every fault with examples.
//!
//! Scheduling, expiry and the overlap of secrets follow the virtual clock. Only the `t` of a signature is
//! real time, because the receiver that checks it has a real clock.

mod admin;
mod answer;
mod api;
mod archive;
mod banner;
mod banner_file;
mod check;
mod control;
mod dashboard;
mod delivery;
mod denied;
mod design;
mod dynamic_image;
mod event;
mod export;
mod fault;
mod faults;
mod file;
mod file_type;
mod files;
mod generation;
mod knobs;
mod lettering;
mod limit;
mod outbox;
mod project;
mod query;
mod refusal;
mod route;
mod seal;
mod secret;
mod send;
mod serve;
mod signature;
mod stored;
mod subscription;
mod template;
mod validate;
mod workspace;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{Endpoint, Origins, Outcome, Outgoing, Reply, Simulator};
use crate::{arrivals, clock, draw, log, range};

use self::arrivals::Arrivals;
use self::clock::{Clock, Moment};
use self::design::view::described;
use self::draw::Draw;
use self::dynamic_image::DynamicImages;
use self::export::Exports;
use self::faults::Faults;
use self::generation::Generations;
use self::knobs::Knobs;
use self::limit::Limits;
use self::log::RequestLog;
use self::outbox::Outbox;
use self::secret::SigningSecrets;
use self::subscription::Subscriptions;
use self::template::Duplication;
use self::workspace::Workspace;

/// A simulated Abyssale workspace: pure, and the same for the same seed and the same requests.
pub struct AbyssaleSimulator {
    origins: Origins,
    draw: Draw,
    secrets: SigningSecrets,
    clock: Clock,
    state: State,
}

/// What `POST /reset` forgets.
struct State {
    workspace: Workspace,
    knobs: Knobs,
    faults: Faults,
    limits: Limits,
    exports: Exports,
    generations: Generations,
    dynamic_images: DynamicImages,
    duplications: Vec<Duplication>,
    subscriptions: Subscriptions,
    outbox: Outbox,
    requests: RequestLog,
    arrivals: Arrivals,
}

impl State {
    /// The seeded workspace, before anything happened.
    fn seeded(draw: &Draw) -> Self {
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

impl Simulator for AbyssaleSimulator {
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
        self.state.outbox.ended(delivery, outcome, at.now, &self.state.knobs);
    }

    fn describe(&self) -> Value {
        json!({
            "api_url": self.origins.api,
            "api_key": self.state.workspace.api_key,
            "admin_url": self.origins.admin,
            "files_url": self.origins.files,
            "banner_ids": self.state.workspace.banner_ids(),
            "designs": described(self.state.workspace.designs.present(self.clock.last().now)),
        })
    }

    fn credentials(&mut self) -> Value {
        let at = self.clock.last();
        self.secrets.get(at.now, &mut self.draw);
        json!({
            "api_key": self.state.workspace.api_key,
            "signing_secrets": self.secrets.valid(at.now),
        })
    }

    fn demonstration(&self) -> Value {
        json!({
            "provider": "abyssale",
            "kind": "export",
            "banner_ids": self.state.workspace.banner_ids().into_iter().take(6).collect::<Vec<_>>(),
            "metadata": {"campaign": "spring"},
        })
    }

    /// Every output type, the picture that comes at once, and the one that is made when it is looked at.
    fn gallery(&self) -> Vec<Value> {
        let designs = self.describe()["designs"].clone();
        let design = |of: &str| designs[of][0]["id"].clone();
        let generation = |of: &str, file_type: &str| {
            json!({
                "provider": "abyssale", "kind": "generation", "design_id": design(of), "design_type": of,
                "image_file_type": file_type,
            })
        };
        let mut shown = vec![self.demonstration()];
        shown.extend(["jpeg", "png", "webp", "avif", "pdf"].map(|file_type| generation("static", file_type)));
        shown.extend(["mp4", "gif", "html5"].map(|file_type| generation("animated", file_type)));
        shown.push(generation("printer", "pdf"));
        shown.push(json!({
            "provider": "abyssale", "kind": "multipage_pdf", "design_id": design("printer_multipage"),
            "pages": {"page_1": {}},
        }));
        for kind in ["image", "dynamic_image"] {
            shown.push(json!({"provider": "abyssale", "kind": kind, "design_id": design("static")}));
        }
        shown
    }
}
