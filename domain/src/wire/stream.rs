//! Streams of applications: `stream.<name>.<partition>.<key>`, each kept in a JetStream stream of its own.

use crate::Namespace;
use crate::StreamName;

/// The JetStream stream that keeps it.
#[must_use]
pub fn jetstream(namespace: &Namespace, name: &StreamName) -> String {
    namespace.app_stream(&format!("STREAM_{name}"))
}

/// All its records.
#[must_use]
pub fn all(namespace: &Namespace, name: &StreamName) -> String {
    format!("{}stream.{name}.>", namespace.prefix())
}

/// The records of one partition.
#[must_use]
pub fn partition(namespace: &Namespace, name: &StreamName, partition: u16) -> String {
    format!("{}stream.{name}.{partition}.*", namespace.prefix())
}

/// The records of one key.
#[must_use]
pub fn record(namespace: &Namespace, name: &StreamName, partition: u16, key: &str) -> String {
    format!("{}stream.{name}.{partition}.{key}", namespace.prefix())
}

/// The partition and the key of a record.
#[must_use]
pub fn parse_record<'a>(
    namespace: &Namespace,
    name: &StreamName,
    subject: &'a str,
) -> Option<(u16, &'a str)> {
    let rest = subject
        .strip_prefix(&namespace.prefix())?
        .strip_prefix("stream.")?
        .strip_prefix(name.as_str())?
        .strip_prefix('.')?;
    let (partition, key) = rest.split_once('.')?;
    Some((partition.parse().ok()?, key)).filter(|(_, key)| super::subject::is_token(key, false))
}

/// The partition of a key: its FNV-1a hash (64 bits) modulo the number of partitions, which any language can
/// reckon.
#[must_use]
pub fn partition_of(key: &str, partitions: u16) -> u16 {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    u16::try_from(hash % u64::from(partitions.max(1))).unwrap_or(0)
}

/// The key of a reader's checkpoint in the bucket of checkpoints.
#[must_use]
pub fn checkpoint(name: &StreamName, reader: &str, partition: u16) -> String {
    format!("{name}.{reader}.{partition}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_keeps_its_partition_for_ever() {
        // FNV-1a of "a" is 0xaf63dc4c8601ec8c, of "" 0xcbf29ce484222325, by its authors' test vectors.
        assert_eq!(partition_of("a", 1000), u16::try_from(0xaf63_dc4c_8601_ec8c_u64 % 1000).unwrap());
        assert_eq!(partition_of("foobar", 1000), u16::try_from(0x8594_4171_f739_67e8_u64 % 1000).unwrap());
        assert_eq!((partition_of("a", 1), partition_of("a", 0)), (0, 0));
    }

    #[test]
    fn subjects_of_records_go_both_ways() {
        let (namespace, name) = (Namespace::default(), StreamName::new("prices").unwrap());
        let subject = record(&namespace, &name, 7, "EURUSD");
        assert_eq!(subject, "stream.prices.7.EURUSD");
        assert_eq!(parse_record(&namespace, &name, &subject), Some((7, "EURUSD")));
        for other in ["stream.prices.7", "stream.prices.x.k", "stream.other.7.k", "stream.prices.7.a.b"] {
            assert_eq!(parse_record(&namespace, &name, other), None, "{other}");
        }
    }
}
