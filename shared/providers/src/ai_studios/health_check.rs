//! Health checks of AI Studios: its keys, its workspaces, and a project (contract 1.5, 5.1 and 5.4).

use bytes::Bytes;
use model::{Error, ErrorClass, Secret};
use serde_json::{Map, Value};

use super::{
    api_request::AiStudiosApi,
    envelope::{ExpectedPayload, list_items, open_envelope},
    error_response::{ErrorKind, ErrorResponse},
    export_status::progress::Project,
    lenient_values::{read_id, read_text},
    order::is_id,
    retry_delays::RetryDelays,
};
use crate::{
    ApiAccess, HealthCheck, HealthCheckResult, HealthCheckStatus, Query, QueryStep, RequestFields, SendResult,
};

/// How many workspaces the check lists.
const MAX_LISTED_WORKSPACES: usize = 5;

/// Returns the checks in the order in which they are useful: a later one depends on what an earlier one verifies.
pub(super) fn build_checks(
    access: &ApiAccess<'_>,
    fields: Map<String, Value>,
) -> Result<Vec<HealthCheck>, Error> {
    let mut fields = RequestFields::new(fields);
    let project = match fields.take("project_id") {
        None => None,
        Some(Value::String(id)) if is_id(&id) => Some(id),
        Some(_) => {
            fields.add_violation("project_id", "expected the id of a project");
            None
        }
    };
    fields.finish()?;
    let api = AiStudiosApi::new(access.api_url, access.credentials)?;
    let check = |subject: CheckSubject| {
        Box::new(HealthCheckQuery {
            api: api.clone(),
            subject,
            has_rejected_token: false,
            retry_delays: RetryDelays::default(),
        })
    };
    let mut checks: Vec<HealthCheck> =
        vec![("key", check(CheckSubject::Key)), ("workspaces", check(CheckSubject::Workspaces))];
    if let Some(id) = project {
        checks.push(("project", check(CheckSubject::Project(id))));
    }
    Ok(checks)
}

enum CheckSubject {
    Key,
    Workspaces,
    Project(String),
}

struct HealthCheckQuery {
    api: AiStudiosApi,
    subject: CheckSubject,
    /// Whether a token was rejected already. The next rejection is not retried.
    has_rejected_token: bool,
    retry_delays: RetryDelays,
}

impl HealthCheckQuery {
    fn build_request(&self) -> Result<http::Request<Bytes>, Error> {
        match &self.subject {
            CheckSubject::Key => self.api.get("/auth"),
            CheckSubject::Workspaces => self.api.get("/dropdown/workspaces"),
            CheckSubject::Project(id) => self.api.project(id),
        }
    }

    fn handle_error_response(
        &mut self,
        result: &SendResult,
        error_response: &ErrorResponse,
    ) -> QueryStep<HealthCheckResult> {
        let error = error_response.to_error();
        match error_response.kind() {
            ErrorKind::InvalidToken if !self.has_rejected_token => {
                self.has_rejected_token = true;
                QueryStep::Authorize { is_token_rejected: true }
            }
            ErrorKind::Throttled => self.retry_delays.retry_throttled(self.build_request(), result, error),
            ErrorKind::Transient => self.retry_delays.retry_failed(self.build_request(), error),
            ErrorKind::InvalidToken
            | ErrorKind::Quota
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::InvalidRequest
            | ErrorKind::Other => QueryStep::Failed(error),
        }
    }

    fn evaluate(&self, payload: Value) -> HealthCheckResult {
        match self.subject {
            CheckSubject::Key => match payload.get("isAuthenticated").and_then(Value::as_bool) {
                Some(false) => HealthCheckResult::new(
                    HealthCheckStatus::Failed,
                    "AI Studios does not accept the token that it issued",
                ),
                Some(true) | None => {
                    HealthCheckResult::new(HealthCheckStatus::Ok, "AI Studios accepts app_id and user_key")
                }
            },
            CheckSubject::Workspaces => evaluate_workspaces(&list_items(payload, "workspaces")),
            CheckSubject::Project(_) => evaluate_project(&payload),
        }
    }
}

impl Query<HealthCheckResult> for HealthCheckQuery {
    fn start(&mut self) -> QueryStep<HealthCheckResult> {
        QueryStep::Authorize { is_token_rejected: false }
    }

    fn on_token(&mut self, token: &Secret) -> QueryStep<HealthCheckResult> {
        self.api.set_token(token);
        self.build_request().map_or_else(QueryStep::Failed, QueryStep::Send)
    }

    fn on_response(&mut self, result: SendResult) -> QueryStep<HealthCheckResult> {
        let Ok(response) = &result else {
            let error = Error::new(ErrorClass::ProviderUnavailable, "AI Studios did not respond");
            return self.retry_delays.retry_failed(self.build_request(), error.with_retry_after(30));
        };
        match open_envelope(response.status(), response.body(), ExpectedPayload::List) {
            Ok(payload) => QueryStep::Done(self.evaluate(payload)),
            Err(error_response) => self.handle_error_response(&result, &error_response),
        }
    }
}

/// Lists names and ids. An order's `workspace_id` is one of the ids.
fn evaluate_workspaces(list: &[Value]) -> HealthCheckResult {
    let listed = list.iter().filter_map(|workspace| {
        let id = read_id(workspace, &["workspaceId", "id"])?;
        let name = read_text(workspace, &["workspaceName", "name"]).unwrap_or("?");
        Some(format!("{} ({id})", name.chars().take(80).collect::<String>()))
    });
    let listed: Vec<String> = listed.take(MAX_LISTED_WORKSPACES).collect();
    let detail = match listed.len() {
        0 => "the account has no workspace; projects of the account itself need none".to_owned(),
        shown if shown < list.len() => format!("{} and {} more", listed.join(", "), list.len() - shown),
        _ => listed.join(", "),
    };
    HealthCheckResult::new(HealthCheckStatus::Ok, detail)
}

fn evaluate_project(payload: &Value) -> HealthCheckResult {
    let project = Project::read(payload);
    let fields = payload.get("project").unwrap_or(payload);
    let name = read_text(fields, &["name"]).unwrap_or("?").chars().take(80).collect::<String>();
    let state = project.progress.state.unwrap_or_else(|| "never exported".to_owned());
    HealthCheckResult::new(HealthCheckStatus::Ok, format!("\"{name}\" exists: {state}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Credentials;

    fn run_check(name: &str, status: u16, body: &str) -> Result<HealthCheckResult, ErrorClass> {
        let credentials = Credentials::new(json!({ "app_id": "a", "user_key": "k" }));
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let fields = Map::from_iter([("project_id".to_owned(), json!("66b1"))]);
        let checks = build_checks(&access, fields).expect("valid fields");
        let (_, mut query) = checks.into_iter().find(|(known, _)| *known == name).expect("a check");
        assert!(matches!(query.start(), QueryStep::Authorize { is_token_rejected: false }));
        assert!(matches!(query.on_token(&Secret::new("t")), QueryStep::Send(_)));
        let response = http::Response::builder().status(status).body(body.to_owned().into());
        match query.on_response(Ok(response.expect("a response"))) {
            QueryStep::Done(result) => Ok(result),
            QueryStep::Failed(error) => Err(error.class),
            QueryStep::Send(_) | QueryStep::SendAfter { .. } | QueryStep::Authorize { .. } => {
                panic!("the query has no result")
            }
        }
    }

    #[test]
    fn each_response_has_its_check_result() {
        let good =
            run_check("key", 200, r#"{"success":true,"data":{"isAuthenticated":true}}"#).expect("a result");
        assert_eq!(good.status, HealthCheckStatus::Ok);
        let bad = run_check("key", 200, r#"{"isAuthenticated":false}"#).expect("a result");
        assert_eq!(bad.status, HealthCheckStatus::Failed);
        let project =
            run_check("project", 200, r#"{"data":{"project":{"name":"Spring","state":"exported"}}}"#);
        assert_eq!(project.expect("a result").detail, "\"Spring\" exists: exported");
        let missing = run_check("project", 404, r#"{"success":false,"error":{"code":4040,"msg":"none"}}"#);
        assert_eq!(missing, Err(ErrorClass::ProviderRefusedRequest));
    }

    #[test]
    fn workspaces_are_listed_from_every_known_shape() {
        for body in [
            r#"[{"workspaceId":"w1","workspaceName":"One"},{"id":"w2","name":"Two"}]"#,
            r#"{"success":true,"data":[{"workspaceId":"w1","workspaceName":"One"},{"id":"w2","name":"Two"}]}"#,
            r#"{"success":true,"data":{"0":{"workspaceId":"w1","workspaceName":"One"},"1":{"id":"w2","name":"Two"}}}"#,
        ] {
            let result = run_check("workspaces", 200, body).expect("a result");
            assert_eq!(result.detail, "One (w1), Two (w2)", "{body}");
        }
        let many: Vec<Value> = (0..9).map(|i| json!({ "id": i, "name": "n" })).collect();
        assert!(evaluate_workspaces(&many).detail.ends_with("and 4 more"));
    }
}
