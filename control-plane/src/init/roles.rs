//! The one table of what each role may publish and subscribe to, in one account. What it cannot express is told in
//! `docs/operations.md`.

use aegis_domain::wire::Namespace;
use aegis_domain::wire::stream::{all, jetstream};
use aegis_domain::wire::subject::kv_stream;

use super::access::Part;
use crate::legacy;

/// Subjects that a user may publish and subscribe to; every other one is denied.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    pub(super) publish: Vec<String>,
    pub(super) subscribe: Vec<String>,
}

impl Permissions {
    fn publish(mut self, subjects: impl IntoIterator<Item = String>) -> Self {
        for subject in subjects {
            if !self.publish.contains(&subject) {
                self.publish.push(subject);
            }
        }
        self
    }

    fn subscribe(mut self, subjects: impl IntoIterator<Item = String>) -> Self {
        self.subscribe.extend(subjects);
        self
    }
}

/// What everybody needs to ask, and to hear answers.
fn anybody() -> Permissions {
    Permissions::default()
        // Which stream takes a subject is told by its name.
        .publish(["_INBOX.>", "$JS.API.INFO", "$JS.API.STREAM.NAMES"].map(str::to_owned))
        .subscribe(["_INBOX.>".to_owned()])
}

/// The keys of a bucket that match a pattern.
fn keys(bucket: &str, pattern: &str) -> String {
    format!("$KV.{bucket}.{pattern}")
}

/// Everything that only reads a stream.
fn reads(stream: &str) -> [String; 7] {
    [
        format!("$JS.API.STREAM.INFO.{stream}"),
        format!("$JS.API.STREAM.MSG.GET.{stream}"),
        format!("$JS.API.DIRECT.GET.{stream}"),
        format!("$JS.API.DIRECT.GET.{stream}.>"),
        format!("$JS.FC.{stream}.>"),
        format!("$JS.API.CONSUMER.CREATE.{stream}"),
        // The name of a consumer that lasts as long as its reader, and what it filters by.
        format!("$JS.API.CONSUMER.CREATE.{stream}.>"),
    ]
}

/// Who reads a stream and how far, and nothing of its messages.
fn consumer_metadata(stream: &str) -> [String; 3] {
    [
        format!("$JS.API.STREAM.INFO.{stream}"),
        format!("$JS.API.CONSUMER.LIST.{stream}"),
        format!("$JS.API.CONSUMER.INFO.{stream}.*"),
    ]
}

/// What works with a consumer, beside making it.
fn consumes(stream: &str) -> [String; 7] {
    [
        format!("$JS.API.CONSUMER.DURABLE.CREATE.{stream}.*"),
        format!("$JS.API.CONSUMER.INFO.{stream}.*"),
        format!("$JS.API.CONSUMER.DELETE.{stream}.*"),
        format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.*"),
        format!("$JS.API.CONSUMER.UNPIN.{stream}.*"),
        format!("$JS.ACK.{stream}.>"),
        format!("$JS.ACK.*.*.{stream}.>"),
    ]
}

/// The control plane: all streams and buckets, the record, and what it asks instances.
pub(super) fn control_plane(namespace: &Namespace) -> Permissions {
    let name = namespace.as_str();
    anybody()
        .publish(["$JS.API.>", "$JS.ACK.>", "$JS.FC.>"].map(str::to_owned))
        .publish([format!("{name}.>"), "$SRV.>".to_owned()])
        .publish(namespace.buckets().map(|bucket| keys(&bucket, ">")))
        // What is redriven goes where it was: calls are none of it.
        .publish(
            ["events.>", "commands.>", "stream.>"].map(|subject| format!("{}{subject}", namespace.prefix())),
        )
        .subscribe([format!("{name}.>"), "$JS.EVENT.ADVISORY.>".to_owned()])
        .subscribe(namespace.buckets().map(|bucket| keys(&bucket, ">")))
        // Where instances of the Python SDK register and beat.
        .subscribe(legacy::SUBJECTS.iter().map(|subject| (*subject).to_owned()))
}

/// One service: all of its instances.
pub(super) fn service(namespace: &Namespace, part: &Part) -> Permissions {
    let (name, prefix, service) = (namespace.as_str(), namespace.prefix(), &part.name);
    let (instances, leases) = (namespace.instances_bucket(), namespace.leases_bucket());
    caller(namespace, part)
        .publish([
            format!("{name}.heartbeat.{service}.*"),
            format!("{name}.event.instance.{service}.*"),
            format!("{name}.event.leadership.{service}.*"),
            keys(&instances, &format!("{service}.*")),
            keys(&leases, &format!("session.{service}.*")),
            keys(&leases, &format!("owner.{service}.*")),
            format!("{prefix}commands.{service}.>"),
            format!("{name}.dead.>"),
            format!("{name}.command.progress.*"),
            format!("{name}.command.result.*"),
            keys(&namespace.commands_bucket(), ">"),
            keys(&namespace.checkpoints_bucket(), ">"),
            keys(&namespace.snapshots_bucket(), ">"),
        ])
        // Whichever of its instances takes a command of a group has the owner do it.
        .publish([
            format!("{prefix}rpc.{service}.>"),
            format!("{name}.activate.{service}"),
            format!("{name}.cancel.{service}"),
        ])
        // What it needs to see that everything is there.
        .publish([
            format!("$JS.API.STREAM.INFO.{}", namespace.heartbeats_stream()),
            format!("$JS.API.STREAM.INFO.{}", namespace.dead_letters_stream()),
            format!("$JS.API.STREAM.INFO.{}", kv_stream(&namespace.leaders_bucket())),
        ])
        .publish([namespace.events_stream(), namespace.commands_stream()].iter().flat_map(|it| reads(it)))
        .publish(
            [namespace.commands_bucket(), namespace.checkpoints_bucket(), namespace.snapshots_bucket()]
                .iter()
                .flat_map(|it| reads(&kv_stream(it))),
        )
        .publish(consumes(&namespace.commands_stream()))
        // Its own history, which it reads when it starts again.
        .publish([format!("$JS.API.CONSUMER.MSG.NEXT.{}.*", namespace.events_stream())])
        // Whoever needs these first makes them; one that is there stays as it is.
        .publish(
            [
                namespace.commands_stream(),
                kv_stream(&namespace.commands_bucket()),
                kv_stream(&namespace.checkpoints_bucket()),
            ]
            .map(|stream| format!("$JS.API.STREAM.CREATE.{stream}")),
        )
        .subscribe([
            format!("{prefix}rpc.{service}.>"),
            format!("{prefix}service.{service}.*.*"),
            format!("{name}.activate.{service}"),
            format!("{name}.cancel.{service}"),
            format!("{name}.command.cancel.{service}"),
            format!("{name}.control.{service}.*"),
            "$SRV.*".to_owned(),
            format!("$SRV.*.{service}"),
            format!("$SRV.*.{service}.*"),
        ])
}

/// A program that calls services, sends commands and publishes events.
pub(super) fn caller(namespace: &Namespace, part: &Part) -> Permissions {
    let (name, prefix) = (namespace.as_str(), namespace.prefix());
    let buckets = [namespace.instances_bucket(), namespace.definitions_bucket(), namespace.leases_bucket()];
    anybody()
        .publish(buckets.iter().flat_map(|bucket| reads(&kv_stream(bucket))))
        .publish(reads(&namespace.app_events_stream()))
        .publish(consumes(&namespace.app_events_stream()))
        .publish(part.calls.iter().flat_map(|called| {
            [
                format!("{prefix}rpc.{called}.>"),
                format!("{prefix}service.{called}.*.*"),
                format!("{name}.activate.{called}"),
                format!("{name}.cancel.{called}"),
                format!("$SRV.*.{called}"),
            ]
        }))
        .publish(
            part.commands.iter().flat_map(|sent| {
                [format!("{prefix}commands.{sent}.>"), format!("{name}.command.cancel.{sent}")]
            }),
        )
        // How a command has ended stands there, too, for whoever asks later.
        .publish(reads(&kv_stream(&namespace.commands_bucket())))
        .publish(part.events.iter().map(|domain| format!("{prefix}events.{domain}.>")))
        .publish(part.streams.iter().flat_map(|stream| {
            let kept = jetstream(namespace, stream);
            let made = format!("$JS.API.STREAM.CREATE.{kept}");
            [all(namespace, stream), made].into_iter().chain(reads(&kept)).chain(consumes(&kept))
        }))
        .subscribe([
            format!("{prefix}events.>"),
            format!("{name}.command.progress.*"),
            format!("{name}.command.result.*"),
            keys(&namespace.leases_bucket(), ">"),
            keys(&namespace.instances_bucket(), ">"),
        ])
}

/// Who hands over, drains, and pauses failover, from a command line.
pub(super) fn operator(namespace: &Namespace) -> Permissions {
    let name = namespace.as_str();
    let leases = namespace.leases_bucket();
    auditor(namespace)
        .publish([
            format!("{name}.control.*.*"),
            format!("{name}.event.leadership.*.*"),
            format!("{name}.event.instance.*.*"),
            format!("{name}.event.installation"),
            keys(&leases, "pause.*.*"),
            keys(&leases, "pauses.*.*"),
            format!("{name}.dead.>"),
        ])
        .publish(
            ["events.>", "commands.>", "stream.>"].map(|subject| format!("{}{subject}", namespace.prefix())),
        )
        // Consumers without a reader.
        .publish(
            [namespace.app_events_stream(), namespace.commands_stream()]
                .map(|stream| format!("$JS.API.CONSUMER.DELETE.{stream}.*")),
        )
}

/// Who also changes definitions, and makes what is missing of streams and buckets.
pub(super) fn admin(namespace: &Namespace) -> Permissions {
    operator(namespace).publish([
        format!("{}.event.definition.*", namespace.as_str()),
        keys(&namespace.definitions_bucket(), ">"),
        "$JS.API.>".to_owned(),
    ])
}

/// Who reads the record, the registry and the dead letters.
pub(super) fn auditor(namespace: &Namespace) -> Permissions {
    let buckets = [
        namespace.instances_bucket(),
        namespace.definitions_bucket(),
        namespace.leaders_bucket(),
        namespace.leases_bucket(),
        namespace.snapshots_bucket(),
    ];
    let streams = [namespace.events_stream(), namespace.dead_letters_stream()];
    anybody()
        .publish(streams.iter().flat_map(|stream| reads(stream)))
        .publish(buckets.iter().flat_map(|bucket| reads(&kv_stream(bucket))))
        .publish(streams.iter().flat_map(|stream| consumes(stream)))
        .publish(buckets.iter().flat_map(|bucket| consumes(&kv_stream(bucket))))
        .publish(
            [
                namespace.events_stream(),
                namespace.heartbeats_stream(),
                namespace.dead_letters_stream(),
                namespace.app_events_stream(),
                namespace.commands_stream(),
            ]
            .iter()
            .flat_map(|stream| consumer_metadata(stream)),
        )
        .publish(namespace.buckets().iter().flat_map(|bucket| consumer_metadata(&kv_stream(bucket))))
        .subscribe([format!("{}.>", namespace.as_str())])
}
