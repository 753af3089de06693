//! Behind each proxy of `deploy/proxy`, run for real: TLS, a base path, the page, both APIs, websockets, the live log,
//! addresses and origins.

mod kinds;
mod visitor;

use std::path::Path;

use aegis_testkit::{NatsServer, Proc, free_port, wait_until};
use futures_util::{SinkExt as _, StreamExt as _, future};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::serve::Serve;
use crate::subscriptions::hear;
use crate::support::PATIENCE;
use kinds::{Kind, Place};
use visitor::{HOST, LiveLog, Socket, Visitor};

/// So many pings of a websocket (10 s apart) and of the live log (15 s apart) are waited for.
const PINGS: usize = 2;

/// A replica, and a proxy before it.
struct Behind {
    _nats: NatsServer,
    _folder: tempfile::TempDir,
    _proxy: Proc,
    serve: Serve,
    visitor: Visitor,
}

impl Behind {
    async fn start(kind: Kind) -> Self {
        let (nats, folder, port) = (NatsServer::start().await, tempfile::tempdir().unwrap(), free_port());
        let certificate = certify(folder.path());
        let settings =
            format!("public_url = \"https://{HOST}:{port}/aegis\"\ntrusted_proxies = [\"127.0.0.1/32\"]\n");
        let serve = Serve::start_after(&nats.url(), folder.path(), &settings).await;
        serve.ready().await;
        let place = Place { folder: folder.path(), port, replica: &serve.address };
        let proxy = kind.start(&place);
        let visitor = Visitor::new(port, &serve.token, certificate);
        wait_until("the proxy", PATIENCE, || async {
            let answer = visitor.try_ask("GET", "/aegis/healthz", &[], None).await?;
            if answer.status == 200 { Ok(()) } else { Err(format!("{} {}", answer.status, answer.text)) }
        })
        .await;
        Self { _nats: nats, _folder: folder, _proxy: proxy, serve, visitor }
    }

    async fn define(&self, service: &str) {
        let new = json!({ "service": service, "owner": "desk", "description": "d", "version": "1.0.0" });
        let answer = self.visitor.ask("POST", "/aegis/api/services", &[], Some(&new)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.headers["location"], format!("/aegis/api/services/{service}"));
    }
}

/// Writes certificate and key of the host; answers the certificate.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![HOST.into()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
    certificate.der().clone()
}

#[tokio::test]
async fn nginx_carries_the_page_the_apis_and_what_is_live() {
    carries_everything(Kind::Nginx).await;
}

#[tokio::test]
async fn caddy_carries_the_page_the_apis_and_what_is_live() {
    carries_everything(Kind::Caddy).await;
}

#[tokio::test]
async fn traefik_carries_the_page_the_apis_and_what_is_live() {
    carries_everything(Kind::Traefik).await;
}

#[tokio::test]
async fn envoy_carries_the_page_the_apis_and_what_is_live() {
    carries_everything(Kind::Envoy).await;
}

async fn carries_everything(kind: Kind) {
    let behind = Behind::start(kind).await;
    the_page_is_there_with_all_its_files(&behind.visitor).await;
    both_apis_answer_and_say_which_origin_they_expect(&behind.visitor).await;
    behind.serve.says("a request was refused").await;
    addresses_are_those_of_clients(&behind).await;
    live_data_comes_at_once_and_outlasts_silence(&behind).await;
}

async fn the_page_is_there_with_all_its_files(visitor: &Visitor) {
    let page = visitor.ask("GET", "/aegis/", &[], None).await;
    assert!(page.status == 200 && page.text.contains(r#"<base href="/aegis/" />"#), "{}", page.text);
    let files = page.text.split("src=\"./").skip(1).chain(page.text.split("href=\"./").skip(1));
    let files: Vec<_> = files.filter_map(|rest| rest.split('"').next()).collect();
    assert!(files.iter().any(|file| file.ends_with(".js")), "{files:?}");
    for file in files {
        let answer = visitor.ask("GET", &format!("/aegis/{file}"), &[], None).await;
        let whole = answer.headers.get("content-length").is_none_or(|length| {
            length.to_str().unwrap().parse::<usize>().unwrap() == answer.text.len() || !file.ends_with(".js")
        });
        assert!(answer.status == 200 && whole && !answer.text.contains("<base"), "{file}");
    }
    let bare = visitor.ask("GET", "/aegis", &[], None).await;
    let place = bare.headers["location"].to_str().unwrap().trim_start_matches(&visitor.origin()).to_owned();
    assert!(bare.status.is_redirection() && place == "/aegis/", "{} {place}", bare.status);
    // Nobody's name but the own one leads to the page.
    let stranger = visitor.try_ask("GET", "/aegis/", &[("host", "elsewhere.example")], None).await;
    assert!(stranger.is_ok_and(|answer| !answer.text.contains("<base")));
}

async fn both_apis_answer_and_say_which_origin_they_expect(visitor: &Visitor) {
    let viewer = visitor.ask("GET", "/aegis/api/viewer", &[], None).await;
    assert_eq!(viewer.json(), json!({ "name": "alice", "role": "ADMIN" }));
    let query = json!({ "query": "{ viewer { name } }" });
    let ask =
        async |origin: &str| visitor.ask("POST", "/aegis/graphql", &[("origin", origin)], Some(&query)).await;
    assert_eq!(ask(&visitor.origin()).await.json()["data"]["viewer"]["name"], "alice");
    let refused = ask("https://elsewhere.example").await;
    let expected = format!("public_url, {}", visitor.origin());
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(refused.status == 403 && message.contains(&expected), "{message}");
    let refused = visitor.websocket("https://elsewhere.example").await;
    assert!(matches!(&refused, Err(Error::Http(answer)) if answer.status() == 403), "{refused:?}");
}

/// Sign-ins are counted by the address of the client, whatever the client says of it.
async fn addresses_are_those_of_clients(behind: &Behind) {
    let sign_in = async |visitor: &Visitor, forged: usize| {
        let forged = format!("203.0.113.{forged}");
        let headers = [("x-forwarded-for", forged.as_str()), ("authorization", "")];
        let body = json!({ "token": "wrong" });
        visitor.ask("POST", "/aegis/api/session", &headers, Some(&body)).await.status.as_u16()
    };
    let visitor = behind.visitor.from([127, 0, 0, 2]);
    let mut last = 401;
    for forged in 0..60 {
        last = sign_in(&visitor, forged).await;
        if last != 401 {
            break;
        }
    }
    assert_eq!(last, 429, "the tries of one address are limited");
    assert_eq!(sign_in(&behind.visitor.from([127, 0, 0, 3]), 1).await, 401, "another address may try");
    behind.serve.says("address=127.0.0.2").await;
}

async fn live_data_comes_at_once_and_outlasts_silence(behind: &Behind) {
    let mut live = Live::open(&behind.visitor).await;
    behind.define("one").await;
    live.shows("one").await;
    live.is_silent().await;
    behind.define("two").await;
    live.shows("two").await;
}

/// A subscription and the live log.
struct Live {
    socket: Socket,
    log: LiveLog,
}

impl Live {
    async fn open(visitor: &Visitor) -> Self {
        let mut socket = visitor.websocket(&visitor.origin()).await.unwrap();
        let query = "subscription { events(snapshot: 10, filter: { kinds: [DEFINITION] }) {
            ... on EventSnapshot { events { aggregate } } ... on EventBatch { events { aggregate } } } }";
        for message in [
            json!({ "type": "connection_init", "payload": { "token": visitor.token } }),
            json!({ "type": "subscribe", "id": "1", "payload": { "query": query } }),
        ] {
            socket.send(Message::text(message.to_string())).await.unwrap();
        }
        assert_eq!(hear(&mut socket).await["type"], "connection_ack");
        Self { socket, log: visitor.live_log().await }
    }

    /// Both tell of this definition next.
    async fn shows(&mut self, service: &str) {
        let aggregate = format!("definition.{service}");
        loop {
            let batch = hear(&mut self.socket).await;
            let Some(event) = batch.pointer("/payload/data/events/events/0") else { continue };
            assert_eq!(event["aggregate"], aggregate, "{batch}");
            break;
        }
        loop {
            let block = self.log.block().await;
            let Some(data) = block.lines().find_map(|line| line.strip_prefix("data:")) else { continue };
            let event: Value = serde_json::from_str(data).unwrap();
            assert_eq!(event["aggregate"], aggregate, "{block}");
            break;
        }
    }

    /// For longer than the proxy lets a connection that is silent live.
    async fn is_silent(&mut self) {
        let pings = async {
            let mut heard = 0;
            while heard < PINGS {
                let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("no ping");
                heard += usize::from(matches!(message.expect("it lives").unwrap(), Message::Ping(_)));
            }
        };
        let comments = async {
            let mut heard = 0;
            while heard < PINGS {
                heard += usize::from(self.log.block().await.starts_with(':'));
            }
        };
        future::join(pings, comments).await;
    }
}
