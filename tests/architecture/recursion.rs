//! Functions that send messages to a queue that invokes them. Lambda drops an invocation in a chain of about 16 through SQS,
//! unless the function allows recursive loops (AWS Lambda Developer Guide, "Use Lambda recursive loop detection to prevent
//! infinite loops"). The Rust runtime and SDK pass on the trace header in which Lambda counts.

use crate::{
    roles::statements,
    template::{resource, resources, setting, template},
};

/// Returns the functions whose role may send to a queue that is one of their event sources.
fn recursive_functions(template: &str) -> Vec<&str> {
    let statements = statements();
    let sends = |role: &str, queue: &str| {
        statements.iter().any(|statement| {
            statement.role == role && statement.has("sqs:SendMessage") && statement.resource.contains(queue)
        })
    };
    let functions = resources(template).into_iter().filter(|name| {
        let function = resource(template, name);
        let is_function = function.contains("Type: AWS::Serverless::Function");
        is_function && {
            let role = setting(&function, "Role").trim_start_matches("!GetAtt ").trim_end_matches(".Arn");
            let mut queues = function.lines().filter_map(|line| line.trim().strip_prefix("Queue: !GetAtt "));
            queues.any(|queue| sends(role, queue))
        }
    });
    functions.collect()
}

#[test]
fn functions_that_send_to_their_own_queue_allow_recursive_loops() {
    let template = template();
    let recursive = recursive_functions(&template);
    assert_eq!(recursive, ["SubmitFunction", "LandingFunction"]);
    for name in recursive {
        assert_eq!(setting(&resource(&template, name), "RecursiveLoop"), "Allow", "{name}");
    }
}
