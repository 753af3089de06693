//! What a verification finds, as it is printed.

use aegis_projections::verify::Finding;
use serde_json::json;

use crate::output::say;

pub(super) fn tell(finding: &Finding, as_json: bool) {
    if as_json {
        let line = json!({
            "finding": finding.code(), "detail": finding.to_string(), "repairable": finding.is_repairable(),
        });
        say(&line.to_string());
    } else {
        say(&format!("{:10}  {finding}", finding.code()));
    }
}

pub(super) fn count(findings: usize) -> String {
    match findings {
        1 => "1 finding".to_owned(),
        many => format!("{many} findings"),
    }
}
