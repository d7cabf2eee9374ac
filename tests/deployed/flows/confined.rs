//! What the roles of functions may not do, tried with their credentials: whoever takes over the function that parses
//! strangers' archives replaces no key, and reaches nothing in the bucket that is not Landfall's.

use aws_sdk_dynamodb::{error::ProvideErrorMetadata, types::AttributeValue};
use bytes::Bytes;
use harness::AwsClients;

use super::{TURN, skipped, stored, submitted};
use crate::stack::Deployed;

/// An object in the bucket that Landfall did not put there, and that is not below its folders.
const SOMEBODY_ELSES: &str = "somebody-elses/ledger.csv";

fn is_refused<T, E: ProvideErrorMetadata + std::fmt::Debug>(what: &str, answer: Result<T, E>) {
    let error = answer.err().unwrap_or_else(|| panic!("{what} is allowed"));
    let refused = matches!(error.code(), Some("AccessDenied" | "AccessDeniedException"));
    assert!(refused, "{what}: {error:?}");
}

/// Tries to write a new version of a secret with the text that it has.
async fn written_again(
    stack: &Deployed,
    role: &AwsClients,
    secret: &str,
) -> Result<(), aws_sdk_secretsmanager::Error> {
    let known = stack.aws.secrets.get_secret_value().secret_id(secret).send().await.expect("the secret");
    let put = role.secrets.put_secret_value().secret_id(secret);
    put.secret_string(known.secret_string().expect("text")).send().await?;
    Ok(())
}

async fn deleted(
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
async fn the_worker_writes_tokens_and_no_keys() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await.filter(Deployed::has_roles) else { return skipped() };
    let worker = stack.under_the_role_of("landing");
    let (keys, tokens) = (stack.text("secret_id"), stack.text("token_secret_id"));
    let version = |secret: String| {
        let get = stack.aws.secrets.get_secret_value().secret_id(secret);
        async move { get.send().await.expect("the secret").version_id.expect("a version") }
    };
    let before = version(keys.to_owned()).await;
    is_refused("a new version of the keys", written_again(&stack, &worker, keys).await);
    let step = worker.secrets.update_secret_version_stage().secret_id(keys).version_stage("AWSCURRENT");
    let step = step.remove_from_version_id(&before).send().await;
    is_refused("another current version of the keys", step.map_err(aws_sdk_secretsmanager::Error::from));
    assert_eq!(version(keys.to_owned()).await, before);
    let read = worker.secrets.get_secret_value().secret_id(keys).send().await;
    assert!(read.is_ok(), "the worker reads the keys: {read:?}");
    written_again(&stack, &worker, tokens).await.expect("tokens are the worker's");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_reaches_nothing_but_landfalls_own_objects() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await.filter(Deployed::has_roles) else { return skipped() };
    let (worker, bucket) = (stack.under_the_role_of("landing"), stack.text("bucket"));
    let own =
        stored(&stack, &submitted(&stack).await).await["archive"]["key"].as_str().expect("a key").to_owned();
    let put = stack.aws.s3.put_object().bucket(bucket).key(SOMEBODY_ELSES);
    put.body(Bytes::from_static(b"1;2;3").into()).send().await.expect("an object");
    let s3 = &worker.s3;
    let get = s3.get_object().bucket(bucket).key(SOMEBODY_ELSES).send().await;
    is_refused("reading", get.map_err(aws_sdk_s3::Error::from));
    let put = s3.put_object().bucket(bucket).key(SOMEBODY_ELSES).send().await;
    is_refused("writing", put.map_err(aws_sdk_s3::Error::from));
    let delete = s3.delete_object().bucket(bucket).key(SOMEBODY_ELSES).send().await;
    is_refused("deleting", delete.map_err(aws_sdk_s3::Error::from));
    assert_eq!(stack.object(SOMEBODY_ELSES).await, b"1;2;3");
    let inbox = s3.delete_object().bucket(bucket).key("inbox/abyssale/x").send().await;
    is_refused("deleting from the inbox", inbox.map_err(aws_sdk_s3::Error::from));
    let read = s3.get_object().bucket(bucket).key(own).send().await;
    assert!(read.is_ok(), "the worker reads what it landed: {read:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn submit_deletes_idempotency_keys_and_no_jobs() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await.filter(Deployed::has_roles) else { return skipped() };
    let id = submitted(&stack).await;
    for function in ["submit", "landing"] {
        let role = stack.under_the_role_of(function);
        is_refused(function, deleted(&stack, &role, &id, "JOB").await);
    }
    let submit = stack.under_the_role_of("submit");
    deleted(&stack, &submit, "IDEM#of-nobody", "IDEM").await.expect("idempotency keys are freed");
    stored(&stack, &id).await;
}
