//! The variants of an enum as bodies without their names, for enums that serde tags from outside (its
//! default): the name stands in the event's type.

use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};

/// The JSON of the fields of a variant, with keys in alphabetical order; `null` for a variant without any.
///
/// # Errors
/// When a value cannot be written as JSON, or is not an enum tagged from outside.
pub fn to_tagged<T: Serialize>(event: &T) -> Result<Vec<u8>, serde_json::Error> {
    let tagged = serde_json::to_value(event)?;
    if tagged.is_string() {
        return Ok(b"null".to_vec());
    }
    let mut variants = tagged.as_object().into_iter().flatten();
    match (variants.next(), variants.next()) {
        (Some((_name, body)), None) => serde_json::to_vec(body),
        _ => Err(serde_json::Error::custom("an event is not an enum with serde's default tags")),
    }
}

/// The variant of that name with these fields.
///
/// # Errors
/// When there is no such variant, or the body lacks a field or holds a wrong value; the text names it.
pub fn from_tagged<T: DeserializeOwned>(name: &str, body: &[u8]) -> Result<T, serde_json::Error> {
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(serde_json::Error::custom(format!("{name:?} is no name of a variant")));
    }
    let mut tagged = Vec::with_capacity(name.len() + body.len() + 5);
    tagged.extend_from_slice(b"{\"");
    tagged.extend_from_slice(name.as_bytes());
    tagged.extend_from_slice(b"\":");
    tagged.extend_from_slice(body);
    tagged.push(b'}');
    serde_json::from_slice(&tagged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Event {
        Opened { name: String, at: u64 },
        Closed,
    }

    #[test]
    fn a_variant_goes_both_ways_without_its_name() {
        let opened = Event::Opened { name: "a".to_owned(), at: 3 };
        let body = to_tagged(&opened).unwrap();
        assert_eq!(body, br#"{"at":3,"name":"a"}"#);
        assert_eq!(from_tagged::<Event>("opened", &body).unwrap(), opened);
        assert_eq!(to_tagged(&Event::Closed).unwrap(), b"null");
        assert_eq!(from_tagged::<Event>("closed", b"null").unwrap(), Event::Closed);
    }

    #[test]
    fn a_body_cannot_bring_a_name_of_its_own() {
        for body in [r#"{"at":3,"name":"a"},"closed":null"#, "null}", "", "{", r#"{"at":3}"#] {
            assert!(from_tagged::<Event>("opened", body.as_bytes()).is_err(), "{body}");
        }
        assert!(from_tagged::<Event>(r#"closed":null,"#, b"null").is_err());
        assert!(to_tagged(&7).is_err());
    }
}
