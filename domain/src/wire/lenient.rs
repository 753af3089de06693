//! Reading a heartbeat of another version, or of a stranger: what can be read of it is kept, and the rest is named.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::heartbeat::{Heartbeat, Metrics};

/// So many attempts at most to find out what of a message can be read: it is whoever sends it who says how long it is.
const ATTEMPTS: usize = 256;
/// The most parts that are named.
const NAMED: usize = 16;

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
                Ok(Value::Object(said)) => Mend::new(&said, taken).map_or(Err(error), |mend| mend.read(said)),
                Ok(_) | Err(_) => Err(error),
            },
        }
    }
}

/// A heartbeat in the making: always one that can be read.
struct Mend {
    made: Value,
    left_out: Vec<String>,
    attempts: usize,
}

impl Mend {
    fn new(said: &Map<String, Value>, taken: DateTime<Utc>) -> Option<Self> {
        let (service, instance) = (said.get("service")?, said.get("instance")?);
        let made = json!({
            "service": service, "instance": instance, "version": "0.0.0", "status": "RUNNING",
            "started_at": DateTime::<Utc>::UNIX_EPOCH, "sent_at": taken, "metrics": Metrics::default(),
        });
        serde_json::from_value::<Heartbeat>(made.clone()).ok()?;
        Some(Self { made, left_out: vec![], attempts: 0 })
    }

    fn read(mut self, said: Map<String, Value>) -> Result<Read, serde_json::Error> {
        for (name, value) in said {
            self.put(&[name.as_str()], value);
        }
        let heartbeat = serde_json::from_value(self.made)?;
        Ok(Read { heartbeat, left_out: self.left_out })
    }

    /// Takes a value over, or as much of it as can be read.
    fn put(&mut self, path: &[&str], value: Value) {
        if self.fits(path, value.clone()) {
            return;
        }
        match value {
            Value::Array(items) => {
                let mut kept = vec![];
                for item in items {
                    kept.push(item);
                    if !self.fits(path, Value::Array(kept.clone())) {
                        kept.pop();
                    }
                }
                self.leave_out(path);
            }
            Value::Object(fields) if path.len() == 1 => {
                for (name, value) in fields {
                    self.put(&[path[0], name.as_str()], value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                self.leave_out(path);
            }
        }
    }

    /// Puts a value in its place if the whole can be read with it.
    fn fits(&mut self, path: &[&str], value: Value) -> bool {
        self.attempts += 1;
        if self.attempts > ATTEMPTS {
            return false;
        }
        let mut made = self.made.clone();
        let place = path.iter().try_fold(&mut made, |place, name| {
            let fields = place.as_object_mut()?;
            Some(fields.entry(*name).or_insert_with(|| json!({})))
        });
        let Some(place) = place else { return false };
        *place = value;
        let readable = serde_json::from_value::<Heartbeat>(made.clone()).is_ok();
        if readable {
            self.made = made;
        }
        readable
    }

    fn leave_out(&mut self, path: &[&str]) {
        let name: String = path.join(".").chars().filter(|c| !c.is_control()).take(64).collect();
        if self.left_out.len() < NAMED {
            self.left_out.push(name);
        }
    }
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
