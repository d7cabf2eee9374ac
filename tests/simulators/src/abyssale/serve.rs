//! Carries an operation out when nothing is in its way.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::generation::body::{self, Operation};
use super::query::Query;
use super::refusal::Refusal;
use super::route::{DesignCall, HookCall, Route, SecretCall, WorkspaceCall};
use super::subscription::Subscription;
use super::{AbyssaleSimulator, Moment, answer, lettering, validate};

/// The answer to a call.
type Served = Result<Response<Bytes>, Refusal>;

impl AbyssaleSimulator {
    /// `at_once` makes due without the usual latency what comes of the call.
    pub(super) fn serve(
        &mut self,
        route: Route,
        request: &Request<Bytes>,
        at_once: bool,
        at: Moment,
    ) -> Served {
        match route {
            Route::Ready => Ok(self.ok(json!({"status": "ok"}))),
            Route::Auth => Ok(self.ok(json!({"company": "Acme Inc."}))),
            Route::Export => {
                let body = validate::export(request, &self.state.knobs)?;
                self.accept_export(body, at_once, at)
            }
            Route::Generate(design, Operation::Render) => {
                let body = body::read(request, Operation::Render, &self.state.knobs)?;
                let banner = self.render(design, &body, at)?;
                Ok(self.ok(banner))
            }
            Route::Generate(design, operation) => {
                let body = body::read(request, operation, &self.state.knobs)?;
                self.accept_generation(design, body, operation, at_once, at)
            }
            Route::Poll(id) => self.poll(id, at),
            Route::Banner(id) => {
                let banner = self.state.workspace.banners.get(id, at.now);
                let version = banner.ok_or_else(Refusal::visual_not_found)?.version;
                let view = self.banner_view(id, version, at).ok_or_else(Refusal::visual_not_found)?;
                Ok(self.ok(view))
            }
            Route::Design(call) => self.serve_designs(call, request, at),
            Route::Workspace(call) => self.serve_workspace(call, request, at),
            Route::Secret(call) => self.serve_secret(call, request, at),
            Route::Hook(call) => self.serve_hooks(call, request),
        }
    }

    /// 200. A bare list carries no stamp, and a Banner has a version of its own (contract 1.1).
    fn ok(&self, body: Value) -> Response<Bytes> {
        answer::json(StatusCode::OK, body, &self.state.knobs)
    }

    fn serve_designs(&mut self, call: DesignCall, request: &Request<Bytes>, at: Moment) -> Served {
        let body = match call {
            DesignCall::List => return self.list_designs(request, at),
            DesignCall::DynamicImage(id) => return self.dynamic_image(id, request, at),
            DesignCall::Show(id) => self.design_view(id, request, at)?,
            DesignCall::Format(id, specifier) => self.format_detail(id, &specifier, at)?,
            DesignCall::Rename(id) => self.rename_design(id, request, at)?,
            DesignCall::Move(id) => self.move_design(id, request, at)?,
            DesignCall::Delete(id) => self.delete_design(id, at)?,
        };
        Ok(self.ok(body))
    }

    fn serve_workspace(&mut self, call: WorkspaceCall, request: &Request<Bytes>, at: Moment) -> Served {
        let body = match call {
            WorkspaceCall::Fonts => {
                let query = Query::of(request);
                return query.paged(lettering::list(&self.draw, &query));
            }
            WorkspaceCall::Projects => return self.list_projects(request),
            WorkspaceCall::CreateProject => self.create_project(request, at)?,
            WorkspaceCall::Credits => self.credits(),
            WorkspaceCall::Templates => self.list_templates(request)?,
            WorkspaceCall::TemplateCategories => self.list_categories(),
            WorkspaceCall::UseTemplate(id) => self.use_template(id, request, at)?,
            WorkspaceCall::Duplication(id) => self.duplication(id, at)?,
        };
        Ok(self.ok(body))
    }

    fn serve_secret(&mut self, call: SecretCall, request: &Request<Bytes>, at: Moment) -> Served {
        let body = match call {
            SecretCall::Show => self.secrets.get(at.now, &mut self.draw),
            SecretCall::Rotate => {
                let force = forced(request)?;
                self.secrets.rotate(force, at.now, &mut self.draw).map_err(|_| still_active())?
            }
            SecretCall::Revoke => self.secrets.revoke(at.now, &mut self.draw),
        };
        Ok(self.ok(body))
    }

    fn serve_hooks(&mut self, call: HookCall, request: &Request<Bytes>) -> Served {
        let id = match call {
            HookCall::Subscribe => {
                let (hook_url, kind) = validate::subscription(request, &self.state.knobs)?;
                let id = self.draw.next_uuid("subscription");
                self.state.subscriptions.add(Subscription { id, hook_url, kind, design: None });
                id
            }
            HookCall::Show(id) if self.state.subscriptions.contains(id) => id,
            HookCall::Remove(id) if self.state.subscriptions.remove(id) => id,
            HookCall::Show(_) | HookCall::Remove(_) => {
                return Err(Refusal::not_found("not_found", "webhook"));
            }
        };
        Ok(self.ok(json!({"id": id})))
    }

    /// `GET /credits`; null is unlimited (contract 5.3).
    fn credits(&self) -> Value {
        let consumed = self.state.generations.credits_consumed;
        let limit = self.state.knobs.credits;
        json!({
            "generation_credits": {
                "available": limit.map(|limit| limit.saturating_sub(consumed)),
                "limit": limit,
                "consumed": consumed,
                "extra": 0,
            },
            "ai_credits": {"available": 100, "limit": 100, "consumed": 0, "extra": 0},
        })
    }
}

/// `?force=true`; anything that is no boolean is refused (contract 6.6).
fn forced(request: &Request<Bytes>) -> Result<bool, Refusal> {
    match Query::of(request).get("force").map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Refusal::bad("invalid_query_param", "force: Not a valid boolean.")),
    }
}

fn still_active() -> Refusal {
    let message = "The previous secret is still active.";
    Refusal::new(StatusCode::CONFLICT, "previous_secret_still_active", message)
}
