//! A simulator of AI Studios, for tests and for the local runner.
//!
//! [`AiStudiosSimulator`] follows section 9 of the integration contract. What no document of the vendor
//! specifies is a setting. The few invented words are in one group of settings, `invented`. `README.md` beside
//! this file lists every call, setting, fault and scenario.
//!
//! Progress, webhooks, tokens and URLs follow the virtual clock.

mod access_token;
mod account;
mod admin_actions;
mod admin_router;
mod api_endpoint;
mod api_error;
mod automation_options;
mod automation_project;
mod creation_log;
mod document_upload;
mod download_url;
mod dubbing;
mod dubbing_operations;
mod dubbing_request;
mod envelope;
mod example_jobs;
mod export;
mod export_operations;
mod export_progress;
mod export_run;
mod fault_queues;
mod fault_types;
mod field_check;
mod files_endpoint;
mod forged_webhook;
mod generated_asset;
mod imported_project;
mod media_file;
mod multipart;
mod operation_dispatch;
mod outbox;
mod progress_fields;
mod project;
mod project_creation;
mod project_edit;
mod project_response;
mod project_settings;
mod request_body;
mod route;
mod scenario;
mod scene_check;
mod settings;
mod state;
mod stored_file;
mod token_auth;
mod tool_operations;
mod uploaded_document;
mod webhook_delivery;
mod webhook_request;
mod webhook_scheduling;

#[cfg(test)]
mod tests;

pub use state::AiStudiosSimulator;

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::simulator::{DeliveryOutcome, Endpoint, Origins, OutgoingDelivery, Reply, Simulator};

impl Simulator for AiStudiosSimulator {
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
        webhook_request::record_attempt_outcome(self, delivery, outcome, at);
    }

    fn describe(&self) -> Value {
        let workspaces = self.account.workspaces.iter().map(|(id, _)| id.as_str());
        let templates = self.account.templates.iter().map(|(id, _)| id.as_str());
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
            "template_ids": templates.collect::<Vec<_>>(),
        })
    }

    fn credentials(&mut self) -> Value {
        json!({"app_id": self.account.app_id, "user_key": self.account.user_key})
    }

    fn shorten_latencies(&mut self) {
        let settings = &mut self.state.settings;
        (settings.timeline.queue_seconds, settings.timeline.ramp_seconds) = (0.5, 3.0);
        (settings.automation.creation_seconds, settings.dubbing.ramp_seconds) = (3.0, 3.0);
    }

    fn demo_job(&self) -> Value {
        json!({
            "provider": "ai_studios",
            "kind": "export",
            "project_id": self.account.project_ids.first(),
            "resolution": "1080",
            "metadata": {"campaign": "spring"},
        })
    }

    fn example_jobs(&self) -> Vec<Value> {
        // Not the demonstration's project: an edit of a project that is being exported waits.
        let project = self.account.project_ids.last().map(String::as_str).unwrap_or_default();
        let mut shown = vec![self.demo_job()];
        shown.extend(example_jobs::example_jobs(project));
        shown
    }
}
