//! What needs somebody, in words: for whoever tells people of it beside the page.

use std::collections::BTreeMap;

use aegis_domain::ServiceName;
use aegis_projections::live::Contents;
use aegis_projections::view::LeaderView;
use chrono::{DateTime, Utc};

use super::instance::InstanceStatus;
use super::service_summary::{ServiceFilter, ServiceSummary};

/// Something that needs somebody, told as the page tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What it is, stable while it lasts: `service`, `groups` or `limit`, and the name of the service.
    pub key: String,
    /// The service.
    pub service: String,
    /// What is wrong.
    pub text: String,
    /// Since when, where the registry knows.
    pub since: Option<DateTime<Utc>>,
}

/// What needs somebody now: the same as on the page, whose rule for instances that are unhealthy only just now is left to the
/// caller.
#[must_use]
pub fn needs(contents: &Contents) -> Vec<Need> {
    let services = ServiceSummary::all(contents, &ServiceFilter::default());
    let of_services = services.iter().flat_map(|summary| [of_instances(summary), of_limits(summary)]);
    let mut vacant = BTreeMap::<&ServiceName, Vec<&LeaderView>>::new();
    for view in contents.state.leaders.values().filter(|view| view.instance.is_none()) {
        vacant.entry(&view.service).or_default().push(view);
    }
    let of_groups = vacant.iter().map(|(service, groups)| of_groups(service, groups));
    of_services.chain(of_groups).flatten().collect()
}

fn of_instances(summary: &ServiceSummary) -> Option<Need> {
    let ServiceSummary { name, worst, instance, reason, since, below_minimum, flapping, .. } = summary;
    let running = summary.running();
    let troubled = worst.filter(|status| is_trouble(*status) && summary.is_in_need());
    let mut parts = Vec::new();
    if *below_minimum {
        parts.push(format!("{running} of at least {} run", summary.needed().unwrap_or(1)));
    }
    if let (Some(status), Some(instance)) = (troubled, instance) {
        let why = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        parts.push(format!("{instance} {}{why}", word(status)));
    }
    if flapping.0 > 0 {
        let many = if flapping.0 == 1 { "instance" } else { "instances" };
        parts.push(format!("{} {many} flapping", flapping.0));
    }
    need("service", name, &parts, troubled.and(*since))
}

fn of_groups(service: &ServiceName, vacant: &[&LeaderView]) -> Option<Need> {
    let text = match vacant {
        [only] => format!("{} has no owner", only.group),
        many => format!("{} groups have no owner", many.len()),
    };
    need("groups", service.as_str(), &[text], vacant.iter().map(|view| view.since).min())
}

fn of_limits(summary: &ServiceSummary) -> Option<Need> {
    let (p99_limit, error_limit) = summary.limits();
    let minute = summary.minute.as_ref()?;
    let parts = beyond((minute.p99_ms, p99_limit), (minute.error_percent, error_limit));
    need("limit", &summary.name, &parts, None)
}

/// What is beyond its limit: the 99th percentile in milliseconds, the share of failed calls in percent.
fn beyond(p99: (Option<f64>, Option<f64>), errors: (Option<f64>, Option<f64>)) -> Vec<String> {
    let mut parts = Vec::new();
    if let (Some(p99), Some(limit)) = p99
        && p99 > limit
    {
        parts.push(format!("p99 {p99:.1} ms, over the limit of {limit} ms"));
    }
    if let (Some(errors), Some(limit)) = errors
        && errors > limit
    {
        parts.push(format!("{errors:.2} % of calls fail, over the limit of {limit} %"));
    }
    parts
}

fn need(kind: &str, service: &str, parts: &[String], since: Option<DateTime<Utc>>) -> Option<Need> {
    let text = parts.join("; ");
    let key = format!("{kind} {service}");
    (!parts.is_empty()).then(|| Need { key, service: service.to_owned(), text, since })
}

fn is_trouble(status: InstanceStatus) -> bool {
    match status {
        InstanceStatus::Failed
        | InstanceStatus::Expired
        | InstanceStatus::Unhealthy
        | InstanceStatus::Unknown => true,
        InstanceStatus::Init
        | InstanceStatus::Starting
        | InstanceStatus::Running
        | InstanceStatus::Draining
        | InstanceStatus::Stopping
        | InstanceStatus::Stopped => false,
    }
}

fn word(status: InstanceStatus) -> &'static str {
    match status {
        InstanceStatus::Init => "is made",
        InstanceStatus::Starting => "starts",
        InstanceStatus::Running => "runs",
        InstanceStatus::Draining => "drains",
        InstanceStatus::Stopping => "stops",
        InstanceStatus::Stopped => "stopped",
        InstanceStatus::Failed => "failed",
        InstanceStatus::Unhealthy => "is unhealthy",
        InstanceStatus::Expired => "expired",
        InstanceStatus::Unknown => "is in an unknown state",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_when_they_are_beyond_a_limit_and_only_then() {
        assert_eq!(beyond((Some(50.0), Some(50.0)), (Some(99.0), None)), Vec::<String>::new());
        assert_eq!(beyond((None, Some(50.0)), (None, Some(1.0))), Vec::<String>::new());
        let both = beyond((Some(74.25), Some(50.0)), (Some(2.0), Some(0.5)));
        let expected =
            ["p99 74.2 ms, over the limit of 50 ms", "2.00 % of calls fail, over the limit of 0.5 %"];
        assert_eq!(both, expected);
    }

    #[test]
    fn nothing_is_needed_where_nothing_is_wrong() {
        assert_eq!(need("service", "desk", &[], None), None);
        let both = need("service", "desk", &["a".to_owned(), "b".to_owned()], None).unwrap();
        assert_eq!((both.key.as_str(), both.text.as_str()), ("service desk", "a; b"));
    }
}
