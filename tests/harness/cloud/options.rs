//! The settings of the local cloud.

use std::path::PathBuf;
use std::sync::Arc;

use super::recording::Recording;

/// The settings of the local cloud.
#[derive(Clone, Debug)]
pub struct LocalCloudOptions {
    /// Folder for objects, tables, queues and secrets. It is created if missing and can be reused after a restart.
    pub data_dir: PathBuf,
    /// The region in ARNs, bucket locations and events.
    pub region: String,
    /// The access key id that S3 accepts.
    pub access_key_id: String,
    /// The secret that S3 signatures are checked against.
    pub secret_access_key: String,
    /// Fixed ports, or 0 for free ones.
    pub ports: Ports,
    /// Whether tables are kept in memory instead of in the data folder.
    pub dynamodb_in_memory: bool,
    /// Where requests and responses are recorded, if anywhere.
    pub recording: Option<Arc<Recording>>,
}

impl LocalCloudOptions {
    /// Returns the defaults: free ports, `us-east-1`, the key pair `local`/`local-secret`, tables in the data folder, and the
    /// recording that `LANDFALL_RECORD_AWS` asks for.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            region: "us-east-1".into(),
            access_key_id: "local".into(),
            secret_access_key: "local-secret".into(),
            ports: Ports::default(),
            dynamodb_in_memory: false,
            recording: Recording::of_process(),
        }
    }
}

/// The port of each listener; 0 takes a free one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// S3.
    pub s3: u16,
    /// DynamoDB.
    pub dynamodb: u16,
    /// Every other service.
    pub services: u16,
}
