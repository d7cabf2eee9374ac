//! Starts all of Landfall on one machine.

use std::time::Duration;

use runtime::Environment;
use serde_json::{Map, Value, json};

use crate::{
    Function, HttpApi, HttpClient, WorkerProcesses,
    cloud::{
        AsyncInvokeConfig, EventSource, EventSourceOptions, LocalCloud, LocalCloudOptions,
        Ports as CloudPorts,
    },
    function::{in_process, invoke_handler},
    function_environment::{FunctionEnvironments, common_variables},
    resources::{
        AwsClients, BUCKET, CALLER_WEBHOOKS_QUEUE, CALLERS_BATCH_SIZE, DELIVERY_QUEUE,
        FAILED_INVOCATIONS_QUEUE, LONG_LANDINGS_QUEUE, SECRET, SUBMISSIONS_QUEUE, SetupError, TABLE,
        TOKEN_SECRET,
    },
    simulators::{Ports as SimulatorPorts, SimulatorHost},
    stack_options::{StackOptions, Workers},
    sweep_schedule::SweepSchedule,
};

/// Why a stack does not start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StackError(String);

impl StackError {
    fn at(what: &str) -> impl Fn(SetupError) -> StackError {
        let what = what.to_owned();
        move |e| StackError(format!("{what}: {e}"))
    }
}

/// A running stack. Dropping it stops everything.
pub struct Stack {
    /// The local AWS.
    pub cloud: LocalCloud,
    /// The simulators, with the names of their providers.
    pub simulators: Vec<(&'static str, SimulatorHost)>,
    /// The API in front of `submit`.
    pub submit: HttpApi,
    /// The API in front of the webhook receiver.
    pub webhook: HttpApi,
    /// AWS clients.
    pub aws: AwsClients,
    /// An HTTP client for the two APIs.
    pub http: HttpClient,
    /// URL of the delivery queue.
    pub delivery_queue_url: String,
    /// URL of the queue of long landings.
    pub long_landings_queue_url: String,
    /// URL of the queue of jobs whose submission is deferred.
    pub submissions_queue_url: String,
    /// The worker's processes, if the worker runs as processes.
    pub processes: Option<WorkerProcesses>,
    /// URL of the queue of failed asynchronous invocations.
    pub failed_invocations_queue_url: String,
    /// The `submit` function, for direct invocation.
    pub submit_function: Function,
    /// The worker, for direct invocation.
    pub worker_function: Function,
    sources: Vec<EventSource>,
    submissions: Option<EventSource>,
    _caller_webhooks: EventSource,
    _schedule: Option<SweepSchedule>,
    options: StackOptions,
    cloud_options: LocalCloudOptions,
}

impl Stack {
    /// Starts all parts and creates the AWS resources.
    ///
    /// # Errors
    /// A part does not start. The message names the part and, if a port is in use, the port.
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        let mut cloud_options = LocalCloudOptions::new(&options.data_dir);
        let ports = options.ports;
        cloud_options.ports = CloudPorts { s3: ports.s3, dynamodb: ports.dynamodb, services: ports.aws };
        cloud_options.dynamodb_in_memory = options.dynamodb_in_memory;
        let cloud = LocalCloud::start(cloud_options.clone()).await.map_err(|e| StackError(e.to_string()))?;
        let simulators = start_simulators(&options).await?;

        // The receiver starts first: `submit` needs its address.
        let common = common_variables(&cloud, &cloud_options);
        let clients =
            AwsClients::new(&Environment::new(common.clone())).map_err(|e| StackError(e.cause_chain()))?;
        let created = clients.create_resources(options.max_receive_count).await;
        let queues = created.map_err(StackError::at("cannot create the resources"))?;
        write_secret(&clients, &simulators).await?;

        let variables = FunctionEnvironments { common, queues: queues.clone(), options: &options };
        let receiver =
            webhook::App::connect(&variables.receiver()).map_err(|e| StackError(e.cause_chain()))?;
        let receiver = in_process(receiver, Duration::from_secs(10), |app, event, deadline| async move {
            app.handle(event, deadline).await
        });
        let webhook = start_http_api("the webhook API", ports.webhook, &receiver).await?;
        let app = submit::App::connect(&variables.submit(&webhook.url, &simulators))
            .map_err(|e| StackError(e.cause_chain()))?;
        let submit_function = in_process(app, options.submit_timeout, |app, event, deadline| async move {
            app.handle(event, deadline).await
        });
        let submit = start_http_api("the submit API", ports.submit, &submit_function).await?;
        let (worker_function, processes) = connect_worker(&options, variables.worker(&simulators))?;
        cloud.register_function("submit", invoke_handler(submit_function.clone()));
        let async_config = AsyncInvokeConfig {
            retry_delays: options.async_retry_delays.clone(),
            on_failure_queue: Some(FAILED_INVOCATIONS_QUEUE.to_owned()),
        };
        cloud.configure_async("submit", async_config);
        cloud.register_function("landing", invoke_handler(worker_function.clone()));
        let schedule =
            options.sweep_interval.map(|every| SweepSchedule::start(every, worker_function.clone()));

        // As in the template, but without the batching window.
        let callers = EventSourceOptions {
            batch_size: CALLERS_BATCH_SIZE,
            ..EventSourceOptions::new(CALLER_WEBHOOKS_QUEUE)
        };
        let caller_webhooks = cloud.event_source(callers, worker_function.clone());
        let mut stack = Self {
            cloud,
            simulators,
            submit,
            webhook,
            aws: clients,
            http: HttpClient::default(),
            delivery_queue_url: queues.deliveries,
            long_landings_queue_url: queues.long_landings,
            submissions_queue_url: queues.submissions,
            failed_invocations_queue_url: queues.failed_invocations,
            processes,
            submit_function,
            worker_function,
            sources: vec![],
            submissions: None,
            _caller_webhooks: caller_webhooks,
            _schedule: schedule,
            options,
            cloud_options,
        };
        stack.resume_worker();
        stack.resume_submissions();
        Ok(stack)
    }

    /// Starts the event source mappings of the delivery queue and of the queue of long landings.
    pub fn resume_worker(&mut self) {
        let queues = [
            (DELIVERY_QUEUE, self.options.worker_concurrency),
            (LONG_LANDINGS_QUEUE, self.options.long_landing_concurrency),
        ];
        let sources = queues.map(|(queue, maximum_concurrency)| {
            let options =
                EventSourceOptions { batch_size: 1, maximum_concurrency, ..EventSourceOptions::new(queue) };
            self.cloud.event_source(options, self.worker_function.clone())
        });
        self.sources = sources.into();
    }

    /// Stops these event source mappings. Running invocations are aborted.
    pub fn pause_worker(&mut self) {
        self.sources.clear();
    }

    /// Starts the event source mapping of the submissions queue and `submit`.
    pub fn resume_submissions(&mut self) {
        let options = EventSourceOptions {
            maximum_concurrency: self.options.submit_concurrency,
            ..EventSourceOptions::new(SUBMISSIONS_QUEUE)
        };
        self.submissions = Some(self.cloud.event_source(options, self.submit_function.clone()));
    }

    /// Stops the event source mapping of `submit`. Running invocations are aborted.
    pub fn pause_submissions(&mut self) {
        self.submissions = None;
    }

    /// Returns the simulator of a provider.
    ///
    /// # Panics
    /// When the provider is unknown.
    pub fn simulator(&self, provider: &str) -> &SimulatorHost {
        let found = self.simulators.iter().find(|(name, _)| *name == provider);
        &found.unwrap_or_else(|| panic!("there is no provider {provider}")).1
    }

    /// Describes the stack as JSON: all that a script needs to use it.
    pub fn describe(&self) -> Value {
        let providers: Map<String, Value> = self
            .simulators
            .iter()
            .map(|(name, simulator)| ((*name).to_owned(), simulator.describe()))
            .collect();
        json!({
            "submit_url": self.submit.url,
            "webhook_url": self.webhook.url,
            "region": self.cloud_options.region,
            "access_key_id": self.cloud_options.access_key_id,
            "secret_access_key": self.cloud_options.secret_access_key,
            "s3_endpoint": self.cloud.s3_endpoint,
            "dynamodb_endpoint": self.cloud.dynamodb_endpoint,
            "aws_endpoint": self.cloud.aws_endpoint,
            "bucket": BUCKET,
            "table": TABLE,
            "delivery_queue_url": self.delivery_queue_url,
            "long_landings_queue_url": self.long_landings_queue_url,
            "submissions_queue_url": self.submissions_queue_url,
            "failed_invocations_queue_url": self.failed_invocations_queue_url,
            "secret_id": SECRET,
            "token_secret_id": TOKEN_SECRET,
            "data_dir": self.options.data_dir,
            "providers": providers,
        })
    }
}

async fn start_http_api(what: &str, port: u16, function: &Function) -> Result<HttpApi, StackError> {
    let started = HttpApi::start(port, function.clone()).await;
    started.map_err(|e| StackError(format!("{what} cannot listen on port {port}: {e}")))
}

async fn start_simulators(options: &StackOptions) -> Result<Vec<(&'static str, SimulatorHost)>, StackError> {
    let mut hosts = vec![];
    let mut port = options.ports.simulators;
    for provider in providers::ALL {
        let ports = match port {
            0 => SimulatorPorts::default(),
            first => SimulatorPorts { api: first, files: first + 1, admin: first + 2 },
        };
        port = if port == 0 { 0 } else { port + 3 };
        let simulator = simulators::simulator_for(provider.name(), options.seed, options.run)
            .ok_or_else(|| StackError(format!("{} has no simulator", provider.name())))?;
        let host = SimulatorHost::start(simulator, ports).await;
        let host = host
            .map_err(|e| StackError(format!("the simulator of {} does not start: {e}", provider.name())))?;
        hosts.push((provider.name(), host));
    }
    Ok(hosts)
}

async fn write_secret(
    clients: &AwsClients,
    simulators: &[(&'static str, SimulatorHost)],
) -> Result<(), StackError> {
    let sections: Map<String, Value> = simulators
        .iter()
        .map(|(name, simulator)| ((*name).to_owned(), simulator.with(|simulator| simulator.credentials())))
        .collect();
    let key = uuid::Uuid::new_v4().to_string();
    clients.create_token_secret().await.map_err(StackError::at("cannot create the token secret"))?;
    clients.write_secret(sections.into(), &key).await.map_err(StackError::at("cannot write the secret"))
}

fn connect_worker(
    options: &StackOptions,
    variables: Vec<(String, String)>,
) -> Result<(Function, Option<WorkerProcesses>), StackError> {
    match &options.workers {
        Workers::InProcess => {
            let app = webhook::App::connect(&Environment::new(variables))
                .map_err(|e| StackError(e.cause_chain()))?;
            let function = in_process(app, options.worker_timeout, |app, event, deadline| async move {
                app.handle(event, deadline).await
            });
            Ok((function, None))
        }
        Workers::Processes(binary) => {
            let processes = WorkerProcesses::new(binary.clone(), variables, options.worker_timeout);
            Ok((processes.function(), Some(processes)))
        }
    }
}
