//! Names the AWS operation that a request asks for, before anybody has handled it, so that faults
//! and counters can speak of `UploadPart` and not of `PUT /bucket/key?partNumber=1`.

use http::{Method, Request};

/// The path prefix of `SendDurableExecutionCallbackSuccess` and its siblings in Lambda's API reference.
pub(super) const DURABLE_CALLBACKS_PATH: &str = "/2025-12-01/durable-execution-callbacks/";

/// The AWS services that the cloud plays.
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

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    /// The service that is meant.
    pub(super) service: Service,
    /// The operation's name in the AWS documentation.
    pub(super) name: String,
}

impl Operation {
    pub(super) fn new(service: Service, name: impl Into<String>) -> Self {
        Self { service, name: name.into() }
    }

    /// Whether it can change anything. Receiving a message counts: it hides the message.
    pub(super) fn writes(&self) -> bool {
        const READS: [&str; 8] =
            ["Get", "Head", "List", "Describe", "Query", "Scan", "BatchGet", "TransactGet"];
        !READS.iter().any(|read| self.name.starts_with(read))
    }
}

/// For the S3 port: path-style addresses only, as the endpoint is an IP address.
pub(super) fn of_s3<B>(request: &Request<B>) -> Operation {
    let path = request.uri().path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let query = request.uri().query().unwrap_or_default();
    let asks = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let name = match (bucket.is_empty(), key.is_empty()) {
        (true, _) => "ListBuckets".to_owned(),
        (false, true) => bucket_operation(request.method(), asks),
        (false, false) => {
            let copies = request.headers().contains_key("x-amz-copy-source");
            object_operation(request.method(), asks, copies)
        }
    };
    Operation::new(Service::S3, name)
}

fn bucket_operation(method: &Method, asks: impl Fn(&str) -> bool) -> String {
    let subject = if asks("versioning") {
        "BucketVersioning"
    } else if asks("lifecycle") {
        "BucketLifecycleConfiguration"
    } else if asks("location") {
        "BucketLocation"
    } else {
        ""
    };
    match *method {
        _ if !subject.is_empty() => verb(method) + subject,
        Method::GET if asks("uploads") => "ListMultipartUploads".into(),
        Method::GET if asks("versions") => "ListObjectVersions".into(),
        Method::GET if asks("list-type") => "ListObjectsV2".into(),
        Method::GET => "ListObjects".into(),
        Method::POST if asks("delete") => "DeleteObjects".into(),
        Method::PUT => "CreateBucket".into(),
        _ => verb(method) + "Bucket",
    }
}

fn object_operation(method: &Method, asks: impl Fn(&str) -> bool, copies: bool) -> String {
    match *method {
        _ if asks("tagging") => verb(method) + "ObjectTagging",
        Method::POST if asks("uploads") => "CreateMultipartUpload".into(),
        Method::POST if asks("uploadId") => "CompleteMultipartUpload".into(),
        Method::PUT if asks("uploadId") && copies => "UploadPartCopy".into(),
        Method::PUT if asks("uploadId") => "UploadPart".into(),
        Method::DELETE if asks("uploadId") => "AbortMultipartUpload".into(),
        Method::GET if asks("uploadId") => "ListParts".into(),
        Method::PUT if copies => "CopyObject".into(),
        _ => verb(method) + "Object",
    }
}

fn verb(method: &Method) -> String {
    let method = method.as_str();
    method[..1].to_owned() + &method[1..].to_ascii_lowercase()
}

/// For the DynamoDB port.
pub(super) fn of_dynamodb<B>(request: &Request<B>) -> Operation {
    let (_, name) = target(request).unwrap_or_default();
    Operation::new(Service::DynamoDb, name)
}

/// For the port of all other services.
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

/// Lambda goes by paths, and STS by none of them: its operation is named in the body, which is not read yet.
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

/// `X-Amz-Target: AmazonSQS.SendMessage` in its two halves.
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
    fn s3_requests_have_the_names_of_the_documentation() {
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
