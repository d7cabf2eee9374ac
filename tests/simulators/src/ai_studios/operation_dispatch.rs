//! Dispatches a valid API call to its operation.

use bytes::Bytes;
use http::Request;
use serde_json::json;

use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::automation_project;
use crate::ai_studios::dubbing_operations;
use crate::ai_studios::envelope::{self, ResponsePayload};
use crate::ai_studios::export_operations;
use crate::ai_studios::export_progress;
use crate::ai_studios::project_creation;
use crate::ai_studios::project_response;
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::route::Route;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::ai_studios::token_auth;
use crate::virtual_clock::Moment;

pub(super) fn dispatch(
    simulator: &mut AiStudiosSimulator,
    route: Route,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<ResponsePayload, ApiError> {
    let query = request.uri().query().unwrap_or_default();
    let wrong_types = simulator.state.settings.export.wrong_types;
    let body = || RequestBody::read(request, wrong_types);
    Ok(ResponsePayload::Data(match route {
        Route::IssueToken => token_auth::issue_token(simulator, request, at)?,
        Route::CheckToken => json!({"isAuthenticated": true}),
        Route::Export => export_operations::accept_export(simulator, &body()?, at)?,
        Route::Progress(id) => export_progress::show_progress(simulator, &id, at)?,
        Route::ShowProject(id) => project_response::show_project(simulator, &id, at)?,
        Route::ListProjects => {
            let items = project_response::list_projects(simulator, at);
            return Ok(envelope::list_payload(items, simulator.state.settings.lists.projects, "projects"));
        }
        Route::Workspaces => {
            let items = simulator.account.workspaces_view();
            return Ok(envelope::list_payload(
                items,
                simulator.state.settings.lists.workspaces,
                "workspaces",
            ));
        }
        Route::DeleteProjects => project_creation::delete_projects(simulator, &body()?)?,
        Route::CreateProject => project_creation::create_project(simulator, &body()?, at)?,
        Route::EditProject(id) => project_creation::edit_project(simulator, &id, &body()?, at)?,
        Route::ModifyProject => project_creation::modify_project(simulator, &body()?, at)?,
        Route::ProjectFromFile => project_creation::project_from_file(simulator, request, at)?,
        Route::ChromaKeyVideo => project_creation::chroma_key_video(simulator, &body()?, at)?,
        Route::CustomAvatarVideo => project_creation::custom_avatar_video(simulator, &body()?, at)?,
        Route::Automate(tool) => automation_project::create_with_tool(simulator, tool, &body()?, at)?,
        Route::UploadDocuments => automation_project::upload_documents(simulator, request)?,
        Route::Creation(id) => automation_project::show_creation_progress(simulator, id, query, at)?,
        Route::Dub => dubbing_operations::create_dubbing_folder(simulator, request, at)?,
        Route::DubbingFolder => return dubbing_operations::show_dubbing_folder(simulator, query, at),
    }))
}
