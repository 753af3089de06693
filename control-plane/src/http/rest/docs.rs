//! The OpenAPI document, and two small pages for people, without a script.

use std::fmt::Write as _;
use std::sync::OnceLock;

use aegis_domain::ErrorCode;
use axum::http::StatusCode;
use axum::response::{Html, Response};
use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder, SecurityRequirement, Server};
use utoipa::{OpenApi as _, openapi};

use super::call::{Caller, Params, json as answer_json};
use super::page::Nothing;
use super::types::{Event, InstanceOrderField};
use crate::http::identity::COOKIE;
use crate::http::problem::{Body, Problem};

const PROBLEM: &str = "application/problem+json";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Aegis",
        description = "The control plane by REST: see docs/api.md.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Body, Event, InstanceOrderField)),
    tags(
        (name = "services", description = "What services are meant to be."),
        (name = "instances", description = "What runs, and what operators ask of it."),
        (name = "metrics", description = "Figures, over time and now."),
        (name = "leaders", description = "Who leads which group."),
        (name = "plans", description = "What operators plan: maintenance, and switchovers at a time."),
        (name = "events", description = "The log."),
        (name = "dead letters", description = "Messages that nobody could process."),
        (name = "consumers", description = "Who reads which stream, and how far."),
        (name = "system", description = "Whoever asks, the replica that answers, and the registry of the past."),
        (name = "documentation", description = "What there is.")
    )
)]
struct Head;

/// What the document says apart from the routes.
pub(super) fn head() -> OpenApi {
    Head::openapi()
}

/// `docs/openapi.json`
pub(crate) fn openapi() -> String {
    // It has no values that are not JSON.
    serde_json::to_string_pretty(&published()).unwrap_or_default() + "\n"
}

/// The document as it is told.
fn published() -> Value {
    let mut document = serde_json::to_value(whole()).unwrap_or_default();
    correct(&mut document);
    refer(&mut document);
    document
}

/// A page refers to what it lists, as everything else does, instead of repeating it.
fn refer(document: &mut Value) {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let Some(schemas) = schemas else { return };
    let known = schemas.clone();
    for (name, page) in schemas {
        let Some(listed) = name.strip_prefix("Page_") else { continue };
        if let Some(item) = page.pointer_mut("/properties/items/items")
            && known.get(listed) == Some(item)
        {
            *item = json!({ "$ref": format!("#/components/schemas/{listed}") });
        }
    }
}

/// Numbers have no sign where they begin at 0, and a parameter that is not given is absent and not null.
fn correct(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("minimum").and_then(Value::as_u64) == Some(0)
                && let Some(Value::String(format)) = object.get_mut("format")
            {
                format.insert(0, 'u');
                if format == "uint64" {
                    object.insert("maximum".to_owned(), u64::MAX.into());
                }
            }
            if object.contains_key("in")
                && let Some(kind) = object.get_mut("schema").and_then(|schema| schema.get_mut("type"))
                && let Some(name) =
                    kind.as_array().and_then(|kinds| kinds.iter().find(|kind| *kind != "null"))
            {
                *kind = name.clone();
            }
            object.values_mut().for_each(correct);
        }
        Value::Array(values) => values.iter_mut().for_each(correct),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The document, with what holds for all routes.
fn whole() -> OpenApi {
    let mut document = super::routes().into_openapi();
    document.servers = Some(vec![Server::new("/")]);
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(COOKIE));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    let none = <[String; 0]>::default;
    document.security =
        Some(vec![SecurityRequirement::new("token", none()), SecurityRequirement::new("session", none())]);
    for ((method, path), operation) in operations(&mut document) {
        operation.operation_id = Some(operation_id(name_of(&method), path));
        let responses = &mut operation.responses.responses;
        responses.insert("401".to_owned(), refusal("There is no valid credential."));
        responses.insert("default".to_owned(), refusal("It was refused, or failed; `code` says why."));
    }
    document
}

fn refusal(description: &str) -> RefOr<openapi::Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content(PROBLEM, content).build().into()
}

/// Each operation, with its method and path.
fn operations(document: &mut OpenApi) -> impl Iterator<Item = ((HttpMethod, &String), &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        let methods = [
            (HttpMethod::Get, &mut item.get),
            (HttpMethod::Post, &mut item.post),
            (HttpMethod::Put, &mut item.put),
            (HttpMethod::Delete, &mut item.delete),
        ];
        methods.into_iter().filter_map(move |(method, operation)| Some(((method, path), operation.as_mut()?)))
    })
}

fn name_of(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Head => "HEAD",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Trace => "TRACE",
    }
}

/// For example `get_services_service_history`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.trim_start_matches("/api").split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).fold(method.to_ascii_lowercase(), |id, word| id + "_" + word)
}

/// This document, as OpenAPI 3.1.
#[utoipa::path(get, path = "/api/openapi.json", tag = "documentation",
    responses((status = 200, description = "The document.", body = serde_json::Value)))]
pub(super) async fn document(
    caller: Caller,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Response, Problem> {
    let mut document = published();
    // Paths are put behind it, and begin with a slash themselves.
    let base = match caller.app.outside.base().trim_end_matches('/') {
        "" => "/",
        base => base,
    };
    document["servers"] = json!([{ "url": base }]);
    answer_json(StatusCode::OK, &document)
}

/// The routes for people.
#[utoipa::path(get, path = "/api/docs", tag = "documentation",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")))]
pub(super) async fn page(_caller: Caller, Params(Nothing {}): Params<Nothing>) -> Html<&'static str> {
    static PAGE: OnceLock<String> = OnceLock::new();
    Html(PAGE.get_or_init(listed))
}

/// The codes of problems for people.
#[utoipa::path(get, path = "/api/docs/errors", tag = "documentation",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")))]
pub(super) async fn errors(_caller: Caller, Params(Nothing {}): Params<Nothing>) -> Html<String> {
    let mut rows = String::new();
    for code in ErrorCode::ALL {
        let (retryable, meaning) = (if code.is_retryable() { "yes" } else { "no" }, escaped(code.meaning()));
        // Writing to a String cannot fail; so below.
        let _infallible = writeln!(
            rows,
            "<tr id=\"{code}\"><td><code>{code}</code></td><td>{retryable}</td><td>{meaning}</td></tr>"
        );
    }
    Html(html(
        "Error codes",
        &format!("<table><tr><th>code</th><th>retryable</th><th>meaning</th></tr>\n{rows}</table>"),
    ))
}

fn listed() -> String {
    let mut document = whole();
    let mut rows = String::new();
    for ((method, path), operation) in operations(&mut document) {
        let method = name_of(&method);
        let parameters: Vec<_> = operation.parameters.iter().flatten().map(|it| escaped(&it.name)).collect();
        let summary = escaped(operation.summary.as_deref().unwrap_or_default());
        let _infallible = writeln!(
            rows,
            "<tr><td>{method}</td><td><code>{}</code></td><td>{summary}</td><td>{}</td></tr>",
            escaped(path),
            parameters.join(", ")
        );
    }
    let head = "<p>The whole document, for tools, is <a href=\"openapi.json\">openapi.json</a>. \
                <a href=\"docs/errors\">The codes of errors</a>.</p>";
    html(
        "Aegis by REST",
        &format!(
            "{head}<table><tr><th>method</th><th>path</th><th>what</th><th>parameters</th></tr>\n{rows}</table>"
        ),
    )
}

fn html(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1>\n{body}\n</body></html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
