//! The derive macro `Fault`: see `aegis_sdk::Fault`.

mod attributes;
mod expand;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes an error one that handlers return: implements `IntoFault`.
///
/// Each variant, or the structure, says by `#[fault(..)]` what its caller is told:
///
/// | attribute | the caller gets |
/// |---|---|
/// | `code = "LIMIT_EXCEEDED"` | this code, and the `Display` of the error |
/// | `code = "..", details` | and its fields as JSON: those with names as an object, one without a name as itself, several as an array |
/// | `nested` | code, text and details of its only field, an error that derives `Fault` as well or one of the SDK |
/// | `internal` | `HANDLER_FAILED`; the text and its sources go to the log of the service |
///
/// Beside `code`: `never` makes an event or a command a dead letter at once, `after_ms = 500` has it tried again after that time. Otherwise
/// its policy says when. Its sources, if it has any, go to the log.
///
/// ```
/// #[derive(Debug, thiserror::Error, aegis_sdk::Fault)]
/// enum Refused {
///     #[error("over the limit of {0}")]
///     #[fault(code = "LIMIT_EXCEEDED", details)]
///     Limit(u64),
///     #[error("the exchange is closed")]
///     #[fault(code = "CLOSED", after_ms = 60_000)]
///     Closed,
///     #[error(transparent)]
///     #[fault(nested)]
///     Risk(#[from] aegis_sdk::CallError),
/// }
/// ```
#[proc_macro_derive(Fault, attributes(fault))]
pub fn fault(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::fault(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
