//! Stores objects: the bytes and a JSON record of each version on disk, and an index in memory. One lock protects the
//! conditions and the current version. It is held for a rename and a small write, never while a body is received.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s3s::dto::BucketLifecycleConfiguration;
use s3s::{S3Error, S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::checksum::ObjectChecksum;
use super::conditions::WriteCondition;
use super::multipart::Upload;
use super::object::{ObjectAttributes, Version, now_millis};
use super::receive_body::TemporaryFile;
use crate::cloud::json_file;

/// The versioning state of a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Versioning {
    #[default]
    Never,
    Enabled,
    Suspended,
}

/// A bucket and the index of its objects.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Bucket {
    pub(super) created_millis: u64,
    pub(super) versioning: Versioning,
    /// The versions of each key, oldest first. A list is never empty.
    #[serde(skip)]
    pub(super) objects: BTreeMap<String, Vec<Arc<Version>>>,
    /// Can be read back until the next restart. Nothing expires.
    #[serde(skip)]
    pub(super) lifecycle: Option<BucketLifecycleConfiguration>,
}

/// The index, which the lock protects.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) buckets: BTreeMap<String, Bucket>,
    pub(super) uploads: BTreeMap<String, Upload>,
    writes: HashMap<(String, String), u64>,
    deletes: HashMap<(String, String), u64>,
}

/// The store of all buckets.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    pub(super) region: String,
    state: Mutex<State>,
}

/// An object before it becomes visible.
pub(super) struct NewObject {
    pub(super) file: TemporaryFile,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) checksum: ObjectChecksum,
    pub(super) attributes: ObjectAttributes,
}

impl Store {
    /// Opens the folder and loads the index.
    pub(crate) fn open(folder: PathBuf, region: &str) -> io::Result<Arc<Self>> {
        let temporary = folder.join("receiving");
        if temporary.exists() {
            fs::remove_dir_all(&temporary)?;
        }
        for name in ["receiving", "buckets", "uploads"] {
            fs::create_dir_all(folder.join(name))?;
        }
        let mut state = State::default();
        for entry in fs::read_dir(folder.join("buckets"))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            state.buckets.insert(name, load_bucket(&entry.path())?);
        }
        state.uploads = Upload::load_all(&folder.join("uploads"))?;
        Ok(Arc::new(Self { folder, region: region.to_owned(), state: Mutex::new(state) }))
    }

    /// Returns how often an object was written at this key since the start.
    pub(crate) fn write_count(&self, bucket: &str, key: &str) -> u64 {
        let address = (bucket.to_owned(), key.to_owned());
        self.lock().writes.get(&address).copied().unwrap_or_default()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the folder for bodies while they are received.
    pub(super) fn temporary_folder(&self) -> PathBuf {
        self.folder.join("receiving")
    }

    /// Returns the folder with the parts of an upload.
    pub(super) fn upload_folder(&self, upload_id: &str) -> PathBuf {
        self.folder.join("uploads").join(upload_id)
    }

    pub(super) fn bucket_folder(&self, bucket: &str) -> PathBuf {
        self.folder.join("buckets").join(bucket)
    }

    /// Writes the record of a bucket.
    pub(super) fn save_bucket(&self, name: &str, bucket: &Bucket) -> S3Result<()> {
        let folder = self.bucket_folder(name);
        fs::create_dir_all(folder.join("objects")).map_err(S3Error::internal_error)?;
        json_file::save(&folder.join("bucket.json"), bucket).map_err(S3Error::internal_error)
    }

    /// Makes an object visible if the condition holds.
    pub(super) fn commit(
        &self,
        state: &mut State,
        (bucket_name, key): (&str, &str),
        new: NewObject,
        condition: &WriteCondition,
    ) -> S3Result<Arc<Version>> {
        let bucket = state.bucket(bucket_name)?;
        condition.check(bucket.current(key).map(Arc::as_ref), state.deletes(bucket_name, key))?;
        let mut version = self.blank_version(bucket, key);
        version.file = format!("{}-{}", version.id, file_name(key));
        version.size = new.size;
        version.etag = new.etag;
        version.checksum = Some(new.checksum);
        version.attributes = new.attributes;
        let data = self.objects_folder(bucket_name).join(&version.file);
        new.file.rename_to(&data).map_err(S3Error::internal_error)?;
        let version = self.add_version(state, bucket_name, version)?;
        *state.writes.entry((bucket_name.to_owned(), key.to_owned())).or_default() += 1;
        Ok(version)
    }

    /// Makes a version without content, such as a delete marker.
    pub(super) fn blank_version(&self, bucket: &Bucket, key: &str) -> Version {
        let id = uuid::Uuid::now_v7().simple().to_string();
        let is_versioned = bucket.versioning == Versioning::Enabled;
        Version {
            version_id: if is_versioned { id.clone() } else { "null".into() },
            id,
            key: key.to_owned(),
            modified_millis: now_millis(),
            is_delete_marker: false,
            file: String::new(),
            size: 0,
            etag: String::new(),
            checksum: None,
            attributes: ObjectAttributes::default(),
        }
    }

    /// Adds a version. A version with the id `null` replaces the earlier one with that id.
    pub(super) fn add_version(
        &self,
        state: &mut State,
        bucket: &str,
        version: Version,
    ) -> S3Result<Arc<Version>> {
        self.save_version(bucket, &version)?;
        let versions = state.bucket_mut(bucket)?.objects.entry(version.key.clone()).or_default();
        if version.version_id == "null" {
            for old in versions.extract_if(.., |old| old.version_id == "null") {
                self.remove_files(bucket, &old);
            }
        }
        let version = Arc::new(version);
        versions.push(Arc::clone(&version));
        Ok(version)
    }

    pub(super) fn save_version(&self, bucket: &str, version: &Version) -> S3Result<()> {
        let path = self.objects_folder(bucket).join(format!("{}.json", version.id));
        json_file::save(&path, version).map_err(S3Error::internal_error)
    }

    /// Deletes the files of a version. Readers that have opened a file can read it to its end.
    pub(super) fn remove_files(&self, bucket: &str, version: &Version) {
        let folder = self.objects_folder(bucket);
        // The record is removed first: data without a record is removed at the next start, but a record without data is a
        // broken object.
        let _ = fs::remove_file(folder.join(format!("{}.json", version.id)));
        if !version.file.is_empty() {
            let _ = fs::remove_file(folder.join(&version.file));
        }
    }

    /// Finds an object and opens its file, so that a later write cannot remove the bytes.
    pub(super) fn open_object(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> S3Result<(Arc<Version>, File)> {
        let state = self.lock();
        let version = state.bucket(bucket)?.version(key, version_id)?;
        let file = File::open(self.objects_folder(bucket).join(&version.file));
        Ok((version, file.map_err(S3Error::internal_error)?))
    }

    fn objects_folder(&self, bucket: &str) -> PathBuf {
        self.bucket_folder(bucket).join("objects")
    }
}

impl State {
    /// Returns how often a key has been deleted since the start.
    pub(super) fn deletes(&self, bucket: &str, key: &str) -> u64 {
        self.deletes.get(&(bucket.to_owned(), key.to_owned())).copied().unwrap_or_default()
    }

    /// Counts a delete of a key.
    pub(super) fn add_delete(&mut self, bucket: &str, key: &str) {
        *self.deletes.entry((bucket.to_owned(), key.to_owned())).or_default() += 1;
    }

    pub(super) fn bucket(&self, name: &str) -> S3Result<&Bucket> {
        self.buckets.get(name).ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }

    pub(super) fn bucket_mut(&mut self, name: &str) -> S3Result<&mut Bucket> {
        self.buckets
            .get_mut(name)
            .ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }
}

impl Bucket {
    /// Returns the current version, unless it is a delete marker.
    pub(super) fn current(&self, key: &str) -> Option<&Arc<Version>> {
        self.objects.get(key)?.last().filter(|version| !version.is_delete_marker)
    }

    /// Returns the current version, or the given one, for a read.
    pub(super) fn version(&self, key: &str, version_id: Option<&str>) -> S3Result<Arc<Version>> {
        let Some(version_id) = version_id else {
            let current = self.current(key).cloned();
            return current.ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."));
        };
        let mut versions = self.objects.get(key).into_iter().flatten();
        match versions.find(|version| version.version_id == version_id) {
            Some(version) if version.is_delete_marker => Err(s3_error!(MethodNotAllowed)),
            Some(version) => Ok(Arc::clone(version)),
            None => Err(s3_error!(NoSuchVersion)),
        }
    }
}

fn load_bucket(folder: &Path) -> io::Result<Bucket> {
    let mut bucket: Bucket = json_file::load(&folder.join("bucket.json"))?.unwrap_or_default();
    let objects = folder.join("objects");
    fs::create_dir_all(&objects)?;
    let mut records = Vec::new();
    let mut files = Vec::new();
    for entry in fs::read_dir(&objects)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json")
            && let Some(version) = json_file::load::<Version>(&path)?
        {
            records.push(version);
        } else {
            files.push(path);
        }
    }
    records.sort_by(|one, other| one.id.cmp(&other.id));
    let recorded: HashSet<&OsStr> = records.iter().map(|version| version.file.as_ref()).collect();
    for path in files {
        if path.file_name().is_none_or(|name| !recorded.contains(name)) {
            fs::remove_file(&path)?;
        }
    }
    for version in records {
        bucket.objects.entry(version.key.clone()).or_default().push(Arc::new(version));
    }
    Ok(bucket)
}

/// Makes a file name with the last part of the key, so that the file can be recognised.
fn file_name(key: &str) -> String {
    let name = key.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let safe = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    name.chars().map(|letter| if safe(letter) { letter } else { '_' }).take(100).collect::<String>() + ".data"
}
