"""Lambda and CloudWatch."""

from datetime import datetime, timedelta, timezone

from .observation import wait_for


def metrics_arrive(stack):
    """A log line in the embedded metric format becomes a metric, also in the JSON log format of an OS-only runtime."""
    cloudwatch = stack.client("cloudwatch")
    dimensions = [{"Name": "Stack", "Value": stack["stack_name"]}]

    def values():
        now = datetime.now(timezone.utc)
        statistics = cloudwatch.get_metric_statistics(
            Namespace="Landfall",
            MetricName="OldestActiveJobSeconds",
            Dimensions=dimensions,
            StartTime=now - timedelta(minutes=15),
            EndTime=now,
            Period=60,
            Statistics=["Maximum"],
        )
        return statistics["Datapoints"]

    points = wait_for(values, 300)
    return f"{len(points)} data points of OldestActiveJobSeconds within 15 minutes", bool(points)


def recursive_loops_are_allowed(stack):
    """The functions that feed their own queues have `RecursiveLoop: Allow`, which the deployment sets."""
    client = stack.client("lambda")
    names = {name: stack["functions"][name] for name in ("submit", "landing")}
    settings = {
        name: client.get_function_recursion_config(FunctionName=function)["RecursiveLoop"]
        for name, function in names.items()
    }
    return settings, set(settings.values()) == {"Allow"}
