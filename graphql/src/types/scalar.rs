//! Scalars of our own: `Int` of GraphQL has 32 bits only.

use aegis_domain::Sequence;
use async_graphql::{InputValueError, InputValueResult, Number, Scalar, ScalarType, Value};

/// A whole number from 0 to 2^64 - 1, as a JSON number with all its digits: sequences, terms, revisions, counts, sizes, durations. As
/// input also a string of digits, for clients whose numbers end at 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Long(pub(crate) u64);

#[Scalar]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        match whole(&value) {
            Some(number) => Ok(Self(number)),
            None => Err(InputValueError::custom("use a whole number, 0 or more")),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(Number::from(self.0))
    }
}

impl From<Sequence> for Long {
    fn from(sequence: Sequence) -> Self {
        Self(sequence.get())
    }
}

impl From<u64> for Long {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<u32> for Long {
    fn from(number: u32) -> Self {
        Self(number.into())
    }
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        // One form only: no sign, no leading zero.
        Value::String(digits) => digits.parse().ok().filter(|number: &u64| number.to_string() == *digits),
        Value::Null
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_)
        | Value::List(_)
        | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_64_bits_goes_both_ways_and_nothing_else_does() {
        for number in [0, 1, 1 << 31, 1 << 53, (1 << 53) + 1, u64::MAX] {
            let value = Long(number).to_value();
            assert_eq!(value.to_string(), number.to_string());
            assert_eq!(Long::parse(value).unwrap(), Long(number));
            assert_eq!(Long::parse(Value::String(number.to_string())).unwrap(), Long(number));
            assert_eq!(Long::from(Sequence(number)), Long(number));
        }
        let float = Number::from_f64(1.5).map_or(Value::Null, Value::Number);
        for junk in
            ["", "-1", "+1", "01", "1.0", "18446744073709551616", "x"].map(|text| Value::String(text.into()))
        {
            assert!(Long::parse(junk.clone()).is_err(), "{junk}");
        }
        assert!(Long::parse(float).is_err() && Long::parse(Value::Number((-1).into())).is_err());
    }
}
