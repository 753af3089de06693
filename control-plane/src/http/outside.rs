//! How clients reach this replica: the public URL, whether a request may come from where its browser says, and who
//! sent it when a proxy stands between.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr as _;

use aegis_domain::ErrorCode;
use anyhow::{Context as _, ensure};
use axum::extract::{Request, State};
use axum::http::uri::{Authority, PathAndQuery, Uri};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use ipnet::IpNet;

use super::App;
use super::error::ApiError;
use super::request_id::RequestId;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// See the module.
#[derive(Debug)]
pub(crate) struct Outside {
    public: Option<Public>,
    /// Only this machine reaches it, so a request with another host name is forged.
    is_local: bool,
    proxies: Vec<IpNet>,
}

#[derive(Debug)]
struct Public {
    /// Scheme, host and port, as a browser tells them.
    origin: String,
    authority: Authority,
    /// Begins and ends with a slash.
    base: String,
    is_secure: bool,
}

impl Outside {
    pub(crate) fn new(
        public_url: Option<&str>,
        listen: SocketAddr,
        proxies: &[IpNet],
    ) -> anyhow::Result<Self> {
        let public = public_url.map(Public::read).transpose()?;
        Ok(Self { public, is_local: listen.ip().is_loopback(), proxies: proxies.to_vec() })
    }

    /// The path under which everything is, with a slash at both ends.
    pub(super) fn base(&self) -> &str {
        self.public.as_ref().map_or("/", |public| &public.base)
    }

    /// Whether browsers reach it by HTTPS only.
    pub(super) fn is_secure(&self) -> bool {
        self.public.as_ref().is_some_and(|public| public.is_secure)
    }

    /// The public URL, without a slash at the end.
    pub(crate) fn url(&self) -> Option<String> {
        let public = self.public.as_ref()?;
        Some(format!("{}{}", public.origin, public.base.trim_end_matches('/')))
    }

    /// The path of a request without the base, whether the proxy has taken that away or not.
    pub(super) fn strip<B>(&self, request: &mut Request<B>) {
        let Some(path) = request.uri().path_and_query() else { return };
        let rest = match self.base() {
            "/" => return,
            base => path.as_str().strip_prefix(base),
        };
        let Some(rest) = rest.and_then(|rest| PathAndQuery::from_str(&format!("/{rest}")).ok()) else {
            return;
        };
        *request.uri_mut() = Uri::from(rest);
    }

    /// Who sent a request that came from this address: behind proxies that are trusted, whom they name.
    pub(super) fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
        let hops: Vec<_> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        let mut sender = peer;
        for hop in hops.iter().rev() {
            // What comes before is what the last one of them was told.
            let Some(address) = hop.parse::<IpAddr>().ok().map(|address| address.to_canonical()) else {
                break;
            };
            sender = address;
            if !self.trusts(address) {
                break;
            }
        }
        sender
    }

    /// Whether a proxy at this address is believed.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&address))
    }

    /// Whether the host of a request is one of this replica. The error says what was expected.
    fn check_host(&self, headers: &HeaderMap) -> Result<(), String> {
        let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return Ok(()) };
        let named = host.parse::<Authority>().ok();
        let name = named.as_ref().map(Authority::host).unwrap_or_default();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        // No name that somebody else controls leads here.
        if bare.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost") {
            return Ok(());
        }
        match &self.public {
            Some(public) if name.eq_ignore_ascii_case(public.authority.host()) => Ok(()),
            Some(public) => Err(format!("the host {host:?} is not that of public_url, {}", public.origin)),
            None if self.is_local => Err(format!(
                "the host {host:?} is not this machine: behind a proxy, set public_url to the address in the browser"
            )),
            None => Ok(()),
        }
    }

    /// Whether a request comes from a page of this replica, if a browser sent it. The error says what was expected.
    fn check_origin(&self, headers: &HeaderMap) -> Result<(), String> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default();
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let of_host = origin.split_once("://").is_some_and(|(_, place)| place.eq_ignore_ascii_case(host));
        match &self.public {
            Some(public) if origin.eq_ignore_ascii_case(&public.origin) || of_host => Ok(()),
            None if of_host => Ok(()),
            Some(public) => Err(format!(
                "a page of {origin:?} asks, and only those of public_url, {}, may",
                public.origin
            )),
            None => Err(format!(
                "a page of {origin:?} asks, and only those of {host:?} may: behind a proxy, set public_url to the address \
                 in the browser"
            )),
        }
    }
}

impl Public {
    fn read(url: &str) -> anyhow::Result<Self> {
        let wrong =
            || format!("public_url is {url:?}: write it as https://host/path, as the browser shows it");
        let uri = url.parse::<Uri>().with_context(wrong)?;
        let scheme = uri.scheme_str().unwrap_or_default();
        ensure!(matches!(scheme, "http" | "https") && uri.query().is_none(), wrong());
        let authority = uri.authority().cloned().with_context(wrong)?;
        ensure!(!authority.as_str().contains('@'), wrong());
        let is_secure = scheme == "https";
        let usual = if is_secure { 443 } else { 80 };
        let port = authority.port_u16().filter(|port| *port != usual);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let origin = format!("{scheme}://{}{port}", authority.host());
        let base = format!("{}/", uri.path().trim_end_matches('/'));
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
        ensure!(base.chars().all(plain) && !base.contains("//"), wrong());
        Ok(Self { origin, authority, base, is_secure })
    }
}

/// Lets only requests through whose host and origin are right. Health is told to everybody.
pub(super) async fn check(State(app): State<App>, id: RequestId, request: Request, next: Next) -> Response {
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    let headers = request.headers();
    let is_read =
        matches!(*request.method(), Method::GET | Method::HEAD) && !headers.contains_key(header::UPGRADE);
    let checked = app
        .outside
        .check_host(headers)
        .and_then(|()| if is_read { Ok(()) } else { app.outside.check_origin(headers) });
    match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            tracing::warn!(request = id.as_str(), refusal, "a request was refused");
            ApiError::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, refusal, &id).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(public_url: Option<&str>, listen: &str) -> Outside {
        let proxies = ["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()];
        Outside::new(public_url, listen.parse().unwrap(), &proxies).unwrap()
    }

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_public_url_gives_base_origin_and_safety_of_cookies() {
        let aegis = outside(Some("https://floor.example/aegis"), "127.0.0.1:8080");
        assert_eq!((aegis.base(), aegis.is_secure()), ("/aegis/", true));
        assert_eq!(aegis.url().unwrap(), "https://floor.example/aegis");
        let plain = outside(Some("http://floor.example:80/"), "0.0.0.0:80");
        assert_eq!(
            (plain.base(), plain.is_secure(), plain.url().unwrap().as_str()),
            ("/", false, "http://floor.example")
        );
        for wrong in [
            "floor.example",
            "ftp://a/",
            "https://",
            "https://a/?b",
            "https://u@a/",
            "https://a/<b>",
            "https://a//b",
            "",
        ] {
            assert!(Outside::new(Some(wrong), "127.0.0.1:1".parse().unwrap(), &[]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_base_is_taken_from_the_path_if_the_proxy_left_it() {
        let aegis = outside(Some("https://a/aegis/"), "127.0.0.1:8080");
        for (path, expected) in [
            ("/aegis/graphql?x=1", "/graphql?x=1"),
            ("/aegis/", "/"),
            ("/graphql", "/graphql"),
            ("/aegisx", "/aegisx"),
        ] {
            let mut request = Request::builder().uri(path).body(()).unwrap();
            aegis.strip(&mut request);
            assert_eq!(request.uri().to_string(), expected);
        }
    }

    #[test]
    fn names_of_elsewhere_do_not_lead_to_a_local_replica() {
        let host =
            |outside: &Outside, host: &str| outside.check_host(&headers(&[(header::HOST, host)])).is_ok();
        let local = outside(None, "127.0.0.1:8080");
        for good in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080"] {
            assert!(host(&local, good), "{good}");
        }
        assert!(!host(&local, "evil.example:8080") && !host(&local, "localhost.evil.example"));
        let public = outside(Some("https://floor.example/"), "127.0.0.1:8080");
        assert!(
            host(&public, "floor.example")
                && host(&public, "127.0.0.1:8080")
                && !host(&public, "evil.example")
        );
        assert!(host(&outside(None, "0.0.0.0:8080"), "floor.example"));
    }

    #[test]
    fn a_page_of_elsewhere_is_refused_with_what_was_expected() {
        let origin = |outside: &Outside, origin: &str, host: &str| {
            outside.check_origin(&headers(&[(header::ORIGIN, origin), (header::HOST, host)]))
        };
        let local = outside(None, "127.0.0.1:8080");
        assert!(origin(&local, "http://localhost:8080", "localhost:8080").is_ok());
        assert!(origin(&local, "null", "localhost:8080").is_err());
        let refusal = origin(&local, "https://floor.example", "localhost:8080").unwrap_err();
        assert!(refusal.contains("floor.example") && refusal.contains("public_url"), "{refusal}");
        let public = outside(Some("https://floor.example/aegis"), "127.0.0.1:8080");
        assert!(origin(&public, "https://floor.example", "127.0.0.1:8080").is_ok());
        let refusal = origin(&public, "http://floor.example", "127.0.0.1:8080").unwrap_err();
        assert!(refusal.contains("https://floor.example"), "{refusal}");
    }

    #[test]
    fn only_a_trusted_proxy_says_who_sent_a_request() {
        let outside = outside(None, "0.0.0.0:8080");
        let sender = |peer: &str, forwarded: &str| {
            outside.sender(peer.parse().unwrap(), &headers(&[(FORWARDED_FOR, forwarded)])).to_string()
        };
        assert_eq!(sender("192.0.2.1", "198.51.100.1"), "192.0.2.1");
        assert_eq!(sender("10.1.1.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(
            sender("10.1.1.1", "203.0.113.9, 198.51.100.1, 10.2.2.2"),
            "198.51.100.1",
            "the rest is hearsay"
        );
        assert_eq!(sender("10.1.1.1", "nonsense"), "10.1.1.1");
    }
}
