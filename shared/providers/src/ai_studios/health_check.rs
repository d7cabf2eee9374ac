//! Whether AI Studios would serve: its keys, its workspaces, and a project (contract 1.5, 5.1 and 5.4).

use bytes::Bytes;
use model::{Error, ErrorClass, Secret};
use serde_json::{Map, Value};

use super::{
    api::Api,
    envelope::{Holds, items, open},
    error_response::{Class, Refusal},
    lenient_values::{id_text, text},
    order::is_id,
    progress::Project,
    retry_delays::Repeats,
};
use crate::{ApiAccess, CheckResult, CheckStatus, Fields, ProviderCheck, Query, QueryStep, SendResult};

/// How many workspaces are named.
const MAX_NAMED: usize = 5;

/// The questions, in the order in which their answers make sense.
pub(super) fn checks(
    access: &ApiAccess<'_>,
    fields: Map<String, Value>,
) -> Result<Vec<ProviderCheck>, Error> {
    let mut fields = Fields::new(fields);
    let project = match fields.take("project_id") {
        None => None,
        Some(Value::String(id)) if is_id(&id) => Some(id),
        Some(_) => {
            fields.violation("project_id", "expected the id of a project");
            None
        }
    };
    fields.finish()?;
    let api = Api::new(access.api_url, access.credentials)?;
    let ask = |about: About| {
        Box::new(Question { api: api.clone(), about, refused: false, repeats: Repeats::default() })
    };
    let mut checks: Vec<ProviderCheck> =
        vec![("key", ask(About::Key)), ("workspaces", ask(About::Workspaces))];
    if let Some(id) = project {
        checks.push(("project", ask(About::Project(id))));
    }
    Ok(checks)
}

enum About {
    Key,
    Workspaces,
    Project(String),
}

struct Question {
    api: Api,
    about: About,
    refused: bool,
    repeats: Repeats,
}

impl Question {
    fn request(&self) -> Result<http::Request<Bytes>, Error> {
        match &self.about {
            About::Key => self.api.get("/auth"),
            About::Workspaces => self.api.get("/dropdown/workspaces"),
            About::Project(id) => self.api.project(id),
        }
    }

    fn refused(&mut self, answer: &SendResult, refusal: &Refusal) -> QueryStep<CheckResult> {
        match refusal.class() {
            Class::Auth if !self.refused => {
                self.refused = true;
                QueryStep::Authorize { refused: true }
            }
            Class::Throttled => self.repeats.after_throttling(self.request(), answer, refusal.error()),
            Class::Transient => self.repeats.after_trouble(self.request(), refusal.error()),
            Class::Auth
            | Class::Quota
            | Class::Forbidden
            | Class::NotFound
            | Class::Conflict
            | Class::Invalid
            | Class::Provider => QueryStep::Failed(refusal.error()),
        }
    }

    fn found(&self, payload: Value) -> CheckResult {
        match self.about {
            About::Key => match payload.get("isAuthenticated").and_then(Value::as_bool) {
                Some(false) => {
                    CheckResult::new(CheckStatus::Failed, "AI Studios does not accept the token that it gave")
                }
                Some(true) | None => {
                    CheckResult::new(CheckStatus::Ok, "AI Studios accepts app_id and user_key")
                }
            },
            About::Workspaces => workspaces(&items(payload, "workspaces")),
            About::Project(_) => project(&payload),
        }
    }
}

impl Query<CheckResult> for Question {
    fn start(&mut self) -> QueryStep<CheckResult> {
        QueryStep::Authorize { refused: false }
    }

    fn on_token(&mut self, token: &Secret) -> QueryStep<CheckResult> {
        self.api.carry(token);
        self.request().map_or_else(QueryStep::Failed, QueryStep::Send)
    }

    fn on_response(&mut self, answer: SendResult) -> QueryStep<CheckResult> {
        let Ok(response) = &answer else {
            let error = Error::new(ErrorClass::ProviderUnavailable, "AI Studios does not answer");
            return self.repeats.after_trouble(self.request(), error.retry_after(30));
        };
        match open(response.status(), response.body(), Holds::List) {
            Ok(payload) => QueryStep::Done(self.found(payload)),
            Err(refusal) => self.refused(&answer, &refusal),
        }
    }
}

/// Names and ids, which an order takes as `workspace_id`.
fn workspaces(list: &[Value]) -> CheckResult {
    let named = list.iter().filter_map(|workspace| {
        let id = id_text(workspace, &["workspaceId", "id"])?;
        let name = text(workspace, &["workspaceName", "name"]).unwrap_or("?");
        Some(format!("{} ({id})", name.chars().take(80).collect::<String>()))
    });
    let named: Vec<String> = named.take(MAX_NAMED).collect();
    let detail = match named.len() {
        0 => "no workspace is listed; projects of the account itself need none".to_owned(),
        shown if shown < list.len() => format!("{} and {} more", named.join(", "), list.len() - shown),
        _ => named.join(", "),
    };
    CheckResult::new(CheckStatus::Ok, detail)
}

fn project(payload: &Value) -> CheckResult {
    let project = Project::read(payload);
    let fields = payload.get("project").unwrap_or(payload);
    let name = text(fields, &["name"]).unwrap_or("?").chars().take(80).collect::<String>();
    let state = project.progress.state.unwrap_or_else(|| "never exported".to_owned());
    CheckResult::new(CheckStatus::Ok, format!("\"{name}\" is there: {state}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Credentials;

    fn found(about: &str, status: u16, body: &str) -> Result<CheckResult, ErrorClass> {
        let credentials = Credentials::new(json!({ "app_id": "a", "user_key": "k" }));
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let fields = Map::from_iter([("project_id".to_owned(), json!("66b1"))]);
        let checks = checks(&access, fields).expect("good");
        let (_, mut inquiry) = checks.into_iter().find(|(name, _)| *name == about).expect("a check");
        assert!(matches!(inquiry.start(), QueryStep::Authorize { refused: false }));
        assert!(matches!(inquiry.on_token(&Secret::new("t")), QueryStep::Send(_)));
        let answer = http::Response::builder().status(status).body(body.to_owned().into());
        match inquiry.on_response(Ok(answer.expect("a response"))) {
            QueryStep::Done(finding) => Ok(finding),
            QueryStep::Failed(error) => Err(error.class),
            QueryStep::Send(_) | QueryStep::SendAfter { .. } | QueryStep::Authorize { .. } => {
                panic!("not at its end")
            }
        }
    }

    #[test]
    fn what_the_provider_says_is_told_by_name() {
        let good = found("key", 200, r#"{"success":true,"data":{"isAuthenticated":true}}"#).expect("found");
        assert_eq!(good.health, CheckStatus::Ok);
        let bad = found("key", 200, r#"{"isAuthenticated":false}"#).expect("found");
        assert_eq!(bad.health, CheckStatus::Failed);
        let project = found("project", 200, r#"{"data":{"project":{"name":"Spring","state":"exported"}}}"#);
        assert_eq!(project.expect("found").detail, "\"Spring\" is there: exported");
        let missing = found("project", 404, r#"{"success":false,"error":{"code":4040,"msg":"none"}}"#);
        assert_eq!(missing, Err(ErrorClass::ProviderRefusedRequest));
    }

    #[test]
    fn workspaces_are_listed_whatever_their_shape() {
        for body in [
            r#"[{"workspaceId":"w1","workspaceName":"One"},{"id":"w2","name":"Two"}]"#,
            r#"{"success":true,"data":[{"workspaceId":"w1","workspaceName":"One"},{"id":"w2","name":"Two"}]}"#,
            r#"{"success":true,"data":{"0":{"workspaceId":"w1","workspaceName":"One"},"1":{"id":"w2","name":"Two"}}}"#,
        ] {
            assert_eq!(found("workspaces", 200, body).expect("found").detail, "One (w1), Two (w2)", "{body}");
        }
        let many: Vec<Value> = (0..9).map(|i| json!({ "id": i, "name": "n" })).collect();
        assert!(workspaces(&many).detail.ends_with("and 4 more"));
    }
}
