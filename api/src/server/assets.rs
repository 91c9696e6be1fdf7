//! The web UI, compiled into the binary.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../web/dist"]
struct Assets;

const INDEX: &str = "index.html";

/// A file of the UI; for any other path the page itself, which knows its own routes.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let is_asset = path.starts_with("assets/");
    match Assets::get(path).filter(|_| !path.is_empty()) {
        Some(file) => answer(path, file, &headers),
        // A missing script must not be answered with a page: the browser would run it.
        None if is_asset => StatusCode::NOT_FOUND.into_response(),
        None => match Assets::get(INDEX) {
            Some(file) => answer(INDEX, file, &headers),
            None => (
                StatusCode::NOT_FOUND,
                "this binary was built without the web UI\n",
            )
                .into_response(),
        },
    }
}

fn answer(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    // Vite puts a hash of the content into the names of what lies in `assets/`.
    let cache = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let media_type = mime_guess::from_path(path).first_or_octet_stream();
    let status = if known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    };
    let body = if known {
        Vec::new()
    } else {
        file.data.into_owned()
    };
    let mut response = (status, body).into_response();
    let response_headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, media_type.as_ref()),
        (header::CACHE_CONTROL, cache),
        (header::ETAG, &tag),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response_headers.insert(name, value);
        }
    }
    response
}
