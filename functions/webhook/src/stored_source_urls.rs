//! The list of a job's source URLs. A list that is too long for the job's DynamoDB item is stored in the bucket.

use bucket::{Bucket, ObjectKey};
use model::{Error, ErrorClass, Job, JobEvent, ProviderName, Source, SourceRole};
use serde_json::Map;
use time::OffsetDateTime;
use uuid::Uuid;

/// The longest list of sources in a job's record, in bytes of JSON: a DynamoDB item ends at 400 KB.
const MAX_SOURCES_BYTES: usize = 48 * 1024;

/// Stores a long list of sources in the bucket, and returns the event with a reference to it. Every other event is
/// returned as it is.
pub(crate) async fn store_long_source_list(
    bucket: &Bucket,
    provider: &ProviderName,
    event: JobEvent,
) -> Result<JobEvent, Error> {
    let (JobEvent::FilesReady { sources, .. } | JobEvent::FilesFound { sources, .. }) = &event else {
        return Ok(event);
    };
    let not_serialized =
        |e| Error::new(ErrorClass::Internal, "the sources cannot be serialized").with_source(e);
    let list = serde_json::to_vec(sources).map_err(not_serialized)?;
    if list.len() <= MAX_SOURCES_BYTES {
        return Ok(event);
    }
    let key =
        ObjectKey::DeliveryBody(provider.clone(), OffsetDateTime::now_utc(), Uuid::now_v7().to_string());
    bucket.put_if_absent(&key, "application/json", list.into()).await?;
    let list = Source {
        url: bucket.object_key(&key),
        role: SourceRole::SourceList,
        name: None,
        details: Map::new(),
    };
    Ok(match event {
        JobEvent::FilesReady { missing, .. } => JobEvent::FilesReady { sources: vec![list], missing },
        JobEvent::FilesFound { missing, completed_by, .. } => {
            JobEvent::FilesFound { sources: vec![list], missing, completed_by }
        }
        other => other,
    })
}

/// Reads the job's sources, from the bucket if they are too many for its record.
pub(crate) async fn read_source_list(bucket: &Bucket, job: &Job) -> Result<Vec<Source>, Error> {
    let [Source { role: SourceRole::SourceList, url: key, .. }] = &job.sources[..] else {
        return Ok(job.sources.clone());
    };
    let missing = || {
        Error::new(
            ErrorClass::Internal,
            "the list of the job's sources is missing in the bucket or unreadable",
        )
    };
    let list = bucket.get_object(key).await?.ok_or_else(missing)?;
    serde_json::from_slice(&list).map_err(|e| missing().with_source(e))
}
