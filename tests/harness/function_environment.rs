//! The environment variables of each function in a stack.

use runtime::Environment;

use crate::{
    cloud::{LocalCloud, LocalCloudOptions, RECEIVER_KEYS, SUBMIT_KEYS},
    resources::{BUCKET, QueueUrls, SECRET, TABLE, TOKEN_SECRET},
    simulators::SimulatorHost,
    stack_options::StackOptions,
};

/// Returns the variables that every function has.
pub(crate) fn common_variables(cloud: &LocalCloud, options: &LocalCloudOptions) -> Vec<(String, String)> {
    [
        ("AWS_REGION", &options.region),
        ("AWS_ACCESS_KEY_ID", &options.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &options.secret_access_key),
        ("AWS_ENDPOINT_URL", &cloud.aws_endpoint),
        ("AWS_ENDPOINT_URL_S3", &cloud.s3_endpoint),
        ("AWS_ENDPOINT_URL_DYNAMODB", &cloud.dynamodb_endpoint),
    ]
    .map(|(name, value)| (name.to_owned(), value.clone()))
    .to_vec()
}

/// The variables that `template.yaml` gives to each function.
pub(crate) struct FunctionEnvironments<'a> {
    pub(crate) common: Vec<(String, String)>,
    pub(crate) queues: QueueUrls,
    pub(crate) options: &'a StackOptions,
}

impl FunctionEnvironments<'_> {
    /// Adds the common variables, which the function's own override, and those that the stack's options override.
    fn with_common(&self, own: Vec<(String, String)>) -> Vec<(String, String)> {
        let common = self.common.clone().into_iter();
        common.chain(own).chain(self.options.variables.iter().cloned()).collect()
    }

    pub(crate) fn submit(
        &self,
        webhook_url: &str,
        simulators: &[(&'static str, SimulatorHost)],
    ) -> Environment {
        let trusted_origins = self.trusted_origins(simulators);
        let own = [
            ("TABLE_NAME", TABLE),
            ("SECRET_ID", SECRET),
            ("TOKEN_SECRET_ID", TOKEN_SECRET),
            ("CALLER_WEBHOOKS_QUEUE_URL", &self.queues.caller_webhooks),
            ("TRUSTED_ORIGINS", &trusted_origins),
            ("WEBHOOK_URL", webhook_url),
            ("SUBMISSIONS_QUEUE_URL", &self.queues.submissions),
            ("FAILED_INVOCATIONS_QUEUE_URL", &self.queues.failed_invocations),
            ("DELIVERY_QUEUE_URL", &self.queues.deliveries),
            ("BUCKET_NAME", BUCKET),
            ("LINK_ROLE_ARN", "arn:aws:iam::000000000000:role/links"),
            ("AWS_ACCESS_KEY_ID", SUBMIT_KEYS.0),
            ("AWS_SECRET_ACCESS_KEY", SUBMIT_KEYS.1),
        ];
        Environment::new(
            self.with_common(own.map(to_owned_pair).into_iter().chain(api_urls(simulators)).collect()),
        )
    }

    pub(crate) fn receiver(&self) -> Environment {
        let own = [
            ("ROLE", "receiver"),
            ("AWS_ACCESS_KEY_ID", RECEIVER_KEYS.0),
            ("AWS_SECRET_ACCESS_KEY", RECEIVER_KEYS.1),
            ("SECRET_ID", SECRET),
            ("TOKEN_SECRET_ID", TOKEN_SECRET),
            ("DELIVERY_QUEUE_URL", &self.queues.deliveries),
            ("BUCKET_NAME", BUCKET),
        ];
        Environment::new(self.with_common(own.map(to_owned_pair).to_vec()))
    }

    /// Returns the value of `TRUSTED_ORIGINS`: the file endpoints of the simulators, and callers on this machine.
    fn trusted_origins(&self, simulators: &[(&'static str, SimulatorHost)]) -> String {
        let files = simulators.iter().map(|(_, host)| host.origins().files.as_str());
        files.chain(self.options.caller_origins.iter().map(String::as_str)).collect::<Vec<_>>().join(",")
    }

    pub(crate) fn worker(&self, simulators: &[(&'static str, SimulatorHost)]) -> Vec<(String, String)> {
        let trusted_origins = self.trusted_origins(simulators);
        let own = [
            ("ROLE", "worker"),
            ("TABLE_NAME", TABLE),
            ("DELIVERY_QUEUE_URL", &self.queues.deliveries),
            ("BUCKET_NAME", BUCKET),
            ("LONG_LANDINGS_QUEUE_URL", &self.queues.long_landings),
            ("TRUSTED_ORIGINS", &trusted_origins),
            ("SECRET_ID", SECRET),
            ("TOKEN_SECRET_ID", TOKEN_SECRET),
            ("SUBMISSIONS_QUEUE_URL", &self.queues.submissions),
            ("CALLER_WEBHOOKS_QUEUE_URL", &self.queues.caller_webhooks),
        ];
        self.with_common(own.map(to_owned_pair).into_iter().chain(api_urls(simulators)).collect())
    }
}

fn api_urls(simulators: &[(&'static str, SimulatorHost)]) -> impl Iterator<Item = (String, String)> {
    simulators.iter().flat_map(|(name, host)| {
        let url = |setting: &str| (format!("{}_{setting}", name.to_uppercase()), host.origins().api.clone());
        // The simulator serves the subscription service beside the API. No other function reads its URL.
        let has_service = providers::find_provider(name)
            .is_some_and(|provider| provider.default_subscriptions_url().is_some());
        std::iter::once(url("API_URL")).chain(has_service.then(|| url("SUBSCRIPTIONS_URL")))
    })
}

fn to_owned_pair((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
