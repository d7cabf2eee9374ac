//! A deployed stack as its description tells it, and the provider's simulator where the stack expects it.

use std::{fs, path::PathBuf, process::Command, time::SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use harness::{
    Clients, HttpClient,
    simulators::{Ports, SimulatorHost},
};
use http::{Method, Request, Response};
use lambda::Environment;
use serde_json::{Value, json};

/// What the tests use of a stack.
pub(crate) struct Deployed {
    pub(crate) described: Value,
    pub(crate) aws: Clients,
    pub(crate) simulator: SimulatorHost,
    http: HttpClient,
}

impl Deployed {
    /// The stack that `LANDFALL_STACK` describes, with a simulator running and its keys in the stack's secret.
    pub(crate) async fn find() -> Option<Self> {
        let environment = Environment::of_process();
        let file = environment.maybe("LANDFALL_STACK")?.to_owned();
        let text = fs::read_to_string(&file).expect("LANDFALL_STACK names a readable file");
        let described: Value = serde_json::from_str(&text).expect("the description is JSON");
        let aws = Clients::new(&variables(&described)).expect("the description is complete");
        let api: url::Url = text_of(&described["providers"]["abyssale"], "api_url").parse().expect("a URL");
        let port = api.port().expect("a port");
        let run = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
        let simulator =
            providers::find("abyssale").expect("a provider").simulator(1, u64::try_from(run).expect("soon"));
        let ports = Ports { api: port, files: port + 1, admin: port + 2 };
        let simulator = SimulatorHost::start(simulator, ports).await.expect("the simulator's ports are free");
        let deployed = Self { described, aws, simulator, http: HttpClient::default() };
        deployed.give_keys().await;
        Some(deployed)
    }

    /// The simulator's keys are the same on every run, so only a stack that has served another provider before
    /// must wait until its functions forget the old ones, five minutes at most.
    async fn give_keys(&self) {
        let id = self.text("secret_id");
        let known = self.aws.secrets.get_secret_value().secret_id(id).send().await.expect("the secret");
        let mut secret: Value = serde_json::from_str(known.secret_string().expect("text")).expect("JSON");
        secret["providers"]["abyssale"] = self.simulator.with(|simulator| simulator.credentials());
        let put = self.aws.secrets.put_secret_value().secret_id(id).secret_string(secret.to_string());
        put.send().await.expect("the secret is written");
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        text_of(&self.described, name)
    }

    pub(crate) fn has_roles(&self) -> bool {
        self.described["auth"] == true
    }

    /// A request to the submit API, signed for IAM authorization.
    pub(crate) async fn submit_api(&self, method: Method, path: &str, body: &Value) -> Response<Value> {
        let url = format!("{}{path}", self.text("submit_url"));
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let mut request =
            Request::builder().method(method).uri(&url).header("content-type", "application/json");
        let token = self.described["session_token"].as_str().map(str::to_owned);
        let credentials = Credentials::new(
            self.text("access_key_id"),
            self.text("secret_access_key"),
            token,
            None,
            "description",
        );
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.text("region"))
            .name("execute-api")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .expect("complete")
            .into();
        let headers = [("content-type", "application/json")];
        let method = request.method_ref().expect("a method").as_str().to_owned();
        let signable = SignableRequest::new(&method, &url, headers.into_iter(), SignableBody::Bytes(&bytes));
        let signed = sign(signable.expect("signable"), &parameters).expect("signed").into_parts().0;
        for (name, value) in signed.headers() {
            request = request.header(name, value);
        }
        let answer = self.http.send(request.body(bytes.into()).expect("a request")).await.expect("an answer");
        answer.map(|bytes| serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// A request without any signature.
    pub(crate) async fn webhook_api(&self, path: &str, body: &Value) -> Response<Value> {
        let url = format!("{}{path}", self.text("webhook_url"));
        self.http.json(Method::POST, &url, &[], body).await.expect("an answer")
    }

    /// Calls the set-up's own script.
    pub(crate) fn script(&self, arguments: &[&str]) {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deployed/deploy.sh");
        let status = Command::new(script).args(arguments).status().expect("the script runs");
        assert!(status.success(), "deploy.sh {arguments:?}");
    }

    /// The job's item, by the AWS SDK.
    pub(crate) async fn item(&self, job: &str) -> Value {
        let get = self.aws.dynamodb.get_item().table_name(self.text("table")).consistent_read(true);
        let get = get.key("pk", string(job)).key("sk", string("JOB"));
        let item = get.send().await.expect("the table").item.expect("the job's item");
        json!({ "status": item["status"].as_s().expect("text") })
    }
}

fn string(text: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned())
}

fn text_of<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("the description has no {name}"))
}

/// The variables that configure AWS clients for the stack.
fn variables(described: &Value) -> Environment {
    let names = [
        ("AWS_REGION", "region"),
        ("AWS_ACCESS_KEY_ID", "access_key_id"),
        ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
        ("AWS_SESSION_TOKEN", "session_token"),
        ("AWS_ENDPOINT_URL", "aws_endpoint"),
    ];
    Environment::new(names.map(|(variable, name)| (variable, described[name].as_str().unwrap_or_default())))
}
