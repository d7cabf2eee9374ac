"""Create a queue that receives all events that Landfall publishes on the event bus."""

import json

NAME = "landfall-events"


def create(session, endpoint, bus):
    """Create the queue and the rule that sends events to it, and return the queue's URL."""
    queues = session.client("sqs", endpoint_url=endpoint)
    url = queues.create_queue(QueueName=NAME)["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events = session.client("events", endpoint_url=endpoint)
    events.put_rule(Name=NAME, EventBusName=bus, EventPattern=json.dumps({"source": ["landfall"]}))
    events.put_targets(Rule=NAME, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    return url
