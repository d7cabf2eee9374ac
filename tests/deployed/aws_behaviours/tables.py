"""DynamoDB."""

import time
from concurrent.futures import ThreadPoolExecutor

from .observation import error_code, random_name

ROUNDS = 200
EXPIRY_SECONDS = 3600


def key():
    """Return the key of an item that no other run uses and that expires by itself."""
    return {"pk": {"S": random_name("item")}, "sk": {"S": "item"}}


def expiry():
    """Return the attribute by which DynamoDB deletes an item that a run left behind."""
    return {"ttl": {"N": str(int(time.time()) + EXPIRY_SECONDS)}}


def an_item_above_400_kb_is_rejected(stack):
    """An item of more than 400 KB is rejected with ValidationException."""
    item = key() | expiry() | {"text": {"S": "x" * (400 * 1024)}}
    code = error_code(stack.client("dynamodb").put_item, TableName=stack["table"], Item=item)
    return code, code == "ValidationException"


def a_check_in_a_transaction_conflicts_with_an_update(stack):
    """An update of an item that an ongoing transaction checks fails with TransactionConflictException, or waits."""
    client, checked, written = stack.client("dynamodb"), key(), key()
    client.put_item(TableName=stack["table"], Item=checked | expiry())

    def transact(_):
        check = {"TableName": stack["table"], "Key": checked, "ConditionExpression": "attribute_exists(pk)"}
        put = {"TableName": stack["table"], "Item": written | expiry()}
        return error_code(client.transact_write_items, TransactItems=[{"ConditionCheck": check}, {"Put": put}])

    def update(_):
        change = {"UpdateExpression": "SET touched = :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
        return error_code(client.update_item, TableName=stack["table"], Key=checked, **change)

    with ThreadPoolExecutor(16) as executor:
        transactions = executor.map(transact, range(ROUNDS))
        codes = list(executor.map(update, range(ROUNDS)))
        codes += list(transactions)
    for item in (checked, written):
        client.delete_item(TableName=stack["table"], Key=item)
    counts = {str(code): codes.count(code) for code in sorted(set(codes), key=str)}
    return counts, set(counts) <= {"None", "TransactionConflictException", "TransactionCanceledException"}
