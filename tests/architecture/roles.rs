//! The roles of `template.yaml` allow no more than the functions need, statement by statement.

use std::collections::BTreeSet;

use crate::template::{resource, resources, template};

/// Actions for which IAM supports no resource other than `*`.
const WITHOUT_RESOURCE: [&str; 5] = [
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "states:SendTaskSuccess",
    "states:SendTaskFailure",
    "states:SendTaskHeartbeat",
];

/// One statement of a role's policy.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) role: String,
    sid: String,
    pub(crate) actions: Vec<String>,
    pub(crate) resource: String,
    condition: String,
}

impl Statement {
    pub(crate) fn has(&self, action: &str) -> bool {
        self.actions.iter().any(|own| own == action)
    }

    /// Returns the lines of `Resource` that name a resource.
    fn resources(&self) -> Vec<&str> {
        let lines = self.resource.lines().map(|line| line.trim().trim_start_matches("- "));
        lines.filter(|line| !["", "!Sub"].contains(line) && !line.starts_with("Name: ")).collect()
    }
}

/// Returns the value of `name:` in a statement, up to the next key with the same indentation.
fn field(lines: &[&str], name: &str) -> String {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let start = lines.iter().position(|line| line.trim_start().starts_with(&format!("{name}:")));
    let Some(start) = start else { return String::new() };
    let (_, first) = lines[start].split_once(':').expect("a colon");
    let depth = indentation(lines[start]);
    let more = lines[start + 1..].iter().take_while(|line| indentation(line) > depth);
    std::iter::once(first).chain(more.copied()).collect::<Vec<_>>().join("\n")
}

pub(crate) fn statements() -> Vec<Statement> {
    let template = template();
    let mut found = vec![];
    for role in resources(&template) {
        let text = resource(&template, role);
        // A role's trust policy comes before its policies.
        let before = if text.contains("Type: AWS::IAM::Role") { "Policies:" } else { "PolicyDocument:" };
        let is_of_iam = text.contains("Type: AWS::IAM::");
        let Some((_, policies)) = text.split_once(before).filter(|_| is_of_iam) else { continue };
        for statement in policies.split("Sid: ").skip(1) {
            let lines: Vec<&str> =
                statement.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
            let actions = field(&lines, "Action").replace(['[', ']', ','], "\n");
            let actions = actions.lines().map(|line| line.trim().trim_start_matches("- ").to_owned());
            found.push(Statement {
                role: role.to_owned(),
                sid: lines[0].trim().to_owned(),
                actions: actions.filter(|action| !action.is_empty()).collect(),
                resource: field(&lines, "Resource"),
                condition: field(&lines, "Condition"),
            });
        }
    }
    assert!(found.len() > 40, "the statements are found: {}", found.len());
    found
}

#[test]
fn no_action_has_a_wildcard_and_every_resource_is_as_narrow_as_iam_allows() {
    for statement in statements() {
        assert!(!statement.actions.is_empty() && !statement.resources().is_empty(), "{statement:#?}");
        assert!(statement.actions.iter().all(|action| !action.contains('*')), "{statement:#?}");
        let narrow = statement.actions.iter().any(|action| !WITHOUT_RESOURCE.contains(&action.as_str()));
        assert!(!narrow || !statement.resource.contains("\"*\""), "{statement:#?}");
    }
}

#[test]
fn roles_can_access_objects_only_below_the_folders_of_providers_and_deliveries() {
    let providers = providers::ALL.iter().map(|provider| provider.name());
    let folders: BTreeSet<String> = providers
        .chain(["deliveries"])
        .map(|folder| format!("s3:::${{Name}}/${{KeyPrefix}}{folder}/"))
        .collect();
    let of_objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"];
    let mut reached = BTreeSet::new();
    for statement in statements() {
        let Some(action) = of_objects.iter().find(|action| statement.has(action)) else { continue };
        for resource in statement.resources() {
            let folder = folders.iter().find(|folder| resource.contains(folder.as_str()));
            let folder = folder.unwrap_or_else(|| panic!("{resource}: {statement:#?}"));
            reached.insert((statement.role.clone(), *action, folder.clone()));
        }
    }
    for folder in folders {
        let is_delivery_folder = folder.ends_with("deliveries/");
        for action in ["s3:GetObject", "s3:PutObject"] {
            assert!(reached.contains(&("LandingRole".into(), action, folder.clone())), "{action} {folder}");
        }
        for (role, action) in [("LandingRole", "s3:DeleteObject"), ("LinkRole", "s3:GetObject")] {
            let reaches = reached.contains(&(role.into(), action, folder.clone()));
            assert_eq!(reaches, !is_delivery_folder, "{role} {action} {folder}");
        }
    }
}

#[test]
fn only_the_submit_role_can_write_the_secret_with_the_keys() {
    let writers = |secret: &str| -> BTreeSet<String> {
        let writes = |statement: &Statement| {
            ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
                .iter()
                .any(|action| statement.has(action))
        };
        let named = |statement: &Statement| statement.resource.contains(&format!("!GetAtt {secret}.Id"));
        statements().into_iter().filter(|s| writes(s) && named(s)).map(|s| s.role).collect()
    };
    assert_eq!(writers("Secret"), BTreeSet::from(["SubmitRole".to_owned()]));
    assert_eq!(writers("TokenSecret"), BTreeSet::from(["LandingRole".to_owned(), "SubmitRole".to_owned()]));
    let reads_tokens = |role: &str| {
        statements().iter().any(|s| {
            s.role == role
                && s.has("secretsmanager:GetSecretValue")
                && s.resource.contains("!GetAtt TokenSecret.Id")
        })
    };
    // The receiver redacts tokens in deliveries that repeat them.
    assert_eq!(["SubmitRole", "LandingRole", "WebhookRole"].map(reads_tokens), [true; 3]);
}

#[test]
fn items_can_be_deleted_only_with_an_idempotency_partition_key() {
    let deleting: Vec<Statement> =
        statements().into_iter().filter(|statement| statement.has("dynamodb:DeleteItem")).collect();
    assert!(!deleting.is_empty());
    for statement in deleting {
        assert_eq!(statement.actions, ["dynamodb:DeleteItem"], "{statement:#?}");
        let flat: String = statement.condition.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            flat,
            "ForAllValues:StringLike: dynamodb:LeadingKeys: IDEM#* \"Null\": dynamodb:LeadingKeys: \"false\"",
            "{}",
            statement.sid
        );
    }
}

#[test]
fn the_operators_kms_key_can_be_used_only_through_the_services_of_the_stack() {
    let using: Vec<Statement> = statements()
        .into_iter()
        .filter(|statement| statement.actions.iter().any(|action| action.starts_with("kms:")))
        .collect();
    assert_eq!(using.len(), 4, "one for each role");
    for statement in using {
        let condition = statement.condition.trim();
        assert!(condition.starts_with("StringEquals:\n"), "{statement:#?}");
        let (_, services) = condition.split_once("kms:ViaService:\n").expect("a condition on the service");
        for service in services.lines().map(str::trim) {
            // "Use the .amazonaws.com suffix of the AWS KMS ViaService name in all AWS partitions":
            // https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
            assert!(service.ends_with(".${AWS::Region}.amazonaws.com"), "{service}: {statement:#?}");
        }
        // The key must not be usable through a service that the role does not use.
        for name in ["s3", "dynamodb", "sqs", "secretsmanager"] {
            let uses = statements().iter().any(|own| {
                own.role == statement.role
                    && own.actions.iter().any(|action| action.starts_with(&format!("{name}:")))
            });
            assert_eq!(services.contains(&format!("!Sub {name}.")), uses, "{name}: {statement:#?}");
        }
    }
}

#[test]
fn a_role_that_reads_objects_may_list_the_bucket() {
    // Otherwise S3 answers 403 instead of 404 for an object that does not exist, which looks like a passing fault:
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    let roles_with = |action: &str| -> BTreeSet<String> {
        statements().into_iter().filter(|s| s.has(action)).map(|s| s.role).collect()
    };
    assert_eq!(roles_with("s3:GetObject"), roles_with("s3:ListBucket"));
}
