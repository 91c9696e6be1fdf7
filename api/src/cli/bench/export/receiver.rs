//! A receiver: rsyslog with TLS, on this machine, which writes a line for each event.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use retrace_core::data_dir::DataDir;
use retrace_core::event::DestinationSet;
use retrace_core::{Position, Timestamp};

use super::House;
use crate::siem::destinations::definition::Destination;
use crate::siem::destinations::secret::SecretSealer;
use crate::siem::destinations::sinks::{self, Outgoing, SinkContext};
use crate::siem::formats::{Format, LineWriter, meaning};
use crate::siem::page::EventPages;
use crate::siem::sight::Sieve;

const BATCH: usize = 500;
/// rsyslog is taken to have lost events when nothing has come for so long.
const PATIENCE: Duration = Duration::from_secs(30);

struct Rsyslog {
    child: Child,
    port: u16,
    file: PathBuf,
    ca: String,
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many events a second arrive as OCSF, until the last stands in the receiver's file.
pub(super) async fn over_tls(house: &House) -> anyhow::Result<f64> {
    let receiver = Rsyslog::start(house.folder.path())?;
    let set = DestinationSet {
        ca: Some(receiver.ca.clone()),
        format: Format::Ocsf.name().to_owned(),
        kind: "syslog-tls".to_owned(),
        name: "bench".to_owned(),
        target: format!("127.0.0.1:{}", receiver.port),
        ..DestinationSet::default()
    };
    let destination = Arc::new(Destination::of(&set, Timestamp::now())?);
    let context = SinkContext {
        sealer: SecretSealer::of(&DataDir::new(house.folder.path().join("data")))?,
        folder: None,
    };
    let begun = Instant::now();
    let mut sink = sinks::open(&destination, &context).await?;
    let mut pages = EventPages::new(Arc::clone(&house.log), Position(0), house.size);
    let mut working = Some((
        Sieve::new(Arc::clone(&house.log), house.reader.clone()),
        LineWriter::new(Format::Ocsf, house.log.id()),
    ));
    loop {
        let events = pages.next_events().await?;
        if events.is_empty() {
            break;
        }
        let (mut sieve, writer) = working.take().context("the pages ended")?;
        let work = tokio::task::spawn_blocking(move || {
            let mut outgoing = Vec::with_capacity(events.len());
            let sifted = sieve.sift(&events, |shown| {
                let mut line = Vec::with_capacity(1_200);
                let truncated = writer.push(shown, &mut line);
                outgoing.push(Outgoing {
                    position: shown.event.position(),
                    id: writer.id_of(shown.event),
                    at: shown.event.at(),
                    recorded_at: shown.event.recorded_at(),
                    kind: shown.event.kind().clone(),
                    severity: meaning::of(shown.event.kind()).severity,
                    truncated,
                    line,
                });
            });
            sifted.map(|()| (sieve, writer, outgoing))
        });
        let (sieve, writer, outgoing) = work.await??;
        working = Some((sieve, writer));
        for batch in outgoing.chunks(BATCH) {
            sink.send(batch).await?;
        }
    }
    sink.close().await;
    receiver.wait_for(house.size.0)?;
    Ok(house.size.0 as f64 / begun.elapsed().as_secs_f64())
}

impl Rsyslog {
    fn start(folder: &Path) -> anyhow::Result<Self> {
        let usr = super::cache()?.join("rsyslog/usr");
        ensure!(
            usr.join("sbin/rsyslogd").is_file(),
            "rsyslog is not there: scripts/install verifiers"
        );
        let openssl = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=127.0.0.1",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-keyout",
                "server.key",
                "-out",
                "server.pem",
            ])
            .current_dir(folder)
            .output()?;
        ensure!(openssl.status.success(), "openssl made no certificate");
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (file, here) = (folder.join("received.log"), folder.display());
        let config = format!(
            "global(workDirectory=\"{here}\" DefaultNetstreamDriver=\"ossl\"
 DefaultNetstreamDriverCAFile=\"{here}/server.pem\" DefaultNetstreamDriverCertFile=\"{here}/server.pem\"
 DefaultNetstreamDriverKeyFile=\"{here}/server.key\")
main_queue(queue.size=\"100000\" queue.timeoutEnqueue=\"600000\" queue.dequeueBatchSize=\"4096\")
module(load=\"imtcp\" StreamDriver.Name=\"ossl\" StreamDriver.Mode=\"1\" StreamDriver.AuthMode=\"anon\")
input(type=\"imtcp\" port=\"{port}\" address=\"127.0.0.1\")
template(name=\"line\" type=\"string\" string=\"%msg%\\n\")
action(type=\"omfile\" file=\"{}\" template=\"line\" ioBufferSize=\"256k\" flushOnTXEnd=\"off\" flushInterval=\"1\" asyncWriting=\"on\")
",
            file.display()
        );
        fs::write(folder.join("rsyslog.conf"), config)?;
        let modules = fs::read_dir(usr.join("lib"))?
            .filter_map(|entry| Some(entry.ok()?.path().join("rsyslog")))
            .find(|path| path.is_dir())
            .context("the modules of rsyslog are not there")?;
        let child = Command::new(usr.join("sbin/rsyslogd"))
            .args(["-n", "-f", "rsyslog.conf", "-i", "rsyslog.pid", "-M"])
            .arg(modules)
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let ca = fs::read_to_string(folder.join("server.pem"))?;
        let receiver = Self {
            child,
            port,
            file,
            ca,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(begun.elapsed() < PATIENCE, "rsyslog does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(receiver)
    }

    /// Waits until so many lines were written.
    fn wait_for(&self, wanted: u64) -> anyhow::Result<()> {
        let mut lines = 0;
        let mut reader = BufReader::new(fs::File::open(&self.file)?);
        let mut line = Vec::new();
        let mut heard = Instant::now();
        while lines < wanted {
            let more = reader.read_until(b'\n', &mut line)?;
            if line.ends_with(b"\n") {
                line.clear();
                lines += 1;
                heard = Instant::now();
            } else if more == 0 {
                if heard.elapsed() > PATIENCE {
                    bail!("{lines} of {wanted} events arrived: some were lost");
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        Ok(())
    }
}
