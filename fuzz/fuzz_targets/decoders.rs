//! Whatever arrives from outside is read or refused, and never ends the process; and what is read is written and
//! read again as the same.
#![no_main]

use aegis_domain::wire::chain::Hash;
use aegis_domain::wire::command::{Outcome, Priority, Progress};
use aegis_domain::wire::control::{Activate, Control};
use aegis_domain::wire::flow::Flow;
use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::wire::latency::Latency;
use aegis_domain::wire::micro::Answer;
use aegis_domain::wire::subject::{LeaseKey, parse_instance_key};
use aegis_domain::wire::{Namespace, TraceParent, stream, subject};
use aegis_domain::{AggregateId, Envelope, StreamName};
use aegis_legacy::{self as legacy, Command, Event, RpcRequest, RpcResponse};
use aegis_sdk::codec::legacy::detect;
use aegis_sdk::{Codec, ServiceConfig};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: (u8, &str, Vec<(&str, &str)>, &[u8])| {
    let (which, text, headers, body) = input;
    match which % 8 {
        0 => journal(text, &headers, body),
        1 => names(text),
        2 => heartbeat(body),
        3 => latency(text, body),
        4 => python(body),
        5 => registry_of_python(text, body),
        6 => control(body),
        _ => drop(ServiceConfig::from_toml(text)),
    }
});

fn journal(text: &str, headers: &[(&str, &str)], body: &[u8]) {
    let namespace = Namespace::default();
    let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let read = |subject: &str| Envelope::<aegis_domain::Registry>::decode(&namespace, subject, header, body);
    // Half of the inputs would only ever find out that the subject is none.
    for subject in [text, "aegis.event.definition.echo", "aegis.event.instance.echo.echo-1", "aegis.event.leadership.a.b"] {
        let Ok(envelope) = read(subject) else { continue };
        let encoded = envelope.encode(&namespace).expect("what was read can be written");
        let again = |name: &str| encoded.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        let reread = Envelope::<aegis_domain::Registry>::decode(&namespace, &encoded.subject, again, &encoded.body);
        assert_eq!(reread.as_ref(), Ok(&envelope));
    }
    drop(Hash::of(text, headers.iter().copied(), body));
}

fn names(text: &str) {
    let namespace = Namespace::default();
    drop((Namespace::new(text), namespace.parse_heartbeat_subject(text), subject::method_of(text), Hash::parse(text)));
    if let Some(aggregate) = namespace.parse_event_subject(text) {
        assert_eq!(namespace.event_subject(&aggregate), text);
    }
    if let Ok(aggregate) = text.parse::<AggregateId>() {
        assert_eq!(aggregate.to_string().parse(), Ok(aggregate));
    }
    if let Some((service, instance)) = parse_instance_key(text) {
        assert_eq!(subject::instance_key(&service, &instance), text);
    }
    if let Some(trace) = TraceParent::parse(text) {
        assert_eq!(TraceParent::parse(trace.as_str()), Some(trace));
    }
    if let Ok(name) = StreamName::new("quotes")
        && let Some((partition, key)) = stream::parse_record(&namespace, &name, text)
    {
        assert_eq!(stream::parse_record(&namespace, &name, &stream::record(&namespace, &name, partition, key)), Some((partition, key)));
    }
    drop(Priority::parse(text));
    if let Some(key) = LeaseKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
}

fn heartbeat(body: &[u8]) {
    let Ok(heartbeat) = serde_json::from_slice::<Heartbeat>(body) else { return };
    let written = serde_json::to_vec(&heartbeat).expect("what was read can be written");
    serde_json::from_slice::<Heartbeat>(&written).expect("and read again");
}

fn latency(text: &str, body: &[u8]) {
    for read in [Latency::decode(text), Latency::from_counts(body)] {
        let Ok(mut latency) = read else { continue };
        assert_eq!(Latency::decode(&latency.encode()).as_ref(), Ok(&latency));
        drop(latency.quantile(0.99));
        latency.merge(&latency.clone());
    }
}

fn python(body: &[u8]) {
    drop(detect(body));
    for codec in [Codec::Json, Codec::MessagePack] {
        drop(codec.decode::<Value>(body));
        drop(codec.decode::<RpcResponse<Value>>(body));
        drop(codec.decode::<Event<Value>>(body));
        drop(codec.decode::<Command<Value>>(body));
        if let Ok(request) = codec.decode::<RpcRequest<Value>>(body) {
            let written = codec.encode(&request).expect("what was read can be written");
            codec.decode::<RpcRequest<Value>>(&written).expect("and read again");
        }
    }
}

fn registry_of_python(text: &str, body: &[u8]) {
    drop(legacy::read_announcement(body));
    for subject in [text, "internal.heartbeat.echo"] {
        drop(legacy::read_heartbeat(subject, body));
    }
    for key in [text, "service-instances__echo__echo-1"] {
        drop(legacy::read_record(key, body));
    }
}

fn control(body: &[u8]) {
    drop((serde_json::from_slice::<Control>(body), serde_json::from_slice::<Activate>(body)));
    drop((serde_json::from_slice::<Flow>(body), serde_json::from_slice::<Answer>(body)));
    drop((serde_json::from_slice::<Progress>(body), serde_json::from_slice::<Outcome>(body)));
}
