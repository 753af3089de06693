//! Telling the messages of the Python SDK from native ones, and making heads for those that go to it.

use aegis_domain::wire::legacy::Head;
use chrono::Utc;
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::Codec;

/// What a message of the Python SDK is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A call.
    Rpc,
    /// An event.
    Event,
    /// A command.
    Command,
}

#[derive(Deserialize)]
struct Probe {
    message_id: Option<IgnoredAny>,
    method: Option<IgnoredAny>,
    domain: Option<IgnoredAny>,
    event_type: Option<IgnoredAny>,
    command: Option<IgnoredAny>,
}

impl Kind {
    /// What the body is and in which codec, if it is a message of the Python SDK. Ask only for messages that
    /// carry no Aegis header: those are native whatever they hold.
    #[must_use]
    pub fn detect(body: &[u8]) -> Option<(Self, Codec)> {
        const MARK: &[u8] = b"message_id";
        // Cheap where it matters: on every native message that some other NATS client sent.
        if !body.windows(MARK.len()).any(|part| part == MARK) {
            return None;
        }
        let codec = Codec::of_first_byte(body);
        let probe: Probe = codec.decode(body).ok()?;
        probe.message_id?;
        let kind = match (probe.method, probe.domain.and(probe.event_type), probe.command) {
            (Some(_), _, _) => Self::Rpc,
            (None, Some(_), _) => Self::Event,
            (None, None, Some(_)) => Self::Command,
            (None, None, None) => return None,
        };
        Some((kind, codec))
    }
}

/// The head of a new message from this source.
#[must_use]
pub fn head(source: Option<&str>) -> Head {
    let id = || Uuid::new_v4().to_string();
    Head { source: source.map(str::to_owned), ..Head::new(id(), id(), Utc::now()) }
}

/// The head of the answer to a message.
#[must_use]
pub fn answer(to: &Head) -> Head {
    to.answer(Uuid::new_v4().to_string(), Utc::now())
}

#[cfg(test)]
mod tests {
    use aegis_domain::wire::legacy::RpcRequest;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn each_kind_is_known_in_either_codec_and_nothing_else_is() {
        for (fields, kind) in [
            (json!({"message_id": "1", "method": "m", "params": {}}), Some(Kind::Rpc)),
            (json!({"message_id": "1", "domain": "d", "event_type": "e"}), Some(Kind::Event)),
            (json!({"message_id": "1", "command": "c", "payload": {}}), Some(Kind::Command)),
            (json!({"message_id": "1", "domain": "d"}), None),
            (json!({"method": "m", "params": {}}), None),
            (json!({"note": "message_id", "method": "m"}), None),
            (json!(["message_id", "method"]), None),
            (json!("message_id"), None),
        ] {
            for codec in [Codec::Json, Codec::MessagePack] {
                let body = codec.encode(&fields).unwrap();
                assert_eq!(Kind::detect(&body), kind.map(|kind| (kind, codec)), "{fields} as {codec:?}");
            }
        }
        assert_eq!(Kind::detect(b""), None);
    }

    /// `msgpack.packb` of a request, with `use_bin_type`, as bytes.
    #[test]
    fn what_python_packs_is_read() {
        let packed = b"\x89\xaamessage_id\xa3m-1\xa8trace_id\xa3t-1\xaecorrelation_id\xc0\xa9timestamp\
            \xb42025-10-09T08:53:20Z\xa6source\xc0\xa6target\xc0\xa6method\xa4echo\xa6params\x81\xa4text\
            \xa2hi\xa7timeout\xcb\x40\x14\x00\x00\x00\x00\x00\x00";
        assert_eq!(Kind::detect(packed), Some((Kind::Rpc, Codec::MessagePack)));
        let request: RpcRequest<Value> = Codec::MessagePack.decode(packed).unwrap();
        assert_eq!((request.method.as_str(), request.timeout), ("echo", 5.0));
        assert_eq!(request.params, json!({"text": "hi"}));
    }

    proptest::proptest! {
        #[test]
        fn junk_is_refused_without_a_panic(mut body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..512)) {
            for codec in [Codec::Json, Codec::MessagePack] {
                let _refused = codec.decode::<Value>(&body);
                let _refused = codec.decode::<RpcRequest<Value>>(&body);
            }
            // Most junk does not come this far.
            body.splice(0..0, *b"\x82\xaamessage_id\xa1a");
            let _refused = Kind::detect(&body);
            body.splice(0..1, *b"{\"message_id\":1,\"method\":");
            let _refused = Kind::detect(&body);
        }
    }
}
