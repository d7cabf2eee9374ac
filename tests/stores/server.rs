//! The server that these tests run on.

use harness::{
    AwsClients,
    cloud::{LocalCloud, LocalCloudOptions},
};
use job_store::JobStore;
use runtime::{AwsConfig, Environment};
use tempfile::TempDir;
use uuid::Uuid;

/// A server, and a bucket or table name that no other test uses.
pub(crate) struct Server {
    pub(crate) aws: AwsConfig,
    pub(crate) clients: AwsClients,
    pub(crate) name: String,
    embedded: Option<(LocalCloud, TempDir)>,
}

impl Server {
    /// Connects to the server at the address in `variable`, else starts an embedded one.
    pub(crate) async fn start(variable: &str) -> Self {
        Self::start_at(Environment::from_process().optional(variable)).await
    }

    /// Starts an embedded server, which can fail on purpose.
    pub(crate) async fn start_embedded() -> Self {
        Self::start_at(None).await
    }

    /// The cloud of an embedded server.
    pub(crate) fn cloud(&self) -> &LocalCloud {
        &self.embedded.as_ref().expect("the server is embedded").0
    }

    async fn start_at(endpoint: Option<&str>) -> Self {
        let (s3, dynamodb, embedded) = match endpoint {
            Some(endpoint) => (endpoint.to_owned(), endpoint.to_owned(), None),
            None => {
                let data = TempDir::new().expect("a temporary folder");
                let mut options = LocalCloudOptions::new(data.path());
                options.dynamodb_in_memory = true;
                let cloud = LocalCloud::start(options).await.expect("a cloud");
                (cloud.s3_endpoint.clone(), cloud.dynamodb_endpoint.clone(), Some((cloud, data)))
            }
        };
        let environment = Environment::new([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local-secret"),
            ("AWS_ENDPOINT_URL_S3", &s3),
            ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb),
        ]);
        let aws = AwsConfig::new(&environment).expect("complete");
        let clients = AwsClients::new(&environment).expect("complete");
        Self { aws, clients, name: format!("suite-{}", Uuid::new_v4()), embedded }
    }
}

/// Creates a job table that no other test uses.
pub(crate) async fn start_job_table() -> (Server, JobStore) {
    create_job_table(Server::start("DYNAMODB_LOCAL_ENDPOINT").await).await
}

/// Creates a job table on a server.
pub(crate) async fn create_job_table(server: Server) -> (Server, JobStore) {
    server.clients.create_table(&server.name).await.expect("a table");
    let job_store = JobStore::new(&server.aws.service_config("DYNAMODB"), &server.name);
    (server, job_store)
}
