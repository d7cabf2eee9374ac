//! The roles of `template.yaml` and the code of the functions: every call of AWS has its action, and every action its call.

mod call_graph;
mod operations;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use self::{
    call_graph::{CallGraph, Function},
    operations::{Operations, dependencies},
};
use crate::{
    roles::statements,
    structure::{self, Crate, Source},
};

/// A function of the template: its crate, and the methods that an invocation runs.
struct Deployed {
    package: &'static str,
    entry_points: &'static [(&'static str, &'static str)],
    /// The role, and the policies that are attached to it.
    policies: &'static [&'static str],
}

const FUNCTIONS: [Deployed; 3] = [
    Deployed {
        package: "functions/submit",
        entry_points: &[("App", "connect"), ("App", "handle")],
        policies: &["SubmitRole", "SubmitLinks"],
    },
    Deployed {
        package: "functions/webhook",
        entry_points: &[("Receiver", "connect"), ("Receiver", "receive")],
        policies: &["WebhookRole"],
    },
    Deployed {
        package: "functions/webhook",
        entry_points: &[("Worker", "connect"), ("Worker", "process_batch"), ("Worker", "sweep")],
        policies: &["LandingRole"],
    },
];

/// Actions that a role needs although no code calls them.
const WITHOUT_CALL: [(&[&str], &[&str]); 6] = [
    // Lambda writes the log and the traces with the role of the function.
    (&["SubmitRole", "WebhookRole", "LandingRole"], &["logs:CreateLogStream", "logs:PutLogEvents"]),
    (&["SubmitRole", "WebhookRole", "LandingRole"], &["xray:PutTraceSegments", "xray:PutTelemetryRecords"]),
    // S3, SQS, DynamoDB and Secrets Manager use the key in the name of their caller.
    (&["SubmitRole", "WebhookRole", "LandingRole"], &["kms:Decrypt", "kms:GenerateDataKey"]),
    // The event source mapping polls the queue with the role of the function (AWS Lambda Developer Guide, "Execution role
    // permissions" of SQS).
    (&["SubmitRole", "LandingRole"], &["sqs:GetQueueAttributes"]),
    (&["LandingRole"], &["sqs:ReceiveMessage", "sqs:DeleteMessage"]),
    // Without it S3 answers 403 instead of 404 for an object that does not exist.
    (&["LandingRole"], &["s3:ListBucket"]),
];

/// Calls that a function does not make, although their names are reached.
const NOT_CALLED: [(&str, &[&str]); 3] = [
    // Only the worker sends heartbeats. The submit function has a result whenever it notifies.
    ("SubmitRole", &["states:SendTaskHeartbeat", "lambda:SendDurableExecutionCallbackHeartbeat"]),
    // The submit function reads manifests with the credentials of the link role.
    ("SubmitRole", &["s3:GetObject"]),
    // The receiver has no table. It calls `query` of a URL, which the method of the table is named as well.
    ("WebhookRole", &["dynamodb:Query"]),
];

/// The role that signs presigned URLs, which others then use, and with which the submit function reads manifests.
const LINK_ROLE: (&str, [&str; 3]) = ("LinkRole", ["kms:Decrypt", "s3:GetObject", "s3:ListBucket"]);

type Actions = BTreeSet<String>;

/// The actions that the code of each function needs, in the order of `FUNCTIONS`.
static NEEDED: LazyLock<Vec<Actions>> = LazyLock::new(|| reached_code(Operations::actions));

/// Returns every operation that the code of a function calls, such as `s3:HeadObject`.
pub(crate) fn called_operations() -> BTreeSet<String> {
    reached_code(Operations::of).into_iter().flatten().collect()
}

/// Returns what the code that an invocation of each function runs uses, in the order of `FUNCTIONS`.
fn reached_code(uses: impl Fn(&Operations, &Function) -> BTreeSet<String>) -> Vec<BTreeSet<String>> {
    let crates = structure::all();
    let ours = |package: &&String| package.starts_with("shared/") || package.starts_with("functions/");
    let names: BTreeSet<String> = crates.iter().map(|package| &package.name).filter(ours).cloned().collect();
    let graph = CallGraph::new(&crates, callable_crates(&names));
    let operations = Operations::read(&names);
    let of_function = |function: &Deployed| {
        let entry_points = function.entry_points.iter();
        let reached = entry_points.flat_map(|(owner, name)| graph.reached(function.package, owner, name));
        reached.flat_map(|function| uses(&operations, function)).collect()
    };
    FUNCTIONS.iter().map(of_function).collect()
}

/// Returns for each crate the crates whose code its code may call, itself included.
fn callable_crates(names: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let direct = |package: &String| -> Vec<String> {
        let own = dependencies(package);
        let is_own = |name: &&String| name.rsplit('/').next().is_some_and(|folder| own.contains(folder));
        names.iter().filter(is_own).cloned().collect()
    };
    let all = |name: &String| {
        let (mut reached, mut waiting) = (BTreeSet::new(), vec![name.clone()]);
        while let Some(next) = waiting.pop() {
            if reached.insert(next.clone()) {
                waiting.extend(direct(&next));
            }
        }
        (name.clone(), reached)
    };
    names.iter().map(all).collect()
}

/// Returns the actions that policies allow.
fn allowed(policies: &[&str]) -> Actions {
    let own = statements().into_iter().filter(|statement| policies.contains(&statement.role.as_str()));
    own.flat_map(|statement| statement.actions).collect()
}

/// Returns the actions of an exception for a function.
fn excepted<'e>(function: &Deployed, exceptions: impl Iterator<Item = (&'e str, &'e [&'e str])>) -> Actions {
    let own = exceptions.filter(|(policy, _)| function.policies.contains(policy));
    own.flat_map(|(_, actions)| actions.iter().map(|&action| action.to_owned())).collect()
}

fn without_call(function: &Deployed) -> Actions {
    let exceptions = WITHOUT_CALL.iter();
    excepted(
        function,
        exceptions.flat_map(|&(roles, actions)| roles.iter().map(move |&role| (role, actions))),
    )
}

#[test]
fn every_call_of_a_function_has_its_action() {
    for (function, needed) in FUNCTIONS.iter().zip(NEEDED.iter()) {
        assert!(needed.len() >= 4, "the calls are found: {needed:?}");
        let not_called = excepted(function, NOT_CALLED.iter().copied());
        let missing: Actions = needed.difference(&allowed(function.policies)).cloned().collect();
        assert_eq!(
            missing, not_called,
            "{:?} calls these, and its role does not allow them",
            function.policies
        );
    }
}

#[test]
fn every_action_of_a_role_has_its_call() {
    for (function, needed) in FUNCTIONS.iter().zip(NEEDED.iter()) {
        let unused: Actions = allowed(function.policies).difference(needed).cloned().collect();
        assert_eq!(
            unused,
            without_call(function),
            "{:?} allows these, and no code calls them",
            function.policies
        );
    }
}

#[test]
fn every_role_belongs_to_a_function_or_signs_urls() {
    let known: BTreeSet<&str> =
        FUNCTIONS.iter().flat_map(|function| function.policies).copied().chain([LINK_ROLE.0]).collect();
    let statements = statements();
    let roles: BTreeSet<&str> = statements.iter().map(|statement| statement.role.as_str()).collect();
    assert_eq!(roles, known);
    assert_eq!(allowed(&[LINK_ROLE.0]), LINK_ROLE.1.map(str::to_owned).into());
}

#[test]
fn calls_are_found_through_methods_paths_and_macros() {
    let source = "
        impl App { fn handle(&self) { self.bucket.store(1); tokio::try_join!(read(self), Self::list()); } fn list() { c.query().send() } }
        impl Bucket { fn store(&self, n: u8) { self.client.put_object().send() } fn store_two(&self) { c.delete_object() } }
        fn read(app: &App) { app.client.get_object().send() }
        fn unused() { client.list_objects_v2().send() }
        #[cfg(test)] mod tests { fn read() { client.head_bucket() } }
    ";
    let package = Crate { name: "a".into(), sources: vec![Source::parse(&[], source)] };
    let graph = CallGraph::new(&[package], BTreeMap::from([("a".into(), BTreeSet::from(["a".into()]))]));
    let names = graph.reached("a", "App", "handle").into_iter().map(|function| function.name.as_str());
    assert_eq!(names.collect::<BTreeSet<_>>(), BTreeSet::from(["handle", "list", "read", "store"]));
}
