//! As much of PromQL as it takes to tell which metrics an expression asks for.

use std::collections::BTreeSet;

/// What the names of metrics begin with that a replica tells. Others (`up`) are of Prometheus itself.
const PREFIXES: [&str; 2] = ["aegis_", "process_"];

/// The metrics that these expressions ask for.
pub(super) fn metrics<'a>(expressions: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    expressions.into_iter().flat_map(|expression| names(&unlabelled(expression))).collect()
}

fn names(expression: &str) -> Vec<String> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let ours = words.filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix)));
    ours.map(str::to_owned).collect()
}

/// The expression without what stands in braces or quotes: values of labels may look like metrics.
fn unlabelled(expression: &str) -> String {
    let (mut rest, mut depth, mut quoted) = (String::new(), 0_u32, false);
    for c in expression.chars() {
        match c {
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => depth = depth.saturating_sub(1),
            _ if quoted || depth > 0 => {}
            _ => rest.push(c),
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::metrics;

    #[test]
    fn metrics_are_told_from_functions_labels_and_values() {
        let expression =
            r#"max by (service) (rate(aegis_a_total{of="aegis_b}"}[5m])) > 0 or up{job="aegis"} * process_x"#;
        let found: Vec<_> = metrics([expression]).into_iter().collect();
        assert_eq!(found, ["aegis_a_total", "process_x"]);
    }
}
