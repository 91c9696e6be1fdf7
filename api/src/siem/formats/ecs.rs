//! ECS, the Elastic Common Schema: <https://www.elastic.co/guide/en/ecs/current>. Names and types of fields are those of
//! its version [`ECS_VERSION`].
//!
//! `event.original` is the line of NDJSON, whole; `event.hash` is the hash of the leaf in the tree of the log (SHA-256 of
//! RFC 6962, hexadecimal). What ECS has no field for stands in `labels`.

use retrace_core::event::Event;

use super::facts::Outcome;
use super::json::Object;
use super::{ECS_VERSION, Line, PRODUCT, PRODUCT_VERSION, VENDOR};

pub(super) fn push(line: &Line<'_>, out: &mut Vec<u8>) {
    let facts = &line.facts;
    let mut root = Object::begin(out);
    root.text("@timestamp", &line.seen.at().to_string());
    let mut ecs = root.object("ecs");
    ecs.text("version", ECS_VERSION);
    ecs.end();
    push_event(line, &mut root);
    if let Some(file) = &facts.file {
        let mut object = root.object("file");
        if let Some(sha256) = file.sha256 {
            let mut hash = object.object("hash");
            hash.text("sha256", sha256);
            hash.end();
        }
        object.text("path", file.path);
        object.number_if("size", file.bytes);
        object.end();
    }
    if let Some(host) = facts.host() {
        let mut object = root.object("host");
        object.text("hostname", host);
        object.text("name", host);
        object.end();
    }
    push_labels(line, &mut root);
    root.text("message", &line.message());
    let mut observer = root.object("observer");
    observer.text("product", PRODUCT);
    observer.text("type", "session-recorder");
    observer.text("vendor", VENDOR);
    observer.text("version", PRODUCT_VERSION);
    observer.end();
    push_process(line, &mut root);
    push_related(line, &mut root);
    if let Some(address) = facts.address {
        let mut source = root.object("source");
        source.text("address", &address.to_string());
        source.text("ip", &address.to_string());
        source.end();
    }
    push_user(line, &mut root);
    root.end();
}

fn push_event(line: &Line<'_>, root: &mut Object<'_>) {
    let facts = &line.facts;
    let mut event = root.object("event");
    event.text("action", line.seen.kind().as_str());
    event.texts("category", line.meaning.categories.iter().copied());
    event.text("code", line.seen.kind().as_str());
    event.text("created", &line.seen.recorded_at().to_string());
    event.text("dataset", "retrace.events");
    event.text("hash", &hash(line.shown.event));
    event.text("id", &line.id);
    event.text("kind", "event");
    event.text("module", "retrace");
    let mut original = Vec::with_capacity(line.seen.data().len() + 360);
    line.shown.push_line(&mut original);
    event.text("original", &String::from_utf8_lossy(&original));
    let outcome = match facts.outcome {
        Some(Outcome::Success) => "success",
        Some(Outcome::Failure) => "failure",
        None => "unknown",
    };
    event.text("outcome", outcome);
    event.text("provider", line.seen.stream().source().unwrap_or("server"));
    event.text_if("reason", facts.reason.as_deref());
    event.number("sequence", line.seen.position().0);
    event.number("severity", line.meaning.severity);
    event.texts("type", line.meaning.types.iter().copied());
    event.end();
}

fn hash(event: &Event) -> String {
    hex::encode(event.leaf_hash())
}

fn push_labels(line: &Line<'_>, root: &mut Object<'_>) {
    let facts = &line.facts;
    let mut labels = root.object("labels");
    labels.text_if("credential", facts.credential);
    if let Some(thing) = &facts.object {
        labels.text("object_type", thing.kind);
        labels.text_if("object_name", thing.name.as_deref());
    }
    if line.shown.masked.is_some() {
        labels.text("redacted", "true");
    }
    if let Some(id) = line.seen.session() {
        labels.text("session", &id.to_string());
    }
    if let Some(session) = facts.session {
        labels.text_if("session_protocol", session.protocol.as_deref());
        labels.text_if("session_site", session.site.as_deref());
        labels.text_if("session_target", session.target.as_deref());
    }
    labels.text("stream", line.seen.stream().as_str());
    labels.end();
}

fn push_process(line: &Line<'_>, root: &mut Object<'_>) {
    let Some(process) = &line.facts.process else {
        return;
    };
    let mut object = root.object("process");
    if !process.arguments.is_empty() {
        object.texts("args", process.arguments.iter().map(String::as_str));
        object.number("args_count", process.arguments.len() as u64);
        object.text("command_line", &process.arguments.join(" "));
    }
    object.text_if("executable", process.path);
    object.number_if("exit_code", process.exit);
    if let Some(pid) = process.parent {
        let mut parent = object.object("parent");
        parent.number("pid", pid);
        parent.end();
    }
    object.number("pid", process.pid);
    if let Some(name) = process.user {
        let mut user = object.object("user");
        user.text("name", name);
        user.end();
    }
    object.end();
}

fn push_related(line: &Line<'_>, root: &mut Object<'_>) {
    let facts = &line.facts;
    let mut related = root.object("related");
    if let Some(sha256) = facts.file.and_then(|file| file.sha256) {
        related.texts("hash", [sha256]);
    }
    if let Some(host) = facts.host() {
        related.texts("hosts", [host]);
    }
    if let Some(address) = facts.address {
        related.texts("ip", [address.to_string().as_str()]);
    }
    let users = [facts.who(), facts.target_user.as_deref()];
    related.texts("user", users.into_iter().flatten());
    related.end();
}

fn push_user(line: &Line<'_>, root: &mut Object<'_>) {
    let facts = &line.facts;
    if facts.who().is_none() && facts.target_user.is_none() {
        return;
    }
    let mut user = root.object("user");
    user.text_if("name", facts.who());
    if let Some(target) = facts.target_user.as_deref() {
        let mut object = user.object("target");
        object.text("name", target);
        if let Some(role) = facts.role {
            object.texts("roles", [role]);
        }
        object.end();
    }
    user.end();
}
