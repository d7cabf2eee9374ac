"""Write the provider's keys to the stack's secret, as the operator does. The callback key is kept."""

import json


def write(session, endpoint, secret_id, api_key, signing_secrets):
    """Add the Abyssale keys to the generated secret."""
    manager = session.client("secretsmanager", endpoint_url=endpoint)
    value = json.loads(manager.get_secret_value(SecretId=secret_id)["SecretString"])
    value["providers"]["abyssale"] = {"api_key": api_key, "signing_secrets": signing_secrets}
    manager.put_secret_value(SecretId=secret_id, SecretString=json.dumps(value))
