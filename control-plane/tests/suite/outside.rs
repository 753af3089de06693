//! Behind a proxy: one setting from which base path, cookies, links, and the checks of host and origin follow.

use aegis_testkit::NatsServer;
use reqwest::header::{HOST, LOCATION, ORIGIN, SET_COOKIE};
use serde_json::{Value, json};

use crate::serve::Serve;
use crate::subscriptions::connect_to;
use crate::support::ControlPlane;

#[tokio::test]
async fn behind_a_proxy_everything_follows_the_public_url() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = "public_url = \"https://floor.example/aegis\"\ntrusted_proxies = [\"127.0.0.1/32\"]\n";
    let serve = Serve::start_after(&nats.url(), folder.path(), settings).await;
    serve.ready().await;
    let at = |path: &str| format!("http://{}{path}", serve.address);
    for path in ["/aegis/", "/", "/aegis/events", "/aegis/index.html"] {
        let page = serve.http.get(at(path)).header(HOST, "floor.example").send().await.unwrap();
        let text = page.text().await.unwrap();
        assert!(text.contains(r#"<base href="/aegis/" />"#), "{path}: {text}");
    }
    let sign_in = serve.http.post(at("/aegis/api/session")).header(HOST, "floor.example");
    let sign_in = sign_in.header(ORIGIN, "https://floor.example").json(&json!({ "token": serve.token }));
    let response = sign_in.send().await.unwrap();
    assert_eq!(response.status(), 204);
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("Path=/aegis/;") && cookie.ends_with("; Secure"), "{cookie}");
    let used = serve.http.get(at("/aegis/login?code=none")).send().await.unwrap();
    let place = used.headers().get(LOCATION).map(|place| place.to_str().unwrap().to_owned());
    assert!(place.is_none_or(|place| place.starts_with("/aegis/signin")));
    // REST tells addresses as the browser reaches them.
    let rest = |method: reqwest::Method, path: &str| {
        let request = serve.http.request(method, at(path)).header(HOST, "floor.example");
        request.bearer_auth(&serve.token)
    };
    let missing: Value =
        rest(reqwest::Method::GET, "/aegis/api/none").send().await.unwrap().json().await.unwrap();
    assert_eq!(missing["type"], "/aegis/api/docs/errors#NOT_FOUND");
    let document = rest(reqwest::Method::GET, "/aegis/api/openapi.json").send().await.unwrap();
    assert_eq!(document.json::<Value>().await.unwrap()["servers"], json!([{ "url": "/aegis" }]));
    let new = json!({ "service": "echo", "owner": "desk", "description": "d", "version": "1.0.0" });
    let created = rest(reqwest::Method::POST, "/aegis/api/services").json(&new).send().await.unwrap();
    assert_eq!(created.status(), 201);
    assert_eq!(created.headers()[LOCATION], "/aegis/api/services/echo");
    for (host, origin, status) in [
        ("floor.example", Some("https://floor.example"), 200),
        ("127.0.0.1", Some("https://floor.example"), 200),
        ("floor.example", None, 200),
        ("floor.example", Some("http://elsewhere.example"), 403),
        ("floor.example", Some("null"), 403),
        ("elsewhere.example", None, 403),
    ] {
        let request = serve.http.post(at("/graphql")).bearer_auth(&serve.token).header(HOST, host);
        let request = request.json(&json!({ "query": "{ viewer { name } }" }));
        let request = match origin {
            Some(origin) => request.header(ORIGIN, origin),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{host} {origin:?}");
        if status == 403 {
            let body: Value = response.json().await.unwrap();
            let message = body["error"]["message"].as_str().unwrap();
            assert!(message.contains("public_url, https://floor.example"), "{message}");
        }
    }
    assert!(
        connect_to(&format!("ws://{}/aegis/graphql/ws", serve.address), Some("https://floor.example"))
            .await
            .is_ok()
    );
    assert!(
        connect_to(&format!("ws://{}/aegis/graphql/ws", serve.address), Some("https://a.example"))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_name_of_elsewhere_does_not_lead_to_a_replica_on_the_loopback() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let ask = async |path: &str, host: &str| {
        let response = control.http.get(control.at(path)).header(HOST, host).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(ask("/", "localhost:1234").await.0, 200);
    assert_eq!(ask("/healthz", "evil.example").await.0, 200);
    let (status, text) = ask("/", "evil.example").await;
    assert!(status == 403 && text.contains("set public_url"), "{status} {text}");
}
