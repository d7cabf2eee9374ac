"""Secrets Manager."""

from concurrent.futures import ThreadPoolExecutor

from .observation import error_code, random_name

SWAPS = 20


def one_of_twenty_swaps_succeeds(stack):
    """Of concurrent calls that move AWSCURRENT away from one version, exactly one succeeds."""
    manager, name = stack.client("secretsmanager"), random_name("swap")
    first = manager.create_secret(Name=name, SecretString="first")["VersionId"]
    try:
        versions = [
            manager.put_secret_value(SecretId=name, SecretString=str(number), VersionStages=[f"STAGE_{number}"])["VersionId"]
            for number in range(SWAPS)
        ]

        def swap(version):
            move = {"VersionStage": "AWSCURRENT", "RemoveFromVersionId": first, "MoveToVersionId": version}
            return error_code(manager.update_secret_version_stage, SecretId=name, **move)

        with ThreadPoolExecutor(SWAPS) as executor:
            codes = list(executor.map(swap, versions))
    finally:
        manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    counts = {str(code): codes.count(code) for code in sorted(set(codes), key=str)}
    return counts, codes.count(None) == 1
