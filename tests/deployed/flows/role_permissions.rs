//! The functions' roles deny what the functions do not need, tested with the credentials of the roles: an attacker who
//! controls the function that parses providers' archives can replace no key, and can access no other objects in the bucket
//! than Landfall's.

use aws_sdk_dynamodb::{error::ProvideErrorMetadata, types::AttributeValue};
use bytes::Bytes;
use harness::AwsClients;

use super::{STACK_LOCK, report_skipped, submit_export, wait_until_stored};
use crate::stack::Deployed;

/// An object in the bucket that does not belong to Landfall and is outside its folders.
const FOREIGN_KEY: &str = "somebody-elses/ledger.csv";

fn assert_access_denied<T, E: ProvideErrorMetadata + std::fmt::Debug>(what: &str, result: Result<T, E>) {
    let error = result.err().unwrap_or_else(|| panic!("{what} is allowed"));
    let is_denied = matches!(error.code(), Some("AccessDenied" | "AccessDeniedException"));
    assert!(is_denied, "{what}: {error:?}");
}

/// Tries to write a new version of a secret with its current text.
async fn rewrite_secret(
    stack: &Deployed,
    role: &AwsClients,
    secret: &str,
) -> Result<(), aws_sdk_secretsmanager::Error> {
    let known = stack.aws.secrets.get_secret_value().secret_id(secret).send().await.expect("the secret");
    let put = role.secrets.put_secret_value().secret_id(secret);
    put.secret_string(known.secret_string().expect("text")).send().await?;
    Ok(())
}

/// Tries to delete an item of the table.
async fn delete_item(
    stack: &Deployed,
    role: &AwsClients,
    pk: &str,
    sk: &str,
) -> Result<(), aws_sdk_dynamodb::Error> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let delete = role.dynamodb.delete_item().table_name(stack.text("table"));
    delete.key("pk", text(pk)).key("sk", text(sk)).send().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_can_write_the_token_secret_but_not_the_secret_with_the_keys() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await.filter(Deployed::has_roles) else { return report_skipped() };
    let worker = stack.assume_role("landing");
    let (keys, tokens) = (stack.text("secret_id"), stack.text("token_secret_id"));
    let version = |secret: String| {
        let get = stack.aws.secrets.get_secret_value().secret_id(secret);
        async move { get.send().await.expect("the secret").version_id.expect("a version") }
    };
    let before = version(keys.to_owned()).await;
    assert_access_denied("a new version of the keys", rewrite_secret(&stack, &worker, keys).await);
    let step = worker.secrets.update_secret_version_stage().secret_id(keys).version_stage("AWSCURRENT");
    let step = step.remove_from_version_id(&before).send().await;
    assert_access_denied(
        "another current version of the keys",
        step.map_err(aws_sdk_secretsmanager::Error::from),
    );
    assert_eq!(version(keys.to_owned()).await, before);
    let read = worker.secrets.get_secret_value().secret_id(keys).send().await;
    assert!(read.is_ok(), "the worker reads the keys: {read:?}");
    rewrite_secret(&stack, &worker, tokens).await.expect("the worker may write the token secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_can_access_only_landfalls_own_objects() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await.filter(Deployed::has_roles) else { return report_skipped() };
    let (worker, bucket) = (stack.assume_role("landing"), stack.text("bucket"));
    let own = wait_until_stored(&stack, &submit_export(&stack).await).await["archive"]["key"]
        .as_str()
        .expect("a key")
        .to_owned();
    let put = stack.aws.s3.put_object().bucket(bucket).key(FOREIGN_KEY);
    put.body(Bytes::from_static(b"1;2;3").into()).send().await.expect("an object");
    let s3 = &worker.s3;
    let get = s3.get_object().bucket(bucket).key(FOREIGN_KEY).send().await;
    assert_access_denied("reading", get.map_err(aws_sdk_s3::Error::from));
    let put = s3.put_object().bucket(bucket).key(FOREIGN_KEY).send().await;
    assert_access_denied("writing", put.map_err(aws_sdk_s3::Error::from));
    let delete = s3.delete_object().bucket(bucket).key(FOREIGN_KEY).send().await;
    assert_access_denied("deleting", delete.map_err(aws_sdk_s3::Error::from));
    assert_eq!(stack.object(FOREIGN_KEY).await, b"1;2;3");
    let stored_body = s3.delete_object().bucket(bucket).key("deliveries/abyssale/x").send().await;
    assert_access_denied("deleting a stored delivery", stored_body.map_err(aws_sdk_s3::Error::from));
    let read = s3.get_object().bucket(bucket).key(own).send().await;
    assert!(read.is_ok(), "the worker reads what it landed: {read:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn submit_can_delete_idempotency_keys_but_no_jobs() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await.filter(Deployed::has_roles) else { return report_skipped() };
    let id = submit_export(&stack).await;
    for function in ["submit", "landing"] {
        let role = stack.assume_role(function);
        assert_access_denied(function, delete_item(&stack, &role, &id, "JOB").await);
    }
    let submit = stack.assume_role("submit");
    delete_item(&stack, &submit, "IDEM#of-nobody", "IDEM").await.expect("submit may delete idempotency keys");
    wait_until_stored(&stack, &id).await;
}
