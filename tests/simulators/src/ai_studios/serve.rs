//! Carries an operation out when nothing is in its way.

use bytes::Bytes;
use http::Request;
use serde_json::json;

use crate::ai_studios::auth;
use crate::ai_studios::automation;
use crate::ai_studios::body::Body;
use crate::ai_studios::create;
use crate::ai_studios::dubbing_operations;
use crate::ai_studios::envelope::{self, Payload};
use crate::ai_studios::export_operations;
use crate::ai_studios::progress;
use crate::ai_studios::project_view;
use crate::ai_studios::refusal::Refusal;
use crate::ai_studios::route::Route;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::clock::Moment;

pub(super) fn serve(
    simulator: &mut AiStudiosSimulator,
    route: Route,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Payload, Refusal> {
    let query = request.uri().query().unwrap_or_default();
    let wrong_types = simulator.state.knobs.export.wrong_types;
    let body = || Body::read(request, wrong_types);
    Ok(Payload::Data(match route {
        Route::IssueToken => auth::issue_token(simulator, request, at)?,
        Route::CheckToken => json!({"isAuthenticated": true}),
        Route::Export => export_operations::export(simulator, &body()?, at)?,
        Route::Progress(id) => progress::progress(simulator, &id, at)?,
        Route::ShowProject(id) => project_view::show_project(simulator, &id, at)?,
        Route::ListProjects => {
            let items = project_view::list_projects(simulator, at);
            return Ok(envelope::list(items, simulator.state.knobs.lists.projects, "projects"));
        }
        Route::Workspaces => {
            let items = simulator.account.workspaces_view();
            return Ok(envelope::list(items, simulator.state.knobs.lists.workspaces, "workspaces"));
        }
        Route::DeleteProjects => create::delete_projects(simulator, &body()?)?,
        Route::CreateProject => create::create_project(simulator, &body()?, at)?,
        Route::EditProject(id) => create::edit_project(simulator, &id, &body()?, at)?,
        Route::ModifyProject => create::modify_project(simulator, &body()?, at)?,
        Route::ProjectFromFile => create::project_from_file(simulator, request, at)?,
        Route::ChromaKeyVideo => create::chroma_key_video(simulator, &body()?, at)?,
        Route::CustomAvatarVideo => create::custom_avatar_video(simulator, &body()?, at)?,
        Route::Automate(tool) => automation::automate(simulator, tool, &body()?, at)?,
        Route::UploadDocuments => automation::upload_documents(simulator, request)?,
        Route::Creation(id) => automation::creation(simulator, id, query, at)?,
        Route::Dub => dubbing_operations::dub(simulator, request, at)?,
        Route::DubbingFolder => return dubbing_operations::dubbing_folder(simulator, query, at),
    }))
}
