"""The operator's part: put the provider's keys into the secret that the stack made, keeping its callback key."""

import json


def fill(session, endpoint, secret_id, api_key, signing_secrets):
    """Write the Abyssale keys beside what the template generated."""
    manager = session.client("secretsmanager", endpoint_url=endpoint)
    value = json.loads(manager.get_secret_value(SecretId=secret_id)["SecretString"])
    value["providers"]["abyssale"] = {"api_key": api_key, "signing_secrets": signing_secrets}
    manager.put_secret_value(SecretId=secret_id, SecretString=json.dumps(value))
