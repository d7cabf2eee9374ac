//! The catalogue of scenarios (contract 9.6): each is a set of settings and faults under the contract's number.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::admin_response::AdminError;
use crate::ai_studios::fault_queues::Faults;
use crate::ai_studios::settings::{self, Settings};
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// The catalogue as data, in the form of the contract's table.
const CATALOGUE: &str = include_str!("catalogue.json");

/// One scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    id: String,
    says: String,
    /// The behaviour that the contract expects of a client.
    expected: String,
    /// The first one is the default.
    variants: Vec<Variant>,
}

/// One variant of a scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    name: String,
    #[serde(rename = "knobs", default)]
    settings: Value,
    #[serde(default)]
    faults: Vec<Value>,
}

/// The body of `PUT /scenario` and `PUT /projects/{id}/scenario`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioChoice {
    scenario: String,
    variant: Option<String>,
}

/// Lists every scenario.
pub(super) fn list_scenarios() -> Value {
    serde_json::from_str(CATALOGUE).unwrap_or_default()
}

fn find_variant(choice: &Value) -> Result<(String, Variant), AdminError> {
    let choice =
        ScenarioChoice::deserialize(choice).map_err(|error| AdminError::bad_request(error.to_string()))?;
    let scenarios: Vec<Scenario> =
        serde_json::from_str(CATALOGUE).map_err(|error| AdminError::bad_request(error.to_string()))?;
    let scenario = scenarios.into_iter().find(|scenario| scenario.id == choice.scenario);
    let scenario = scenario.ok_or_else(|| AdminError::not_found("scenario; GET /scenarios lists them"))?;
    let fits = |variant: &Variant| choice.variant.as_ref().is_none_or(|name| variant.name == *name);
    let variant = scenario.variants.into_iter().find(fits);
    Ok((scenario.id, variant.ok_or_else(|| AdminError::not_found("variant of this scenario"))?))
}

/// Applies a scenario to every project. It replaces all settings and faults.
pub(super) fn apply_scenario(
    simulator: &mut AiStudiosSimulator,
    choice: &Value,
) -> Result<Value, AdminError> {
    let (id, variant) = find_variant(choice)?;
    let settings = Settings::default().with_changes(&variant.settings).map_err(AdminError::bad_request)?;
    let mut faults = Faults::default();
    faults.queue_all(Value::Array(variant.faults.clone())).map_err(AdminError::bad_request)?;
    (simulator.state.settings, simulator.state.faults) = (settings, faults);
    Ok(json!({"scenario": id, "variant": variant.name, "knobs": variant.settings, "faults": variant.faults}))
}

/// Applies a scenario to one project. It replaces the project's settings and faults.
pub(super) fn apply_scenario_to_project(
    simulator: &mut AiStudiosSimulator,
    project: &str,
    choice: &Value,
    at: Moment,
) -> Result<Value, AdminError> {
    let index =
        simulator.state.projects.index_of(project, at.now).ok_or_else(|| AdminError::not_found("project"))?;
    let (id, variant) = find_variant(choice)?;
    let account_groups = settings::account_groups(&variant.settings);
    if !account_groups.is_empty() {
        let groups = account_groups.join(", ");
        return Err(AdminError::bad_request(format!(
            "{id} sets {groups}, which apply to the whole account: use PUT /scenario"
        )));
    }
    simulator.state.settings.with_changes(&variant.settings).map_err(AdminError::bad_request)?;
    let project = simulator.state.projects.at_mut(index);
    (project.settings, project.scenario) = (variant.settings.clone(), Some(format!("{id} {}", variant.name)));
    let project = project.id.clone();
    simulator.state.faults.remove_for_subject(&project);
    let mut faults = variant.faults.clone();
    for fault in &mut faults {
        fault["project"] = project.as_str().into();
    }
    simulator.state.faults.queue_all(Value::Array(faults.clone())).map_err(AdminError::bad_request)?;
    Ok(json!({"scenario": id, "variant": variant.name, "knobs": variant.settings, "faults": faults}))
}
