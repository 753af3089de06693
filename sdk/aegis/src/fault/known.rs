//! The errors of the SDK whose codes callers are told.

use std::error::Error;

use aegis_domain::fencing::{NotAdmitted, StaleTerm};
use aegis_domain::{ErrorCode, InvalidName};
use aegis_journal::{AppendError, ExecuteError, LoadError, Refusal};
use aegis_leases::fencing::FenceError;
use serde_json::Value;

use super::{Fault, IntoFault};
use crate::{CallError, CommandError, EventError, PublishError};

/// What the first error of the chain that is one of the SDK's tells callers.
pub(super) fn of(error: &(dyn Error + 'static)) -> Option<Fault> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(told)
}

macro_rules! known {
    ($($error:ty => |$this:ident| $told:expr;)*) => {
        fn told(error: &(dyn Error + 'static)) -> Option<Fault> {
            $(if let Some($this) = error.downcast_ref::<$error>() {
                return Some($told);
            })*
            None
        }

        $(impl IntoFault for $error {
            fn into_fault(self) -> Fault {
                self.into()
            }
        })*
    };
}

known! {
    CallError => |error| call(error);
    CommandError => |error| command(error);
    EventError => |error| ours(error.code(), error);
    PublishError => |error| ours(error.code(), error);
    FenceError => |error| ours(error.code(), error);
    StaleTerm => |error| ours(error.code(), error);
    NotAdmitted => |error| ours(error.code(), error);
    LoadError => |error| ours(error.code(), error);
    AppendError => |error| ours(error.code(), error);
    InvalidName => |error| ours(ErrorCode::InvalidInput, error);
    Refusal => |error| Fault::new(error.code, error.text.clone());
}

/// What is wrong stands in its chain.
impl<R: Error + 'static> IntoFault for ExecuteError<R> {
    fn into_fault(self) -> Fault {
        self.into()
    }
}

/// The log is told the sources, too.
fn ours(code: ErrorCode, error: &dyn Error) -> Fault {
    Fault::of(code, error.to_string()).because(error)
}

fn call(error: &CallError) -> Fault {
    if let CallError::Failed { code, message, details } = error {
        return passed_on(code, message, details.as_ref());
    }
    passed_on(error.code(), &error.to_string(), None).because(error)
}

fn command(error: &CommandError) -> Fault {
    if let CommandError::Failed { code, message, details } = error {
        return passed_on(code, message, details.as_ref());
    }
    passed_on(error.code(), &error.to_string(), None).because(error)
}

/// Who says a code that is worth another try has done nothing, and clients send such a call again. What the handler has done before an
/// inner call said so is not nothing: then the code stands in the text alone.
fn passed_on(code: &str, message: &str, details: Option<&Value>) -> Fault {
    let fault = match ErrorCode::parse(code).is_some_and(ErrorCode::is_retryable) {
        true => Fault::of(ErrorCode::HandlerFailed, format!("{code}: {message}")),
        false => Fault::new(code, message),
    };
    fault.with_details(details)
}
