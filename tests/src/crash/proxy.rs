//! A network between recorder and server that cuts connections within requests and answers, holds
//! messages back, and delivers them twice, also long after the recorder has gone.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::http::{Connection, Message};
use super::rng::Rng;

/// What a proxy has done.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Connections that were cut.
    pub(super) cuts: AtomicU64,
    /// Requests that reached the server twice, or late.
    pub(super) duplicates: AtomicU64,
}

/// A proxy that runs until it is stopped.
pub(super) struct Proxy {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    accepting: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy before a server.
    pub(super) fn start(server: SocketAddr, seed: u64, done: &Arc<Done>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let threads = Arc::new(Mutex::new(Vec::new()));
        let accepting = {
            let (stop, threads, done) = (Arc::clone(&stop), Arc::clone(&threads), Arc::clone(done));
            std::thread::spawn(move || {
                for (number, stream) in (0..).zip(listener.incoming()) {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    let link = Link {
                        server,
                        random: Rng::part(seed, number),
                        done: Arc::clone(&done),
                    };
                    // Whatever goes wrong on it ends the connection, which is what it is for.
                    let thread = std::thread::spawn(move || drop(link.serve(stream)));
                    let mut threads = threads.lock().unwrap_or_else(PoisonError::into_inner);
                    threads.retain(|thread: &JoinHandle<()>| !thread.is_finished());
                    threads.push(thread);
                }
            })
        };
        Ok(Self {
            address,
            stop,
            threads,
            accepting: Some(accepting),
        })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Waits until the last late request is delivered.
impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes it, so that it sees that it is to stop.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// One connection through the proxy.
struct Link {
    server: SocketAddr,
    random: Rng,
    done: Arc<Done>,
}

impl Link {
    fn serve(mut self, client: TcpStream) -> io::Result<()> {
        let mut client = Connection::over(client)?;
        let mut server = None;
        while let Some(request) = client.receive()? {
            let fate = self.random.between(0, 99);
            let request = request.bytes();
            match fate {
                0..=3 => return self.cut(),
                4..=8 => {
                    let part = self.random.between(0, request.len() as u64 - 1) as usize;
                    Connection::open(self.server)?.send(&request[..part])?;
                    return self.cut();
                }
                9..=15 => {
                    // The server has done it, and nobody hears of it.
                    Connection::open(self.server)?.ask(&request)?;
                    return self.cut();
                }
                16..=19 => {
                    drop(client);
                    self.done.duplicates.fetch_add(1, Ordering::Relaxed);
                    self.pause(200);
                    Connection::open(self.server)?.ask(&request)?;
                    return self.cut();
                }
                20..=27 => {
                    let answer = self.twice(&request)?;
                    client.send(&answer.bytes())?;
                }
                _ => {
                    if fate < 36 {
                        self.pause(30);
                    }
                    let connection = match &mut server {
                        Some(connection) => connection,
                        none => none.insert(Connection::open(self.server)?),
                    };
                    let answer = connection.ask(&request)?;
                    if fate > 93 {
                        let answer = answer.bytes();
                        let part = self.random.between(0, answer.len() as u64 - 1) as usize;
                        client.send(&answer[..part])?;
                        return self.cut();
                    }
                    client.send(&answer.bytes())?;
                    if answer.closes() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn cut(&self) -> io::Result<()> {
        self.done.cuts.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn pause(&mut self, millis_max: u64) {
        std::thread::sleep(Duration::from_millis(self.random.between(1, millis_max)));
    }

    /// Delivers a request over two connections at once, and answers with either answer.
    fn twice(&mut self, request: &[u8]) -> io::Result<Message> {
        self.done.duplicates.fetch_add(1, Ordering::Relaxed);
        let server = self.server;
        let ask = move || Connection::open(server)?.ask(request);
        std::thread::scope(|scope| {
            let other = scope.spawn(ask);
            let mine = ask();
            let other = other
                .join()
                .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
            if self.random.percent(50) {
                mine.or(other)
            } else {
                other.or(mine)
            }
        })
    }
}
