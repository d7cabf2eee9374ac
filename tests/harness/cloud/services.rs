//! The services that speak AWS JSON on one port: SQS, Secrets Manager, EventBridge, Step
//! Functions, and beside them Lambda invocation and STS.

mod durable_callbacks;
mod error;
mod events;
mod lambda;
mod secrets;
mod sqs;
mod step_functions;
mod sts;

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use s3s::Body;
use serde_json::Value;

pub use self::durable_callbacks::CallbackReport;
pub use self::events::PublishedEvent;
pub use self::lambda::{FunctionError, Invoke};
pub use self::sqs::QueueDepth;
pub use self::step_functions::TaskReport;
pub(super) use self::sts::ROLE_KEYS;

pub(super) use self::durable_callbacks::PREFIX as CALLBACKS;
use self::error::Protocol;
pub(super) use self::error::ServiceError;
pub(super) use self::sqs::{Message, Queues, md5_of_body};
use super::operation::{Operation, Service, of_services};
use super::server::{Answer, Handler};

/// A future in a box, as asynchronous callbacks return it.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The state of all services on the port.
pub(super) struct Services {
    queues: Arc<Queues>,
    secrets: secrets::Secrets,
    events: events::Events,
    tasks: step_functions::Tasks,
    callbacks: durable_callbacks::Callbacks,
    functions: lambda::Functions,
}

impl Services {
    /// Reads queues and secrets back from the data folder.
    pub(super) fn open(data_dir: &Path, region: &str, endpoint: &str) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            queues: Queues::open(data_dir.join("sqs"), region, endpoint)?,
            secrets: secrets::Secrets::open(data_dir.join("secrets.json"), region)?,
            events: events::Events::default(),
            tasks: step_functions::Tasks::default(),
            callbacks: durable_callbacks::Callbacks::default(),
            functions: lambda::Functions::new(region),
        }))
    }

    pub(super) fn events(&self) -> Vec<PublishedEvent> {
        self.events.all()
    }

    pub(super) fn task_reports(&self) -> Vec<TaskReport> {
        self.tasks.all()
    }

    pub(super) fn end_task(&self, token: &str) {
        self.tasks.end(token);
    }

    pub(super) fn callback_reports(&self) -> Vec<CallbackReport> {
        self.callbacks.all()
    }

    pub(super) fn register_function(&self, name: &str, function: Invoke) {
        self.functions.register(name, function);
    }

    pub(super) fn queue_depth(&self, queue: &str) -> Option<QueueDepth> {
        self.queues.depth(queue)
    }

    pub(super) fn queues(&self) -> Arc<Queues> {
        Arc::clone(&self.queues)
    }

    /// Carries out one operation of a service that speaks AWS JSON.
    pub(super) async fn json(&self, operation: &Operation, input: Value) -> Result<Value, ServiceError> {
        let name = operation.name.as_str();
        match operation.service {
            Service::Sqs => self.queues.call(name, input).await,
            Service::SecretsManager => self.secrets.call(name, input),
            Service::EventBridge => self.events.call(name, input),
            Service::StepFunctions => self.tasks.call(name, input),
            Service::S3 | Service::DynamoDb | Service::Lambda | Service::Sts => {
                Err(ServiceError::unknown_operation(name))
            }
        }
    }
}

/// Answers everything on the port.
pub(super) fn handler(services: Arc<Services>) -> Handler {
    Arc::new(move |request| Box::pin(answer(Arc::clone(&services), request)))
}

async fn answer(services: Arc<Services>, request: Request<Body>) -> Answer {
    let operation = of_services(&request);
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let protocol = match operation.service {
        Service::Lambda if operation.name != "Invoke" => {
            return Ok(services.callbacks.answer(head.uri.path(), &body));
        }
        Service::Lambda => return Ok(services.functions.invoke(&head, body).await),
        Service::Sts => return Ok(sts::answer(&body)),
        Service::Sqs | Service::StepFunctions => Protocol::Json10,
        _ => Protocol::Json11,
    };
    let input = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
    let result = match input {
        Ok(input) => services.json(&operation, input).await,
        Err(error) => Err(ServiceError::new("SerializationException", error.to_string())),
    };
    Ok(match result {
        Ok(output) => respond(StatusCode::OK, protocol.content_type(), output.to_string().into()),
        Err(error) => error.into_response(protocol),
    })
}

/// An answer with an id, which the clients log.
fn respond(status: StatusCode, content_type: &'static str, body: bytes::Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
