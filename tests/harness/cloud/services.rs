//! The services on the shared port: SQS, Secrets Manager, EventBridge and Step Functions, which use the AWS JSON protocols,
//! and Lambda invocation and STS.

mod asynchronous_invocation;
mod durable_callbacks;
mod error;
mod event_bridge;
mod function_attempt;
mod lambda;
mod response;
mod secrets_manager;
mod sqs;
mod step_functions;
mod sts;
mod unavailable;

use std::io;
use std::path::Path;
use std::sync::Arc;

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use s3s::Body;
use serde_json::Value;

pub use self::asynchronous_invocation::AsyncInvokeConfig;
pub use self::durable_callbacks::CallbackReport;
pub(super) use self::error::ServiceError;
use self::error::json_content_type;
pub use self::event_bridge::PublishedEvent;
pub use self::function_attempt::{FunctionError, Invoke, invocation_request_id};
use self::response::respond;
pub use self::sqs::QueueDepth;
pub(super) use self::sqs::{Message, Queues, ReceiveOptions, delete_message, md5_of_body, receive_messages};
pub use self::step_functions::TaskReport;
pub(super) use self::sts::ROLE_KEYS;
pub(super) use self::unavailable::{rejected, service_unavailable};
use super::handler::{Handler, HandlerResult};
use super::operation::{Operation, Service, of_services};

/// The state of all services on the port.
pub(super) struct Services {
    queues: Arc<Queues>,
    secrets: secrets_manager::SecretsManager,
    events: event_bridge::EventBridge,
    tasks: step_functions::StepFunctions,
    callbacks: durable_callbacks::DurableCallbacks,
    functions: lambda::Lambda,
}

impl Services {
    /// Loads queues and secrets from the data folder.
    pub(super) fn open(data_dir: &Path, region: &str, endpoint: &str) -> io::Result<Arc<Self>> {
        let queues = Queues::open(data_dir.join("sqs"), region, endpoint)?;
        Ok(Arc::new(Self {
            functions: lambda::Lambda::new(region, Arc::clone(&queues)),
            queues,
            secrets: secrets_manager::SecretsManager::open(data_dir.join("secrets.json"), region)?,
            events: event_bridge::EventBridge::default(),
            tasks: step_functions::StepFunctions::default(),
            callbacks: durable_callbacks::DurableCallbacks::default(),
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

    pub(super) fn reject_task(&self, token: &str, code: &str) {
        self.tasks.reject(token, code);
    }

    pub(super) fn accept_task(&self, token: &str) {
        self.tasks.accept(token);
    }

    pub(super) fn callback_reports(&self) -> Vec<CallbackReport> {
        self.callbacks.all()
    }

    pub(super) fn register_function(&self, name: &str, function: Invoke) {
        self.functions.register(name, function);
    }

    pub(super) fn configure_async(&self, name: &str, config: AsyncInvokeConfig) {
        self.functions.configure_async(name, config);
    }

    pub(super) fn queue_depth(&self, queue: &str) -> Option<QueueDepth> {
        self.queues.depth(queue)
    }

    pub(super) fn queues(&self) -> Arc<Queues> {
        Arc::clone(&self.queues)
    }

    /// Runs one operation of a service with an AWS JSON protocol.
    pub(super) async fn json(&self, operation: &Operation, input: Value) -> Result<Value, ServiceError> {
        let name = operation.name.as_str();
        match operation.service {
            Service::Sqs => sqs::call(&self.queues, name, input).await,
            Service::SecretsManager => self.secrets.call(name, input),
            Service::EventBridge => self.events.call(name, input),
            Service::StepFunctions => self.tasks.call(name, input),
            Service::S3 | Service::DynamoDb | Service::Lambda | Service::Sts => {
                Err(ServiceError::unknown_operation(name))
            }
        }
    }
}

/// Returns the handler of all requests to the port.
pub(super) fn handler(services: Arc<Services>) -> Handler {
    Arc::new(move |request| Box::pin(handle_request(Arc::clone(&services), request)))
}

async fn handle_request(services: Arc<Services>, request: Request<Body>) -> HandlerResult {
    let operation = of_services(&request);
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    match operation.service {
        Service::Lambda if operation.name != "Invoke" => {
            return Ok(services.callbacks.handle_request(head.uri.path(), &body));
        }
        Service::Lambda => return Ok(services.functions.invoke(&head, body).await),
        Service::Sts => return Ok(sts::handle_request(&body)),
        _ => {}
    }
    let input = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
    let result = match input {
        Ok(input) => services.json(&operation, input).await,
        Err(error) => Err(ServiceError::new("SerializationException", error.to_string())),
    };
    Ok(match result {
        Ok(output) => {
            respond(StatusCode::OK, json_content_type(operation.service), output.to_string().into())
        }
        Err(error) => error.into_response(operation.service),
    })
}
