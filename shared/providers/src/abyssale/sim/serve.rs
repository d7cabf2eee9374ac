//! Carries an operation out when nothing is in its way.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::generation::body::{self, Operation};
use super::query::Query;
use super::refusal::Refusal;
use super::route::Route;
use super::subscription::Subscription;
use super::{AbyssaleSimulator, Moment, answer, lettering, validate};

impl AbyssaleSimulator {
    /// `at_once` makes due without the usual latency what comes of the call.
    pub(super) fn serve(
        &mut self,
        route: Route,
        request: &Request<Bytes>,
        at_once: bool,
        at: Moment,
    ) -> Result<Response<Bytes>, Refusal> {
        let body = match route {
            Route::Export => {
                let body = validate::export(request, &self.state.knobs)?;
                return self.accept_export(body, at_once, at);
            }
            Route::Generate(design, Operation::Render) => {
                let body = body::read(request, Operation::Render, &self.state.knobs)?;
                self.render(design, &body, at)?
            }
            Route::Generate(design, operation) => {
                let body = body::read(request, operation, &self.state.knobs)?;
                return self.accept_generation(design, body, operation, at_once, at);
            }
            Route::Poll(id) => return self.poll(id, at),
            Route::DynamicImage(design) => return self.dynamic_image(design, request, at),
            Route::Designs => return self.list_designs(request, at),
            Route::Projects => return self.list_projects(request),
            Route::Fonts => {
                let query = Query::of(request);
                return query.paged(lettering::list(&self.draw, &query));
            }
            other => self.object(other, request, at)?,
        };
        // A bare list carries no stamp, and a Banner has a version of its own (contract 1.1).
        Ok(answer::json(StatusCode::OK, body, &self.state.knobs))
    }

    /// The operations that answer 200 with one body.
    fn object(&mut self, route: Route, request: &Request<Bytes>, at: Moment) -> Result<Value, Refusal> {
        Ok(match route {
            Route::Auth => json!({"company": "Acme Inc."}),
            Route::Banner(id) => {
                let banner = self.state.workspace.banners.get(id, at.now);
                let version = banner.ok_or_else(Refusal::visual_not_found)?.version;
                self.banner_view(id, version, at).ok_or_else(Refusal::visual_not_found)?
            }
            Route::Design(id) => self.design_view(id, request, at)?,
            Route::DesignFormat(id, specifier) => self.format_detail(id, &specifier, at)?,
            Route::RenameDesign(id) => self.rename_design(id, request, at)?,
            Route::MoveDesign(id) => self.move_design(id, request, at)?,
            Route::DeleteDesign(id) => self.delete_design(id, at)?,
            Route::CreateProject => self.create_project(request, at)?,
            Route::Credits => self.credits(),
            Route::Templates => self.list_templates(request)?,
            Route::TemplateCategories => self.list_categories(),
            Route::UseTemplate(id) => self.use_template(id, request, at)?,
            Route::Duplication(id) => self.duplication(id, at)?,
            Route::SigningSecret => self.secrets.get(at.now, &mut self.draw),
            Route::RotateSecret => self.rotated(request, at)?,
            Route::RevokeSecret => self.secrets.revoke(at.now, &mut self.draw),
            Route::Subscribe => {
                let (hook_url, kind) = validate::subscription(request, &self.state.knobs)?;
                let id = self.draw.next_uuid("subscription");
                self.state.subscriptions.add(Subscription { id, hook_url, kind, design: None });
                json!({"id": id})
            }
            Route::Subscription(id) if self.state.subscriptions.contains(id) => json!({"id": id}),
            Route::Unsubscribe(id) if self.state.subscriptions.remove(id) => json!({"id": id}),
            Route::Subscription(_) | Route::Unsubscribe(_) => {
                return Err(Refusal::not_found("not_found", "webhook"));
            }
            Route::Ready
            | Route::Export
            | Route::Generate(..)
            | Route::Poll(_)
            | Route::DynamicImage(_)
            | Route::Designs
            | Route::Projects
            | Route::Fonts => json!({"status": "ok"}),
        })
    }

    fn rotated(&mut self, request: &Request<Bytes>, at: Moment) -> Result<Value, Refusal> {
        let force = forced(request)?;
        self.secrets.rotate(force, at.now, &mut self.draw).map_err(|_| {
            let message = "The previous secret is still active.";
            Refusal::new(StatusCode::CONFLICT, "previous_secret_still_active", message)
        })
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
