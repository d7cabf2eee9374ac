"""What ministack gets wrong, put right after the deployment; each step names the fault it answers.

None of this is needed on AWS, and none of it reaches the template or the product.
"""

import json

import stack

# How the SAM transform spells a route of every method.
ANY = "x-amazon-apigateway-any-method"


def mend(session, endpoint):
    """Do every step and return the URLs under which the two APIs are reached."""
    urls = reachable_urls(session, endpoint)
    add_routes(session, endpoint)
    # The template gave `submit` the callback URL that nobody resolves.
    set_variables(session, endpoint, "SubmitFunction", {"WEBHOOK_URL": urls["WebhookApi"]})
    set_concurrency_as_number(session, endpoint)
    return urls


def reachable_urls(session, endpoint):
    """ministack calls its APIs `<id>.execute-api.127.0.0.1:<port>`, a name nobody resolves; its path form works."""
    return {
        logical: f"{endpoint}/_aws/execute-api/{stack.resource(session, endpoint, logical)}"
        for logical in ("SubmitApi", "WebhookApi")
    }


def add_routes(session, endpoint):
    """ministack ignores the OpenAPI body that SAM makes of HttpApi events: an API comes up without routes."""
    gateway = session.client("apigatewayv2", endpoint_url=endpoint)
    for logical, api in processed_apis(session, endpoint).items():
        api_id = stack.resource(session, endpoint, logical)
        known = {route["RouteKey"] for route in gateway.get_routes(ApiId=api_id)["Items"]}
        for path, methods in api["Properties"]["Body"]["paths"].items():
            for method, operation in methods.items():
                key = f"{'ANY' if method == ANY else method.upper()} {path}"
                if key not in known:
                    add_route(session, endpoint, gateway, api_id, key, operation)


def processed_apis(session, endpoint):
    """The HTTP APIs of the template as the SAM transform wrote them."""
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    answer = cloudformation.get_template(StackName=stack.STACK_NAME, TemplateStage="Processed")
    template = answer["TemplateBody"]
    if isinstance(template, str):
        template = json.loads(template)
    resources = template["Resources"].items()
    return {name: found for name, found in resources if found["Type"] == "AWS::ApiGatewayV2::Api"}


def add_route(session, endpoint, gateway, api_id, key, operation):
    """Add one route with its integration, as API Gateway would import it."""
    integration = operation["x-amazon-apigateway-integration"]
    made = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function_arn(session, endpoint, integration["uri"]),
        PayloadFormatVersion=integration["payloadFormatVersion"],
        TimeoutInMillis=integration.get("timeoutInMillis", 30000),
    )
    signed = any("AWS_IAM" in requirement for requirement in operation.get("security", []))
    gateway.create_route(
        ApiId=api_id,
        RouteKey=key,
        Target=f"integrations/{made['IntegrationId']}",
        AuthorizationType="AWS_IAM" if signed else "NONE",
    )


def function_arn(session, endpoint, uri):
    """The function behind `{"Fn::Sub": "arn:…/${SubmitFunction.Arn}/invocations"}`."""
    written = uri["Fn::Sub"] if isinstance(uri, dict) else uri
    logical = next(name for name in stack.FUNCTIONS.values() if f"${{{name}.Arn}}" in written)
    name = stack.resource(session, endpoint, logical)
    functions = session.client("lambda", endpoint_url=endpoint)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


def set_variables(session, endpoint, logical, wanted):
    """Change some of a function's environment variables."""
    functions = session.client("lambda", endpoint_url=endpoint)
    name = stack.resource(session, endpoint, logical)
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables | wanted})


def set_concurrency_as_number(session, endpoint):
    """ministack keeps the mapping's MaximumConcurrency as the text that the parameter is, then fails comparing it."""
    functions = session.client("lambda", endpoint_url=endpoint)
    for logical in ("SubmitFunction", "LandingFunction"):
        name = stack.resource(session, endpoint, logical)
        for mapping in functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
            functions.update_event_source_mapping(
                UUID=mapping["UUID"],
                ScalingConfig={"MaximumConcurrency": int(mapping["ScalingConfig"]["MaximumConcurrency"])},
            )
