//! OCSF 1.8.0: <https://schema.ocsf.io/1.8.0>.
//!
//! Of each class what is required and recommended is written as far as it is known; the profile `host` gives each of
//! them an actor and a device. What has no field of its own stands in `unmapped`: stream, version, and the data.

use retrace_core::event::Direction;

use super::facts::{File, Object as Thing, Outcome, Process};
use super::json::Object;
use super::meaning::{Class, class_of_session};
use super::{Line, OCSF_VERSION, PRODUCT, PRODUCT_VERSION, VENDOR};

const OTHER: u32 = 99;
const UNKNOWN: &str = "unknown";

pub(super) fn push(line: &Line<'_>, out: &mut Vec<u8>) {
    let (class, activity) = class_and_activity(line);
    let (class_uid, class_name, category_uid, category_name) = class.ids();
    let facts = &line.facts;
    let mut event = Object::begin(out);
    event.number("activity_id", activity.0);
    let activity_name = if activity.0 == OTHER {
        line.seen.kind().as_str()
    } else {
        activity.1
    };
    event.text("activity_name", activity_name);
    push_actor(line, &mut event);
    event.text("category_name", category_name);
    event.number("category_uid", category_uid);
    event.text("class_name", class_name);
    event.number("class_uid", class_uid);
    if let Some(count) = facts.count.filter(|count| i32::try_from(*count).is_ok()) {
        event.number("count", count);
    }
    push_device(line, &mut event);
    push_metadata(line, &mut event);
    event.text("message", &line.message());
    match class {
        Class::Base | Class::Rdp | Class::Ssh => {}
        Class::Authentication => push_authentication(line, &mut event),
        Class::Api => {
            let mut api = event.object("api");
            api.text("operation", line.seen.kind().as_str());
            api.end();
        }
        Class::Entity => push_entity(line, facts.object.as_ref(), &mut event),
        Class::EventLog => {
            event.text("log_name", line.seen.stream().as_str());
            event.text("log_provider", PRODUCT);
        }
        Class::File => push_file(facts.file.as_ref(), &mut event),
        Class::Process => push_process(facts.process.as_ref(), &mut event),
        Class::UserAccess => {
            event.texts("privileges", [facts.role.unwrap_or(UNKNOWN)]);
            push_user(&mut event, "user", facts.target_user.as_deref());
        }
    }
    event.text("severity", severity(line.meaning.severity));
    event.number("severity_id", line.meaning.severity);
    push_endpoints(line, class, &mut event);
    let (status_id, status) = match facts.outcome {
        Some(Outcome::Failure) => (2, "Failure"),
        Some(Outcome::Success) => (1, "Success"),
        None => (0, "Unknown"),
    };
    event.text("status", status);
    event.text_if("status_detail", facts.reason.as_deref());
    event.number("status_id", status_id);
    event.number("time", line.time_ms());
    event.number("type_uid", class_uid * 100 + activity.0);
    let mut unmapped = event.object("unmapped");
    unmapped.json("data", line.seen.data());
    if line.shown.masked.is_some() {
        unmapped.boolean("redacted", true);
    }
    unmapped.text("stream", line.seen.stream().as_str());
    unmapped.number("version", line.seen.version().0);
    unmapped.end();
    event.end();
}

fn class_and_activity(line: &Line<'_>) -> (Class, (u32, &'static str)) {
    let facts = &line.facts;
    let as_it_is = (line.meaning.class, line.meaning.activity);
    match line.meaning.kind {
        "session.launched" | "session.ended" => {
            let ended = line.meaning.kind == "session.ended";
            let session = facts.session;
            let protocol = session.and_then(|session| session.protocol.as_deref());
            // Their classes are about what is reached, so that must be known.
            let protocol = protocol.filter(|_| target(line).is_some());
            class_of_session(protocol, facts.refused, ended).unwrap_or(as_it_is)
        }
        "file.transferred" => match facts.file.map(|file| file.direction) {
            Some(Direction::In) => (Class::File, (1, "Create")),
            Some(Direction::Out) => (Class::File, (2, "Read")),
            None => as_it_is,
        },
        _ => as_it_is,
    }
}

fn severity(id: u8) -> &'static str {
    match id {
        1 => "Informational",
        2 => "Low",
        3 => "Medium",
        4 => "High",
        _ => "Unknown",
    }
}

fn push_metadata(line: &Line<'_>, event: &mut Object<'_>) {
    let mut metadata = event.object("metadata");
    if let Some(session) = line.seen.session() {
        metadata.text("correlation_uid", &session.to_string());
    }
    metadata.text("event_code", line.seen.kind().as_str());
    metadata.text("log_name", line.seen.stream().as_str());
    let logged_ms = line.seen.recorded_at().micros().div_euclid(1_000);
    metadata.number("logged_time", logged_ms);
    metadata.text("original_time", &line.seen.at().to_string());
    let mut product = metadata.object("product");
    product.text("name", PRODUCT);
    product.text("vendor_name", VENDOR);
    product.text("version", PRODUCT_VERSION);
    product.end();
    metadata.texts("profiles", ["host"]);
    metadata.number("sequence", line.seen.position().0);
    metadata.text("uid", &line.id);
    metadata.text("version", OCSF_VERSION);
    metadata.end();
}

fn push_user(parent: &mut Object<'_>, name: &'static str, user: Option<&str>) {
    let mut object = parent.object(name);
    object.text("name", user.unwrap_or(UNKNOWN));
    object.end();
}

fn push_actor(line: &Line<'_>, event: &mut Object<'_>) {
    let facts = &line.facts;
    let mut actor = event.object("actor");
    actor.text("app_name", line.seen.stream().source().unwrap_or(PRODUCT));
    if facts.credential.is_some() || line.seen.session().is_some() {
        let mut session = actor.object("session");
        session.text_if("credential_uid", facts.credential);
        if let Some(id) = line.seen.session() {
            session.text("uid", &id.to_string());
        }
        session.end();
    }
    if facts.who().is_some() {
        push_user(&mut actor, "user", facts.who());
    }
    actor.end();
}

/// The machine that the session is on; the server itself is not told of.
fn push_device(line: &Line<'_>, event: &mut Object<'_>) {
    let host = line.facts.host();
    if host.is_none() && !matches!(line.meaning.class, Class::Process | Class::File) {
        return;
    }
    let mut device = event.object("device");
    device.text("hostname", host.unwrap_or(UNKNOWN));
    device.number("type_id", 0);
    device.end();
}

fn push_authentication(line: &Line<'_>, event: &mut Object<'_>) {
    let facts = &line.facts;
    let protocol = facts
        .session
        .and_then(|session| session.protocol.as_deref());
    // Of a sign-in it is how: by a token, at a provider.
    let method = facts
        .detail
        .as_deref()
        .filter(|_| line.seen.session().is_none());
    if let Some(protocol) = protocol.or(method) {
        event.text("auth_protocol", protocol);
        event.number("auth_protocol_id", OTHER);
    }
    let mut service = event.object("service");
    let reached = facts.session.and_then(|session| session.target.as_deref());
    service.text("name", reached.unwrap_or(PRODUCT));
    service.end();
    let user = facts.target_user.as_deref().or(facts.who());
    push_user(event, "user", user);
}

/// What is managed; the session, where nothing is said.
fn push_entity(line: &Line<'_>, thing: Option<&Thing<'_>>, event: &mut Object<'_>) {
    let mut entity = event.object("entity");
    if let Some(name) = thing.and_then(|thing| thing.name.as_deref()) {
        entity.text("name", name);
    }
    entity.text("type", thing.map_or("session", |thing| thing.kind));
    entity.number("type_id", OTHER);
    let uid = line.seen.session().map(|session| session.to_string());
    entity.text("uid", uid.as_deref().unwrap_or(line.seen.stream().as_str()));
    entity.end();
}

fn push_file(file: Option<&File<'_>>, event: &mut Object<'_>) {
    let mut object = event.object("file");
    if let Some(sha256) = file.and_then(|file| file.sha256) {
        object.list_of_one("hashes", |hash| {
            hash.text("algorithm", "SHA-256");
            hash.number("algorithm_id", 3);
            hash.text("value", sha256);
        });
    }
    let path = file.map_or(UNKNOWN, |file| file.path);
    object.text("name", file_name(path));
    object.text("path", path);
    object.number_if("size", file.and_then(|file| file.bytes));
    object.number("type_id", 1);
    object.end();
}

fn push_process(process: Option<&Process<'_>>, event: &mut Object<'_>) {
    event.number_if("exit_code", process.and_then(|process| process.exit));
    let mut object = event.object("process");
    let Some(process) = process else {
        object.text("uid", UNKNOWN);
        return object.end();
    };
    if !process.arguments.is_empty() {
        object.text("cmd_line", &process.arguments.join(" "));
    }
    if let Some(path) = process.path {
        let mut file = object.object("file");
        file.text("name", file_name(path));
        file.text("path", path);
        file.number("type_id", 1);
        file.end();
        object.text("name", file_name(path));
    }
    if let Some(pid) = process.parent {
        let mut parent = object.object("parent_process");
        parent.number("pid", pid);
        parent.end();
    }
    object.number("pid", process.pid);
    if process.user.is_some() {
        push_user(&mut object, "user", process.user);
    }
    object.end();
}

fn file_name(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next();
    name.filter(|name| !name.is_empty()).unwrap_or(path)
}

fn target<'a>(line: &Line<'a>) -> Option<&'a str> {
    let session = line.facts.session?;
    session.host.as_deref().or(session.target.as_deref())
}

fn push_endpoints(line: &Line<'_>, class: Class, event: &mut Object<'_>) {
    if let (Class::Ssh | Class::Rdp | Class::Authentication, Some(target)) = (class, target(line)) {
        let mut reached = event.object("dst_endpoint");
        reached.text("hostname", target);
        reached.end();
    }
    let takes_source = matches!(
        class,
        Class::Authentication | Class::Entity | Class::UserAccess | Class::Api | Class::EventLog
    );
    let address = line.facts.address;
    // Whoever calls comes from somewhere, known or not.
    if takes_source && (address.is_some() || class == Class::Api) {
        let mut source = event.object("src_endpoint");
        match address {
            Some(address) => source.text("ip", &address.to_string()),
            None => source.text("name", UNKNOWN),
        }
        source.end();
    }
}
