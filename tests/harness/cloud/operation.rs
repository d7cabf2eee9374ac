//! Finds the AWS operation of a request before the service handles it, so that faults and counters name `UploadPart`
//! instead of `PUT /bucket/key?partNumber=1`.

use http::{Method, Request};

/// The path prefix of `SendDurableExecutionCallbackSuccess` and its siblings in Lambda's API reference.
pub(super) const DURABLE_CALLBACKS_PATH: &str = "/2025-12-01/durable-execution-callbacks/";

/// The AWS services of the local cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Amazon S3.
    S3,
    /// Amazon DynamoDB.
    DynamoDb,
    /// Amazon SQS.
    Sqs,
    /// AWS Secrets Manager.
    SecretsManager,
    /// Amazon EventBridge.
    EventBridge,
    /// AWS Step Functions.
    StepFunctions,
    /// AWS Lambda.
    Lambda,
    /// AWS STS.
    Sts,
}

/// An AWS operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    /// The service.
    pub(super) service: Service,
    /// The operation's name in the AWS API reference.
    pub(super) name: String,
}

impl Operation {
    pub(super) fn new(service: Service, name: impl Into<String>) -> Self {
        Self { service, name: name.into() }
    }

    /// Returns whether the operation can change state. ReceiveMessage does: it hides the messages.
    pub(super) fn writes(&self) -> bool {
        const READS: [&str; 8] =
            ["Get", "Head", "List", "Describe", "Query", "Scan", "BatchGet", "TransactGet"];
        !READS.iter().any(|read| self.name.starts_with(read))
    }
}

/// Finds the operation of a request to the S3 port. Addresses are path-style only, because the endpoint is an IP address.
pub(super) fn of_s3<B>(request: &Request<B>) -> Operation {
    let path = request.uri().path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let query = request.uri().query().unwrap_or_default();
    let has_parameter = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let name = match (bucket.is_empty(), key.is_empty()) {
        (true, _) => "ListBuckets".to_owned(),
        (false, true) => bucket_operation(request.method(), has_parameter),
        (false, false) => {
            let has_copy_source = request.headers().contains_key("x-amz-copy-source");
            object_operation(request.method(), has_parameter, has_copy_source)
        }
    };
    Operation::new(Service::S3, name)
}

fn bucket_operation(method: &Method, has_parameter: impl Fn(&str) -> bool) -> String {
    let subject = if has_parameter("versioning") {
        "BucketVersioning"
    } else if has_parameter("lifecycle") {
        "BucketLifecycleConfiguration"
    } else if has_parameter("location") {
        "BucketLocation"
    } else {
        ""
    };
    match *method {
        _ if !subject.is_empty() => verb(method) + subject,
        Method::GET if has_parameter("uploads") => "ListMultipartUploads".into(),
        Method::GET if has_parameter("versions") => "ListObjectVersions".into(),
        Method::GET if has_parameter("list-type") => "ListObjectsV2".into(),
        Method::GET => "ListObjects".into(),
        Method::POST if has_parameter("delete") => "DeleteObjects".into(),
        Method::PUT => "CreateBucket".into(),
        _ => verb(method) + "Bucket",
    }
}

fn object_operation(method: &Method, has_parameter: impl Fn(&str) -> bool, has_copy_source: bool) -> String {
    match *method {
        _ if has_parameter("tagging") => verb(method) + "ObjectTagging",
        Method::POST if has_parameter("uploads") => "CreateMultipartUpload".into(),
        Method::POST if has_parameter("uploadId") => "CompleteMultipartUpload".into(),
        Method::PUT if has_parameter("uploadId") && has_copy_source => "UploadPartCopy".into(),
        Method::PUT if has_parameter("uploadId") => "UploadPart".into(),
        Method::DELETE if has_parameter("uploadId") => "AbortMultipartUpload".into(),
        Method::GET if has_parameter("uploadId") => "ListParts".into(),
        Method::PUT if has_copy_source => "CopyObject".into(),
        _ => verb(method) + "Object",
    }
}

fn verb(method: &Method) -> String {
    let method = method.as_str();
    method[..1].to_owned() + &method[1..].to_ascii_lowercase()
}

/// Finds the operation of a request to the DynamoDB port.
pub(super) fn of_dynamodb<B>(request: &Request<B>) -> Operation {
    let (_, name) = target(request).unwrap_or_default();
    Operation::new(Service::DynamoDb, name)
}

/// Finds the operation of a request to the port of all other services.
pub(super) fn of_services<B>(request: &Request<B>) -> Operation {
    let Some((prefix, name)) = target(request) else {
        return of_path(request.uri().path());
    };
    let service = match prefix {
        "secretsmanager" => Service::SecretsManager,
        "AWSEvents" => Service::EventBridge,
        "AWSStepFunctions" => Service::StepFunctions,
        _ => Service::Sqs,
    };
    Operation::new(service, name)
}

/// Finds the operation of a request without `X-Amz-Target`. Lambda operations have paths. STS names its operation in the
/// body, which is not read yet.
fn of_path(path: &str) -> Operation {
    if path.starts_with("/2015-03-31/functions/") {
        return Operation::new(Service::Lambda, "Invoke");
    }
    if !path.starts_with(DURABLE_CALLBACKS_PATH) {
        return Operation::new(Service::Sts, "Query");
    }
    let verb = match path.rsplit('/').next() {
        Some("succeed") => "Success",
        Some("fail") => "Failure",
        _ => "Heartbeat",
    };
    Operation::new(Service::Lambda, format!("SendDurableExecutionCallback{verb}"))
}

/// Splits `X-Amz-Target: AmazonSQS.SendMessage` into prefix and operation.
fn target<B>(request: &Request<B>) -> Option<(&str, &str)> {
    request.headers().get("x-amz-target")?.to_str().ok()?.split_once('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s3(method: &str, uri: &str) -> String {
        let request = Request::builder().method(method).uri(uri).body(()).expect("a valid request");
        of_s3(&request).name
    }

    #[test]
    fn s3_requests_map_to_the_operation_names_of_the_api_reference() {
        assert_eq!(s3("PUT", "/bucket/a/b"), "PutObject");
        assert_eq!(s3("HEAD", "/bucket/a"), "HeadObject");
        assert_eq!(s3("PUT", "/bucket/a?partNumber=1&uploadId=x"), "UploadPart");
        assert_eq!(s3("POST", "/bucket/a?uploads"), "CreateMultipartUpload");
        assert_eq!(s3("DELETE", "/bucket/a?uploadId=x"), "AbortMultipartUpload");
        assert_eq!(s3("GET", "/bucket/?list-type=2&prefix=uploads"), "ListObjectsV2");
        assert_eq!(s3("PUT", "/bucket"), "CreateBucket");
        assert_eq!(s3("GET", "/bucket?versioning"), "GetBucketVersioning");
    }
}
