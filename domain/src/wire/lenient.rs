//! Lenient reading of a heartbeat of another version or program: what can be read of it is kept, and the rest is named.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::heartbeat::{Heartbeat, Metrics};
use crate::mend::mend;

/// A heartbeat, as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// What could be read; the rest is as if it had not been said.
    pub heartbeat: Heartbeat,
    /// The parts that could not be read.
    pub left_out: Vec<String>,
}

impl Heartbeat {
    /// Reads the body of a heartbeat, or of a record of the registry. Unknown fields are passed over, and so are known ones
    /// with values or types that this program does not know: only the names of service and instance have to be there.
    /// `taken` stands for the time of sending where that cannot be read.
    ///
    /// # Errors
    /// When it names no instance.
    pub fn read(body: &[u8], taken: DateTime<Utc>) -> Result<Read, serde_json::Error> {
        match serde_json::from_slice(body) {
            Ok(heartbeat) => Ok(Read { heartbeat, left_out: vec![] }),
            Err(error) => match serde_json::from_slice(body) {
                Ok(Value::Object(said)) => match least(&said, taken).and_then(|least| mend(least, said)) {
                    Some((heartbeat, left_out)) => Ok(Read { heartbeat, left_out }),
                    None => Err(error),
                },
                Ok(_) | Err(_) => Err(error),
            },
        }
    }
}

/// A heartbeat of which only the instance is known.
fn least(said: &Map<String, Value>, taken: DateTime<Utc>) -> Option<Value> {
    let (service, instance) = (said.get("service")?, said.get("instance")?);
    Some(json!({
        "service": service, "instance": instance, "version": "0.0.0", "status": "RUNNING",
        "started_at": DateTime::<Utc>::UNIX_EPOCH, "sent_at": taken, "metrics": Metrics::default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Read {
        Heartbeat::read(text.as_bytes(), DateTime::from_timestamp(7, 0).unwrap()).unwrap()
    }

    #[test]
    fn a_heartbeat_of_another_version_is_read_as_far_as_it_is_known_and_the_rest_is_named() {
        let text = r#"{"service":"echo","instance":"e-1","version":"2.0.0","status":"HIBERNATING","zone":{"a":1},
            "groups":[{"group":"A","term":3},{"group":"B","term":"x"},7],"labels":{"desk":"rates","n":5},
            "capabilities":["buy",{"new":1}],"started_at":"2026-01-01T00:00:00Z","sent_at":12,
            "metrics":{"uptime_seconds":5,"in_flight":-1,"queue_depth":0,"calls":9,"errors":"none","calls_per_second":1.5,
            "window":2,"gpu":{"x":1},"methods":[{"role":"serve","name":"buy","count":1,"errors":0,"in_flight":0},
            {"role":"dream","name":"x","count":1,"errors":0,"in_flight":0}],"lag":"much"}}"#;
        let Read { heartbeat, mut left_out } = read(text);
        assert_eq!((heartbeat.version.to_string().as_str(), heartbeat.status.as_str()), ("2.0.0", "RUNNING"));
        assert_eq!((heartbeat.groups.len(), heartbeat.labels.len(), heartbeat.capabilities.len()), (1, 1, 1));
        assert_eq!(heartbeat.sent_at, DateTime::from_timestamp(7, 0).unwrap());
        let metrics = &heartbeat.metrics;
        assert_eq!((metrics.calls, metrics.in_flight, metrics.methods.len(), metrics.window), (9, 0, 1, 2));
        left_out.sort();
        let expected = [
            "capabilities",
            "groups",
            "labels.n",
            "metrics.errors",
            "metrics.in_flight",
            "metrics.lag",
            "metrics.methods",
            "sent_at",
            "status",
        ];
        assert_eq!(left_out, expected);
    }

    #[test]
    fn a_long_list_with_something_new_in_it_costs_the_other_parts_nothing() {
        let groups: Vec<_> = (1..300).map(|n| format!(r#"{{"group":"A-{n}","term":{n}}}"#)).collect();
        let groups = [r#"{"new":1}"#.to_owned()].into_iter().chain(groups).collect::<Vec<_>>().join(",");
        let labels: Vec<_> = (0..300).map(|n| format!(r#""l{n}":{n}"#)).collect();
        let text = format!(
            r#"{{"service":"echo","instance":"e-1","version":"2.0.0","status":"RUNNING","groups":[{groups}],
                "labels":{{{}}},"started_at":"2026-01-01T00:00:00Z","sent_at":"2026-01-01T00:00:00Z",
                "metrics":{{"uptime_seconds":5,"in_flight":2,"queue_depth":0,"calls":777,"errors":"none"}}}}"#,
            labels.join(",")
        );
        let Read { heartbeat, left_out } = read(&text);
        assert_eq!((heartbeat.version.to_string().as_str(), heartbeat.groups.len()), ("2.0.0", 299));
        assert_eq!(
            (heartbeat.metrics.calls, heartbeat.metrics.in_flight, heartbeat.metrics.errors),
            (777, 2, 0)
        );
        for part in ["groups", "metrics.errors"] {
            assert!(left_out.iter().any(|left| left == part), "{part}: {left_out:?}");
        }
    }

    #[test]
    fn what_names_no_instance_is_none_and_much_junk_costs_little() {
        let taken = DateTime::UNIX_EPOCH;
        for text in [
            "",
            "7",
            "[]",
            "{}",
            r#"{"service":"echo"}"#,
            r#"{"service":"echo","instance":".."}"#,
            "\u{fffd}",
        ] {
            assert!(Heartbeat::read(text.as_bytes(), taken).is_err(), "{text}");
        }
        let junk = vec!["7"; 100_000].join(",");
        let text = format!(r#"{{"service":"echo","instance":"e-1","groups":[{junk}],"labels":{{"a":1}}}}"#);
        assert_eq!(read(&text).heartbeat.groups, []);
    }
}
