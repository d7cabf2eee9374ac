//! Names the files that an archive lacks, by what is read of the items that were requested.

use std::collections::HashSet;

use bucket::Bucket;
use model::{Error, Job, MissingFile, Source, SourceRole};
use serde_json::Value;

use super::item_reads::ItemReads;
use crate::file_names::FileNames;

/// Returns the missing files of a job with a short archive: the items that do not exist, and those whose file is not
/// in the archive if the names of its files tell that.
pub(super) async fn name_missing_files(
    bucket: &Bucket,
    job: &Job,
    reads: &ItemReads,
) -> Result<Vec<MissingFile>, Error> {
    let names = read_file_names(bucket, job).await?;
    let archive = job.archive.as_ref();
    let shortfall =
        archive.map_or(0, |archive| archive.expected.unwrap_or(0).saturating_sub(archive.entries));
    Ok(name_missing(reads, names, shortfall))
}

/// Returns the missing items without those whose files an earlier round of the job has landed, before they were deleted
/// at the provider.
pub(super) async fn without_landed(
    bucket: &Bucket,
    job: &Job,
    missing: Vec<MissingFile>,
) -> Result<Vec<MissingFile>, Error> {
    let files = read_manifest_files(bucket, job).await?;
    let details = files.iter().filter_map(|file| file.get("details")?.as_object());
    let landed: HashSet<&str> =
        details.flat_map(|details| details.values()).filter_map(Value::as_str).collect();
    let is_landed = |missing: &MissingFile| missing.name.as_deref().is_some_and(|id| landed.contains(id));
    Ok(missing.into_iter().filter(|missing| !is_landed(missing)).collect())
}

/// The names of the files that landed, as they are in the archive.
async fn read_file_names(bucket: &Bucket, job: &Job) -> Result<FileNames, Error> {
    let files = read_manifest_files(bucket, job).await?;
    Ok(files.iter().filter_map(|file| file.get("source_name")?.as_str()).collect())
}

/// The files that the manifest lists. Empty without a manifest.
async fn read_manifest_files(bucket: &Bucket, job: &Job) -> Result<Vec<Value>, Error> {
    let Some(manifest) = &job.manifest else { return Ok(vec![]) };
    let text = bucket.get_object(&manifest.key).await?.unwrap_or_default();
    let mut manifest: Value = serde_json::from_slice(&text).unwrap_or_default();
    match manifest.get_mut("files").map(Value::take) {
        Some(Value::Array(files)) => Ok(files),
        Some(_) | None => Ok(vec![]),
    }
}

fn name_missing(reads: &ItemReads, mut names: FileNames, shortfall: u64) -> Vec<MissingFile> {
    let mut missing = reads.missing.clone();
    let unnamed = shortfall.saturating_sub(missing.len() as u64);
    if unnamed == 0 {
        return missing;
    }
    let is_file = |source: &&Source| source.role == SourceRole::File;
    let absent: Vec<&String> = reads
        .found
        .iter()
        .filter(|(_, sources)| {
            let name = sources.iter().find(is_file).and_then(|source| source.name.as_deref());
            !name.is_some_and(|name| names.take(name))
        })
        .map(|(id, _)| id)
        .collect();
    if absent.len() as u64 == unnamed {
        let reason = "it exists, and the archive lacks it; a retry lands it";
        let named = absent.into_iter().map(|id| (Some(id.clone()), reason.to_owned()));
        missing.extend(named.map(|(name, reason)| MissingFile { name, reason }));
    } else {
        let reason = format!(
            "{unnamed} more files are missing in the archive, and the names in it do not tell which; a retry lands them"
        );
        missing.push(MissingFile { name: None, reason });
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(found: &[&str], missing: &[&str], names: &[&str], shortfall: u64) -> Vec<String> {
        let source = |id: &str| Source {
            role: SourceRole::File,
            name: Some(format!("{id}.png")),
            ..Source::archive("https://h/x")
        };
        let mut reads = ItemReads::default();
        reads.found = found.iter().map(|id| ((*id).to_owned(), vec![source(id)])).collect();
        let gone = |id: &&str| MissingFile { name: Some((*id).into()), reason: "none".into() };
        reads.missing = missing.iter().map(gone).collect();
        let named = name_missing(&reads, names.iter().copied().collect(), shortfall);
        named.iter().map(|missing| missing.name.clone().unwrap_or_else(|| missing.reason.clone())).collect()
    }

    #[test]
    fn items_that_do_not_exist_and_items_that_the_archive_lacks_are_named() {
        assert_eq!(describe(&["a", "b"], &["c"], &["x/a.png", "b.png"], 1), ["c"]);
        assert_eq!(describe(&["a", "b", "d"], &["c"], &["x/a.png", "D.PNG"], 2), ["c", "b"]);
        let unknown = describe(&["a", "b"], &[], &["1.png"], 1);
        assert!(unknown[0].starts_with("1 more files are missing"), "{unknown:?}");
    }
}
