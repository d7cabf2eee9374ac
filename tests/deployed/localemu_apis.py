"""Create the HTTP APIs of the stack in localemu, whose CloudFormation does not know `AWS::ApiGatewayV2::Api`.

None of this is needed on AWS, and none of it affects the template or the product.
"""

import workarounds


def create_all(session, endpoint):
    """Create both APIs from the processed template, set the URL of the callbacks, and return the URLs."""
    gateway = session.client("apigatewayv2", endpoint_url=endpoint)
    urls = {}
    for logical, api in workarounds.processed_apis(session, endpoint).items():
        api_id = gateway.create_api(Name=logical, ProtocolType="HTTP")["ApiId"]
        for key, operation in workarounds.routes(api):
            uri = operation["x-amazon-apigateway-integration"]["uri"]
            arn = workarounds.function_arn(session, endpoint, uri)
            workarounds.add_route(gateway, api_id, key, operation, arn)
        gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
        urls[logical] = f"{endpoint}/_aws/execute-api-v2/{api_id}/$default"
    # The template sets it from the API that CloudFormation did not create.
    workarounds.set_variables(session, endpoint, "SubmitFunction", {"WEBHOOK_URL": urls["WebhookApi"]})
    return urls
