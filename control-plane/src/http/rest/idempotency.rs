//! `Idempotency-Key`: the same request with the same key is carried out once, and gets the first answer again. What is
//! remembered is in the memory of this replica only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aegis_domain::ErrorCode;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest as _, FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::http::App;
use crate::http::body::unread;
use crate::http::bounded::ANSWER_MAX;
use crate::http::error::AsProblem;
use crate::http::identity::Identity;
use crate::http::problem::Problem;
use crate::http::request_id::RequestId;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How long an answer is remembered.
const MEMORY: Duration = Duration::from_secs(24 * 3600);
/// So many keys of one principal are remembered; then its oldest is forgotten.
const KEYS: usize = 1_000;
/// The longest key, in bytes.
const KEY_MAX: usize = 200;
/// Answers with more bytes are not remembered.
const BODY_MAX: usize = 16 * 1024;

/// The header, for the document of the API.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "the header is read by the middleware, whatever the route")]
pub(super) struct KeyHeader {
    /// A repeated request with it gets the first answer.
    #[param(rename = "Idempotency-Key", max_length = 200, pattern = "^[!-~]+$")]
    key: Option<String>,
}

/// The keys of each principal.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<HashMap<String, HashMap<String, Entry>>>);

#[derive(Debug)]
struct Entry {
    request: [u8; 32],
    begun: Instant,
    /// Absent while the request is under way.
    answer: Option<Answer>,
}

#[derive(Debug, Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    problem: Option<Problem>,
}

/// A key under which a request is under way; it is free again when the request comes to nothing.
struct Claim {
    of: Arc<Remembered>,
    principal: String,
    key: String,
}

/// What becomes of a request with a key.
enum Verdict {
    New(Claim),
    Again(Box<Answer>),
}

pub(super) async fn remembered(
    State((app, memory)): State<(App, Arc<Remembered>)>,
    id: RequestId,
    request: Request,
    next: Next,
) -> Response {
    let Some(key) = request.headers().get(KEY).filter(|_| *request.method() == Method::POST).cloned() else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let principal = match Identity::from_request_parts(&mut parts, &app).await {
        Ok(Identity(grant)) => grant.principal.name,
        Err(refusal) => return refusal.into_response(),
    };
    let Some(key) = read_key(&key) else {
        let detail = format!("Idempotency-Key: 1 to {KEY_MAX} letters, digits and signs, no spaces");
        return Problem::invalid(detail).into_response();
    };
    let request = Request::from_parts(parts.clone(), body);
    let body = match Bytes::from_request(request, &app).await {
        Ok(body) => body,
        Err(rejection) => return unread(&JsonRejection::from(rejection), &id).into_response(),
    };
    let mut hash = Sha256::new();
    let based_on = parts.headers.get(header::IF_MATCH).map(HeaderValue::as_bytes).unwrap_or_default();
    for part in [parts.uri.to_string().as_bytes(), based_on, &body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    match memory.claim(principal, key, hash.finalize().into(), Instant::now()) {
        Err(problem) => problem.into_response(),
        Ok(Verdict::Again(answer)) => answer.again(),
        Ok(Verdict::New(claim)) => {
            let response = next.run(Request::from_parts(parts, Body::from(body))).await;
            claim.answered(response).await
        }
    }
}

fn read_key(key: &HeaderValue) -> Option<String> {
    let key = key.to_str().ok()?;
    let fits = (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| key.to_owned())
}

impl Remembered {
    fn claim(
        self: &Arc<Self>,
        principal: String,
        key: String,
        request: [u8; 32],
        now: Instant,
    ) -> Result<Verdict, Problem> {
        let mut memory = self.memory();
        let keys = memory.entry(principal.clone()).or_default();
        keys.retain(|_, entry| entry.answer.is_none() || now - entry.begun < MEMORY);
        if let Some(entry) = keys.get(&key) {
            if entry.request != request {
                let code = ErrorCode::IdempotencyKeyReused;
                return Err(Problem::new(code, code.meaning()));
            }
            let in_use = || {
                let code = ErrorCode::IdempotencyKeyInUse;
                Problem::new(code, code.meaning()).with_retry_after(Some(Duration::ZERO))
            };
            let answer = entry.answer.clone().ok_or_else(in_use)?;
            return Ok(Verdict::Again(Box::new(answer)));
        }
        if keys.len() >= KEYS {
            let finished = keys.iter().filter(|(_, entry)| entry.answer.is_some());
            let oldest = finished.min_by_key(|(_, entry)| entry.begun).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else {
                let detail =
                    "too many requests with an Idempotency-Key are under way: wait for their answers";
                return Err(
                    Problem::new(ErrorCode::RateLimited, detail).with_retry_after(Some(Duration::ZERO))
                );
            };
            keys.remove(&oldest);
        }
        keys.insert(key.clone(), Entry { request, begun: now, answer: None });
        drop(memory);
        Ok(Verdict::New(Claim { of: Arc::clone(self), principal, key }))
    }

    fn memory(&self) -> MutexGuard<'_, HashMap<String, HashMap<String, Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// Remembers the answer, if it is the outcome of the request.
    async fn answered(self, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        // Answers have been bounded when they were made.
        let body = to_bytes(body, ANSWER_MAX).await.unwrap_or_default();
        let told = parts.extensions.get::<AsProblem>().map(|AsProblem(problem)| problem);
        let problem = parts.extensions.get::<Problem>().or(told).cloned();
        let is_outcome = match problem.as_ref().map(Problem::code) {
            Some(ErrorCode::Unauthenticated | ErrorCode::Forbidden) => false,
            Some(code) => !code.is_retryable(),
            None => true,
        };
        if is_outcome && body.len() <= BODY_MAX {
            let (status, headers) = (parts.status, parts.headers.clone());
            let answer = Answer { status, headers, body: body.clone(), problem };
            let mut memory = self.of.memory();
            if let Some(entry) = memory.get_mut(&self.principal).and_then(|keys| keys.get_mut(&self.key)) {
                entry.answer = Some(answer);
            }
        }
        parts.headers.remove(header::CONTENT_LENGTH);
        Response::from_parts(parts, Body::from(body))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut memory = self.of.memory();
        let Some(keys) = memory.get_mut(&self.principal) else { return };
        if keys.get(&self.key).is_some_and(|entry| entry.answer.is_none()) {
            keys.remove(&self.key);
        }
    }
}

impl Answer {
    fn again(self) -> Response {
        let mut response = match self.problem {
            Some(problem) => problem.with_header(REPLAYED, HeaderValue::from_static("true")).into_response(),
            None => (self.status, self.headers, self.body).into_response(),
        };
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(memory: &Arc<Remembered>, key: &str, request: u8) -> Result<Verdict, ErrorCode> {
        claim_at(memory, key, request, Instant::now())
    }

    fn claim_at(
        memory: &Arc<Remembered>,
        key: &str,
        request: u8,
        now: Instant,
    ) -> Result<Verdict, ErrorCode> {
        let claim = memory.claim("alice".to_owned(), key.to_owned(), [request; 32], now);
        claim.map_err(|problem| problem.code())
    }

    #[tokio::test]
    async fn a_key_stands_for_one_request_and_its_answer() {
        let memory = Arc::new(Remembered::default());
        let Ok(Verdict::New(first)) = claim(&memory, "a", 1) else { panic!("it is new") };
        assert_eq!(claim(&memory, "a", 1).err(), Some(ErrorCode::IdempotencyKeyInUse));
        assert_eq!(claim(&memory, "a", 2).err(), Some(ErrorCode::IdempotencyKeyReused));
        first.answered((StatusCode::CREATED, "done").into_response()).await;
        let Ok(Verdict::Again(answer)) = claim(&memory, "a", 1) else { panic!("it is remembered") };
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::CREATED, &b"done"[..]));
    }

    #[tokio::test]
    async fn a_request_that_came_to_nothing_may_be_sent_again() {
        let memory = Arc::new(Remembered::default());
        let Ok(Verdict::New(dropped)) = claim(&memory, "a", 1) else { panic!("it is new") };
        drop(dropped);
        let Ok(Verdict::New(refused)) = claim(&memory, "a", 1) else { panic!("it is free") };
        refused.answered(Problem::new(ErrorCode::Unavailable, "later").into_response()).await;
        assert!(matches!(claim(&memory, "a", 1), Ok(Verdict::New(_))));
    }

    #[tokio::test]
    async fn an_answer_is_remembered_for_24_hours_and_a_request_under_way_for_as_long_as_it_takes() {
        let memory = Arc::new(Remembered::default());
        let begun = Instant::now();
        let day = Duration::from_secs(24 * 3600);
        let moment = Duration::from_millis(1);
        let Ok(Verdict::New(first)) = claim_at(&memory, "a", 1, begun) else { panic!("it is new") };
        first.answered("done".into_response()).await;
        assert!(matches!(claim_at(&memory, "a", 1, begun + day - moment), Ok(Verdict::Again(_))));
        let other = claim_at(&memory, "a", 2, begun + day - moment).err();
        assert_eq!(other, Some(ErrorCode::IdempotencyKeyReused));
        let Ok(Verdict::New(slow)) = claim_at(&memory, "a", 2, begun + day) else {
            panic!("it is forgotten")
        };
        assert_eq!(claim_at(&memory, "a", 2, begun + 3 * day).err(), Some(ErrorCode::IdempotencyKeyInUse));
        drop(slow);
        assert!(matches!(claim_at(&memory, "a", 3, begun + 3 * day), Ok(Verdict::New(_))));
    }

    #[tokio::test]
    async fn the_oldest_answer_goes_when_a_principal_has_too_many_keys() {
        let memory = Arc::new(Remembered::default());
        for key in 0..=KEYS {
            let Ok(Verdict::New(claim)) = claim(&memory, &key.to_string(), 1) else { panic!("it is new") };
            claim.answered("done".into_response()).await;
        }
        assert!(matches!(claim(&memory, "1", 1), Ok(Verdict::Again(_))));
        assert!(matches!(claim(&memory, "0", 1), Ok(Verdict::New(_))));
    }
}
