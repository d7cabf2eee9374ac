//! The queues and the bucket of `template.yaml` require TLS.

use crate::template::{resource, resources, template};

/// Returns the resources of a type, with their names.
fn of_type<'t>(template: &'t str, kind: &str) -> Vec<(&'t str, String)> {
    let all = resources(template).into_iter().map(|name| (name, resource(template, name)));
    all.filter(|(_, text)| text.lines().next().is_some_and(|line| line == format!("    Type: {kind}")))
        .collect()
}

/// Returns whether a policy denies every request without TLS.
fn requires_tls(policy: &str, actions: &str) -> bool {
    let lines: Vec<&str> = policy.lines().map(str::trim).collect();
    ["Effect: Deny", "Principal: \"*\"", actions, "Bool:", "aws:SecureTransport: \"false\""]
        .iter()
        .all(|required| lines.contains(required))
}

#[test]
fn every_queue_requires_tls() {
    let template = template();
    let (queues, policies) =
        (of_type(&template, "AWS::SQS::Queue"), of_type(&template, "AWS::SQS::QueuePolicy"));
    assert!(queues.len() > 6, "the queues are found: {}", queues.len());
    for (queue, _) in queues {
        // An SQS policy has one resource, so each queue has its own policy.
        let own = policies.iter().find(|(_, policy)| policy.contains(&format!("Queues: [!Ref {queue}]")));
        let (_, policy) = own.unwrap_or_else(|| panic!("{queue} has no policy"));
        assert!(requires_tls(policy, "Action: sqs:*"), "{queue}: {policy}");
        assert!(policy.contains(&format!("Resource: !GetAtt {queue}.Arn")), "{queue}: {policy}");
    }
}

#[test]
fn the_bucket_requires_tls() {
    let template = template();
    let policies = of_type(&template, "AWS::S3::BucketPolicy");
    assert_eq!(policies.len(), 1);
    assert!(requires_tls(&policies[0].1, "Action: s3:*"));
}
