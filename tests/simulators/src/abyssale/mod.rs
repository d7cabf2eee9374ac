//! A simulator of Abyssale, for tests and for the local runner.
//!
//! [`AbyssaleSimulator`] follows section 10 of the integration contract. What the contract calls unknown is a
//! setting, never a guess. `README.md` beside this file lists every setting and every fault with examples.
//!
//! Schedules, expiry and the overlap of secrets follow the virtual clock. Only the `t` of a signature is real
//! time, because the receiver that checks it has a real clock.

mod admin_actions;
mod admin_router;
mod admin_workspace;
mod api_endpoint;
mod api_error;
mod api_response;
mod banner;
mod banner_response;
mod custom_file;
mod design;
mod design_duplication;
mod dynamic_image;
mod dynamic_image_operations;
mod event_body;
mod event_timing;
mod export;
mod export_archive;
mod export_operations;
mod fault_queues;
mod fault_types;
mod field_validation;
mod file_type;
mod files_endpoint;
mod fonts;
mod generation;
mod list_query;
mod operation_dispatch;
mod outbox;
mod project;
mod rate_limit;
mod rendered_file;
mod request_body;
mod route;
mod settings;
mod signed_url;
mod signing_secret;
mod state;
mod storage_error;
mod stored_file;
mod subscription;
mod uuid_format;
mod webhook_delivery;
mod webhook_request;
mod webhook_scheduling;
mod webhook_signature;
mod workspace;
mod workspace_template;

#[cfg(test)]
mod tests;

pub use state::AbyssaleSimulator;

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::simulator::{DeliveryOutcome, Endpoint, Origins, OutgoingDelivery, Reply, Simulator};

use design::design_response::describe_designs;

impl Simulator for AbyssaleSimulator {
    fn set_origins(&mut self, origins: Origins) {
        self.origins = origins;
    }

    fn handle(&mut self, endpoint: Endpoint, request: http::Request<Bytes>, wall: OffsetDateTime) -> Reply {
        let at = self.clock.read(wall);
        match endpoint {
            Endpoint::Api => api_endpoint::handle_api_request(self, &request, at),
            Endpoint::Files => files_endpoint::handle_download(self, &request, at),
            Endpoint::Admin => admin_router::handle_admin_request(self, &request, at),
        }
    }

    fn next_due(&self) -> Option<OffsetDateTime> {
        self.state.outbox.next_due().map(|due| self.clock.to_wall(due))
    }

    fn take_due(&mut self, wall: OffsetDateTime) -> Vec<OutgoingDelivery> {
        let at = self.clock.read(wall);
        webhook_request::take_due_requests(self, at)
    }

    fn record_outcome(&mut self, delivery: u64, outcome: DeliveryOutcome, wall: OffsetDateTime) {
        let at = self.clock.read(wall);
        self.state.outbox.finish_attempt(delivery, outcome, at.now, &self.state.settings);
    }

    fn describe(&self) -> Value {
        json!({
            "api_url": self.origins.api,
            "api_key": self.state.workspace.api_key,
            "admin_url": self.origins.admin,
            "files_url": self.origins.files,
            "banner_ids": self.state.workspace.banner_ids(),
            "designs": describe_designs(self.state.workspace.designs.existing(self.clock.last().now)),
        })
    }

    fn credentials(&mut self) -> Value {
        let at = self.clock.last();
        self.secrets.get(at.now, &mut self.ids);
        json!({
            "api_key": self.state.workspace.api_key,
            "signing_secrets": self.secrets.valid(at.now),
        })
    }

    fn demo_job(&self) -> Value {
        json!({
            "provider": "abyssale",
            "kind": "export",
            "banner_ids": self.state.workspace.banner_ids().into_iter().take(6).collect::<Vec<_>>(),
            "metadata": {"campaign": "spring"},
        })
    }

    /// Covers every output type, the synchronous image, and the dynamic image that is rendered on request.
    fn example_jobs(&self) -> Vec<Value> {
        let designs = self.describe()["designs"].clone();
        let design = |of: &str| designs[of][0]["id"].clone();
        let generation = |of: &str, file_type: &str| {
            json!({
                "provider": "abyssale", "kind": "generation", "design_id": design(of), "design_type": of,
                "image_file_type": file_type,
            })
        };
        let mut shown = vec![self.demo_job()];
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
