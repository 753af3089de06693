use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;

use super::*;
use crate::auth::Authenticator;

pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn to(url: &str, on_disconnect: OnDisconnect) -> Link {
    let (servers, auth) = (vec![url.parse().unwrap()], Authenticator::new(None).unwrap());
    let address = Address::new(servers, "link".to_owned(), auth, None, Denials::default(), Arc::default());
    Link::open(address, on_disconnect, &Handle::current())
}

#[tokio::test]
async fn who_does_not_speak_nats_is_left_and_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let link = to(&url, OnDisconnect::Discard);
    for greeting in
        [&b"SSH-2.0-OpenSSH_9.6\r\n"[..], b"INFO {\r\n", b"INFO {}\r\nMSG a 1 99999999999\r\n", b"\xff\xfe"]
    {
        let (mut socket, _) = tokio::time::timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut socket, greeting).await.unwrap();
    }
    assert_eq!(*link.shared.state.borrow(), ConnectionState::Reconnecting);
}
