//! Carries an operation out when nothing is in its way.

use bytes::Bytes;
use http::Request;
use serde_json::json;

use super::body::Body;
use super::envelope::{self, Payload};
use super::refusal::Refusal;
use super::route::Route;
use super::{AiStudiosSimulator, Moment};

impl AiStudiosSimulator {
    pub(super) fn serve(
        &mut self,
        route: Route,
        request: &Request<Bytes>,
        at: Moment,
    ) -> Result<Payload, Refusal> {
        let query = request.uri().query().unwrap_or_default();
        let wrong_types = self.state.knobs.export.wrong_types;
        let body = || Body::read(request, wrong_types);
        Ok(Payload::Data(match route {
            Route::IssueToken => self.issue_token(request, at)?,
            Route::CheckToken => json!({"isAuthenticated": true}),
            Route::Export => self.export(&body()?, at)?,
            Route::Progress(id) => self.progress(&id, at)?,
            Route::ShowProject(id) => self.show_project(&id, at)?,
            Route::ListProjects => {
                let items = self.list_projects(at);
                return Ok(envelope::list(items, self.state.knobs.lists.projects, "projects"));
            }
            Route::Workspaces => {
                let items = self.account.workspaces_view();
                return Ok(envelope::list(items, self.state.knobs.lists.workspaces, "workspaces"));
            }
            Route::DeleteProjects => self.delete_projects(&body()?)?,
            Route::CreateProject => self.create_project(&body()?, at)?,
            Route::EditProject(id) => self.edit_project(&id, &body()?, at)?,
            Route::ModifyProject => self.modify_project(&body()?, at)?,
            Route::ProjectFromFile => self.project_from_file(request, at)?,
            Route::ChromaKeyVideo => self.chroma_key_video(&body()?, at)?,
            Route::CustomAvatarVideo => self.custom_avatar_video(&body()?, at)?,
            Route::Automate(tool) => self.automate(tool, &body()?, at)?,
            Route::UploadDocuments => self.upload_documents(request)?,
            Route::Creation(id) => self.creation(id, query, at)?,
            Route::Dub => self.dub(request, at)?,
            Route::DubbingFolder => return self.dubbing_folder(query, at),
        }))
    }
}
