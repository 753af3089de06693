//! REST as its users meet it: the real binary, over HTTP.

mod document;
mod events;
mod examples;
mod idempotency;
mod operations;
mod problems;
mod reading;
mod services;
mod unclear;

use aegis_testkit::NatsServer;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::support::ControlPlane;

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

pub(super) async fn start() -> (NatsServer, tempfile::TempDir, ControlPlane) {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    (nats, folder, control)
}

/// One request of the admin.
pub(super) async fn send(
    control: &ControlPlane,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Answer {
    let mut request = control.http.request(method, control.at(path)).bearer_auth(&control.token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, headers, body }
}

pub(super) async fn get(control: &ControlPlane, path: &str) -> Answer {
    send(control, Method::GET, path, &[], None).await
}

pub(super) async fn post(control: &ControlPlane, path: &str, body: &Value) -> Answer {
    send(control, Method::POST, path, &[], Some(body)).await
}
