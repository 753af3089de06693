//! As much of the API of Kubernetes as Helm asks for: which kinds there are, and Secrets.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::super::chart::{NAMESPACE, RELEASE};

/// Keys and values of a Secret.
pub(super) type Secret = BTreeMap<String, String>;

/// Group and version, and the kinds with what they are called in addresses.
const KINDS: [(&str, &[(&str, &str)]); 4] = [
    (
        "v1",
        &[
            ("secrets", "Secret"),
            ("services", "Service"),
            ("configmaps", "ConfigMap"),
            ("serviceaccounts", "ServiceAccount"),
            ("pods", "Pod"),
        ],
    ),
    ("apps/v1", &[("deployments", "Deployment"), ("statefulsets", "StatefulSet")]),
    ("policy/v1", &[("poddisruptionbudgets", "PodDisruptionBudget")]),
    ("networking.k8s.io/v1", &[("networkpolicies", "NetworkPolicy"), ("ingresses", "Ingress")]),
];

/// A running server.
#[derive(Debug)]
pub(super) struct Api {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Api {
    /// Serves these Secrets of the release, and a StatefulSet of this name with so many replicas.
    pub(super) fn start(secrets: &[(String, Secret)], running: Option<(&str, u32)>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the API of Kubernetes")?;
        let address = listener.local_addr()?;
        let (stopped, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut answers = kinds();
        answers.extend(secrets.iter().map(|(name, data)| {
            (format!("/api/v1/namespaces/{NAMESPACE}/secrets/{name}"), in_words_of_kubernetes(name, data))
        }));
        if let Some((name, replicas)) = running {
            let spec = json!({"replicas": replicas});
            let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata(name), "spec": spec});
            answers.insert(format!("/apis/apps/v1/namespaces/{NAMESPACE}/statefulsets/{name}"), set);
        }
        let thread = {
            let (stopped, asked) = (Arc::clone(&stopped), Arc::clone(&asked));
            thread::spawn(move || {
                for connection in listener.incoming() {
                    if stopped.load(Ordering::Acquire) {
                        break;
                    }
                    // One that breaks off is asked again.
                    if connection.is_ok_and(|connection| serve(&connection, &answers).is_ok()) {
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        };
        Ok(Self { address, stopped, asked, thread })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends, and says how many requests came.
    pub(super) fn stop(self) -> usize {
        self.stopped.store(true, Ordering::Release);
        // Wakes it.
        TcpStream::connect(self.address).ok();
        self.thread.join().ok();
        self.asked.load(Ordering::Relaxed)
    }
}

fn in_words_of_kubernetes(name: &str, data: &Secret) -> Value {
    let data: BTreeMap<_, _> = data.iter().map(|(key, value)| (key, STANDARD.encode(value))).collect();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata(name), "data": data})
}

fn metadata(name: &str) -> Value {
    // Otherwise Helm takes it for somebody else's.
    let annotations =
        json!({"meta.helm.sh/release-name": RELEASE, "meta.helm.sh/release-namespace": NAMESPACE});
    let labels = json!({"app.kubernetes.io/managed-by": "Helm"});
    json!({"name": name, "namespace": NAMESPACE, "labels": labels, "annotations": annotations})
}

/// Which kinds there are, by address.
fn kinds() -> BTreeMap<String, Value> {
    let mut answers = BTreeMap::new();
    let mut groups = vec![];
    for (version, kinds) in KINDS {
        let resources: Vec<_> = kinds
            .iter()
            .map(|(name, kind)| json!({"name": name, "kind": kind, "namespaced": true, "verbs": ["get", "list"]}))
            .collect();
        let list = json!({"kind": "APIResourceList", "groupVersion": version, "resources": resources});
        match version.split_once('/') {
            None => answers.insert(format!("/api/{version}"), list),
            Some((group, short)) => {
                let versions = json!([{"groupVersion": version, "version": short}]);
                groups.push(json!({"name": group, "versions": versions, "preferredVersion": versions[0]}));
                answers.insert(format!("/apis/{version}"), list)
            }
        };
    }
    answers.insert("/api".to_owned(), json!({"kind": "APIVersions", "versions": ["v1"]}));
    answers.insert("/apis".to_owned(), json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}));
    answers.insert("/version".to_owned(), json!({"major": "1", "minor": "37", "gitVersion": "v1.37.0"}));
    answers
}

fn serve(mut connection: &TcpStream, answers: &BTreeMap<String, Value>) -> Result<()> {
    let mut reader = BufReader::new(connection);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let address = request.split(' ').nth(1).context("a request has an address")?;
    let path = address.split('?').next().unwrap_or_default();
    let absent =
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404});
    let (status, body) = answers.get(path).map_or(("404 Not Found", &absent), |answer| ("200 OK", answer));
    let body = body.to_string();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
    connection.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes())?;
    Ok(())
}
