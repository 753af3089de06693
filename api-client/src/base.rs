//! The address of a control plane.

use hyper::Uri;

use crate::Error;

/// Scheme, host and base path; whatever is asked for comes behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    text: String,
    https: bool,
    loopback: bool,
}

impl Base {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        // The text may hold a password, so that it is not repeated.
        let refused =
            |why: &str| Error::Settings(format!("the URL {why}: give one like https://floor.example/aegis"));
        let uri: Uri = text.trim().parse().map_err(|_not_one| refused("cannot be read"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) | None => return Err(refused("does not begin with https:// or http://")),
        };
        let authority = uri.authority().ok_or_else(|| refused("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(refused("has a name or password in it, which the API does not take"));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(refused("has a query or a fragment"));
        }
        let host = authority.host();
        if host.is_empty() {
            return Err(refused("has no host"));
        }
        let scheme = if https { "https" } else { "http" };
        let path = uri.path().trim_end_matches('/');
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        let loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        Ok(Self { text: format!("{scheme}://{authority}{path}"), https, loopback })
    }

    /// The address of something below it; `path` begins with a slash.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    /// Whether what is sent can be read on the way.
    pub(crate) fn is_open(&self) -> bool {
        !self.https && !self.loopback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_host_and_the_path_that_everything_is_below() {
        for (text, at) in [
            ("https://floor.example/aegis/", "https://floor.example/aegis/api/system"),
            ("https://floor.example", "https://floor.example/api/system"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/api/system"),
            ("http://[::1]:8080/a/b", "http://[::1]:8080/a/b/api/system"),
        ] {
            assert_eq!(Base::parse(text).unwrap().at("/api/system"), at);
        }
    }

    #[test]
    fn what_is_no_url_of_a_control_plane_is_refused_without_being_repeated() {
        for text in [
            "",
            "floor.example",
            "/aegis",
            "nats://a",
            "https://u:s3cret@a",
            "https://a/?b=s3cret",
            "http://a#s3cret",
        ] {
            let refused = Base::parse(text).unwrap_err().to_string();
            assert!(
                refused.contains("https://floor.example/aegis") && !refused.contains("s3cret"),
                "{refused}"
            );
        }
    }

    #[test]
    fn only_https_and_the_loopback_keep_a_token_to_themselves() {
        let open = |text: &str| Base::parse(text).unwrap().is_open();
        assert!(open("http://floor.example") && open("http://10.0.0.1"));
        assert!(!open("https://floor.example") && !open("http://localhost:1") && !open("http://[::1]"));
    }
}
