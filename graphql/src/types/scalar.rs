//! Scalars of our own.

use aegis_domain::Sequence;
use async_graphql::{InputValueError, InputValueResult, Number, Scalar, ScalarType, Value};

/// A JetStream stream sequence: a whole number from 0 to 2^53 - 1, as a JSON number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seq(pub(crate) Sequence);

#[Scalar(name = "Sequence")]
impl ScalarType for Seq {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Number(number) => number
                .as_u64()
                .map(|n| Self(Sequence(n)))
                .ok_or_else(|| InputValueError::custom("a sequence is a whole number, 0 or more")),
            other @ (Value::Null
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_)) => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(Number::from(self.0.get()))
    }
}

impl From<Sequence> for Seq {
    fn from(sequence: Sequence) -> Self {
        Self(sequence)
    }
}
