//! The whole of Landfall on one machine.

use std::{path::PathBuf, time::Duration};

use runtime::Environment;
use serde_json::{Map, Value, json};

use crate::{
    Function, Gateway, HttpClient, WorkerProcesses,
    cloud::{EventSource, EventSourceOptions, LocalCloud, LocalCloudOptions, Ports as CloudPorts},
    direct,
    function::in_process,
    resources::{
        BUCKET, CALLER_WEBHOOKS_QUEUE, CALLERS_BATCH_SIZE, Clients, QUEUE, SECRET, SUBMISSIONS_QUEUE, TABLE,
        TOKEN_SECRET, Trouble,
    },
    schedule::Schedule,
    simulators::{Ports as SimulatorPorts, SimulatorHost},
    variables::{Variables, common_variables},
};

/// How the worker runs.
#[derive(Debug, Clone)]
pub enum Workers {
    /// In this process.
    InProcess,
    /// As processes of this binary, which can be killed.
    Processes(PathBuf),
}

/// Fixed ports, or 0 for free ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// The submit API.
    pub submit: u16,
    /// The webhook API.
    pub webhook: u16,
    /// S3.
    pub s3: u16,
    /// DynamoDB.
    pub dynamodb: u16,
    /// Every other AWS service.
    pub aws: u16,
    /// The first simulator's API; its files and its control are the next two, and so on.
    pub simulators: u16,
}

/// What a stack is like.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// Where objects, tables, queues and secrets are kept.
    pub data_dir: PathBuf,
    /// Ports.
    pub ports: Ports,
    /// Seeds keys and ids of the simulators.
    pub seed: u64,
    /// Makes ids of new work differ between runs on kept data.
    pub run: u64,
    /// Variables of the functions, over those that the stack sets.
    pub variables: Vec<(String, String)>,
    /// Origins of callers on this machine, who may be told although they have no public address.
    pub callers: Vec<String>,
    /// How the worker runs.
    pub workers: Workers,
    /// The worker's timeout.
    pub worker_timeout: Duration,
    /// The timeout of `submit`.
    pub submit_timeout: Duration,
    /// How many messages the worker works on at once.
    pub worker_concurrency: usize,
    /// How many batches of waiting jobs `submit` works on at once.
    pub submit_concurrency: usize,
    /// How often a message is received before it is a dead letter.
    pub most_receipts: u32,
    /// Keep tables in memory.
    pub dynamodb_in_memory: bool,
    /// How often the schedule runs the sweep; never, if it is none.
    pub sweep_every: Option<Duration>,
}

impl StackOptions {
    /// The settings of `template.yaml`, on free ports.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            ports: Ports::default(),
            seed: 1,
            run: 0,
            variables: vec![],
            callers: vec![],
            workers: Workers::InProcess,
            worker_timeout: Duration::from_secs(900),
            submit_timeout: Duration::from_secs(60),
            worker_concurrency: 10,
            submit_concurrency: 5,
            most_receipts: 12,
            dynamodb_in_memory: false,
            sweep_every: None,
        }
    }

    /// Sets a variable of the functions.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }
}

/// Why a stack does not start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StackError(String);

impl StackError {
    fn at(what: &str) -> impl Fn(Trouble) -> StackError {
        let what = what.to_owned();
        move |e| StackError(format!("{what}: {e}"))
    }
}

/// Everything that runs. Dropping it stops it.
pub struct Stack {
    /// The local AWS.
    pub cloud: LocalCloud,
    /// The providers' simulators, by the name of the provider.
    pub simulators: Vec<(&'static str, SimulatorHost)>,
    /// The API in front of `submit`.
    pub submit: Gateway,
    /// The API in front of the webhook receiver.
    pub webhook: Gateway,
    /// AWS clients.
    pub aws: Clients,
    /// A client for the two APIs.
    pub http: HttpClient,
    /// URL of the delivery queue.
    pub queue_url: String,
    /// URL of the queue of jobs that wait for their turn.
    pub submissions_url: String,
    /// The worker's processes, if it runs as such.
    pub processes: Option<WorkerProcesses>,
    /// The `submit` function, for direct invocation.
    pub submit_function: Function,
    /// The worker, for events that no queue would bring.
    pub worker_function: Function,
    source: Option<EventSource>,
    submissions: Option<EventSource>,
    _caller_webhooks: EventSource,
    _schedule: Option<Schedule>,
    options: StackOptions,
    cloud_options: LocalCloudOptions,
}

impl Stack {
    /// Starts everything and makes the resources.
    ///
    /// # Errors
    /// What does not start, and why: a taken port names itself.
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        let mut cloud_options = LocalCloudOptions::new(&options.data_dir);
        let ports = options.ports;
        cloud_options.ports = CloudPorts { s3: ports.s3, dynamodb: ports.dynamodb, services: ports.aws };
        cloud_options.dynamodb_in_memory = options.dynamodb_in_memory;
        let cloud = LocalCloud::start(cloud_options.clone()).await.map_err(|e| StackError(e.to_string()))?;
        let simulators = start_simulators(&options).await?;

        // The receiver comes first: `submit` has to know its address.
        let common = common_variables(&cloud, &cloud_options);
        let clients = Clients::new(&Environment::new(common.clone())).map_err(|e| StackError(e.causes()))?;
        let made = clients.make_resources(options.most_receipts).await;
        let queues = made.map_err(StackError::at("cannot make the resources"))?;
        write_secret(&clients, &simulators).await?;

        let variables = Variables { common, queues: queues.clone(), options: &options };
        let receiver = webhook::App::connect(&variables.receiver()).map_err(|e| StackError(e.causes()))?;
        let receiver = in_process(receiver, Duration::from_secs(10), |app, event, deadline| async move {
            app.handle(event, deadline).await
        });
        let webhook = gateway("the webhook API", ports.webhook, &receiver).await?;
        let app = submit::App::connect(&variables.submit(&webhook.url, &simulators))
            .map_err(|e| StackError(e.causes()))?;
        let submit_function = in_process(app, options.submit_timeout, |app, event, deadline| async move {
            app.handle(event, deadline).await
        });
        let submit = gateway("the submit API", ports.submit, &submit_function).await?;
        let (worker_function, processes) = worker(&options, variables.worker(&simulators))?;
        cloud.register_function("submit", direct(submit_function.clone()));
        cloud.register_function("landing", direct(worker_function.clone()));
        let schedule = options.sweep_every.map(|every| Schedule::start(every, worker_function.clone()));

        // As in the template, but for the time that messages are gathered.
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
            queue_url: queues.inbox,
            submissions_url: queues.submissions,
            processes,
            submit_function,
            worker_function,
            source: None,
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

    /// Lets the queue invoke the worker.
    pub fn resume_worker(&mut self) {
        let options = EventSourceOptions {
            batch_size: 1,
            maximum_concurrency: self.options.worker_concurrency,
            ..EventSourceOptions::new(QUEUE)
        };
        self.source = Some(self.cloud.event_source(options, self.worker_function.clone()));
    }

    /// Stops the queue from invoking the worker; invocations that run are cut off.
    pub fn pause_worker(&mut self) {
        self.source = None;
    }

    /// Lets the queue of waiting jobs invoke `submit`.
    pub fn resume_submissions(&mut self) {
        let options = EventSourceOptions {
            maximum_concurrency: self.options.submit_concurrency,
            ..EventSourceOptions::new(SUBMISSIONS_QUEUE)
        };
        self.submissions = Some(self.cloud.event_source(options, self.submit_function.clone()));
    }

    /// Stops the queue of waiting jobs from invoking `submit`; invocations that run are cut off.
    pub fn pause_submissions(&mut self) {
        self.submissions = None;
    }

    /// A provider's simulator.
    ///
    /// # Panics
    /// When there is no such provider.
    pub fn simulator(&self, provider: &str) -> &SimulatorHost {
        let found = self.simulators.iter().find(|(name, _)| *name == provider);
        &found.unwrap_or_else(|| panic!("there is no provider {provider}")).1
    }

    /// Everything a script needs to use this stack.
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
            "delivery_queue_url": self.queue_url,
            "submissions_queue_url": self.submissions_url,
            "secret_id": SECRET,
            "token_secret_id": TOKEN_SECRET,
            "data_dir": self.options.data_dir,
            "providers": providers,
        })
    }
}

async fn gateway(what: &str, port: u16, function: &Function) -> Result<Gateway, StackError> {
    let started = Gateway::start(port, function.clone()).await;
    started.map_err(|e| StackError(format!("{what} cannot have port {port}: {e}")))
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
        let simulator = simulators::of_provider(provider.name(), options.seed, options.run)
            .ok_or_else(|| StackError(format!("{} has no simulator", provider.name())))?;
        let host = SimulatorHost::start(simulator, ports).await;
        let host = host
            .map_err(|e| StackError(format!("the simulator of {} does not start: {e}", provider.name())))?;
        hosts.push((provider.name(), host));
    }
    Ok(hosts)
}

async fn write_secret(
    clients: &Clients,
    simulators: &[(&'static str, SimulatorHost)],
) -> Result<(), StackError> {
    let sections: Map<String, Value> = simulators
        .iter()
        .map(|(name, simulator)| ((*name).to_owned(), simulator.with(|simulator| simulator.credentials())))
        .collect();
    let key = uuid::Uuid::new_v4().to_string();
    clients.make_token_secret().await.map_err(StackError::at("cannot make the secret of tokens"))?;
    clients.write_secret(sections.into(), &key).await.map_err(StackError::at("cannot write the secret"))
}

fn worker(
    options: &StackOptions,
    variables: Vec<(String, String)>,
) -> Result<(Function, Option<WorkerProcesses>), StackError> {
    match &options.workers {
        Workers::InProcess => {
            let app =
                webhook::App::connect(&Environment::new(variables)).map_err(|e| StackError(e.causes()))?;
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
