//! Secrets Manager: secrets with versions and staging labels, stored in one file.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::ServiceError;
use crate::cloud::{account::ACCOUNT_ID, json_file};

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";
/// The most bytes of a secret (API reference, `PutSecretValue`, `SecretString`: maximum length of 65536).
const MAX_SECRET_BYTES: usize = 65_536;

/// All secrets.
#[derive(Debug)]
pub(super) struct SecretsManager {
    path: PathBuf,
    region: String,
    secrets: Mutex<BTreeMap<String, Secret>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Secret {
    arn: String,
    name: String,
    description: Option<String>,
    created: f64,
    changed: f64,
    versions: BTreeMap<String, SecretVersion>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SecretVersion {
    string: Option<String>,
    /// Base64, as the client sent it.
    binary: Option<String>,
    stages: Vec<String>,
    created: f64,
}

impl SecretsManager {
    pub(super) fn open(path: PathBuf, region: &str) -> io::Result<Self> {
        let secrets = json_file::load(&path)?.unwrap_or_default();
        Ok(Self { path, region: region.to_owned(), secrets: Mutex::new(secrets) })
    }

    pub(super) fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let output = match operation {
            "CreateSecret" => self.create(&mut secrets, &input)?,
            "PutSecretValue" => put(find(&mut secrets, &input)?, &input)?,
            "UpdateSecret" => update(find(&mut secrets, &input)?, &input)?,
            "UpdateSecretVersionStage" => move_stage(find(&mut secrets, &input)?, &input)?,
            "GetSecretValue" => return get(find(&mut secrets, &input)?, &input),
            "DescribeSecret" => return Ok(find(&mut secrets, &input)?.describe()),
            "ListSecrets" => {
                let list: Vec<_> = secrets.values().map(Secret::describe).collect();
                return Ok(json!({ "SecretList": list }));
            }
            _ => return Err(ServiceError::unknown_operation(operation)),
        };
        json_file::save(&self.path, &*secrets)?;
        Ok(output)
    }

    fn create(&self, secrets: &mut BTreeMap<String, Secret>, input: &Value) -> Result<Value, ServiceError> {
        let name = text(input, "Name").ok_or_else(|| ServiceError::missing("Name"))?;
        if secrets.contains_key(&name) {
            let message = format!("The operation failed because the secret {name} already exists.");
            return Err(ServiceError::new("ResourceExistsException", message));
        }
        let suffix = &uuid::Uuid::new_v4().simple().to_string()[..6];
        let mut secret = Secret {
            arn: format!("arn:aws:secretsmanager:{}:{ACCOUNT_ID}:secret:{name}-{suffix}", self.region),
            description: text(input, "Description"),
            created: now(),
            changed: now(),
            versions: BTreeMap::new(),
            name: name.clone(),
        };
        let has_value = input["SecretString"].is_string() || input["SecretBinary"].is_string();
        let mut output = if has_value { put(&mut secret, input)? } else { secret.identify(None) };
        remove_stages(&mut output);
        secrets.insert(name, secret);
        Ok(output)
    }
}

/// Finds a secret by name, ARN, or ARN without the random suffix.
fn find<'a>(
    secrets: &'a mut BTreeMap<String, Secret>,
    input: &Value,
) -> Result<&'a mut Secret, ServiceError> {
    let id = text(input, "SecretId").ok_or_else(|| ServiceError::missing("SecretId"))?;
    let found = secrets.values_mut().find(|secret| {
        secret.name == id || secret.arn == id || secret.arn.rsplit_once('-').is_some_and(|(arn, _)| arn == id)
    });
    found.ok_or_else(|| {
        let message = "Secrets Manager can't find the specified secret.";
        ServiceError::new("ResourceNotFoundException", message)
    })
}

fn put(secret: &mut Secret, input: &Value) -> Result<Value, ServiceError> {
    let (string, binary) = (text(input, "SecretString"), text(input, "SecretBinary"));
    if string.is_some() == binary.is_some() {
        let message = "You must provide either SecretString or SecretBinary.";
        return Err(ServiceError::new("InvalidParameterException", message));
    }
    if string.as_ref().is_some_and(|string| string.len() > MAX_SECRET_BYTES) {
        let message = "Member must have length less than or equal to 65536";
        return Err(ServiceError::new("ValidationException", message));
    }
    let id = text(input, "ClientRequestToken").unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    if let Some(known) = secret.versions.get(&id) {
        // The same token with the same value is a retry. With another value it is an error.
        if (known.string.as_ref(), known.binary.as_ref()) != (string.as_ref(), binary.as_ref()) {
            let message = "You can't modify an existing version, you can only create a new version.";
            return Err(ServiceError::new("ResourceExistsException", message));
        }
        return Ok(secret.identify(Some(&id)));
    }
    let stages = serde_json::from_value(input["VersionStages"].clone());
    let stages = stages.unwrap_or_else(|_| vec![CURRENT.to_owned()]);
    secret.move_stages(&stages);
    secret.versions.insert(id.clone(), SecretVersion { string, binary, stages, created: now() });
    secret.changed = now();
    Ok(secret.identify(Some(&id)))
}

fn update(secret: &mut Secret, input: &Value) -> Result<Value, ServiceError> {
    if let Some(description) = text(input, "Description") {
        secret.description = Some(description);
        secret.changed = now();
    }
    if input["SecretString"].is_string() || input["SecretBinary"].is_string() {
        let mut output = put(secret, input)?;
        remove_stages(&mut output);
        return Ok(output);
    }
    Ok(secret.identify(None))
}

/// Removes the staging labels, which only PutSecretValue returns.
fn remove_stages(output: &mut Value) {
    output.as_object_mut().and_then(|members| members.remove("VersionStages"));
}

/// Moves a staging label to another version. The request must name the version that has it.
fn move_stage(secret: &mut Secret, input: &Value) -> Result<Value, ServiceError> {
    let stage = text(input, "VersionStage").ok_or_else(|| ServiceError::missing("VersionStage"))?;
    let (from, to) = (text(input, "RemoveFromVersionId"), text(input, "MoveToVersionId"));
    let has = |version: &SecretVersion| version.stages.contains(&stage);
    let holder = secret.versions.iter().find(|(_, version)| has(version)).map(|(id, _)| id.clone());
    if to.as_ref().is_some_and(|to| !secret.versions.contains_key(to)) {
        let message = "Secrets Manager can't find the specified secret version.";
        return Err(ServiceError::new("ResourceNotFoundException", message));
    }
    match (&holder, &from) {
        (Some(holder), None) if Some(holder) != to.as_ref() => {
            let message = format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version \
                 {holder}, so you must explicitly reference that version in RemoveFromVersionId."
            );
            return Err(ServiceError::new("InvalidParameterException", message));
        }
        (holder, Some(from)) if holder.as_ref() != Some(from) => {
            let message = format!(
                "When you move staging label {stage}, if you specify RemoveFromVersionId, it must be set to the version \
                 that currently has the staging label {stage}."
            );
            return Err(ServiceError::new("InvalidParameterException", message));
        }
        _ => {}
    }
    if to.is_some() {
        secret.move_stages(std::slice::from_ref(&stage));
    } else if let Some(version) = holder.and_then(|holder| secret.versions.get_mut(&holder)) {
        version.stages.retain(|known| *known != stage);
    }
    if let Some(version) = to.and_then(|to| secret.versions.get_mut(&to)) {
        version.stages.retain(|known| *known != PREVIOUS || stage != CURRENT);
        version.stages.push(stage);
    }
    secret.changed = now();
    Ok(secret.identify(None))
}

fn get(secret: &Secret, input: &Value) -> Result<Value, ServiceError> {
    let (id, stage) = (text(input, "VersionId"), text(input, "VersionStage"));
    let stage = stage.or_else(|| id.is_none().then(|| CURRENT.to_owned()));
    let found = secret.versions.iter().find(|(known, version)| {
        id.as_ref().is_none_or(|id| id == *known)
            && stage.as_ref().is_none_or(|stage| version.stages.contains(stage))
    });
    let Some((id, version)) = found else {
        let message = "Secrets Manager can't find the specified secret value.";
        return Err(ServiceError::new("ResourceNotFoundException", message));
    };
    let mut output = json!({
        "ARN": secret.arn, "Name": secret.name, "VersionId": id,
        "VersionStages": version.stages, "CreatedDate": version.created,
    });
    if let Some(string) = &version.string {
        output["SecretString"] = json!(string);
    }
    if let Some(binary) = &version.binary {
        output["SecretBinary"] = json!(binary);
    }
    Ok(output)
}

impl Secret {
    /// Removes staging labels from all versions. The version that was `AWSCURRENT` becomes `AWSPREVIOUS`.
    fn move_stages(&mut self, stages: &[String]) {
        let becomes_current = stages.iter().any(|stage| stage == CURRENT);
        for version in self.versions.values_mut() {
            let was_current = version.stages.iter().any(|stage| stage == CURRENT);
            version.stages.retain(|stage| !(stages.contains(stage) || becomes_current && stage == PREVIOUS));
            if was_current && becomes_current {
                version.stages.push(PREVIOUS.to_owned());
            }
        }
    }

    fn identify(&self, version: Option<&str>) -> Value {
        let mut output = json!({ "ARN": self.arn, "Name": self.name });
        if let Some((id, version)) = version.and_then(|id| self.versions.get_key_value(id)) {
            output["VersionId"] = json!(id);
            output["VersionStages"] = json!(version.stages);
        }
        output
    }

    fn describe(&self) -> Value {
        let staged = self.versions.iter().filter(|(_, version)| !version.stages.is_empty());
        let stages: BTreeMap<_, _> = staged.map(|(id, version)| (id, &version.stages)).collect();
        let mut output = json!({
            "ARN": self.arn, "Name": self.name, "CreatedDate": self.created,
            "LastChangedDate": self.changed, "VersionIdsToStages": stages,
        });
        if let Some(description) = &self.description {
            output["Description"] = json!(description);
        }
        output
    }
}

fn text(input: &Value, name: &str) -> Option<String> {
    input[name].as_str().map(str::to_owned)
}

/// Returns the seconds since 1970, the time format of the JSON protocols.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
