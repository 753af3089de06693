//! The variables that Kubernetes sets for each Service of a namespace, also for one whose name begins with `aegis`
//! (<https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables>).

use std::net::IpAddr;

/// Whether a variable is such a one, by its name and by the form of its value, so that a misspelt variable is not taken for one.
pub(super) fn is_service_link(name: &str, value: &str) -> bool {
    if name.ends_with("_SERVICE_HOST") {
        return value.parse::<IpAddr>().is_ok();
    }
    // The ports, by number and by name.
    if let Some((_service, port)) = name.split_once("_SERVICE_PORT") {
        return (port.is_empty() || port.starts_with('_')) && value.parse::<u16>().is_ok();
    }
    let Some((_service, port)) = name.rsplit_once("_PORT") else { return false };
    match port.strip_prefix('_') {
        None if port.is_empty() => is_url(value) || (is_part_of_link(name) && value.parse::<u16>().is_ok()),
        Some(port) => is_link(port) && is_value(port, value),
        None => false,
    }
}

/// `8080_TCP`, `8080_TCP_ADDR` and so on.
fn is_link(port: &str) -> bool {
    let mut parts = port.split('_');
    let number = parts.next().is_some_and(|number| number.parse::<u16>().is_ok());
    let protocol = parts.next().is_some_and(|protocol| matches!(protocol, "TCP" | "UDP" | "SCTP"));
    let part = parts.next().is_none_or(|part| matches!(part, "PROTO" | "ADDR"));
    number && protocol && part && parts.next().is_none()
}

fn is_value(port: &str, value: &str) -> bool {
    if port.ends_with("_ADDR") {
        value.parse::<IpAddr>().is_ok()
    } else if port.ends_with("_PROTO") {
        matches!(value, "tcp" | "udp" | "sctp")
    } else {
        is_url(value)
    }
}

/// `AEGIS_PORT_8080_TCP_PORT`, whose value is the number.
fn is_part_of_link(name: &str) -> bool {
    let link = name.strip_suffix("_PORT").and_then(|link| link.rsplit_once("_PORT_"));
    link.is_some_and(|(_service, port)| is_link(port))
}

/// `tcp://10.0.0.1:8080`.
fn is_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(protocol, _)| matches!(protocol, "tcp" | "udp" | "sctp"))
}

#[cfg(test)]
mod tests {
    use super::is_service_link;

    #[test]
    fn variables_of_services_are_known_by_name_and_value_and_no_others() {
        for (name, value) in [
            ("AEGIS_SERVICE_HOST", "10.43.0.17"),
            ("AEGIS_SERVICE_HOST", "fd00::17"),
            ("AEGIS_SERVICE_PORT", "8080"),
            ("AEGIS_SERVICE_PORT_HTTP", "8080"),
            ("AEGIS_PORT", "tcp://10.43.0.17:8080"),
            ("AEGIS_PORT_8080_TCP", "tcp://10.43.0.17:8080"),
            ("AEGIS_PORT_8080_TCP_PROTO", "tcp"),
            ("AEGIS_PORT_8080_TCP_PORT", "8080"),
            ("AEGIS_PORT_8080_TCP_ADDR", "10.43.0.17"),
            ("AEGIS_NATS_SERVICE_HOST", "10.43.0.18"),
            ("AEGIS_NATS_PORT_4222_TCP", "tcp://10.43.0.18:4222"),
            ("AEGIS_CONTROL_PLANE_SERVICE_PORT_HTTP", "8080"),
        ] {
            assert!(is_service_link(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("AEGIS_SERVICE_HOST", "desk"),
            ("AEGIS_SERVICE_PORT", "desk"),
            ("AEGIS_SERVICE_PORTS", "8080"),
            ("AEGIS_PORT", "8080"),
            ("AEGIS_PORTS", "tcp://10.43.0.17:8080"),
            ("AEGIS_PORT_HTTP", "tcp://10.43.0.17:8080"),
            ("AEGIS_PORT_8080_TCP", "8080"),
            ("AEGIS_PORT_8080_TCP_NAME", "tcp"),
            ("AEGIS_HEARTBEAT", "500"),
        ] {
            assert!(!is_service_link(name, value), "{name}={value}");
        }
    }
}
