"""SQS."""

import json

from .observation import error_code, random_name, wait_for


def receive(sqs, url, visibility=30):
    """Receive one message with its counts, or return None after a minute."""

    def messages():
        received = sqs.receive_message(
            QueueUrl=url, MessageSystemAttributeNames=["All"], VisibilityTimeout=visibility, WaitTimeSeconds=5
        )
        return received.get("Messages")

    found = wait_for(messages, 60)
    return found[0] if found else None


def a_redriven_message_is_new(stack):
    """A dead letter keeps its send time; redriven, it is a new message whose receives are counted from one again."""
    sqs, name = stack.client("sqs"), random_name("redrive")
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    source = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
    try:
        sqs.send_message(QueueUrl=source, MessageBody="once")
        first = receive(sqs, source, visibility=0)
        sqs.receive_message(QueueUrl=source, WaitTimeSeconds=5)
        letter = receive(sqs, dead, visibility=0)
        sqs.start_message_move_task(SourceArn=arn)
        again = receive(sqs, source)
    finally:
        sqs.delete_queue(QueueUrl=source)
        sqs.delete_queue(QueueUrl=dead)
    attributes = [message["Attributes"] for message in (first, letter, again)]
    sent, counts = ([one[name] for one in attributes] for name in ("SentTimestamp", "ApproximateReceiveCount"))
    return f"send times {sent}, receives {counts}", sent[0] == sent[1] != sent[2] and counts[2] == "1"


def a_timeout_beyond_12_hours_is_an_error(stack):
    """A visibility timeout that would end more than 12 hours after the receive is an error."""
    sqs = stack.client("sqs")
    queue = sqs.create_queue(QueueName=random_name("timeout"))["QueueUrl"]
    try:
        sqs.send_message(QueueUrl=queue, MessageBody="once")
        handle = receive(sqs, queue)["ReceiptHandle"]
        code = error_code(sqs.change_message_visibility, QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=43_201)
    finally:
        sqs.delete_queue(QueueUrl=queue)
    return code, code is not None
