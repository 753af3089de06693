//! Upcasting: events of an older version are read as those of the current one. The log is never rewritten.

use std::borrow::Cow;

use serde_json::Value;

use super::DecodeError;

/// One step from a type that is written no more to its successor. Steps follow one another: a type of version 1
/// becomes one of version 2, and that one of version 3.
///
/// The body is what was written long ago, so a step answers with an error for what it cannot read, and
/// never panics.
#[derive(Debug, Clone, Copy)]
pub struct Upcaster {
    /// The type as it stands in the log, `order.placed.v1`.
    pub from: &'static str,
    /// The type that it becomes, `order.placed.v2`.
    pub to: &'static str,
    /// The body of the older one as that of the newer; the error says what is wrong with it.
    pub upcast: fn(&Value) -> Result<Value, String>,
}

/// The type and the body as they are read now. Without a step for the type they stay what they are.
pub(crate) fn upcast<'a>(
    upcasters: &[Upcaster],
    event_type: &'a str,
    body: &'a [u8],
) -> Result<(&'a str, Cow<'a, [u8]>), DecodeError> {
    let step = |event_type: &str| upcasters.iter().find(|upcaster| upcaster.from == event_type);
    let Some(mut next) = step(event_type) else { return Ok((event_type, Cow::Borrowed(body))) };
    let broken = |detail: String| DecodeError::Body { detail };
    let mut value: Value = serde_json::from_slice(body).map_err(|e| broken(e.to_string()))?;
    // No more steps than there are: a circle of them is a mistake in the schema, and ends as one.
    for _ in upcasters {
        value = (next.upcast)(&value).map_err(broken)?;
        match step(next.to) {
            Some(further) => next = further,
            None => {
                let body = serde_json::to_vec(&value).map_err(|e| broken(e.to_string()))?;
                return Ok((next.to, Cow::Owned(body)));
            }
        }
    }
    Err(broken(format!("the upcasters of {event_type:?} go in a circle")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const STEPS: [Upcaster; 3] = [
        Upcaster {
            from: "placed.v1",
            to: "placed.v2",
            upcast: |body| {
                let name = body.get("sym").ok_or("sym is missing")?;
                Ok(json!({ "symbol": name }))
            },
        },
        Upcaster {
            from: "placed.v2",
            to: "placed.v3",
            upcast: |body| {
                let name = body.get("symbol").ok_or("symbol is missing")?;
                Ok(json!({ "symbol": name, "venue": "XSWX" }))
            },
        },
        Upcaster { from: "round.v1", to: "round.v1", upcast: |body| Ok(body.clone()) },
    ];

    #[test]
    fn an_old_event_goes_all_the_steps_and_a_current_one_none() {
        let (event_type, body) = upcast(&STEPS, "placed.v1", br#"{"sym":"NESN"}"#).unwrap();
        assert_eq!((event_type, &*body), ("placed.v3", &br#"{"symbol":"NESN","venue":"XSWX"}"#[..]));
        let (event_type, body) = upcast(&STEPS, "placed.v3", b"not looked at").unwrap();
        assert_eq!((event_type, &*body), ("placed.v3", &b"not looked at"[..]));
    }

    #[test]
    fn what_cannot_be_upcast_is_an_error_and_never_a_panic() {
        for (event_type, body) in [("placed.v1", "{}"), ("placed.v1", "junk"), ("round.v1", "{}")] {
            assert!(
                matches!(upcast(&STEPS, event_type, body.as_bytes()), Err(DecodeError::Body { .. })),
                "{event_type} {body}"
            );
        }
    }
}
