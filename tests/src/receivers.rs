//! Receivers of events: rsyslog, syslog-ng and NATS as others made them, and HTTP servers that fail as they are told.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::PATIENCE;

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn wait_for_port(port: u16) {
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < PATIENCE, "nobody listens on {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A child that ends with what holds it.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An authority, and a certificate for 127.0.0.1 that it signed.
pub struct Authority(PathBuf);

impl Authority {
    /// Makes both with openssl in a folder.
    pub fn new(folder: &Path) -> Self {
        let openssl = |arguments: &[&str]| {
            let output = Command::new("openssl")
                .args(arguments)
                .current_dir(folder)
                .output()
                .expect("openssl runs");
            assert!(output.status.success(), "{output:?}");
        };
        let new_key = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ];
        let ca = [
            "req",
            "-x509",
            "-days",
            "2",
            "-subj",
            "/CN=test authority",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ];
        openssl(&[&ca[..], &new_key].concat());
        let request = [
            "req",
            "-subj",
            "/CN=127.0.0.1",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        ];
        openssl(&[&request[..], &new_key].concat());
        fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").expect("it is written");
        openssl(&[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "names",
            "-out",
            "server.pem",
        ]);
        Self(folder.to_owned())
    }

    /// The authority's own certificate.
    pub fn certificate(&self) -> PathBuf {
        self.0.join("ca.pem")
    }
}

/// Which receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyslogKind {
    /// rsyslog, unpacked by `scripts/install verifiers`.
    Rsyslog,
    /// syslog-ng of the system.
    SyslogNg,
}

/// How it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// TLS.
    Tls,
    /// UDP; rsyslog listens on TCP too, by which it can be seen that it does.
    Udp,
}

/// A receiver of syslog that writes structured data and message of each event as a line.
pub struct Syslog(Process);

impl Syslog {
    /// Starts it on a port, and waits until it listens. Lines are added to `file`.
    pub fn start(
        kind: SyslogKind,
        transport: Transport,
        port: u16,
        file: &Path,
        authority: &Authority,
    ) -> Self {
        let folder = tempfile_in(&authority.0);
        let config = folder.join("config");
        let text = match kind {
            SyslogKind::Rsyslog => rsyslog(transport, port, file, authority, &folder),
            SyslogKind::SyslogNg => syslog_ng(transport, port, file, authority),
        };
        fs::write(&config, text).expect("it is written");
        let mut command = match kind {
            SyslogKind::Rsyslog => {
                let cache = std::env::var("RETRACE_CACHE").expect("RETRACE_CACHE, as make sets it");
                let rsyslog = Path::new(&cache).join("rsyslog/usr");
                let mut command = Command::new(rsyslog.join("sbin/rsyslogd"));
                let modules = fs::read_dir(rsyslog.join("lib")).expect("scripts/install verifiers");
                let modules = modules
                    .filter_map(|entry| Some(entry.ok()?.path().join("rsyslog")))
                    .find(|path| path.is_dir())
                    .expect("the modules of rsyslog");
                command
                    .arg("-n")
                    .arg("-f")
                    .arg(&config)
                    .arg("-i")
                    .arg(folder.join("pid"));
                command.arg("-M").arg(modules);
                command
            }
            SyslogKind::SyslogNg => {
                let mut command = Command::new("/usr/sbin/syslog-ng");
                command.args(["-F", "--no-caps", "-f"]).arg(&config);
                command.arg("--persist-file").arg(folder.join("persist"));
                command.arg("--pidfile").arg(folder.join("pid"));
                command.arg("--control").arg(folder.join("control"));
                command
            }
        };
        let log = fs::File::create(folder.join("said")).expect("it is written");
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("it is open"))
            .stderr(log)
            .spawn()
            .expect("it is installed: scripts/install verifiers");
        let receiver = Self(Process(child));
        wait_for_port(port);
        receiver
    }

    /// Ends it as a crash does.
    pub fn kill(self) {
        drop(self);
    }
}

impl Syslog {
    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.0.0.id()
    }
}

fn tempfile_in(folder: &Path) -> PathBuf {
    let folder = tempfile::tempdir_in(folder).expect("a folder");
    // It goes with the folder that it lies in.
    folder.keep()
}

fn rsyslog(
    transport: Transport,
    port: u16,
    file: &Path,
    authority: &Authority,
    work: &Path,
) -> String {
    let (file, work) = (file.display(), work.display());
    let certificates = authority.0.display();
    let (global, module) = match transport {
        Transport::Tcp => (String::new(), String::new()),
        Transport::Udp => (
            format!(
                "module(load=\"imudp\")\ninput(type=\"imudp\" port=\"{port}\" address=\"127.0.0.1\")\n"
            ),
            String::new(),
        ),
        Transport::Tls => (
            format!(
                "global(DefaultNetstreamDriver=\"ossl\" DefaultNetstreamDriverCAFile=\"{certificates}/ca.pem\"
                 DefaultNetstreamDriverCertFile=\"{certificates}/server.pem\"
                 DefaultNetstreamDriverKeyFile=\"{certificates}/server.key\")\n"
            ),
            " StreamDriver.Name=\"ossl\" StreamDriver.Mode=\"1\" StreamDriver.AuthMode=\"anon\"".to_owned(),
        ),
    };
    format!(
        "global(workDirectory=\"{work}\" parser.escapeControlCharactersOnReceive=\"off\")
{global}module(load=\"imtcp\"{module})
input(type=\"imtcp\" port=\"{port}\" address=\"127.0.0.1\")
template(name=\"line\" type=\"string\" string=\"%structured-data% %msg%\\n\")
action(type=\"omfile\" file=\"{file}\" template=\"line\" flushOnTXEnd=\"on\")
"
    )
}

fn syslog_ng(transport: Transport, port: u16, file: &Path, authority: &Authority) -> String {
    let (file, certificates) = (file.display(), authority.0.display());
    let over = match transport {
        Transport::Tcp => "transport(\"tcp\")".to_owned(),
        Transport::Udp => "transport(\"udp\")".to_owned(),
        Transport::Tls => format!(
            "transport(\"tls\") tls(key-file(\"{certificates}/server.key\") cert-file(\"{certificates}/server.pem\")
             peer-verify(optional-untrusted))"
        ),
    };
    format!(
        "@version: 3.38
options {{ flush-lines(1); }};
source in {{ syslog(ip(\"127.0.0.1\") port({port}) {over}); }};
destination out {{ file(\"{file}\" template(\"${{SDATA}} ${{MSG}}\\n\")); }};
log {{ source(in); destination(out); flags(flow-control); }};
"
    )
}

/// A request that was made.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Its path.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header; nothing when there is none.
    pub fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// An HTTP server that answers as it is told, and remembers the requests that it took.
pub struct Http {
    /// Where it listens.
    pub port: u16,
    taken: Arc<Mutex<Vec<Request>>>,
}

impl Http {
    /// Starts it. It is told which request it is, from 0, and what is in it; what is answered with 2xx is remembered.
    pub fn start(answer: impl Fn(u64, &Request) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&taken);
        std::thread::spawn(move || {
            for (number, stream) in (0..).zip(listener.incoming()) {
                let Ok(mut stream) = stream else { return };
                let Some(request) = read_request(&stream) else {
                    continue;
                };
                let (status, body) = answer(number, &request);
                if (200..300).contains(&status) {
                    remembered.lock().expect("nobody panicked").push(request);
                }
                let head = format!(
                    "HTTP/1.1 {status} Said\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                // Whoever asked may be gone.
                let _ = stream.write_all(head.as_bytes());
                let _ = stream.write_all(body.as_bytes());
            }
        });
        Self { port, taken }
    }

    /// The requests that it took.
    pub fn taken(&self) -> Vec<Request> {
        self.taken.lock().expect("nobody panicked").clone()
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut request = Request {
        path: line.split(' ').nth(1)?.to_owned(),
        ..Request::default()
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        let header = (name.to_ascii_lowercase(), value.trim().to_owned());
        request.headers.push(header);
    }
    let length = request.header("content-length").parse().unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// A server of NATS with JetStream.
pub struct JetStream {
    /// Where it listens.
    pub port: u16,
    _process: Process,
}

impl JetStream {
    /// Starts it, with its data in a folder.
    pub fn start(folder: &Path) -> Self {
        let port = free_port();
        let child = Command::new("/usr/sbin/nats-server")
            .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
            .arg(folder.join("nats"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it is installed: scripts/install verifiers");
        let process = Process(child);
        wait_for_port(port);
        Self {
            port,
            _process: process,
        }
    }

    /// Asks its API, in its own protocol.
    fn ask(&self, subject: &str, question: &Value) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        let body = question.to_string();
        let text = format!(
            "CONNECT {{\"verbose\":false}}\r\nSUB answers 1\r\nPUB {subject} answers {}\r\n{body}\r\n",
            body.len()
        );
        stream.write_all(text.as_bytes()).expect("it is sent");
        let mut lines = BufReader::new(stream).lines();
        loop {
            let line = lines.next().expect("an answer").expect("text");
            if line.starts_with("MSG ") {
                let answer = lines.next().expect("an answer").expect("text");
                return serde_json::from_str(&answer).expect("JSON");
            }
        }
    }

    /// Makes a stream of a subject.
    pub fn create_stream(&self, name: &str, subject: &str) {
        let subjects = json!({"name": name, "subjects": [subject], "storage": "file"});
        let answer = self.ask(&format!("$JS.API.STREAM.CREATE.{name}"), &subjects);
        assert!(answer["error"].is_null(), "{answer}");
    }

    /// How many messages a stream has.
    pub fn messages(&self, name: &str) -> u64 {
        let answer = self.ask(&format!("$JS.API.STREAM.INFO.{name}"), &json!({}));
        let count = answer["state"]["messages"].as_u64();
        count.unwrap_or_else(|| panic!("{answer}"))
    }
}
