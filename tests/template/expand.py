"""Prints the resources that CloudFormation creates from template.yaml, as JSON: what the judges of the template read.

SAM's own translator expands the SAM resources, which most judges do not know: the stages of the APIs, the event source mappings,
the permissions. cfn-guard evaluates no intrinsic function, so that parameters and conditions are resolved as well, with every
option of an operator in use. Expects the packages of tests/deployed/requirements.txt.
"""

import json
import re
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

# What an operator can choose beyond the defaults: without these, a part of the template does not exist.
OPTIONS = {
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
    "EventBusName": "default",
    "LogRetentionDays": 365,
    "WebhookReservedConcurrency": 50,
}
PSEUDO_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "landfall",
    "AWS::URLSuffix": "amazonaws.com",
}
ABSENT = object()


class NoManagedPolicies(ManagedPolicyLoader):
    """SAM would ask an account for the managed policies that a template names. This one names none."""

    def __init__(self):
        super().__init__(None)

    def load(self):
        return {}


class Stack:
    """Evaluates the intrinsic functions that depend on parameters only. References between resources stay as they are."""

    def __init__(self, template):
        defaults = {name: each.get("Default") for name, each in template["Parameters"].items()}
        self.values = {**defaults, **OPTIONS, **PSEUDO_PARAMETERS, "AWS::NoValue": ABSENT}
        self.conditions = template["Conditions"]

    def holds(self, name):
        """Whether a condition is met."""
        return self.resolve(self.conditions[name])

    def resolve(self, value):
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            match name:
                case "Ref" if argument in self.values:
                    return self.values[argument]
                case "Fn::If":
                    condition, met, unmet = argument
                    return self.resolve(met if self.holds(condition) else unmet)
                case "Fn::Equals":
                    first, second = map(self.resolve, argument)
                    return str(first) == str(second)
                case "Fn::Not":
                    return not self.resolve(argument[0])
                case "Fn::And" | "Fn::Or":
                    return {"Fn::And": all, "Fn::Or": any}[name](map(self.resolve, argument))
                case "Condition" if isinstance(argument, str):
                    return self.holds(argument)
                case "Fn::Sub":
                    return self.substitute(argument)
        resolved = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not ABSENT}

    def substitute(self, argument):
        """Fn::Sub as text, in which the reference of another resource is its name. With an attribute it stays as it is."""
        text, own = argument if isinstance(argument, list) else (argument, {})
        values = {**self.values, **self.resolve(own)}
        known = {name: value for name, value in values.items() if isinstance(value, (str, int))}
        text = re.sub(r"\$\{([^!}.]+)\}", lambda match: str(known.get(match[1], match[1])), text)
        return {"Fn::Sub": text} if "${" in text else text


def main(path):
    with open(path) as file:
        template = yaml_parse(file.read())
    # `sam package` uploads the code and writes its address here.
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    expanded = transform(template, OPTIONS, NoManagedPolicies())
    stack = Stack(expanded)
    resources = {
        name: {key: item for key, item in resource.items() if key != "Condition"}
        for name, resource in expanded["Resources"].items()
        if "Condition" not in resource or stack.holds(resource["Condition"])
    }
    version = expanded["AWSTemplateFormatVersion"]
    print(json.dumps({"AWSTemplateFormatVersion": version, "Resources": stack.resolve(resources)}, indent=1))


main(*sys.argv[1:])
