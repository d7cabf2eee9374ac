//! DynamoDB by the crate dynoxide, which stores tables in SQLite. Dynoxide serves a socket only, so requests that pass the
//! middleware are forwarded to a private port.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use dynoxide::Database;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use s3s::Body;
use tokio::task::JoinHandle;

use super::batch_get_limit::limit_response;
use super::handler::{Handler, HandlerResult};
use super::server::{endpoint, listen};
use super::start_error::StartError;

const BATCH_GET_TARGET: &str = "DynamoDB_20120810.BatchGetItem";

/// The private dynoxide server. Dropping it stops the server.
pub(super) struct DynamoDb {
    endpoint: String,
    task: JoinHandle<()>,
}

impl DynamoDb {
    /// Opens the database file, or a database in memory, and serves it on a free port.
    pub(super) async fn start(database: Option<PathBuf>) -> Result<Self, StartError> {
        let database = match database {
            Some(path) => {
                let path = path
                    .to_str()
                    .ok_or_else(|| StartError::Database(format!("{} is not UTF-8", path.display())))?;
                Database::new(path)
            }
            None => Database::memory(),
        }
        .map_err(|error| StartError::Database(error.to_string()))?;
        let listener = listen("the table database", 0).await?;
        let endpoint = endpoint(&listener)?;
        let task = tokio::spawn(async move {
            dynoxide::server::serve_on(listener, database).await;
        });
        Ok(Self { endpoint, task })
    }

    /// Returns a handler that forwards requests to the private server.
    pub(super) fn handler(&self) -> Handler {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let endpoint: Arc<str> = self.endpoint.as_str().into();
        Arc::new(move |request| Box::pin(forward(client.clone(), Arc::clone(&endpoint), request)))
    }

    /// Stops the server and waits for its end.
    pub(super) async fn shutdown(mut self) {
        self.task.abort();
        // The result is always the cancellation.
        let _ = (&mut self.task).await;
    }
}

impl Drop for DynamoDb {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(
    client: Client<HttpConnector, Full<Bytes>>,
    endpoint: Arc<str>,
    request: Request<Body>,
) -> HandlerResult {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = format!("{endpoint}{path}").parse::<Uri>()?;
    // The size is bounded by DynamoDB's limit of 16 MB, which dynoxide enforces.
    let body = body.collect().await?.to_bytes();
    let is_batch_get = parts.headers.get("x-amz-target").is_some_and(|target| target == BATCH_GET_TARGET);
    let response = client.request(Request::from_parts(parts, Full::new(body.clone()))).await?;
    if !is_batch_get {
        return Ok(response.map(Body::from));
    }
    let (mut parts, items) = response.into_parts();
    let limited = limit_response(&body, items.collect().await?.to_bytes());
    // Both describe the complete response.
    parts.headers.remove(http::header::CONTENT_LENGTH);
    parts.headers.remove("x-amz-crc32");
    Ok(http::Response::from_parts(parts, Body::from(limited)))
}
