//! Making again what somebody has removed under the running system.
//!
//! Whoever needs a stream or a bucket and finds it gone says so here. It is made as at a start, once for all who miss it
//! at a time; if it may not be made, the log says why.

use async_nats::jetstream::context::GetStreamByNameErrorKind;

use crate::connection::{Connection, Making};
use crate::provision::ensure_bucket;

pub use crate::connection::MakeStream;

impl Connection {
    /// A stream is gone: makes it, beside whatever its finder does.
    pub fn restore_stream(&self, name: &str, make: &MakeStream) {
        self.restore(name, make.make(self));
    }

    /// A stream or bucket of the installation is gone: makes all that are, if somebody has said how
    /// ([`Connection::made_by`]).
    pub fn restore_installation(&self) {
        if let Some(make) = self.installation() {
            self.restore_stream("the installation's streams and buckets", make);
        }
    }

    /// How a bucket is made again. That of the leases begins beyond the log, which only the installation's way knows of.
    fn making_of(&self, bucket: &str) -> Option<MakeStream> {
        if bucket == self.namespace().leases_bucket() {
            return self.installation().cloned();
        }
        Some(making_of_bucket(bucket))
    }

    /// A bucket is gone: makes it.
    pub(super) fn restore_bucket(&self, name: &str) {
        if let Some(make) = self.making_of(name) {
            self.restore_stream(name, &make);
        }
    }

    /// As [`Connection::restore_if_gone`], for a bucket.
    pub(super) fn restore_bucket_if_gone(&self, name: &str, subject: String) {
        if let Some(make) = self.making_of(name) {
            self.restore_if_gone(name, subject, make);
        }
    }

    /// A write to this subject was not acknowledged in time. A stream that is gone acknowledges nothing, and the server says
    /// so («no responders») only when nobody else subscribes to the subject. So the stream is looked for, and made again if
    /// it is gone.
    pub fn restore_if_gone(&self, name: &str, subject: String, make: MakeStream) {
        if !self.tried().is_due(&format!("looking for {name}")) {
            return;
        }
        let (connection, name) = (self.clone(), name.to_owned());
        self.runtime().spawn(async move {
            let found = connection.jetstream().stream_by_subject(subject).await;
            // Any other error says nothing of the stream.
            if found.is_err_and(|error| error.kind() == GetStreamByNameErrorKind::NotFound) {
                connection.restore_stream(&name, &make);
            }
        });
    }

    /// As [`Connection::restore_if_gone`], for the installation's streams.
    pub fn restore_installation_if_gone(&self, subject: String) {
        if let Some(make) = self.installation() {
            self.restore_if_gone(&subject.clone(), subject, make.clone());
        }
    }

    fn restore(&self, name: &str, making: Making) {
        if !self.tried().is_due(name) {
            return;
        }
        let name = name.to_owned();
        self.runtime().spawn(async move {
            match making.await {
                Ok(()) => tracing::warn!(name, "somebody had removed it: it was made again"),
                Err(error) => {
                    tracing::warn!(name, error = %chain(&*error), "it is not there, and cannot be made")
                }
            }
        });
    }
}

/// How the bucket of this name is made.
fn making_of_bucket(name: &str) -> MakeStream {
    let name = name.to_owned();
    MakeStream::by(move |connection| {
        let name = name.clone();
        Box::pin(async move { Ok(ensure_bucket(&connection, name).await?) })
    })
}

/// An error and what it comes from, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
