//! Where a request comes from, and how the browser that sent it knows this server.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use retrace_core::settings::{self, Networks};

/// The address that a request comes from. What a proxy says of it counts when the settings name that proxy: then it is
/// the last address in `X-Forwarded-For` that is not a trusted proxy's itself.
pub(super) fn client_address(parts: &Parts, settings: &settings::Server) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    let trusted = Networks::parse(&settings.trusted_proxies).unwrap_or_default();
    if !trusted.contain(peer) {
        return Some(peer);
    }
    let said: Vec<&str> = parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let mut nearest = peer;
    for text in said.into_iter().rev() {
        // What is no address was written by nobody whom we trust.
        let Some(address) = ip_of(text) else {
            break;
        };
        nearest = address;
        if !trusted.contain(address) {
            break;
        }
    }
    Some(nearest)
}

/// An address, with or without a port.
fn ip_of(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare
        .parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// Whether the browser reached us over TLS, which a proxy before us ends and tells us of.
pub(super) fn is_over_tls(headers: &HeaderMap, settings: &settings::Server) -> bool {
    settings.public_url.starts_with("https://")
        || headers
            .get("x-forwarded-proto")
            .is_some_and(|proto| proto == "https")
}

/// Whether a request comes from a page of ours, as far as the browser says: where the browser names the page's
/// origin, it is this server.
pub(super) fn is_of_own_origin(headers: &HeaderMap, settings: &settings::Server) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    let (authority, port) = match origin.split_once("://") {
        Some(("https", authority)) => (authority, ":443"),
        Some(("http", authority)) => (authority, ":80"),
        _ => return false,
    };
    let without_port = |host: &str| host.strip_suffix(port).unwrap_or(host).to_owned();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let is_public = !settings.public_url.is_empty()
        && origin_of(&settings.public_url).eq_ignore_ascii_case(origin);
    let is_asked =
        host.is_some_and(|host| without_port(authority).eq_ignore_ascii_case(&without_port(host)));
    is_public || is_asked
}

/// Scheme, host and port of an address.
fn origin_of(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url[after_scheme..].find('/');
    end.map_or(url, |end| &url[..after_scheme + end])
}

/// Where browsers find this server, without a slash at the end. Without a setting it is what the request says, and
/// only on this machine: elsewhere a request could say anything.
pub(super) fn public_url(headers: &HeaderMap, settings: &settings::Server) -> Option<String> {
    if !settings.public_url.is_empty() {
        return Some(settings.public_url.trim_end_matches('/').to_owned());
    }
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]").then(|| format!("http://{host}"))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use axum::http::Request;

    use super::*;

    fn parts(peer: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let peer: SocketAddr = peer.parse().unwrap();
        parts.extensions.insert(ConnectInfo(peer));
        parts
    }

    #[test]
    fn a_proxy_is_believed_only_when_it_is_named() {
        let trusting = settings::Server {
            trusted_proxies: Cow::Borrowed("10.0.0.0/8"),
            ..settings::Server::default()
        };
        let nobody = settings::Server::default();
        let cases = [
            (&nobody, "192.0.2.1:9", "198.51.100.7", "192.0.2.1"),
            (&nobody, "10.0.0.1:9", "198.51.100.7", "10.0.0.1"),
            (&trusting, "192.0.2.1:9", "198.51.100.7", "192.0.2.1"),
            (&trusting, "10.0.0.1:9", "198.51.100.7", "198.51.100.7"),
            (
                &trusting,
                "10.0.0.1:9",
                "1.1.1.1, 198.51.100.7, 10.0.0.2",
                "198.51.100.7",
            ),
            (&trusting, "10.0.0.1:9", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            (&trusting, "10.0.0.1:9", "nonsense", "10.0.0.1"),
            (&trusting, "10.0.0.1:9", "[2001:db8::1]:443", "2001:db8::1"),
            (&trusting, "10.0.0.1:9", "198.51.100.7:55", "198.51.100.7"),
        ];
        for (settings, peer, said, want) in cases {
            let parts = parts(peer, &[("x-forwarded-for", said)]);
            let address = client_address(&parts, settings).unwrap();
            assert_eq!(address.to_string(), want, "{peer} says {said}");
        }
    }

    #[test]
    fn a_page_is_ours_when_its_origin_is_the_host_that_was_asked_or_the_public_one() {
        let public = settings::Server {
            public_url: Cow::Borrowed("https://retrace.example.com/"),
            ..settings::Server::default()
        };
        let cases = [
            (None, true),
            (Some("http://here:8080"), true),
            (Some("https://retrace.example.com"), true),
            (Some("http://retrace.example.com"), false),
            (Some("https://retrace.example.com.evil.test"), false),
            (Some("https://evil.test"), false),
            (Some("http://here"), false),
            (Some("null"), false),
            (Some(""), false),
        ];
        for (origin, want) in cases {
            let mut headers = vec![("host", "here:8080")];
            headers.extend(origin.map(|origin| ("origin", origin)));
            let parts = parts("127.0.0.1:9", &headers);
            assert_eq!(
                is_of_own_origin(&parts.headers, &public),
                want,
                "{origin:?}"
            );
        }
        for (origin, host, want) in [
            (
                "https://Retrace.example.com",
                "retrace.example.com:443",
                true,
            ),
            ("http://[::1]:8080", "[::1]:8080", true),
            ("http://127.0.0.1:8081", "127.0.0.1:8080", false),
            (
                "https://evil.example/retrace.example.com",
                "retrace.example.com",
                false,
            ),
            (
                "https://retrace.example.com@evil.example",
                "retrace.example.com",
                false,
            ),
            ("file://retrace.example.com", "retrace.example.com", false),
        ] {
            let parts = parts("127.0.0.1:9", &[("host", host), ("origin", origin)]);
            let unset = settings::Server::default();
            assert_eq!(is_of_own_origin(&parts.headers, &unset), want, "{origin}");
        }
        let local = parts("127.0.0.1:9", &[("host", "127.0.0.1:8080")]).headers;
        let remote = parts("127.0.0.1:9", &[("host", "evil.test")]).headers;
        let unset = settings::Server::default();
        assert_eq!(
            public_url(&local, &unset).as_deref(),
            Some("http://127.0.0.1:8080")
        );
        assert_eq!(public_url(&remote, &unset), None);
        assert_eq!(
            public_url(&remote, &public).as_deref(),
            Some("https://retrace.example.com")
        );
    }
}
