//! The format of metrics: OpenMetrics for clients that prefer it, otherwise the text format of Prometheus, which every
//! collector and every browser reads.

use std::fmt::Write as _;

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposition {
    OpenMetrics,
    Prometheus,
}

/// The media type of OpenMetrics.
const OPEN_METRICS: &str = "application/openmetrics-text";

impl Exposition {
    /// What a header `Accept` prefers; a preference that cannot be read is none.
    pub(crate) fn accepted(accept: Option<&str>) -> Self {
        let (mut open_metrics, mut others) = (0.0_f32, 0.0_f32);
        for range in accept.unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse);
            let quality: f32 = quality.unwrap_or(0.0);
            if kind.eq_ignore_ascii_case(OPEN_METRICS) {
                open_metrics = quality.max(open_metrics);
            } else if ["text/plain", "text/*", "*/*"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
                others = quality.max(others);
            }
        }
        if open_metrics > 0.0 && open_metrics >= others { Self::OpenMetrics } else { Self::Prometheus }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// A text of OpenMetrics in this format.
    pub(super) fn write(self, text: String) -> String {
        match self {
            Self::OpenMetrics => text,
            Self::Prometheus => prometheus(&text),
        }
    }
}

/// In the older format the name of a family is that of its samples, with their suffix; it knows no `info`, no units, and no end.
fn prometheus(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut help = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').map(|(_, help)| help);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                _ => ("", kind),
            };
            if let Some(help) = help.take() {
                let _infallible = writeln!(told, "# HELP {name}{suffix} {help}");
            }
            let _infallible = writeln!(told, "# TYPE {name}{suffix} {kind}");
        } else if !line.starts_with("# ") {
            let _infallible = writeln!(told, "{line}");
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_served_to_clients_that_prefer_it_and_the_text_format_to_all_others() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (accept, told) in [
            (None, Exposition::Prometheus),
            (Some("*/*"), Exposition::Prometheus),
            (Some("text/html,*/*;q=0.8"), Exposition::Prometheus),
            (Some(prometheus), Exposition::OpenMetrics),
            (Some("application/openmetrics-text"), Exposition::OpenMetrics),
            (Some("Application/OpenMetrics-Text; q=0.4, text/plain; q=0.9"), Exposition::Prometheus),
            (Some("application/openmetrics-text;q=0"), Exposition::Prometheus),
            (Some("application/openmetrics-text;q=x, */*;q=y"), Exposition::Prometheus),
        ] {
            assert_eq!(Exposition::accepted(accept), told, "{accept:?}");
        }
    }

    #[test]
    fn the_older_format_names_each_family_as_its_samples() {
        let text = "# HELP a_panics Panics.\n# TYPE a_panics counter\na_panics_total 3\n# HELP a_build Version.\n\
            # TYPE a_build info\na_build_info{version=\"1\"} 1\n# HELP a_s How long.\n# TYPE a_s histogram\n# UNIT a_s s\n\
            a_s_sum 1.0\na_s_count 1\na_s_bucket{le=\"+Inf\"} 1\n# EOF\n";
        let told = "# HELP a_panics_total Panics.\n# TYPE a_panics_total counter\na_panics_total 3\n\
            # HELP a_build_info Version.\n# TYPE a_build_info gauge\na_build_info{version=\"1\"} 1\n\
            # HELP a_s How long.\n# TYPE a_s histogram\na_s_sum 1.0\na_s_count 1\na_s_bucket{le=\"+Inf\"} 1\n";
        assert_eq!(Exposition::Prometheus.write(text.to_owned()), told);
        assert_eq!(Exposition::OpenMetrics.write(text.to_owned()), text);
    }
}
