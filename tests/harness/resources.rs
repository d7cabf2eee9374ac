//! Creates the resources of `template.yaml` in the local cloud, through the AWS SDKs.

use std::sync::LazyLock;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_sdk_s3::config::AppName;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;
use runtime::{AwsConfig, Environment};
use serde_json::{Value, json};

/// Name of the bucket.
pub const BUCKET: &str = "landfall-files";
/// Name of the table.
pub const TABLE: &str = "landfall-jobs";
/// Name of the delivery queue.
pub const DELIVERY_QUEUE: &str = "landfall-deliveries";
/// Name of its dead-letter queue.
pub const DEAD_LETTER_QUEUE: &str = "landfall-dead-letters";
/// Name of the queue of long landings. It shares that dead-letter queue.
pub const LONG_LANDINGS_QUEUE: &str = "landfall-long-landings";
/// Name of the queue of jobs whose submission is deferred.
pub const SUBMISSIONS_QUEUE: &str = "landfall-submissions";
/// Name of its dead-letter queue.
pub const SUBMISSIONS_DEAD_LETTER_QUEUE: &str = "landfall-submissions-dead-letters";
/// Name of the queue of notifications for the callers' own webhooks.
pub const CALLER_WEBHOOKS_QUEUE: &str = "landfall-caller-webhooks";
/// Name of its dead-letter queue.
pub const CALLER_WEBHOOKS_DEAD_LETTER_QUEUE: &str = "landfall-caller-webhooks-dead-letters";
/// Name of the queue of failed asynchronous invocations of `submit`.
pub const FAILED_INVOCATIONS_QUEUE: &str = "landfall-failed-invocations";
/// How many messages of the caller webhook queue the worker receives in one batch.
pub const CALLERS_BATCH_SIZE: usize = 100;
/// Name of the secret.
pub const SECRET: &str = "landfall";
/// Name of the secret in which the functions cache access tokens.
pub const TOKEN_SECRET: &str = "landfall-tokens";

/// What the user agent of these clients adds, so that `tests/aws_models` knows their requests from those of the functions.
static APP_NAME: LazyLock<AppName> = LazyLock::new(|| AppName::new("landfall-tests").expect("a valid name"));

/// Any error of an AWS client during the set-up.
pub(crate) type SetupError = Box<dyn std::error::Error + Send + Sync>;

/// URLs of the queues.
#[derive(Debug, Clone)]
pub(crate) struct QueueUrls {
    pub(crate) deliveries: String,
    pub(crate) long_landings: String,
    pub(crate) submissions: String,
    pub(crate) caller_webhooks: String,
    pub(crate) failed_invocations: String,
}

/// Clients of the AWS services, configured like those of the functions.
#[derive(Debug, Clone)]
pub struct AwsClients {
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
}

impl AwsClients {
    /// Creates clients with the region, credentials and endpoints of a function's environment.
    ///
    /// # Errors
    /// A variable is missing.
    pub fn new(environment: &Environment) -> Result<Self, model::Error> {
        let aws = AwsConfig::new(environment)?;
        let config = |service| aws.service_config(service).into_builder().app_name(APP_NAME.clone()).build();
        let s3 = aws.streaming_config("S3").into_builder().app_name(APP_NAME.clone()).build();
        let s3 = aws_sdk_s3::config::Builder::from(&s3).force_path_style(s3.endpoint_url().is_some()).build();
        Ok(Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            dynamodb: aws_sdk_dynamodb::Client::new(&config("DYNAMODB")),
            sqs: aws_sdk_sqs::Client::new(&config("SQS")),
            secrets: aws_sdk_secretsmanager::Client::new(&config("SECRETS_MANAGER")),
        })
    }

    /// Creates the resources that do not exist yet.
    pub(crate) async fn create_resources(&self, max_receive_count: u32) -> Result<QueueUrls, SetupError> {
        self.create_table(TABLE).await?;
        if self.s3.head_bucket().bucket(BUCKET).send().await.is_err() {
            self.s3.create_bucket().bucket(BUCKET).send().await?;
            let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
            self.s3.put_bucket_versioning().bucket(BUCKET).versioning_configuration(versions).send().await?;
        }
        // The visibility timeouts of the template: longer than the timeouts of the functions, which set themselves when a
        // message becomes visible again.
        let deliveries = self.create_queue(DELIVERY_QUEUE, DEAD_LETTER_QUEUE, 960, max_receive_count).await?;
        let long_landings =
            self.create_queue(LONG_LANDINGS_QUEUE, DEAD_LETTER_QUEUE, 960, max_receive_count).await?;
        let submissions = self
            .create_queue(SUBMISSIONS_QUEUE, SUBMISSIONS_DEAD_LETTER_QUEUE, 360, max_receive_count)
            .await?;
        let (queue, dead_letter_queue) = (CALLER_WEBHOOKS_QUEUE, CALLER_WEBHOOKS_DEAD_LETTER_QUEUE);
        let caller_webhooks =
            self.create_queue(queue, dead_letter_queue, 960, webhook::CALLER_ATTEMPTS).await?;
        let failed_invocations = self.sqs.create_queue().queue_name(FAILED_INVOCATIONS_QUEUE).send().await?;
        let failed_invocations = failed_invocations.queue_url().ok_or("the queue has no URL")?.to_owned();
        Ok(QueueUrls { deliveries, long_landings, submissions, caller_webhooks, failed_invocations })
    }

    /// Creates the table of `template.yaml`, unless it exists.
    ///
    /// # Errors
    /// DynamoDB rejects a request.
    pub async fn create_table(&self, name: &str) -> Result<(), SetupError> {
        let tables = self.dynamodb.list_tables().send().await?;
        if tables.table_names().iter().any(|known| known == name) {
            return Ok(());
        }
        let mut create =
            self.dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        for attribute in ["pk", "sk", "provider_job_key", "day", "created", "due_shard", "due_at"] {
            let text = AttributeDefinition::builder().attribute_name(attribute);
            create = create.attribute_definitions(text.attribute_type(ScalarAttributeType::S).build()?);
        }
        create = create.key_schema(key("pk", KeyType::Hash)?).key_schema(key("sk", KeyType::Range)?);
        for (index, hash, range, projection) in [
            ("by_provider_job_id", "provider_job_key", None, ProjectionType::KeysOnly),
            ("by_day", "day", Some("created"), ProjectionType::KeysOnly),
            ("due", "due_shard", Some("due_at"), ProjectionType::KeysOnly),
        ] {
            let mut index =
                GlobalSecondaryIndex::builder().index_name(index).key_schema(key(hash, KeyType::Hash)?);
            if let Some(range) = range {
                index = index.key_schema(key(range, KeyType::Range)?);
            }
            let projection = Projection::builder().projection_type(projection).build();
            create = create.global_secondary_indexes(index.projection(projection).build()?);
        }
        create.send().await?;
        Ok(())
    }

    async fn create_queue(
        &self,
        name: &str,
        dead_letters: &str,
        visibility_timeout: u32,
        max_receive_count: u32,
    ) -> Result<String, SetupError> {
        let dead = self.sqs.create_queue().queue_name(dead_letters).send().await?;
        let dead = dead.queue_url().ok_or("the queue has no URL")?.to_owned();
        let arn =
            self.sqs.get_queue_attributes().queue_url(&dead).attribute_names(QueueAttributeName::QueueArn);
        let arn = arn.send().await?;
        let arn = arn
            .attributes()
            .and_then(|a| a.get(&QueueAttributeName::QueueArn))
            .ok_or("the queue has no ARN")?
            .clone();
        let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": max_receive_count }).to_string();
        let queue = self.sqs.create_queue().queue_name(name).send().await?;
        let queue = queue.queue_url().ok_or("the queue has no URL")?.to_owned();
        let set = self.sqs.set_queue_attributes().queue_url(&queue);
        let set = set.attributes(QueueAttributeName::RedrivePolicy, redrive);
        let visibility_timeout = visibility_timeout.to_string();
        set.attributes(QueueAttributeName::VisibilityTimeout, visibility_timeout).send().await?;
        Ok(queue)
    }

    /// Creates the token secret, empty as in the template, unless it exists.
    pub(crate) async fn create_token_secret(&self) -> Result<(), SetupError> {
        if self.secrets.describe_secret().secret_id(TOKEN_SECRET).send().await.is_err() {
            self.secrets.create_secret().name(TOKEN_SECRET).secret_string("{}").send().await?;
        }
        Ok(())
    }

    /// Writes Landfall's secret. An existing callback key is kept.
    pub(crate) async fn write_secret(&self, providers: Value, callback_key: &str) -> Result<(), SetupError> {
        let known = self.secrets.get_secret_value().secret_id(SECRET).send().await.ok();
        let known: Option<Value> = known.and_then(|value| serde_json::from_str(value.secret_string()?).ok());
        let mut secret = known
            .clone()
            .unwrap_or_else(|| json!({ "callback_key": callback_key, "previous_callback_keys": [] }));
        secret["providers"] = providers;
        match known {
            Some(_) => drop(
                self.secrets
                    .put_secret_value()
                    .secret_id(SECRET)
                    .secret_string(secret.to_string())
                    .send()
                    .await?,
            ),
            None => drop(
                self.secrets.create_secret().name(SECRET).secret_string(secret.to_string()).send().await?,
            ),
        }
        Ok(())
    }
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, SetupError> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}
