"""What AWS documents and its models do not say. Each entry names its source."""

import re

# https://docs.aws.amazon.com/awsconsolehelpdocs/latest/gsg/common-errors.html and the page "Common Errors" of each service.
# Each service uses either the name with or without "Exception".
COMMON_ERRORS = {
    "AccessDeniedException": {400, 403},
    "ExpiredTokenException": {400, 403},
    "IncompleteSignature": {400, 403},
    "IncompleteSignatureException": {400, 403},
    "InternalFailure": {500},
    "InvalidAction": {400},
    "InvalidClientTokenId": {403},
    "InvalidSignatureException": {400, 403},
    "MissingAuthenticationToken": {403},
    "MissingAuthenticationTokenException": {400, 403},
    "NotAuthorized": {400, 401},
    "OptInRequired": {403},
    "RequestEntityTooLargeException": {413},
    "RequestExpired": {400},
    "SerializationException": {400},
    "ServiceUnavailable": {503},
    "ServiceUnavailableException": {503},
    "ThrottlingException": {400},
    "UnknownOperationException": {400, 404},
    "UnrecognizedClientException": {400},
    "ValidationError": {400},
    "ValidationException": {400},
}

# Errors of single services that their models leave out.
SERVICE_ERRORS = {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    "sqs": {"InvalidParameterValue": {400}, "MissingParameter": {400}, "InvalidParameterCombination": {400}},
}

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, where the model's list of codes ends.
S3_ERRORS = {
    "BadRequest": {400},
    "ConditionalRequestConflict": {409},
    "InvalidChunkSizeError": {403},
    "MalformedTrailerError": {400},
    "NoSuchLifecycleConfiguration": {404},
    "NotModified": {304},
    "PreconditionFailed": {412},
    "ServiceUnavailable": {503},
    "SlowDown": {503},
    "XAmzContentChecksumMismatch": {400},
    "XAmzContentSHA256Mismatch": {400},
}

# https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html
S3_RESPONSE_HEADERS = {"x-amz-request-id", "x-amz-id-2"}

# What the documentation of an operation promises in every answer.
ALWAYS_ANSWERED = {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    ("sqs", "SendMessage"): ["MD5OfMessageBody", "MessageId"],
    ("sqs", "CreateQueue"): ["QueueUrl"],
    # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    ("secretsmanager", "GetSecretValue"): ["ARN", "Name", "VersionId", "VersionStages", "CreatedDate"],
    ("secretsmanager", "PutSecretValue"): ["ARN", "Name", "VersionId", "VersionStages"],
    ("secretsmanager", "UpdateSecretVersionStage"): ["ARN", "Name"],
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    ("events", "PutEvents"): ["Entries", "FailedEntryCount"],
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
    ("dynamodb", "Query"): ["Count", "Items", "ScannedCount"],
    ("dynamodb", "Scan"): ["Count", "Items", "ScannedCount"],
    ("dynamodb", "BatchGetItem"): ["Responses", "UnprocessedKeys"],
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    ("sts", "AssumeRole"): ["Credentials", "AssumedRoleUser"],
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html and its siblings
    ("s3", "PutObject"): ["ETag"],
    ("s3", "UploadPart"): ["ETag"],
    ("s3", "GetObject"): ["ETag", "LastModified", "ContentLength"],
    ("s3", "HeadObject"): ["ETag", "LastModified", "ContentLength"],
    ("s3", "CreateMultipartUpload"): ["Bucket", "Key", "UploadId"],
    ("s3", "CompleteMultipartUpload"): ["Bucket", "Key", "ETag", "Location"],
    ("s3", "ListMultipartUploads"): ["Bucket", "IsTruncated", "MaxUploads"],
    ("s3", "ListObjectsV2"): ["Name", "IsTruncated", "KeyCount", "MaxKeys"],
}

# Where AWS itself sends what its model does not allow, or where the server is not ours. Paths are regular expressions.
ALLOWED_IN_RESPONSES = [
    # "If there are no unprocessed keys remaining, the response contains an empty UnprocessedKeys map."
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
    ("dynamodb", "BatchGetItem", r"output\.UnprocessedKeys"),
    ("dynamodb", "BatchWriteItem", r"output\.UnprocessedItems"),
    # The example has 0: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
    ("dynamodb", "CreateTable", r".*\.NumberOfDecreasesToday"),
    # Dynoxide sends it. Only the tests create a table.
    ("dynamodb", "CreateTable", r"output\.TableDescription\.TableThroughputModeSummary"),
]

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html: characters of a message.
MESSAGE = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_MESSAGE_BYTES = 1024 * 1024
MAX_DELAY_SECONDS = 900
MAX_VISIBILITY_SECONDS = 12 * 60 * 60
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MAX_BATCH_ENTRIES = 10
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
MAX_EVENTS_BYTES = 1024 * 1024


def is_allowed_in_responses(service, operation, path):
    """Returns whether a difference is one of `ALLOWED_IN_RESPONSES`."""
    return any(
        (service, operation) == (known, name) and re.fullmatch(pattern, path)
        for known, name, pattern in ALLOWED_IN_RESPONSES
    )


def s3_errors(model):
    """Returns the error codes of S3 with their statuses, which the model lists in the documentation of `Error`."""
    text = model.shapes["Error"]["members"]["Code"]["documentation"]
    listed = re.findall(r"<i>Code:</i> (\w+)\s*</p>.*?<i>HTTP Status Code:</i> (\d+)", text, re.DOTALL)
    codes = {code: {int(status)} for code, status in listed}
    for code, statuses in S3_ERRORS.items():
        codes[code] = codes.get(code, set()) | statuses
    return codes


def check_request(service, operation, document, report):
    """Checks the documented limits of a JSON request."""
    if service == "sqs":
        entries = document.get("Entries")
        if isinstance(entries, list):
            check_batch(entries, report)
        for entry in entries if isinstance(entries, list) else [document]:
            check_message(entry, report)
    if service == "events" and operation == "PutEvents":
        check_events(document.get("Entries", []), report)


def check_batch(entries, report):
    if not 1 <= len(entries) <= MAX_BATCH_ENTRIES:
        report("Entries", f"{len(entries)} entries in a batch")
    ids = [entry.get("Id") for entry in entries]
    if len(set(ids)) != len(ids) or not all(re.fullmatch(r"[\w-]{1,80}", str(id)) for id in ids):
        report("Entries", f"the ids are not distinct and valid: {ids}")
    if sum(len(entry.get("MessageBody", "").encode()) for entry in entries) > MAX_MESSAGE_BYTES:
        report("Entries", "the messages of a batch are too long together")


def check_message(entry, report):
    body = entry.get("MessageBody")
    if isinstance(body, str):
        if not MESSAGE.fullmatch(body):
            report("MessageBody", "is empty or has a character that SQS rejects")
        if len(body.encode()) > MAX_MESSAGE_BYTES:
            report("MessageBody", f"{len(body.encode())} bytes are too many")
    for name, maximum in [("DelaySeconds", MAX_DELAY_SECONDS), ("VisibilityTimeout", MAX_VISIBILITY_SECONDS)]:
        if isinstance(entry.get(name), int) and not 0 <= entry[name] <= maximum:
            report(name, f"{entry[name]} is not between 0 and {maximum}")


def check_events(entries, report):
    size = 0
    for index, entry in enumerate(entries):
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                report(f"Entries[{index}].{name}", "EventBridge rejects an entry without it")
            size += len(str(entry.get(name, "")).encode())
        if str(entry.get("Source", "")).startswith("aws."):
            report(f"Entries[{index}].Source", "is reserved for AWS")
    if size > MAX_EVENTS_BYTES:
        report("Entries", f"{size} bytes are too many")
