"""The rules of DynamoDB that its model does not have: placeholders of expressions, keys and indexes of the table, sizes."""

import re

import yaml

EXPRESSIONS = ["ConditionExpression", "FilterExpression", "KeyConditionExpression", "ProjectionExpression", "UpdateExpression"]
# Operations whose request, or whose entries in a request, have one table and one item.
ITEM_OPERATIONS = {"GetItem", "PutItem", "UpdateItem", "DeleteItem"}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_PARTITION_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024
MAX_ITEM_BYTES = 400 * 1024
MAX_EXPRESSION_BYTES = 4096
MAX_DIGITS = 38
OLD_PARAMETERS = {"AttributesToGet", "AttributeUpdates", "ConditionalOperator", "Expected", "KeyConditions", "QueryFilter", "ScanFilter"}


class Loader(yaml.SafeLoader):
    """Reads a template without its functions."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


class Table:
    """The table of the template: the keys of the table and of its indexes."""

    def __init__(self, template):
        resources = yaml.load(template, Loader)["Resources"].values()
        tables = [r["Properties"] for r in resources if r["Type"] == "AWS::DynamoDB::Table"]
        if len(tables) != 1:
            raise ValueError(f"the template has {len(tables)} tables")
        self.types = {a["AttributeName"]: a["AttributeType"] for a in tables[0]["AttributeDefinitions"]}
        self.keys = key_names(tables[0])
        self.indexes = {index["IndexName"]: key_names(index) for index in tables[0]["GlobalSecondaryIndexes"]}


def key_names(properties):
    """Returns the names of the partition key and the sort key, if there is one."""
    kinds = {element["KeyType"]: element["AttributeName"] for element in properties["KeySchema"]}
    return [kinds[kind] for kind in ("HASH", "RANGE") if kind in kinds]


def check(operation, document, table, report):
    """Checks a request that the model accepts."""
    for path, part, kind in item_requests(operation, document):
        at = lambda name, text, path=path: report(f"{path}.{name}", text)  # noqa: E731
        check_expressions(part, at)
        if "Key" in part:
            check_key(part["Key"], table, at, "Key")
        if "Item" in part:
            check_item(part["Item"], table, at)
        if kind == "UpdateItem":
            check_update(part, table, at)
        if kind in ("Query", "Scan"):
            check_query(kind, part, table, at)
        for name in sorted(OLD_PARAMETERS & set(part)):
            at(name, "is a legacy parameter")
        for name, value in part.get("ExpressionAttributeValues", {}).items():
            check_value(value, at, f"ExpressionAttributeValues.{name}")
    check_targets(operation, document, report)


def item_requests(operation, document):
    """Yields the request, or each entry of a transaction or batch, with the operation that it is."""
    if operation == "TransactWriteItems":
        for index, entry in enumerate(document.get("TransactItems", [])):
            kinds = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheck"}
            if len(entry) != 1:
                yield f"TransactItems[{index}]", {"": None}, "not exactly one operation"
            for name, part in entry.items():
                yield f"TransactItems[{index}].{name}", part, kinds.get(name, name)
    elif operation == "BatchGetItem":
        for name, part in document.get("RequestItems", {}).items():
            yield f"RequestItems.{name}", part, "BatchGetItem"
            for index, key in enumerate(part.get("Keys", [])):
                yield f"RequestItems.{name}.Keys[{index}]", {"Key": key}, "key"
    elif operation == "BatchWriteItem":
        for name, writes in document.get("RequestItems", {}).items():
            for index, entry in enumerate(writes):
                part = entry.get("PutRequest") or entry.get("DeleteRequest") or {}
                yield f"RequestItems.{name}[{index}]", part, "BatchWriteItem"
    else:
        yield "input", document, operation


def check_expressions(part, report):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html"""
    expressions = {name: part[name] for name in EXPRESSIONS if name in part}
    text = " ".join(expressions.values())
    for name, expression in expressions.items():
        if not expression.strip() or len(expression.encode()) > MAX_EXPRESSION_BYTES:
            report(name, f"{len(expression)} characters are too few or too many")
        if expression.count("(") != expression.count(")"):
            report(name, f"the parentheses are not balanced: {expression}")
    for member, sign in [("ExpressionAttributeNames", "#"), ("ExpressionAttributeValues", ":")]:
        used = set(re.findall(rf"{sign}\w+", text))
        defined = set(part.get(member, {}))
        if member in part and not defined:
            report(member, "must not be empty")
        for name in sorted(used - defined):
            report(member, f"{name} is used and not defined")
        for name in sorted(defined - used):
            report(member, f"{name} is defined and not used")
        if defined and not text:
            report(member, "can only be specified with an expression")


def check_key(key, table, report, path):
    if sorted(key) != sorted(table.keys):
        report(path, f"{sorted(key)} is not the key {sorted(table.keys)}")
    check_key_values(key, table.keys, table, report, path)


def check_key_values(attributes, keys, table, report, path):
    for name, maximum in zip(keys, (MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES)):
        value = attributes.get(name)
        if value is None:
            continue
        if list(value) != [table.types[name]]:
            report(f"{path}.{name}", f"{list(value)} is not of the type {table.types[name]}")
        elif not 1 <= len(str(value[table.types[name]]).encode()) <= maximum:
            report(f"{path}.{name}", f"is empty or longer than {maximum} bytes")


def check_item(item, table, report):
    for name in table.keys:
        if name not in item:
            report(f"Item.{name}", "a key attribute is missing")
    check_key_values(item, table.keys, table, report, "Item")
    for keys in table.indexes.values():
        check_key_values(item, keys, table, report, "Item")
    for name, value in item.items():
        check_value(value, report, f"Item.{name}")
    if size_of({"M": item}) > MAX_ITEM_BYTES:
        report("Item", f"{size_of({'M': item})} bytes are too many")


def check_value(value, report, path):
    """Checks an attribute value, which is a union that the model calls a structure."""
    if len(value) != 1:
        return report(path, f"needs exactly one type, not {sorted(value)}")
    ((kind, content),) = value.items()
    if kind in ("SS", "NS", "BS"):
        if not content or len(set(content)) != len(content):
            report(path, "a set is neither empty nor has an entry twice")
    for number in content if kind == "NS" else [content] if kind == "N" else []:
        check_number(number, report, path)
    if kind == "NULL" and content is not True:
        report(path, "NULL is true")
    for name, member in content.items() if kind == "M" else enumerate(content) if kind == "L" else []:
        check_value(member, report, f"{path}.{name}")


def check_number(text, report, path):
    found = re.fullmatch(r"-?(\d*)\.?(\d*)(?:[eE][+-]?\d+)?", text)
    digits = (found[1] + found[2]).strip("0") if found else ""
    if not found or not found[1] + found[2] or len(digits) > MAX_DIGITS:
        report(path, f"{text!r} is no number of at most {MAX_DIGITS} digits")


def size_of(value):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    ((kind, content),) = value.items()
    if kind == "M":
        return 3 + sum(len(name.encode()) + 1 + size_of(member) for name, member in content.items())
    if kind == "L":
        return 3 + sum(1 + size_of(member) for member in content)
    if kind == "B":
        return len(content) * 3 // 4
    if kind in ("SS", "NS", "BS"):
        return 3 + sum(len(entry.encode()) for entry in content)
    return len(content.encode()) if kind == "S" else len(content) // 2 + 2 if kind == "N" else 1


def name_of(token, part):
    """Returns the attribute that an expression means."""
    return part.get("ExpressionAttributeNames", {}).get(token, token)


def check_update(part, table, report):
    """An update cannot change the key: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html"""
    expression = part.get("UpdateExpression", "")
    targets = re.findall(r"(?:SET|,|REMOVE|ADD|DELETE)\s*([#\w]+)", expression)
    for token in targets:
        if name_of(token, part) in table.keys and re.search(rf"{re.escape(token)}\s*=[^=]", expression):
            report("UpdateExpression", f"changes the key attribute {name_of(token, part)}")
    clauses = re.findall(r"\b(SET|REMOVE|ADD|DELETE)\b", expression)
    if len(set(clauses)) != len(clauses):
        report("UpdateExpression", f"has a clause twice: {clauses}")
    assigned = re.findall(r"([#\w.\[\]]+)\s*=", expression)
    if len(set(assigned)) != len(assigned):
        report("UpdateExpression", f"sets an attribute twice: {sorted(assigned)}")
    index_values(part, table, report)


def index_values(part, table, report):
    """Checks the type of a value that becomes the key of an index."""
    for token, value in re.findall(r"([#\w]+)\s*=\s*(:\w+)", part.get("UpdateExpression", "")):
        name, value = name_of(token, part), part.get("ExpressionAttributeValues", {}).get(value)
        for keys in table.indexes.values():
            if name in keys and value is not None:
                check_key_values({name: value}, keys, table, report, "ExpressionAttributeValues")


def check_query(kind, part, table, report):
    index = part.get("IndexName")
    if index is not None and index not in table.indexes:
        return report("IndexName", f"the template has no index {index}")
    keys = table.indexes[index] if index else table.keys
    if index and part.get("ConsistentRead"):
        report("ConsistentRead", "is not supported on a global secondary index")
    if kind == "Query":
        condition = part.get("KeyConditionExpression")
        if condition is None:
            return report("KeyConditionExpression", "is missing")
        named = {name_of(token, part) for token in re.findall(r"(?<![:\w])[#\w]+", condition)}
        named -= {"AND", "BETWEEN", "begins_with", "and", "between"}
        if not named <= set(keys) or keys[0] not in named:
            report("KeyConditionExpression", f"names {sorted(named)}, where the keys are {keys}")
        if not any(name_of(token, part) == keys[0] for token in re.findall(r"([#\w]+)\s*=\s*:", condition)):
            report("KeyConditionExpression", f"does not compare {keys[0]} for equality")
        filtered = {name_of(token, part) for token in re.findall(r"#\w+|\b[a-z_]+\b(?!\s*\()", part.get("FilterExpression", ""))}
        if filtered & set(keys):
            report("FilterExpression", f"cannot name the keys {sorted(filtered & set(keys))}")
    start = part.get("ExclusiveStartKey")
    if start is not None and sorted(start) != sorted({*keys, *table.keys}):
        report("ExclusiveStartKey", f"{sorted(start)} is not {sorted({*keys, *table.keys})}")


def check_targets(operation, document, report):
    """A transaction or a batch has each item once: API_TransactWriteItems.html, API_BatchGetItem.html"""
    targets = []
    for entry in document.get("TransactItems", []) if operation == "TransactWriteItems" else []:
        for part in entry.values():
            key = part.get("Key") or {name: part["Item"].get(name) for name in ("pk", "sk")}
            targets.append((part.get("TableName"), sorted((name, str(value)) for name, value in key.items())))
    for name, part in document.get("RequestItems", {}).items() if operation == "BatchGetItem" else []:
        targets += [(name, sorted((k, str(v)) for k, v in key.items())) for key in part.get("Keys", [])]
    repeated = [target for index, target in enumerate(targets) if target in targets[:index]]
    if repeated:
        report("input", f"an item appears twice: {repeated[0]}")
