//! What `#[fault(..)]` says.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, Fields, LitInt, LitStr, Result};

/// What the caller of a handler is told of a variant.
pub(crate) enum Told {
    /// A code of the service's own.
    Code { code: String, details: bool, next: Next },
    /// What its only field tells.
    Nested,
    /// Nothing but that the handler failed.
    Internal,
}

/// What becomes of an event or a command.
pub(crate) enum Next {
    Policy,
    AfterMs(u64),
    Never,
}

const CODE_MAX: usize = 128;
const MISSING: &str = "say what callers are told: `#[fault(code = \"LIMIT_EXCEEDED\")]` for a code of your own, `#[fault(nested)]` for what the inner error tells, `#[fault(internal)]` for HANDLER_FAILED with the text in the log alone";

#[derive(Default)]
struct Said {
    code: Option<String>,
    details: bool,
    nested: bool,
    internal: bool,
    never: bool,
    after_ms: Option<u64>,
}

/// What is said of a variant or structure that has these fields.
pub(crate) fn read(attributes: &[Attribute], fields: &Fields, span: Span) -> Result<Told> {
    let mut said = Said::default();
    let mut found = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("fault")) {
        found = Some(attribute.span());
        attribute.parse_nested_meta(|meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match name.as_str() {
                "code" => said.code = Some(code(&meta.value()?.parse()?)?),
                "details" => said.details = true,
                "nested" => said.nested = true,
                "internal" => said.internal = true,
                "never" => said.never = true,
                "after_ms" => said.after_ms = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?),
                _ => {
                    return Err(meta.error(
                        "unknown: use `code = \"..\"`, `details`, `never`, `after_ms = ..`, `nested` or `internal`",
                    ));
                }
            }
            Ok(())
        })?;
    }
    let Some(found) = found else { return Err(Error::new(span, MISSING)) };
    said.told(fields, found)
}

impl Said {
    fn told(self, fields: &Fields, span: Span) -> Result<Told> {
        let refuse = |text: &str| Err(Error::new(span, text));
        let plain = !self.details && !self.never && self.after_ms.is_none();
        match (self.code, self.nested, self.internal) {
            (Some(code), false, false) => {
                let next = match (self.never, self.after_ms) {
                    (true, Some(_)) => {
                        return refuse("it is tried again after a time or never: say one of them");
                    }
                    (true, None) => Next::Never,
                    (false, Some(ms)) => Next::AfterMs(ms),
                    (false, None) => Next::Policy,
                };
                Ok(Told::Code { code, details: self.details, next })
            }
            (None, true, false) if plain && fields.len() == 1 => Ok(Told::Nested),
            (None, true, false) if plain => {
                refuse("`nested` is for a variant with one field: the inner error")
            }
            (None, false, true) if plain => Ok(Told::Internal),
            (None, false, false) => refuse(MISSING),
            _ => refuse(
                "say one of `code = \"..\"`, `nested` and `internal`; `details`, `never` and `after_ms` go with a code",
            ),
        }
    }
}

fn code(literal: &LitStr) -> Result<String> {
    let code = literal.value();
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    match (1..=CODE_MAX).contains(&code.len()) && code.bytes().all(fits) {
        true => Ok(code),
        false => Err(Error::new(
            literal.span(),
            "a code is 1 to 128 capital letters, digits and underscores, as in \"LIMIT_EXCEEDED\"",
        )),
    }
}
