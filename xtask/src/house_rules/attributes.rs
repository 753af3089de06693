//! How a lint is silenced: by `expect`, which fails when it is for nothing, and with a reason. Clippy holds what it compiles to the
//! second half; this also holds what is behind features and in `fuzz/`.

/// Each attribute that silences a lint in another way, with its line.
pub(super) fn breaches(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.trim_start();
        if !(code.starts_with("#[") || code.starts_with("#![")) {
            continue;
        }
        if calls(code, "allow") {
            found.push((
                number + 1,
                "`allow`: use `expect(.., reason = \"..\")`, which says when it is for nothing".to_owned(),
            ));
        }
        if calls(code, "expect") && !has_reason(text.lines().skip(number)) {
            found.push((
                number + 1,
                "`expect` without a reason: say why the lint does not hold here".to_owned(),
            ));
        }
    }
    found
}

/// Whether an attribute is `name(..)`, or has that within `cfg_attr(..)`.
fn calls(attribute: &str, name: &str) -> bool {
    let starts = |begin: &str| attribute.starts_with(&format!("{begin}{name}("));
    starts("#[")
        || starts("#![")
        || (attribute.contains("cfg_attr(") && attribute.contains(&format!(" {name}(")))
}

/// Whether the attribute that begins the lines says why, before it ends.
fn has_reason<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    for line in lines {
        if let Some((_, reason)) = line.split_once("reason = \"") {
            return !reason.trim_start().starts_with('"');
        }
        if line.contains(")]") {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::breaches;

    #[test]
    fn a_silenced_lint_says_why_and_is_expected() {
        for (attribute, line) in [
            ("#[expect(dead_code, reason = \"it is read by the compiler\")]", None),
            ("#![expect(\n    clippy::panic,\n    reason = \"it fails the test\"\n)]", None),
            ("#[cfg_attr(not(feature = \"a\"), expect(dead_code, reason = \"nothing reads it\"))]", None),
            ("let a = b.expect(\"it was set above\");", None),
            ("#[test]\nfn expect() {}", None),
            ("#[expect(dead_code)]\nconst A: &str = \"reason = \\\"b\\\"\";", Some(1)),
            ("fn a() {}\n    #[expect(\n        clippy::panic,\n    )]", Some(2)),
            ("#[expect(dead_code, reason = \"\")]", Some(1)),
            ("#[cfg_attr(test, expect(dead_code))]", Some(1)),
            ("#[allow(dead_code, reason = \"it is read by the compiler\")]", Some(1)),
            ("#![allow(dead_code)]", Some(1)),
        ] {
            let found: Vec<_> = breaches(attribute).into_iter().map(|(line, _)| line).collect();
            assert_eq!(found, line.into_iter().collect::<Vec<_>>(), "{attribute}");
        }
    }
}
