//! The common envelope of all messages of the Python SDK.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The fields that every message begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The message's own id, a UUID.
    pub message_id: String,
    /// What it belongs to, a UUID.
    pub trace_id: String,
    /// The message that it answers.
    pub correlation_id: Option<String>,
    /// When it was made.
    pub timestamp: DateTime<Utc>,
    /// Who made it.
    pub source: Option<String>,
    /// Whom it is for.
    pub target: Option<String>,
}

impl Head {
    /// The head of a message that belongs to nothing before it.
    #[must_use]
    pub fn new(message_id: String, trace_id: String, timestamp: DateTime<Utc>) -> Self {
        Self { message_id, trace_id, correlation_id: None, timestamp, source: None, target: None }
    }

    /// The head of a message that is made now by this source, with ids of its own.
    #[must_use]
    pub fn from_source(source: Option<&str>) -> Self {
        let id = || Uuid::new_v4().to_string();
        Self { source: source.map(str::to_owned), ..Self::new(id(), id(), Utc::now()) }
    }

    /// The head of the answer that is made to this message now, with an id of its own.
    #[must_use]
    pub fn answer_now(&self) -> Self {
        self.answer(Uuid::new_v4().to_string(), Utc::now())
    }

    /// The head of the answer to this message: same trace, back to where it came from.
    #[must_use]
    pub fn answer(&self, message_id: String, timestamp: DateTime<Utc>) -> Self {
        Self {
            message_id,
            trace_id: self.trace_id.clone(),
            correlation_id: Some(self.message_id.clone()),
            timestamp,
            source: self.target.clone(),
            target: self.source.clone(),
        }
    }
}

/// Declares a message: the fields of the head, then its own. `new` takes a head and the fields.
macro_rules! message {
    (
        $(#[$doc:meta])* $name:ident $(<$body:ident>)? {
            $( $(#[$attr:meta])* $field:ident: $type:ty, )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name $(<$body>)? {
            /// The message's own id.
            pub message_id: String,
            /// What it belongs to.
            #[serde(default)]
            pub trace_id: String,
            /// The message that it answers.
            #[serde(default)]
            pub correlation_id: Option<String>,
            /// When it was made.
            #[serde(default, with = "crate::envelope::time")]
            pub timestamp: chrono::DateTime<chrono::Utc>,
            /// Who made it.
            #[serde(default)]
            pub source: Option<String>,
            /// Whom it is for.
            #[serde(default)]
            pub target: Option<String>,
            $( $(#[$attr])* pub $field: $type, )*
        }

        impl $(<$body>)? $name $(<$body>)? {
            /// The message with this head and these fields.
            #[must_use]
            pub fn new(head: crate::Head $(, $field: $type)*) -> Self {
                let crate::Head {
                    message_id, trace_id, correlation_id, timestamp, source, target
                } = head;
                Self {
                    message_id, trace_id, correlation_id, timestamp, source, target $(, $field)*
                }
            }

            /// Its head.
            #[must_use]
            pub fn head(&self) -> crate::Head {
                crate::Head {
                    message_id: self.message_id.clone(),
                    trace_id: self.trace_id.clone(),
                    correlation_id: self.correlation_id.clone(),
                    timestamp: self.timestamp,
                    source: self.source.clone(),
                    target: self.target.clone(),
                }
            }
        }
    };
}
pub(crate) use message;

/// ISO 8601 with microseconds, as Python writes and reads it; one without an offset is in UTC.
pub(crate) mod time {
    use std::borrow::Cow;

    use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(field: D) -> Result<DateTime<Utc>, D::Error> {
        let text = Cow::<str>::deserialize(field)?;
        let zoned = DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc());
        zoned.or_else(|_| text.parse::<NaiveDateTime>().map(|time| time.and_utc())).map_err(de::Error::custom)
    }
}
