//! Names and parameters as parts of an address.

use serde::Serialize;
use serde_json::Value;

/// The parameters of a query, with its question mark; lists have commas between their items.
pub(crate) fn query(parameters: &impl Serialize) -> String {
    let Ok(Value::Object(fields)) = serde_json::to_value(parameters) else { return String::new() };
    let pairs = fields.iter().filter_map(|(name, value)| Some(format!("{name}={}", encoded(&text(value)?))));
    let pairs: Vec<_> = pairs.collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// None for what is absent.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => Some(items.iter().filter_map(text).collect::<Vec<_>>().join(",")),
    }
}

/// A text as one part of a path or a query.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~,:".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_parameters_are_left_away_and_every_text_can_stand_in_a_query() {
        assert_eq!(query(&json!({ "first": null, "types": [] })), "");
        let given =
            json!({ "first": 5, "text": "a b&c=ä", "retired": true, "statuses": ["RUNNING", "FAILED"] });
        assert_eq!(query(&given), "?first=5&retired=true&statuses=RUNNING,FAILED&text=a%20b%26c%3D%C3%A4");
    }
}
