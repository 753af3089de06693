//! Conditional requests: what a change is based on.

use aegis_domain::ErrorCode;
use axum::http::{HeaderMap, header};

use super::etag::tags;
use crate::http::problem::Problem;

/// What a change is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    /// Whatever revision stands.
    Any,
    Revision(u64),
    /// There is none yet.
    Absent,
}

/// What a change of something that has revisions is based on; it has to say so.
pub(super) fn basis(headers: &HeaderMap) -> Result<Basis, Problem> {
    let mut given = tags(headers, header::IF_MATCH);
    let Some(tag) = given.next() else {
        if tags(headers, header::IF_NONE_MATCH).any(|tag| tag == "*") {
            return Ok(Basis::Absent);
        }
        let detail = "say what the change is based on: If-Match with the ETag of the definition that you have read; \
                      or, with PUT, If-None-Match: * to create it";
        return Err(Problem::new(ErrorCode::PreconditionRequired, detail));
    };
    if given.next().is_some() {
        return Err(Problem::invalid("If-Match: give one ETag"));
    }
    if tag == "*" {
        return Ok(Basis::Any);
    }
    let quoted = tag.trim_start_matches("W/").strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    if quoted.is_none() {
        return Err(Problem::invalid("If-Match: give the ETag as it was told, with its quotes"));
    }
    // A weak one is never the same as any other.
    let quoted = quoted.filter(|_| !tag.starts_with("W/"));
    // Tags are compared as texts: «+1» and «01» are none of ours.
    let revision =
        quoted.and_then(|text| text.parse().ok().filter(|revision: &u64| revision.to_string() == text));
    match revision {
        Some(revision) => Ok(Basis::Revision(revision)),
        // No definition ever has such a tag, so this one is another.
        None => Err(Problem::new(
            ErrorCode::DefinitionConflict,
            "If-Match is not the ETag of the definition: read it again, and pass its ETag",
        )),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        [(name, value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn a_change_says_what_it_is_based_on() {
        let based = |value: &str| basis(&headers(header::IF_MATCH, value)).map_err(|problem| problem.code());
        assert_eq!(based("\"3\""), Ok(Basis::Revision(3)));
        assert_eq!(based("*"), Ok(Basis::Any));
        for other in ["W/\"3\"", "\"a\"", "\"-1\"", "\"+3\"", "\"03\""] {
            assert_eq!(based(other), Err(ErrorCode::DefinitionConflict), "{other}");
        }
        for malformed in ["3", "{}", "\"", "\"3"] {
            assert_eq!(based(malformed), Err(ErrorCode::InvalidInput), "{malformed}");
        }
        assert_eq!(based("\"3\", \"4\""), Err(ErrorCode::InvalidInput));
        let none = basis(&HeaderMap::new()).map_err(|problem| problem.code());
        assert_eq!(none, Err(ErrorCode::PreconditionRequired));
        assert_eq!(basis(&headers(header::IF_NONE_MATCH, "*")).unwrap(), Basis::Absent);
    }
}
