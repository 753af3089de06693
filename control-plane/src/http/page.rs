//! The page, embedded. Every path that is not a file is a place within the page, except under prefixes
//! that hold no places.

use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::request_id::RequestId;
use super::{App, error};

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Files;

const NO_PLACES: [&str; 4] = ["assets/", "api/", "graphql", "metrics"];

/// Whether this binary has a page to show.
pub(crate) fn is_there() -> bool {
    Files::get("index.html").is_some()
}

pub(super) async fn serve(State(app): State<App>, id: RequestId, method: Method, uri: Uri) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return ([(header::ALLOW, "GET, HEAD")], error::wrong_method(id).await).into_response();
    }
    let path = uri.path().trim_start_matches('/');
    // The index is one of the places.
    if let Some(file) = Files::get(path).filter(|_| path != "index.html") {
        let kind = mime_guess::from_path(path).first_or_octet_stream();
        // Files under assets/ have a hash of their contents in their names.
        let cache =
            if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        let headers = [(header::CONTENT_TYPE, kind.to_string()), (header::CACHE_CONTROL, cache.to_owned())];
        return (headers, file.data).into_response();
    }
    if NO_PLACES.iter().any(|prefix| path.starts_with(prefix)) {
        return (StatusCode::NOT_FOUND, "there is nothing here\n").into_response();
    }
    match Files::get("index.html") {
        Some(index) => {
            let headers =
                [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
            // What the page asks for, and where its places are, counts from here.
            let base = format!("<base href=\"{}\" />", app.outside.base());
            let index =
                String::from_utf8_lossy(&index.data).replacen("<head>", &format!("<head>\n    {base}"), 1);
            (headers, index).into_response()
        }
        None => {
            let text = "this binary was built without the page: build it with `cargo xtask up`, or run \
                        `npm ci && npm run build` in web/ before `cargo build`\n";
            (StatusCode::NOT_FOUND, text).into_response()
        }
    }
}
