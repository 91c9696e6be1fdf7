//! Faults for as long as one likes: `make faults SECONDS=3600`.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use retrace_tests::receivers::{Authority, Syslog, SyslogKind, Transport, free_port};

use crate::house::{House, house, serve};

/// Unless somebody has more time.
const SECONDS: u64 = 12;
/// So many seconds of a terminal are imported at once.
const RECORDING_S: u32 = 20;

/// Numbers that look like chance, and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

fn signal(pid: u32, name: &str) {
    let done = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
    assert!(done.expect("kill runs").success());
}

/// Events come in all the while; the receiver is killed and stalls, the server is killed and stopped; in the end the
/// receiver has each event of the log.
#[test]
fn nothing_is_lost_through_faults() {
    let seconds = std::env::var("RETRACE_FAULTS_S").ok();
    let seconds = seconds.map_or(SECONDS, |text| text.parse().expect("seconds"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut house = house();
    let authority = Authority::new(house.retrace.scratch());
    let port = free_port();
    let file = house.retrace.scratch().join("received.log");
    let kind = SyslogKind::Rsyslog;
    let start = || Syslog::start(kind, Transport::Tls, port, &file, &authority);
    let mut receiver = start();
    let (address, ca) = (format!("127.0.0.1:{port}"), authority.certificate());
    let ca = ca.to_str().expect("a path");
    house.add(
        "siem",
        &[
            "--kind",
            "syslog-tls",
            "--address",
            &address,
            "--ca",
            ca,
            "--format",
            "ocsf",
            "--from-the-start",
            "--option",
            "hold_s=3",
        ],
    );
    let (mut chance, mut number, mut faults) = (Chance(7), 0, [0_u32; 4]);
    while Instant::now() < end {
        number += 1;
        house.import(number, RECORDING_S);
        let pause = Duration::from_millis(200 + chance.below(1_500));
        let fault = chance.below(4) as usize;
        faults[fault] += 1;
        match fault {
            0 => {
                receiver.kill();
                std::thread::sleep(pause);
                receiver = start();
            }
            1 => {
                signal(receiver.pid(), "STOP");
                std::thread::sleep(4 * pause);
                signal(receiver.pid(), "CONT");
            }
            2 => {
                let House {
                    retrace,
                    server,
                    token,
                } = house;
                server.kill();
                std::thread::sleep(pause);
                let server = serve(&retrace);
                house = House {
                    retrace,
                    server,
                    token,
                };
            }
            _ => {
                let House {
                    retrace,
                    server,
                    token,
                } = house;
                assert!(server.terminate().success());
                let server = serve(&retrace);
                house = House {
                    retrace,
                    server,
                    token,
                };
            }
        }
        std::thread::sleep(pause);
    }
    let sent = house.wait_until_idle("siem");
    // What the receiver has taken it may still be writing.
    std::thread::sleep(Duration::from_secs(2));
    let range = house.reconcile("siem", &file);
    let bytes = fs::metadata(&file).expect("it was written").len();
    let [killed, stalled, server_killed, server_stopped] = faults;
    eprintln!(
        "{seconds} s: {number} recordings; receiver killed {killed} times, stalled {stalled}; server killed {server_killed} \
         times, stopped {server_stopped}; {bytes} bytes received; {range}; {sent}"
    );
}
