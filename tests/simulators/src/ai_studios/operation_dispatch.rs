//! Dispatches a valid API call to its operation.

use bytes::Bytes;
use http::Request;
use serde_json::json;

use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::automation_project;
use crate::ai_studios::document_upload;
use crate::ai_studios::dubbing_operations;
use crate::ai_studios::envelope::{self, ResponsePayload};
use crate::ai_studios::export_operations;
use crate::ai_studios::export_progress;
use crate::ai_studios::field_check::FieldPolicies;
use crate::ai_studios::imported_project;
use crate::ai_studios::project_creation;
use crate::ai_studios::project_edit;
use crate::ai_studios::project_response;
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::route::Route;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::ai_studios::token_auth;
use crate::ai_studios::tool_operations;
use crate::virtual_clock::Moment;

/// Carries out an operation. An accepted call that makes something is recorded with its price.
pub(super) fn dispatch(
    simulator: &mut AiStudiosSimulator,
    route: Route,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<ResponsePayload, ApiError> {
    let (path, spent) = (route.creation_path(), simulator.state.exports.credits);
    let payload = carry_out(simulator, route, request, at)?;
    if let (Some(path), ResponsePayload::Data(data)) = (path, &payload) {
        let price = simulator.state.exports.credits - spent;
        simulator.state.creations.record(path, request, (data, price), at);
    }
    Ok(payload)
}

fn carry_out(
    simulator: &mut AiStudiosSimulator,
    route: Route,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<ResponsePayload, ApiError> {
    let query = request.uri().query().unwrap_or_default();
    let settings = &simulator.state.settings;
    let lists = settings.lists.clone();
    let policies = FieldPolicies {
        wrong_types: settings.export.wrong_types,
        unknown_fields: settings.export.unknown_fields,
    };
    let body = || RequestBody::read(request, policies);
    Ok(ResponsePayload::Data(match route {
        Route::IssueToken => token_auth::issue_token(simulator, request, at)?,
        Route::CheckToken => json!({"isAuthenticated": true}),
        Route::Export => export_operations::accept_export(simulator, &body()?, at)?,
        Route::Progress(id) => export_progress::show_progress(simulator, &id, at)?,
        Route::ShowProject(id) => project_response::show_project(simulator, &id, at)?,
        Route::ListProjects => {
            let items = project_response::list_projects(simulator, at);
            return Ok(envelope::list_payload(items, lists.projects, "projects"));
        }
        Route::Workspaces => {
            let items = simulator.account.workspaces_view();
            return Ok(envelope::list_payload(items, lists.workspaces, "workspaces"));
        }
        Route::Templates => {
            let items = simulator.account.templates_view();
            return Ok(envelope::list_payload(items, lists.templates, "templates"));
        }
        Route::DeleteProjects => project_edit::delete_projects(simulator, &body()?)?,
        Route::CreateProject => project_creation::create_project(simulator, &body()?, at)?,
        Route::EditProject(id) => project_edit::edit_project(simulator, &id, &body()?, at)?,
        Route::ModifyProject => project_edit::modify_project(simulator, &body()?, at)?,
        Route::ProjectFromFile => imported_project::project_from_file(simulator, request, policies, at)?,
        Route::ProjectFromTemplate(id) => {
            let body = RequestBody::read_with_query(request, policies)?;
            imported_project::project_from_template(simulator, &id, &body, at)?
        }
        Route::ModifyTemplate => imported_project::modify_template(simulator, &body()?, at)?,
        Route::ChromaKeyVideo => project_creation::chroma_key_video(simulator, &body()?, at)?,
        Route::CustomAvatarVideo => project_creation::custom_avatar_video(simulator, &body()?, at)?,
        Route::Speak => tool_operations::speak(simulator, &body()?, at)?,
        Route::Generate(tool) => tool_operations::generate(simulator, tool, &body()?, at)?,
        Route::CreateAvatar(tool) => tool_operations::create_avatar(simulator, tool, &body()?)?,
        Route::Automate(tool) => automation_project::create_with_tool(simulator, tool, &body()?, at)?,
        Route::UploadDocuments => document_upload::upload_documents(simulator, request, policies, at)?,
        Route::Creation(id) => automation_project::show_creation_progress(simulator, id, query, at)?,
        Route::Dub => dubbing_operations::create_dubbing_folder(simulator, request, policies, at)?,
        Route::DubbingFolder => return dubbing_operations::show_dubbing_folder(simulator, query, at),
    }))
}
