//! What a failed call says about the world.

use aegis_domain::ErrorCode;
use aegis_sdk::CallError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing has happened.
    Refused,
    /// It may have happened: look before repeating it.
    Unknown,
}

impl From<&CallError> for Outcome {
    fn from(error: &CallError) -> Self {
        // By code, because a handler that lost its group while it worked reports an unknown outcome
        // as a failure; and what fails half way through a handler may have happened as well.
        let uncertain = [ErrorCode::OutcomeUnknown, ErrorCode::HandlerFailed, ErrorCode::Internal];
        let code = error.code();
        if uncertain.iter().any(|uncertain| uncertain.as_str() == code) {
            Self::Unknown
        } else {
            Self::Refused
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_failure_that_rules_out_any_effect_counts_as_refused() {
        let failed =
            |code: &str| CallError::Failed { code: code.to_owned(), message: String::new(), details: None };
        let unread = CallError::Decode { detail: String::new() };
        let silent = CallError::OutcomeUnknown { subject: String::new(), after: std::time::Duration::ZERO };
        for unknown in [failed("OUTCOME_UNKNOWN"), failed("HANDLER_FAILED"), unread, silent] {
            assert_eq!(Outcome::from(&unknown), Outcome::Unknown, "{unknown}");
        }
        let nobody = CallError::NoResponders { subject: String::new(), after: std::time::Duration::ZERO };
        for refused in [failed("INVALID_VOLUME"), failed("OVERLOADED"), nobody] {
            assert_eq!(Outcome::from(&refused), Outcome::Refused, "{refused}");
        }
    }
}
