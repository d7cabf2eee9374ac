//! Names are written and read the same.

use model::{ErrorClass, JobStatus};

#[test]
fn status_names_are_parsed_back() {
    for status in JobStatus::ALL {
        assert_eq!(status.as_str().parse::<JobStatus>().expect("a name"), status);
        assert_eq!(serde_json::json!(status), status.as_str());
    }
}

#[test]
fn error_classes_serialize_as_their_names() {
    for class in [ErrorClass::InvalidRequest, ErrorClass::ProviderThrottled, ErrorClass::ArchiveIncomplete] {
        assert_eq!(serde_json::json!(class), class.name());
    }
}
