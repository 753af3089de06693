//! Whether NATS answers now: a connection whose server hangs looks connected until its pings have gone unanswered.

use std::time::Duration;

use aegis_nats::{Connection, ConnectionState};
use async_nats::RequestErrorKind;
use bytes::Bytes;

const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a message goes to the server and back within a second.
pub(crate) async fn answers(connection: &Connection) -> bool {
    if *connection.state().borrow() != ConnectionState::Connected {
        return false;
    }
    let client = connection.client();
    // The subject has no subscribers, so the server itself answers: no responders.
    let asked = client.request(client.new_inbox(), Bytes::new());
    match tokio::time::timeout(PATIENCE, asked).await.map(|answer| answer.map_err(|error| error.kind())) {
        Ok(Ok(_) | Err(RequestErrorKind::NoResponders)) => true,
        Err(_)
        | Ok(Err(
            RequestErrorKind::TimedOut
            | RequestErrorKind::InvalidSubject
            | RequestErrorKind::MaxPayloadExceeded
            | RequestErrorKind::Other,
        )) => false,
    }
}
