//! The tag of a definition is its revision.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

pub(super) fn etag(revision: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{revision}\"")).expect("digits in quotes")
}

/// Whether the caller has this revision already.
pub(super) fn is_known(headers: &HeaderMap, revision: u64) -> bool {
    let current = format!("\"{revision}\"");
    tags(headers, header::IF_NONE_MATCH).any(|tag| tag == "*" || tag.trim_start_matches("W/") == current)
}

/// The tags of all lines of a header.
pub(super) fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        [(name, value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn what_the_caller_has_is_compared_weakly() {
        let known = |value: &str| is_known(&headers(header::IF_NONE_MATCH, value), 3);
        assert!(known("\"3\"") && known("W/\"3\"") && known("\"1\", \"3\"") && known("*"));
        assert!(!known("\"33\"") && !known("3"));
    }
}
