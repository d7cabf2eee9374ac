//! Starts and stops a simulator's endpoints, and gives tests and the local runner access to it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use simulators::{Endpoint, Origins, Simulator};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::shared_simulator::SharedSimulator;
use super::{delivery_scheduler, endpoints};

/// The port of each endpoint on 127.0.0.1; 0 takes a free one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// The provider's API.
    pub api: u16,
    /// The provider's file downloads.
    pub files: u16,
    /// The simulator's Admin endpoint.
    pub admin: u16,
}

/// A running simulator. Dropping it closes the ports and stops the deliveries.
pub struct SimulatorHost {
    shared: Arc<SharedSimulator>,
    origins: Origins,
    tasks: Vec<JoinHandle<()>>,
}

impl SimulatorHost {
    /// Binds the three endpoints, passes their origins to the simulator and starts serving.
    ///
    /// # Errors
    ///
    /// When a port is in use. The message names it.
    pub async fn start(simulator: Box<dyn Simulator>, ports: Ports) -> io::Result<Self> {
        let (api, api_origin) = bind(ports.api).await?;
        let (files, files_origin) = bind(ports.files).await?;
        let (admin, admin_origin) = bind(ports.admin).await?;
        let origins = Origins { api: api_origin, files: files_origin, admin: admin_origin };
        let shared = Arc::new(SharedSimulator::new(simulator));
        shared.with(|simulator| simulator.set_origins(origins.clone()));
        let tasks = vec![
            tokio::spawn(endpoints::serve(api, Endpoint::Api, Arc::clone(&shared))),
            tokio::spawn(endpoints::serve(files, Endpoint::Files, Arc::clone(&shared))),
            tokio::spawn(endpoints::serve(admin, Endpoint::Admin, Arc::clone(&shared))),
            tokio::spawn(delivery_scheduler::run(Arc::clone(&shared))),
        ];
        Ok(Self { shared, origins, tasks })
    }

    /// Returns the origins of the endpoints.
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Runs `work` on the simulator. Deliveries that it schedules are sent afterwards.
    pub fn with<T>(&self, work: impl FnOnce(&mut dyn Simulator) -> T) -> T {
        self.shared.with(work)
    }

    /// Describes the simulator as JSON: all that a script needs to use it.
    pub fn describe(&self) -> Value {
        self.with(|simulator| simulator.describe())
    }

    /// Calls the Admin endpoint without a connection. [`Value::Null`] sends no body, and is returned for an empty
    /// response.
    ///
    /// # Errors
    ///
    /// When the status of the response is not a success.
    pub fn admin(&self, method: http::Method, path: &str, body: &Value) -> Result<Value, AdminError> {
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.admin_bytes(method, path, "application/json", bytes)
    }

    /// Like [`SimulatorHost::admin`] with a body of any type, such as the bytes of an archive.
    ///
    /// # Errors
    ///
    /// When the status of the response is not a success.
    pub fn admin_bytes(
        &self,
        method: http::Method,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<Value, AdminError> {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::CONTENT_TYPE, content_type)
            .body(body)
            .map_err(|error| AdminError { status: 400, body: error.to_string() })?;
        let response = self.shared.handle(Endpoint::Admin, request).response;
        let text = || String::from_utf8_lossy(response.body()).into_owned();
        if !response.status().is_success() {
            return Err(AdminError { status: response.status().as_u16(), body: text() });
        }
        if response.body().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(response.body()).map_err(|_| AdminError { status: 500, body: text() })
    }
}

impl Drop for SimulatorHost {
    fn drop(&mut self) {
        // These tasks own the connections and the deliveries in flight, which end with them.
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// An unsuccessful response of the Admin endpoint.
#[derive(Debug)]
pub struct AdminError {
    /// The status of the response.
    pub status: u16,
    /// The body of the response.
    pub body: String,
}

impl std::fmt::Display for AdminError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the simulator's admin endpoint returned {}: {}", self.status, self.body)
    }
}

impl std::error::Error for AdminError {}

async fn bind(port: u16) -> io::Result<(TcpListener, String)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))?;
    let origin = format!("http://{}", listener.local_addr()?);
    Ok((listener, origin))
}
