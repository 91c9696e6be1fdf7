//! Providers of identities, and a browser that goes to them and back: over HTTP, with its cookies, and without
//! running scripts.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reqwest::Url;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::redirect::Policy;

use crate::PATIENCE;

/// More steps than any way to a provider and back has.
const STEPS_MAX: usize = 20;

/// A running provider, killed when the test ends.
pub struct Provider {
    child: Child,
    issuer: String,
}

impl Provider {
    /// Starts a script of `tests/oidc`. `None`, and a word about it, where Node or its packages are missing.
    pub fn start(script: &str, arguments: &[&str]) -> Option<Self> {
        let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc");
        if !folder.join("node_modules/oidc-provider").exists() {
            // A test says what it did not do.
            #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
            {
                eprintln!("skipped: run `npm ci` in tests/oidc for providers of identities");
            }
            return None;
        }
        let mut child = Command::new("node")
            .current_dir(&folder)
            .arg(script)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts");
        let mut issuer = String::new();
        BufReader::new(child.stdout.take().expect("its output is piped"))
            .read_line(&mut issuer)
            .expect("the provider says where it is");
        Some(Self {
            child,
            issuer: issuer.trim().to_owned(),
        })
    }

    /// Its issuer identifier, which is its address.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Makes the faulty provider do something wrong from now on.
    pub fn does_wrong(&self, what: &str) {
        let url = format!("{}/fault/{what}", self.issuer);
        let response = Client::new().get(url).send();
        assert_eq!(response.expect("an answer").status(), 200);
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser without scripts.
pub struct Browser {
    client: Client,
    /// By host and port, then by name.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// A browser that has never been anywhere.
    pub fn new() -> Self {
        let client = Client::builder().redirect(Policy::none()).timeout(PATIENCE);
        Self {
            client: client.build().expect("a client"),
            cookies: BTreeMap::new(),
        }
    }

    /// A request with the cookies for that host.
    pub fn request(&self, method: &str, url: &str) -> RequestBuilder {
        let url: Url = url.parse().expect("an address");
        let request = self
            .client
            .request(method.parse().expect("a method"), url.clone());
        let cookies = self.cookies.get(&authority(&url)).map(|cookies| {
            let pairs = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            pairs.collect::<Vec<_>>().join("; ")
        });
        match cookies {
            Some(cookies) if !cookies.is_empty() => request.header("cookie", cookies),
            _ => request,
        }
    }

    /// Sends a request, and keeps the cookies of the answer.
    pub fn send(&mut self, request: RequestBuilder) -> Response {
        let response = request.send().expect("an answer");
        let cookies = self.cookies.entry(authority(response.url())).or_default();
        for set in response.headers().get_all("set-cookie") {
            let set = set.to_str().expect("a cookie is text");
            let (pair, attributes) = set.split_once(';').unwrap_or((set, ""));
            let (name, value) = pair.split_once('=').expect("a cookie is a pair");
            let lower = attributes.to_ascii_lowercase();
            let is_over = lower.contains("max-age=0") || lower.contains("expires=thu, 01 jan 1970");
            if is_over || value.is_empty() {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    /// Opens an address and goes where it leads, until there is a page; answers the page with its address.
    pub fn open(&mut self, url: &str) -> (Url, Response) {
        self.follow(self.request("GET", url))
    }

    fn follow(&mut self, request: RequestBuilder) -> (Url, Response) {
        let mut response = self.send(request);
        for _ in 0..STEPS_MAX {
            let url = response.url().clone();
            if !response.status().is_redirection() {
                return (url, response);
            }
            let location = response.headers()["location"].to_str().expect("an address");
            let next = url.join(location).expect("an address");
            response = self.send(self.request("GET", next.as_str()));
        }
        panic!("led around in circles, to {}", response.url());
    }

    /// Signs in at the certified provider as `user`, and comes back; answers where it was led.
    pub fn signs_in(&mut self, url: &str, user: &str) -> Url {
        let (mut at, mut page) = self.open(url);
        for _ in 0..STEPS_MAX {
            if !at.path().starts_with("/interaction/") {
                return at;
            }
            let form = page.text().expect("a page");
            let action = between(&form, "action=\"", "\"").expect("a form");
            let prompt = between(&form, "name=\"prompt\" value=\"", "\"").expect("a prompt");
            let target = at.join(action).expect("an address");
            let fields = [("prompt", prompt), ("login", user), ("password", "x")];
            let body: String = fields
                .iter()
                .map(|(name, value)| format!("{name}={value}&"))
                .collect();
            let request = self
                .request("POST", target.as_str())
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
            (at, page) = self.follow(request);
        }
        panic!("the provider goes on asking at {at}");
    }

    /// The cookie of that name for a host.
    pub fn cookie(&self, url: &str, name: &str) -> Option<String> {
        let host = authority(&url.parse().expect("an address"));
        self.cookies.get(&host)?.get(name).cloned()
    }

    /// Puts a cookie in its place, as an attacker might.
    pub fn set_cookie(&mut self, url: &str, name: &str, value: &str) {
        let host = authority(&url.parse().expect("an address"));
        let cookies = self.cookies.entry(host).or_default();
        cookies.insert(name.to_owned(), value.to_owned());
    }
}

fn authority(url: &Url) -> String {
    format!(
        "{}:{}",
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or_default()
    )
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}
