//! A server with recordings, and its destinations as the command line and GraphQL show them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use retrace_tests::{PATIENCE, Retrace, Server, long_recording};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "s3cret-of-the-receiver";

pub(crate) struct House {
    pub(crate) retrace: Retrace,
    pub(crate) server: Server,
    pub(crate) token: String,
}

pub(crate) fn serve(retrace: &Retrace) -> Server {
    let mut command = retrace.command(&["serve", "--listen", "127.0.0.1:0"]);
    let folder = retrace.scratch().join("exports");
    fs::create_dir_all(&folder).expect("a folder");
    command.env("RETRACE_EXPORT_FOLDER", folder);
    retrace.serve_by(command)
}

pub(crate) fn house() -> House {
    let retrace = Retrace::with_samples();
    let server = serve(&retrace);
    let token = retrace.token();
    House {
        retrace,
        server,
        token,
    }
}

/// How it goes with a destination, as a server says.
pub(crate) fn status(server: &Server, token: &str, name: &str) -> Value {
    let query = "{ destinations { name state lag delivered failed deadLetters lastError cursor hasSecret } }";
    let answer = server.graphql(token, query, &json!({}));
    let all = answer["data"]["destinations"].as_array();
    let all = all.unwrap_or_else(|| panic!("{answer}"));
    let found = all.iter().find(|one| one["name"] == name);
    found.cloned().unwrap_or_default()
}

impl House {
    pub(crate) fn add(&self, name: &str, arguments: &[&str]) {
        let mut command = self.retrace.command(&["destination", "add", name]);
        command
            .args(arguments)
            .env("RETRACE_DESTINATION_SECRET", SECRET);
        let output = command.output().expect("it starts");
        assert!(output.status.success(), "{output:?}");
    }

    pub(crate) fn status(&self, name: &str) -> Value {
        status(&self.server, &self.token, name)
    }

    pub(crate) fn wait_for(&self, name: &str, what: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let status = self.status(name);
            if what(&status) {
                return status;
            }
            assert!(started.elapsed() < PATIENCE * 2, "{name}: {status}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until everything that there is has arrived.
    pub(crate) fn wait_until_idle(&self, name: &str) -> Value {
        self.wait_for(name, |status| {
            status["state"] == "idle" && status["lag"] == 0 && status["delivered"] != 0
        })
    }

    /// Holds what a receiver has against the log.
    pub(crate) fn reconcile(&self, name: &str, file: &Path) -> Value {
        let file = file.to_str().expect("a path");
        let arguments = [
            "destination",
            "reconcile",
            name,
            "--received",
            file,
            "--json",
            "--width",
            "1000000000",
        ];
        let output = self.retrace.run(&arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let range: Value =
            serde_json::from_str(text.trim()).unwrap_or_else(|_| panic!("{output:?}"));
        assert!(output.status.success(), "{range}");
        assert_eq!(range["missing"], json!([]), "{range}");
        assert_eq!(range["unexpected"], 0, "{range}");
        assert!(range["expected"].as_u64() > Some(100), "{range}");
        range
    }

    pub(crate) fn import(&self, number: u32, seconds: u32) {
        let path = self.retrace.scratch().join(format!("long-{number}.cast"));
        let text = long_recording(seconds).replace("of a long", &format!("of {number}, a long"));
        fs::write(&path, text).expect("it is written");
        self.retrace
            .succeed(&["import", path.to_str().expect("a path")]);
    }
}
