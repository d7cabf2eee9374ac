"""Work around faults of ministack after the deployment. Each function names the fault that it works around.

None of this is needed on AWS, and none of it affects the template or the product.
"""

import json

import stack

# The name of a route for every method in the output of the SAM transform.
ANY = "x-amazon-apigateway-any-method"


def apply_all(session, endpoint):
    """Apply every workaround and return the URLs of the two APIs."""
    urls = reachable_urls(session, endpoint)
    add_routes(session, endpoint)
    # The host name in the callback URL that the template sets does not resolve.
    set_variables(session, endpoint, "SubmitFunction", {"WEBHOOK_URL": urls["WebhookApi"]})
    set_concurrency_as_number(session, endpoint)
    return urls


def reachable_urls(session, endpoint):
    """Return path-style URLs. ministack names its APIs `<id>.execute-api.127.0.0.1:<port>`, which does not resolve."""
    return {
        logical: f"{endpoint}/_aws/execute-api/{stack.resource(session, endpoint, logical)}"
        for logical in ("SubmitApi", "WebhookApi")
    }


def add_routes(session, endpoint):
    """Add the routes of the APIs. ministack ignores the OpenAPI body that SAM generates from HttpApi events."""
    gateway = session.client("apigatewayv2", endpoint_url=endpoint)
    for logical, api in processed_apis(session, endpoint).items():
        api_id = stack.resource(session, endpoint, logical)
        known = {route["RouteKey"] for route in gateway.get_routes(ApiId=api_id)["Items"]}
        for key, operation in routes(api):
            if key not in known:
                arn = function_arn(session, endpoint, operation["x-amazon-apigateway-integration"]["uri"])
                add_route(gateway, api_id, key, operation, arn)


def routes(api):
    """Yield the key and the operation of each route of a processed API."""
    for path, methods in api["Properties"]["Body"]["paths"].items():
        for method, operation in methods.items():
            yield f"{'ANY' if method == ANY else method.upper()} {path}", operation


def processed_apis(session, endpoint):
    """Return the HTTP APIs of the template after the SAM transform."""
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    response = cloudformation.get_template(StackName=stack.STACK_NAME, TemplateStage="Processed")
    template = response["TemplateBody"]
    if isinstance(template, str):
        template = json.loads(template)
    resources = template["Resources"].items()
    return {name: found for name, found in resources if found["Type"] == "AWS::ApiGatewayV2::Api"}


def add_route(gateway, api_id, key, operation, arn):
    """Add one route with its integration, as API Gateway imports it."""
    integration = operation["x-amazon-apigateway-integration"]
    created = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=arn,
        PayloadFormatVersion=integration["payloadFormatVersion"],
        TimeoutInMillis=integration.get("timeoutInMillis", 30000),
    )
    signed = any("AWS_IAM" in requirement for requirement in operation.get("security", []))
    gateway.create_route(
        ApiId=api_id,
        RouteKey=key,
        Target=f"integrations/{created['IntegrationId']}",
        AuthorizationType="AWS_IAM" if signed else "NONE",
    )


def function_arn(session, endpoint, uri):
    """Return the ARN of the function in `{"Fn::Sub": "arn:…/${SubmitFunction.Arn}/invocations"}`."""
    text = uri["Fn::Sub"] if isinstance(uri, dict) else uri
    logical = next(name for name in stack.FUNCTIONS.values() if f"${{{name}.Arn}}" in text)
    name = stack.resource(session, endpoint, logical)
    functions = session.client("lambda", endpoint_url=endpoint)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


def set_variables(session, endpoint, logical, changed):
    """Change some of a function's environment variables."""
    functions = session.client("lambda", endpoint_url=endpoint)
    name = stack.resource(session, endpoint, logical)
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables | changed})


def set_concurrency_as_number(session, endpoint):
    """Set MaximumConcurrency as a number. ministack keeps the text of the parameter, and fails when it compares it."""
    functions = session.client("lambda", endpoint_url=endpoint)
    for logical in ("SubmitFunction", "LandingFunction"):
        name = stack.resource(session, endpoint, logical)
        for mapping in functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
            functions.update_event_source_mapping(
                UUID=mapping["UUID"],
                ScalingConfig={"MaximumConcurrency": int(mapping["ScalingConfig"]["MaximumConcurrency"])},
            )
