//! An HTTP server for one test: it answers as it is told and remembers what it was asked.
//!
//! What it shows over `https` was made by `openssl` for these tests and proves nothing anywhere else: a certificate of
//! 127.0.0.1 and its key, and that of the authority which signed it, whose key is gone.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Method, path and query.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The authority that a client has to trust to reach a secure server.
pub(crate) const AUTHORITY: &str = include_str!("certificates/ca.pem");

pub(crate) struct Server {
    scheme: &'static str,
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// How a request is answered.
pub(crate) enum Reply {
    Json(u16, String),
    Redirect(u16, String),
    /// These bytes as they are.
    Raw(Vec<u8>),
    /// The beginning of an answer, then nothing.
    Never(Vec<u8>),
    /// An answer without an end.
    Endless,
}

impl Server {
    pub(crate) fn new(answer: impl Fn(&Asked) -> Reply + Send + 'static) -> Server {
        Server::start("http", answer, |connection| Some(Box::new(connection)))
    }

    /// The same over `https`.
    pub(crate) fn secure(answer: impl Fn(&Asked) -> Reply + Send + 'static) -> Server {
        let chain = CertificateDer::pem_slice_iter(include_bytes!("certificates/server.pem"));
        let chain = chain.collect::<Result<Vec<_>, _>>().expect("certificates");
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("certificates/server.key")).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(chain, key);
        let config = Arc::new(config.expect("a certificate with its key"));
        Server::start("https", answer, move |connection| {
            let session = ServerConnection::new(Arc::clone(&config)).ok()?;
            Some(Box::new(StreamOwned::new(session, connection)))
        })
    }

    fn start(
        scheme: &'static str,
        answer: impl Fn(&Asked) -> Reply + Send + 'static,
        accept: impl Fn(TcpStream) -> Option<Box<dyn Connection>> + Send + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        // It ends with the test's process.
        thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(connection) = connection else { continue };
                let _ = connection.set_read_timeout(Some(Duration::from_secs(5)));
                let Some(mut connection) = accept(connection) else { continue };
                let Some(request) = read(&mut connection) else { continue };
                let reply = answer(&request);
                log.lock().expect("a log").push(request);
                // Who asked may be gone.
                let _ = write(&mut connection, reply);
            }
        });
        Server { scheme, address, asked }
    }

    /// Host and port.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("a log").clone()
    }
}

/// What a request comes over.
trait Connection: Read + Write {}

impl<C: Read + Write> Connection for C {}

fn read(connection: &mut Box<dyn Connection>) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        let mut part = [0; 4096];
        let length = connection.read(&mut part).ok().filter(|&length| length > 0)?;
        bytes.extend_from_slice(&part[..length]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut body = bytes.split_off(end + 4);
    let mut asked = Asked { line, headers, body: String::new() };
    let length: usize = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while body.len() < length {
        let mut part = [0; 4096];
        let read = connection.read(&mut part).ok().filter(|&length| length > 0)?;
        body.extend_from_slice(&part[..read]);
    }
    asked.body = String::from_utf8_lossy(&body).into_owned();
    Some(asked)
}

fn write(connection: &mut Box<dyn Connection>, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Json(status, body) => {
            let length = body.len();
            write!(connection, "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        }
        Reply::Redirect(status, to) => write!(
            connection,
            "HTTP/1.1 {status} X\r\nLocation: {to}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone"
        ),
        Reply::Raw(bytes) => connection.write_all(&bytes),
        Reply::Never(bytes) => {
            connection.write_all(&bytes)?;
            connection.flush()?;
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        Reply::Endless => {
            connection.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            let part = vec![b' '; 1 << 16];
            loop {
                connection.write_all(&part)?;
            }
        }
    }
}
