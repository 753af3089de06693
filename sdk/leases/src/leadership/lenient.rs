//! Lenient reading of records that a newer version, or another program, has written. Parts of an owner's record that
//! decide nothing may be unreadable; a lease out of range counts as no session, which would otherwise never end.

use aegis_domain::aggregate::leadership::{ElectionReason, Tenure};
use aegis_domain::aggregate::policy::{LEASE_MS_MAX, LEASE_MS_MIN};
use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub(super) fn lease<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let lease = u64::deserialize(deserializer)?;
    if (LEASE_MS_MIN..=LEASE_MS_MAX).contains(&lease) {
        Ok(lease)
    } else {
        Err(D::Error::custom(format_args!("no policy has a lease of {lease} ms")))
    }
}

pub(super) fn since<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or(DateTime::UNIX_EPOCH))
}

pub(super) fn reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ElectionReason, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(match serde_json::from_value(value) {
        Ok(ElectionReason::Unknown(_)) | Err(_) => ElectionReason::OwnerLost,
        Ok(reason) => reason,
    })
}

pub(super) fn predecessors<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tenure>, D::Error> {
    let Value::Array(values) = Value::deserialize(deserializer)? else { return Ok(vec![]) };
    Ok(values.into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::super::store::OwnerRecord;
    use super::*;

    #[test]
    fn a_record_of_a_newer_version_is_read_as_far_as_it_is_known() {
        let session = "00000000-0000-0000-0000-000000000001";
        let text = format!(
            r#"{{"term":7,"holder":{{"instance":"d-1","session":"{session}","zone":"b"}},"since":17,"reason":"moon",
                "more":[1],"predecessors":[{{"term":6,"instance":"d-2","session":"{session}","reason":"first"}},
                {{"term":"x"}}]}}"#
        );
        let record: OwnerRecord = serde_json::from_str(&text).unwrap();
        assert_eq!((record.term.get(), record.reason), (7, ElectionReason::OwnerLost));
        assert_eq!((record.since, record.predecessors.len()), (DateTime::UNIX_EPOCH, 1));
        assert_eq!(record.holder.unwrap().instance.as_str(), "d-1");
        for text in ["{}", r#"{"term":18446744073709551615,"holder":null,"since":0,"reason":"first"}"#, "[]"]
        {
            assert!(serde_json::from_str::<OwnerRecord>(text).is_err(), "{text}");
        }
    }
}
