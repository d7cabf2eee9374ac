//! The limit of `BatchGetItem`: at most 1 MB of a partition in one response, the other keys as `UnprocessedKeys`. DynamoDB
//! does not say which items share a partition, so all are taken to be in one
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).

use bytes::Bytes;
use serde_json::{Value, json};

/// The most bytes of items in a response.
const MAX_BYTES: usize = 1024 * 1024;

/// Moves the items beyond the limit from `Responses` to `UnprocessedKeys`. Returns a response that is no success as it is.
pub(super) fn limit_response(request: &[u8], response: Bytes) -> Bytes {
    let parsed =
        (serde_json::from_slice::<Value>(request).ok(), serde_json::from_slice::<Value>(&response).ok());
    let (Some(request), Some(mut output)) = parsed else { return response };
    let Some(tables) = output.get_mut("Responses").and_then(Value::as_object_mut) else { return response };
    let mut unprocessed = serde_json::Map::new();
    for (table, items) in tables {
        let Some(items) = items.as_array_mut() else { continue };
        let mut bytes = 0;
        let fitting = items.iter().take_while(|item| {
            bytes += item.to_string().len();
            bytes <= MAX_BYTES
        });
        let requested = &request["RequestItems"][table];
        let keys: Vec<Value> =
            items.split_off(fitting.count()).iter().map(|item| key_of(item, requested)).collect();
        if !keys.is_empty() {
            let mut rest = requested.clone();
            rest["Keys"] = keys.into();
            unprocessed.insert(table.clone(), rest);
        }
    }
    if unprocessed.is_empty() {
        return response;
    }
    output["UnprocessedKeys"] = json!(unprocessed);
    output.to_string().into()
}

/// The key of an item, by the attribute names of the requested keys.
fn key_of(item: &Value, requested: &Value) -> Value {
    let names = requested["Keys"][0].as_object().into_iter().flatten().map(|(name, _)| name);
    names.map(|name| (name.clone(), item[name].clone())).collect::<serde_json::Map<_, _>>().into()
}
