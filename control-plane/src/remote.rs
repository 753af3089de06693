//! The API of a control plane, for the commands that it can serve (`--url`).

use std::env::VarError;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aegis_api_client::types::Page;
use aegis_api_client::{Client, Error, Paging, Settings, Token};
use aegis_domain::wire::Namespace;
use anyhow::{Context as _, anyhow, bail, ensure};
use tokio::time::{Instant, sleep};

use crate::output::{one_line, print_error};

/// How long a control plane may take to apply what the log had when it was asked.
const CATCH_UP: Duration = Duration::from_secs(5);
const CATCH_UP_PAUSE: Duration = Duration::from_millis(100);
/// The longest page of a list.
const PAGE: u32 = 200;
/// The largest file that is taken for a token, in bytes.
const TOKEN_MAX: u64 = 4 << 10;

/// How to reach a control plane.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Over the API of a control plane")]
pub(crate) struct Remote {
    /// Ask the control plane at this URL instead of NATS, with its base path: https://floor.example/aegis. The commands
    /// that can: health, leaders, stepdown, drain, forget, definitions, deadletters, replay, events tail. Default:
    /// `AEGIS_URL`, unless --nats-url is given. The token is that of `AEGIS_TOKEN`, or of --token-file.
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// The file that has the token. With --url.
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The certificate of the authority that the control plane's one is checked against, in PEM, instead of those of
    /// the system. With --url.
    #[arg(long = "ca", global = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// How long one answer may take. With --url. Default 40.
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..))]
    timeout: Option<u16>,
}

impl Remote {
    /// The first option of these on the command line.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [
            ("--url", self.url.is_some()),
            ("--token-file", self.token_file.is_some()),
            ("--ca", self.ca_file.is_some()),
            ("--timeout", self.timeout.is_some()),
        ];
        given.into_iter().find(|(_, is_given)| *is_given).map(|(name, _)| name)
    }

    /// Where to ask; nowhere when it is NATS that is asked.
    pub(crate) fn url(&self, nats_url: Option<&str>) -> anyhow::Result<Option<String>> {
        let given = self.given();
        if nats_url.is_some() {
            let both = |option| anyhow!("{option} and --nats-url lead to two places: give one of them");
            return given.map_or(Ok(None), |option| Err(both(option)));
        }
        let url = match &self.url {
            Some(url) => Some(url.clone()),
            None => environment("AEGIS_URL")?,
        };
        match (&url, given) {
            (None, Some(option)) => bail!("{option} goes with a URL: give --url, too, or set AEGIS_URL"),
            (Some(_), _) | (None, None) => Ok(url),
        }
    }

    pub(crate) fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// How long one answer may take, where it was said.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// Asks who is there: one that knows the token, and serves the namespace, if one is given.
    pub(crate) async fn open(&self, url: String, namespace: Option<&Namespace>) -> anyhow::Result<Api> {
        let mut settings = Settings::new(url, self.token()?);
        settings.ca_file.clone_from(&self.ca_file);
        if let Some(timeout) = self.timeout() {
            settings.request_timeout = timeout;
            settings.connect_timeout = settings.connect_timeout.min(settings.request_timeout);
        }
        let client = Client::new(settings).map_err(|e| told(&e))?;
        if client.is_open() {
            print_error(&format!(
                "warning: the token can be read on the way to {}: it has no TLS; use https, or a tunnel",
                one_line(client.url())
            ));
        }
        let system = client.system().await.map_err(|e| told(&e))?;
        let served = one_line(&system.namespace);
        if let Some(namespace) = namespace.filter(|namespace| namespace.as_str() != system.namespace) {
            bail!(
                "nothing was done: {} serves the namespace {served}, not {} (--namespace, AEGIS_NAMESPACE)",
                one_line(client.url()),
                namespace.as_str()
            );
        }
        if Namespace::default().as_str() != system.namespace {
            print_error(&format!("in the namespace {served}"));
        }
        Ok(Api { client, head: system.head_sequence })
    }

    fn token(&self) -> anyhow::Result<Token> {
        let (text, place) = match &self.token_file {
            Some(path) => {
                let name = path.display();
                let size = std::fs::metadata(path)
                    .with_context(|| format!("the token file {name} cannot be read"))?;
                ensure!(
                    size.len() <= TOKEN_MAX,
                    "the token file {name} has {} bytes: it is none",
                    size.len()
                );
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("the token file {name} cannot be read"))?;
                (text, format!("the token file {name}"))
            }
            None => match environment("AEGIS_TOKEN")? {
                Some(token) => (token, "AEGIS_TOKEN".to_owned()),
                None => bail!(
                    "a control plane wants to know who asks: set AEGIS_TOKEN, or name a file with --token-file; \
                     `aegis token` draws one"
                ),
            },
        };
        Token::new(&text).with_context(|| format!("{place} cannot be used"))
    }
}

/// A control plane that has answered.
pub(crate) struct Api {
    pub(crate) client: Client,
    /// Where the log ended when it was asked.
    pub(crate) head: u64,
}

impl Api {
    /// The longest page of a list, from the beginning.
    pub(crate) fn first_page() -> Paging {
        Paging { first: Some(PAGE), after: None }
    }

    /// A whole list, with all that the log had when the command began: a command that reads NATS reads no less.
    pub(crate) async fn whole<T>(
        &self,
        page: impl AsyncFn(Paging) -> Result<Page<T>, Error>,
    ) -> anyhow::Result<Vec<T>> {
        let end = Instant::now() + CATCH_UP;
        loop {
            let (items, as_of) = all(&page).await.map_err(|e| told(&e))?;
            if as_of >= self.head {
                return Ok(items);
            }
            if Instant::now() >= end {
                return Err(self.behind(as_of));
            }
            sleep(CATCH_UP_PAUSE).await;
        }
    }

    /// Waits until the control plane has applied what the log had when the command began.
    pub(crate) async fn caught_up(&self) -> anyhow::Result<u64> {
        let end = Instant::now() + CATCH_UP;
        loop {
            let as_of = self.client.system().await.map_err(|e| told(&e))?.as_of_sequence;
            if as_of >= self.head {
                return Ok(as_of);
            }
            if Instant::now() >= end {
                return Err(self.behind(as_of));
            }
            sleep(CATCH_UP_PAUSE).await;
        }
    }

    fn behind(&self, as_of: u64) -> anyhow::Error {
        anyhow!(
            "UNAVAILABLE: the control plane has applied the log up to {as_of}, and it ends at {}: try again in a moment, \
             or ask NATS itself with --nats-url",
            self.head
        )
    }
}

/// All pages of a list, and the least that any of them contains.
async fn all<T>(page: &impl AsyncFn(Paging) -> Result<Page<T>, Error>) -> Result<(Vec<T>, u64), Error> {
    let (mut items, mut as_of) = (vec![], u64::MAX);
    let mut paging = Api::first_page();
    loop {
        let page = page(paging.clone()).await?;
        items.extend(page.items);
        as_of = as_of.min(page.as_of_sequence);
        match page.next_cursor {
            Some(cursor) => paging.after = Some(cursor),
            None => return Ok((items, as_of)),
        }
    }
}

/// What went wrong, and what to do on the command line.
pub(crate) fn told(error: &Error) -> anyhow::Error {
    let remedy = match error {
        Error::Refused(problem) => match problem.code.as_str() {
            "UNAUTHENTICATED" => {
                "; the token of AEGIS_TOKEN or --token-file is not known there, or has ended: `aegis token` draws another"
            }
            _ => "",
        },
        Error::Unreachable { .. } => {
            "; check the URL, and that the control plane runs; --nats-url asks NATS itself, without a control plane"
        }
        Error::Untrusted { .. } => {
            "; name the certificate of its authority with --ca, if it is the right one"
        }
        Error::TimedOut { .. } => "; give it more time with --timeout, or ask NATS itself with --nats-url",
        Error::Settings(_)
        | Error::Interrupted { .. }
        | Error::Redirected { .. }
        | Error::Foreign { .. }
        | Error::Unreadable { .. } => "",
    };
    let request = error.request_id().map(|id| format!(" (request {})", one_line(id)));
    // Only where somebody has to look for it in the log of the replica.
    let request = request.filter(|_| error.status().is_some_and(|status| status >= 500)).unwrap_or_default();
    anyhow!("{}{remedy}{request}", one_line(&error.to_string()))
}

/// Where NATS is, by the command line, by `AEGIS_NATS_URL`, which services read, too, or by `NATS_URL`, which other programs do.
pub(crate) fn nats_url(given: Option<&str>) -> anyhow::Result<Option<String>> {
    if let Some(url) = given {
        ensure!(!url.is_empty(), "--nats-url is empty: say where NATS is, or leave it away");
        return Ok(Some(url.to_owned()));
    }
    match environment("AEGIS_NATS_URL")? {
        Some(url) => Ok(Some(url)),
        None => environment("NATS_URL"),
    }
}

/// A variable that says something. One that cannot be read is not as if it were not there.
pub(crate) fn environment(name: &str) -> anyhow::Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("the variable {name} is not UTF-8: correct it"),
    }
}
