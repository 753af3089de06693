//! Which of the forms of an answer a client prefers.

use axum::http::{HeaderMap, header};

/// What the header `Accept` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepted<T> {
    /// Nothing: any form will do.
    Any,
    /// This form has the highest quality, or comes first with it.
    Form(T),
    /// None of the forms that there are.
    Neither,
}

/// The form that a client prefers; `form` names the one of a media range, in lower case, if there is one.
pub(super) fn accepted<T>(headers: &HeaderMap, form: impl Fn(&str) -> Option<T>) -> Accepted<T> {
    let mut lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok()).peekable();
    if lines.peek().is_none() {
        return Accepted::Any;
    }
    let mut best: Option<(f32, T)> = None;
    for range in lines.flat_map(|line| line.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let Some(form) = parts.next().and_then(|kind| form(&kind.to_ascii_lowercase())) else { continue };
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        if quality > 0.0 && best.as_ref().is_none_or(|(most, _)| quality > *most) {
            best = Some((quality, form));
        }
    }
    best.map_or(Accepted::Neither, |(_, form)| Accepted::Form(form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_the_highest_quality_is_preferred_and_of_several_the_first() {
        let of = |accept: &str| {
            let headers: HeaderMap = [(header::ACCEPT, accept.parse().unwrap())].into_iter().collect();
            accepted(&headers, |kind| ["a/a", "b/b"].into_iter().find(|known| *known == kind))
        };
        assert_eq!(accepted(&HeaderMap::new(), |_| Some(())), Accepted::Any);
        for (accept, form) in [
            ("b/b", Accepted::Form("b/b")),
            ("A/A; charset=utf-8, b/b", Accepted::Form("a/a")),
            ("a/a;q=0.5, b/b", Accepted::Form("b/b")),
            ("a/a, b/b;q=0.1", Accepted::Form("a/a")),
            ("c/c", Accepted::Neither),
            ("a/a;q=0", Accepted::Neither),
        ] {
            assert_eq!(of(accept), form, "{accept}");
        }
    }
}
