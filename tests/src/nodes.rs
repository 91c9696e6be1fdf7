//! Servers on one log in PostgreSQL, each with a data folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use retrace_scratch_postgres::PostgresServer;

use crate::{Retrace, Server, text};

/// The nodes of a log. They share its keys, and a folder for exports.
pub struct Nodes<'a> {
    retrace: &'a Retrace,
    postgres: PostgresServer,
    first: String,
}

impl<'a> Nodes<'a> {
    /// A log whose first node has this name. None where there is no PostgreSQL.
    pub fn new(retrace: &'a Retrace, first: &str) -> Option<Self> {
        let postgres = PostgresServer::start().ok()?;
        fs::create_dir_all(retrace.scratch().join("exports")).expect("a folder");
        let nodes = Self {
            retrace,
            postgres,
            first: first.to_owned(),
        };
        Some(nodes)
    }

    /// Where all of them may write.
    pub fn exports(&self) -> PathBuf {
        self.retrace.scratch().join("exports")
    }

    /// A command on a node, not started yet.
    pub fn command(&self, node: &str, arguments: &[impl AsRef<OsStr>]) -> Command {
        let data = self.retrace.scratch().join(node);
        let keys = self.retrace.scratch().join(&self.first).join("keys");
        if node != self.first && !data.exists() {
            fs::create_dir_all(data.join("keys")).expect("a folder");
            for key in fs::read_dir(keys).expect("the first node was used before") {
                let key = key.expect("a key");
                let copied = fs::copy(key.path(), data.join("keys").join(key.file_name()));
                copied.expect("it is copied");
            }
        }
        let mut command = self.retrace.command(&[]);
        command
            .args(arguments)
            .env("RETRACE_DATA", data)
            .env("RETRACE_DATABASE_URL", self.postgres.url())
            .env("RETRACE_EXPORT_FOLDER", self.exports());
        command
    }

    /// Runs a command on a node, which must succeed, and answers what it printed.
    pub fn succeed(&self, node: &str, arguments: &[&str]) -> String {
        let output = self.command(node, arguments).output();
        let output = output.expect("the binary starts");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        text(&output.stdout)
    }

    /// A new token.
    pub fn token(&self) -> String {
        let made = self.succeed(&self.first, &["token", "create", "--name", "tests"]);
        made.trim().to_owned()
    }

    /// Starts the server of a node.
    pub fn serve(&self, node: &str) -> Server {
        let command = self.command(node, &["serve", "--listen", "127.0.0.1:0"]);
        self.retrace.serve_by(command)
    }
}
