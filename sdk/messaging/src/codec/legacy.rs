//! Detects messages of the Python SDK, and decodes them.

pub use aegis_legacy::Kind;
use aegis_legacy::Probe;

use super::Codec;

/// What the body is and in which codec, if it is a message of the Python SDK. Ask only for messages that carry no Aegis
/// header: those are native whatever they hold.
#[must_use]
pub fn detect(body: &[u8]) -> Option<(Kind, Codec)> {
    if !Probe::is_worth_reading(body) {
        return None;
    }
    let codec = Codec::of_first_byte(body);
    let probe: Probe = codec.decode(body).ok()?;
    Some((probe.kind()?, codec))
}

#[cfg(test)]
mod tests {
    use aegis_legacy::RpcRequest;
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
                assert_eq!(detect(&body), kind.map(|kind| (kind, codec)), "{fields} as {codec:?}");
            }
        }
        assert_eq!(detect(b""), None);
    }

    /// `msgpack.packb` of a request, with `use_bin_type`, as bytes.
    #[test]
    fn what_python_packs_is_read() {
        let packed = b"\x89\xaamessage_id\xa3m-1\xa8trace_id\xa3t-1\xaecorrelation_id\xc0\xa9timestamp\
            \xb42025-10-09T08:53:20Z\xa6source\xc0\xa6target\xc0\xa6method\xa4echo\xa6params\x81\xa4text\
            \xa2hi\xa7timeout\xcb\x40\x14\x00\x00\x00\x00\x00\x00";
        assert_eq!(detect(packed), Some((Kind::Rpc, Codec::MessagePack)));
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
            let _refused = detect(&body);
            body.splice(0..1, *b"{\"message_id\":1,\"method\":");
            let _refused = detect(&body);
        }
    }
}
