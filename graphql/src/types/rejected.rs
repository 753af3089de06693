//! Expected refusals of changes.

use aegis_domain::ErrorCode;
use aegis_domain::aggregate::definition::Rejection;
use async_graphql::SimpleObject;

use super::scalar::Long;

/// An expected refusal: nothing was recorded.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Rejected {
    /// Stable code, for example `DEFINITION_CONFLICT`.
    code: String,
    message: String,
    /// The field of the input that is at fault, where there is one.
    field: Option<String>,
    /// The revision that stands, for conflicts.
    current_revision: Option<Long>,
}

impl Rejected {
    pub(crate) fn new(code: ErrorCode, message: String) -> Self {
        Self { code: code.as_str().to_owned(), message, field: None, current_revision: None }
    }
}

pub(crate) fn invalid(field: &str, message: String) -> Rejected {
    Rejected { field: Some(field.to_owned()), ..Rejected::new(ErrorCode::InvalidInput, message) }
}

pub(crate) fn rejected(rejection: &Rejection) -> Rejected {
    let field = match rejection {
        Rejection::Invalid { field, .. } => Some((*field).to_owned()),
        Rejection::AlreadyDefined
        | Rejection::NotDefined
        | Rejection::NotRetired
        | Rejection::Conflict { .. } => None,
    };
    let current_revision = match rejection {
        Rejection::Conflict { current } => Some(current.get()),
        Rejection::AlreadyDefined
        | Rejection::NotDefined
        | Rejection::NotRetired
        | Rejection::Invalid { .. } => None,
    };
    Rejected {
        code: rejection.code().as_str().to_owned(),
        message: rejection.to_string(),
        field,
        current_revision: current_revision.map(Into::into),
    }
}
