//! Actions that people take in the provider's dashboard: reviews and subscriptions (contract 3.4, 6.7).

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::abyssale::design::design_operations;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::subscription::{Subscription, Subscriptions};
use crate::admin_response::AdminError;
use crate::virtual_clock::Moment;

/// The body of `PUT /designs/{id}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DesignChange {
    status: Option<String>,
    active: Option<bool>,
}

/// The body of `POST /subscriptions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubscriptionRequest {
    hook_url: String,
    #[serde(rename = "type")]
    kind: String,
    design_id: Option<Uuid>,
}

pub(super) fn designs_view(simulator: &AbyssaleSimulator, at: Moment) -> Value {
    let designs = simulator.state.workspace.designs.existing(at.now);
    designs
        .map(|design| {
            json!({
                "id": design.id,
                "name": design.name,
                "type": design.kind.name(),
                "status": design.status,
                "active": design.active,
            })
        })
        .collect()
}

/// Sets the status of a design and notifies the subscriptions, or sets whether it is active.
pub(super) fn set_design(
    simulator: &mut AbyssaleSimulator,
    id: &str,
    body: &Value,
    at: Moment,
) -> Result<Value, AdminError> {
    let change =
        DesignChange::deserialize(body).map_err(|error| AdminError::bad_request(error.to_string()))?;
    let id = Uuid::try_parse(id).map_err(|_| AdminError::not_found("design"))?;
    let designs = &mut simulator.state.workspace.designs;
    let design = designs.get_mut(id, at.now).ok_or_else(|| AdminError::not_found("design"))?;
    design.active = change.active.unwrap_or(design.active);
    if let Some(status) = change.status {
        design_operations::set_review_status(simulator, id, &status, at);
    }
    Ok(designs_view(simulator, at))
}

/// Adds a subscription, optionally to one design. Exports are not filtered by design (contract 2.5).
pub(super) fn subscribe(
    simulator: &mut AbyssaleSimulator,
    body: &Value,
    at: Moment,
) -> Result<Value, AdminError> {
    let requested =
        SubscriptionRequest::deserialize(body).map_err(|error| AdminError::bad_request(error.to_string()))?;
    let absolute = requested.hook_url.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some());
    if !absolute || !Subscriptions::is_known_type(&requested.kind) {
        return Err(AdminError::bad_request("hook_url must be absolute, and type one of the four"));
    }
    if let Some(design) = requested.design_id {
        if requested.kind == "new_export" {
            return Err(AdminError::bad_request("exports are not filtered by design"));
        }
        let known = simulator.state.workspace.designs.get(design, at.now).is_some();
        known.then_some(()).ok_or_else(|| AdminError::not_found("design"))?;
    }
    let id = simulator.ids.next_uuid("subscription");
    let subscription =
        Subscription { id, hook_url: requested.hook_url, kind: requested.kind, design: requested.design_id };
    simulator.state.subscriptions.add(subscription);
    Ok(json!({"id": id}))
}

pub(super) fn unsubscribe(simulator: &mut AbyssaleSimulator, id: &str) -> Result<Value, AdminError> {
    let id = Uuid::try_parse(id).map_err(|_| AdminError::not_found("subscription"))?;
    if simulator.state.subscriptions.remove(id) {
        Ok(json!({"id": id}))
    } else {
        Err(AdminError::not_found("subscription"))
    }
}
