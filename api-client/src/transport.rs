//! Requests and answers over HTTP/1.1, each within its time.

use std::error::Error as StdError;
use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use hyper::{Method, Request, Response, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::rustls;

use crate::Settings;
use crate::error::{Error, Problem};
use crate::route::Route;
use crate::token::Token;
use crate::{base::Base, tls};

/// The most bytes of an answer: what a replica sends at most, and some room.
const ANSWER_MAX: usize = 20 << 20;
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Connections to one control plane.
#[derive(Debug)]
pub(crate) struct Transport {
    client: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: Base,
    /// None asks as nobody.
    token: Option<Token>,
    request_timeout: Duration,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    /// With the query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

/// One answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) url: String,
    pub(crate) body: Bytes,
    pub(crate) changes: bool,
}

impl Outgoing {
    pub(crate) fn new(route: &Route, path: String) -> Self {
        let headers = [(ACCEPT, JSON)].into_iter().collect();
        Self { method: route.method.clone(), path, headers, body: None }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn json(mut self, body: &impl serde::Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("requests hold only texts, numbers and lists");
        self.body = Some(body.into());
        self.header(CONTENT_TYPE, JSON)
    }

    fn changes(&self) -> bool {
        self.method != Method::GET
    }
}

impl Transport {
    pub(crate) fn new(settings: Settings) -> Result<Self, Error> {
        let Settings { url, token, ca_file, connect_timeout, request_timeout } = settings;
        Self::open(&url, ca_file.as_deref(), Some(token), connect_timeout, request_timeout)
    }

    pub(crate) fn open(
        url: &str,
        ca_file: Option<&Path>,
        token: Option<Token>,
        connect_timeout: Duration,
        request_timeout: Duration,
    ) -> Result<Self, Error> {
        let base = Base::parse(url)?;
        let tls = tls::config(base.is_https(), ca_file)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(https.wrap_connector(tcp));
        Ok(Self { client, base, token, request_timeout })
    }

    pub(crate) fn base(&self) -> &Base {
        &self.base
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    /// Sends it and reads the whole answer. What is refused for coming too soon is sent again, as long as there is time.
    pub(crate) async fn ask(&self, outgoing: &Outgoing) -> Result<Answer, Error> {
        let end = Instant::now() + self.request_timeout;
        loop {
            let late = || self.late(outgoing);
            let answered = timeout_at(end, self.once(outgoing)).await.map_err(|_elapsed| late())?;
            match answered {
                Err(Error::Refused(problem)) if problem.code == "RATE_LIMITED" => {
                    let wait = problem.retry_after.unwrap_or(Duration::from_secs(1));
                    if Instant::now() + wait >= end {
                        return Err(Error::Refused(problem));
                    }
                    tokio::time::sleep(wait).await;
                }
                answered => return answered,
            }
        }
    }

    async fn once(&self, outgoing: &Outgoing) -> Result<Answer, Error> {
        let response = self.begin(outgoing).await?;
        let (url, changes) = (self.base.at(&outgoing.path), outgoing.changes());
        let status = response.status();
        let body = self.read(response, &url, changes).await?;
        Ok(Answer { status, url, body, changes })
    }

    /// Sends it; the answer is a good one whose body is still to come.
    pub(crate) async fn begin(&self, outgoing: &Outgoing) -> Result<Response<Incoming>, Error> {
        let response = self.send(outgoing).await?;
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let url = self.base.at(&outgoing.path);
        let within = timeout(self.request_timeout, self.refusal(response, url, outgoing.changes()));
        Err(within.await.unwrap_or_else(|_elapsed| self.late(outgoing)))
    }

    /// What was answered, whatever it is, within the time of an answer.
    pub(crate) async fn any(&self, outgoing: &Outgoing) -> Result<Answer, Error> {
        let whole = async {
            let response = self.send(outgoing).await?;
            let (status, url, changes) =
                (response.status(), self.base.at(&outgoing.path), outgoing.changes());
            let body = self.read(response, &url, changes).await?;
            Ok(Answer { status, url, body, changes })
        };
        timeout(self.request_timeout, whole).await.map_err(|_elapsed| self.late(outgoing))?
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Response<Incoming>, Error> {
        let url = self.base.at(&outgoing.path);
        let body = Full::new(outgoing.body.clone().unwrap_or_default());
        let request = Request::builder().method(outgoing.method.clone()).uri(&url).body(body);
        let mut request =
            request.map_err(|error| Error::Settings(format!("{url} is no address: {error}")))?;
        request.headers_mut().clone_from(&outgoing.headers);
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, token.header());
        }
        self.client.request(request).await.map_err(|error| self.unsent(&error, outgoing.changes()))
    }

    fn late(&self, outgoing: &Outgoing) -> Error {
        let (url, after) = (self.base.as_str().to_owned(), self.request_timeout);
        Error::TimedOut { url, after, outcome_unknown: outgoing.changes() }
    }

    /// Why a request was answered with another status than that of success.
    async fn refusal(&self, response: Response<Incoming>, url: String, changes: bool) -> Error {
        let status = response.status();
        if status.is_redirection() {
            let location = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
            let location = location.unwrap_or("nowhere").to_owned();
            return Error::Redirected { url, status: status.as_u16(), location };
        }
        let content = content(response.headers());
        let after = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
        if content.starts_with("application/problem+json") {
            let body = match self.read(response, &url, changes).await {
                Ok(body) => body,
                Err(error) => return error,
            };
            return match serde_json::from_slice::<Problem>(&body) {
                Ok(problem) => Error::Refused(Box::new(Problem {
                    retry_after: after.map(Duration::from_secs),
                    ..problem
                })),
                Err(error) => Error::Unreadable { url, detail: error.to_string(), outcome_unknown: changes },
            };
        }
        // A gateway may have passed the request on before it gave up; a refusal of its own comes before that.
        let outcome_unknown = changes && status.is_server_error();
        Error::Foreign { url, status: status.as_u16(), content, outcome_unknown }
    }

    async fn read(&self, response: Response<Incoming>, url: &str, changes: bool) -> Result<Bytes, Error> {
        let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
        body.map(http_body_util::Collected::to_bytes).map_err(|error| {
            let detail = chain(error.as_ref());
            Error::Interrupted { url: url.to_owned(), detail, outcome_unknown: changes }
        })
    }

    fn unsent(&self, error: &legacy::Error, changes: bool) -> Error {
        let url = self.base.as_str().to_owned();
        if let Some(rustls::Error::InvalidCertificate(why)) = of_tls(error) {
            return Error::Untrusted { url, detail: why.to_string() };
        }
        let detail = chain(error);
        if error.is_connect() {
            return Error::Unreachable { url, detail };
        }
        Error::Interrupted { url, detail, outcome_unknown: changes }
    }
}

/// The kind of content, without its parameters; nothing that others wrote beyond that.
pub(crate) fn content(headers: &HeaderMap) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    kind.filter(|kind| !kind.is_empty()).unwrap_or("no content type").chars().take(100).collect()
}

/// What TLS found wrong, however deep it lies.
fn of_tls(error: &legacy::Error) -> Option<&rustls::Error> {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(at) = cause {
        if let Some(found) = at.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        // What an error of the system wraps is not its source, but that of it.
        let wrapped = at.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| at.source());
    }
    None
}

/// An error with its causes, each once.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(at) = cause {
        let said = at.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = at.source();
    }
    text
}
