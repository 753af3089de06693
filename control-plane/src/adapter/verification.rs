//! Verifying the log on request: one at a time, beside everything else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aegis_domain::Sequence;
use aegis_graphql::ports::{Principal, Verdict, Verification, VerificationFinding, Verifier};
use aegis_nats::Connection;
use aegis_nats::supervise::recover;
use aegis_projections::verify::{self, Finding, Report, Scope, VerifyError};
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;

use super::Adapter;

/// So many findings are told; of the others, how many they are.
const TOLD: usize = 100;

/// What is known of verifications. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verifications(Arc<Mutex<Option<Known>>>);

#[derive(Debug, Clone)]
struct Known {
    by: String,
    begun: DateTime<Utc>,
    position: Arc<AtomicU64>,
    end: Option<(DateTime<Utc>, Verdict)>,
}

impl Verifier for Adapter {
    fn verification(&self) -> Option<Verification> {
        self.verifications.known().map(|known| known.told())
    }

    fn verify(&self, by: &Principal) -> Verification {
        self.verifications.begin(self.connection.clone(), by.name.clone())
    }
}

impl Verifications {
    fn known(&self) -> Option<Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn begin(&self, connection: Connection, by: String) -> Verification {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = slot.as_ref().filter(|known| known.end.is_none()) {
            return known.told();
        }
        let known = Known { by, begun: Utc::now(), position: Arc::default(), end: None };
        let told = known.told();
        let (position, here) = (Arc::clone(&known.position), self.clone());
        *slot = Some(known);
        drop(slot);
        tracing::info!(by = told.by, "the log is verified");
        tokio::spawn(async move {
            let scope = Scope { progress: Some(&position), ..Scope::default() };
            let verified =
                AssertUnwindSafe(Box::pin(verify::verify(&connection, scope))).catch_unwind().await;
            let verdict = match verified {
                Ok(outcome) => verdict(outcome),
                Err(panic) => {
                    recover("a verification", 1, panic).await;
                    Verdict::Failed { message: "a defect in Aegis: see the replica's log".to_owned() }
                }
            };
            here.end(verdict);
        });
        told
    }

    fn end(&self, verdict: Verdict) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = slot.as_mut() {
            known.end = Some((Utc::now(), verdict));
        }
    }
}

impl Known {
    fn told(&self) -> Verification {
        Verification {
            by: self.by.clone(),
            begun: self.begun,
            ended: self.end.as_ref().map(|(at, _)| *at),
            position: Sequence(self.position.load(Ordering::Relaxed)),
            outcome: self.end.as_ref().map(|(_, verdict)| verdict.clone()),
        }
    }
}

fn verdict(outcome: Result<Report, VerifyError>) -> Verdict {
    match outcome {
        Ok(report) => {
            let Report { messages, events, aggregates, findings, heads, .. } = report;
            if !findings.is_empty() {
                tracing::error!(
                    findings = findings.len(),
                    "the log was verified, and is not as it was written"
                );
            }
            let told = |finding: &Finding| VerificationFinding {
                code: finding.code().to_owned(),
                detail: finding.to_string(),
                repairable: finding.is_repairable(),
            };
            Verdict::Done {
                messages,
                events,
                aggregates,
                digest: heads.digest,
                count: findings.len() as u64,
                findings: findings.iter().take(TOLD).map(told).collect(),
            }
        }
        Err(error) => {
            tracing::warn!(%error, "the log was not verified");
            Verdict::Failed { message: error.to_string() }
        }
    }
}
