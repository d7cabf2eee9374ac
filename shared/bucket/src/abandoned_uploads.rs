//! Uploads that somebody began and nobody will end.

use model::{Error, JobId, ProviderName};

use crate::{Bucket, Key, errors::refused};

impl Bucket {
    /// Gives up every open upload to a key but `spared`, for a worker that takes over from one that may have been
    /// killed. Only whoever alone may write the key may call this: an upload that is still being fed ends in an
    /// error.
    ///
    /// A failure is only logged. What stays open costs storage until the bucket's lifecycle rule removes it, and
    /// is no reason not to bring the files in.
    pub async fn abort_leftovers(&self, key: &Key, spared: Option<&str>) {
        match self.open_uploads(key).await {
            Ok(ids) => {
                for id in ids.into_iter().filter(|id| Some(id.as_str()) != spared) {
                    self.abort_parts(key, &id).await;
                }
            }
            Err(error) => error.log("uploads that a lost worker left are not looked for"),
        }
    }

    /// Gives up every open upload of a job whose files are not wanted any more.
    ///
    /// A failure is only logged, as above.
    pub async fn abort_all(&self, provider: &ProviderName, job: JobId) {
        let prefix = self.key(&Key::Prefix(provider.clone(), job));
        let list = self.client.list_multipart_uploads().bucket(&self.bucket).prefix(prefix).send().await;
        let uploads = match list {
            Ok(listed) => listed.uploads.unwrap_or_default(),
            Err(e) => {
                return refused("list open uploads", e).log("uploads of a cancelled job are not looked for");
            }
        };
        for open in uploads {
            if let (Some(key), Some(id)) = (open.key, open.upload_id) {
                self.abort_parts_at(&key, &id).await;
            }
        }
    }

    /// Ids of the open uploads to exactly this key; S3 can only list by prefix. A key has few, so one page is all.
    async fn open_uploads(&self, key: &Key) -> Result<Vec<String>, Error> {
        let whole = self.key(key);
        let list = self.client.list_multipart_uploads().bucket(&self.bucket).prefix(&whole);
        let listed = list.send().await.map_err(|e| refused("list open uploads", e))?;
        let uploads = listed.uploads.unwrap_or_default().into_iter();
        Ok(uploads
            .filter(|open| open.key() == Some(whole.as_str()))
            .filter_map(|open| open.upload_id)
            .collect())
    }
}
