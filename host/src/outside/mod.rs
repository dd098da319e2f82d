//! The world outside of the sandbox: what `fetch` and `generate` may ask, and who answers.
//!
//! Nothing is permitted unless it is granted. A question goes first to the recorded answers, if there are any,
//! then to the network, where the host and, once its name is resolved, the address must be granted.
//! What comes back is bounded in size and time. Programs see this as the interfaces that `wit/` describes: [`http`]
//! and [`llm`] are their functions as a core module imports them.

mod abi;
mod address;
mod client;
mod http;
mod llm;
mod recording;

use crate::failure::{Failure, Result, show};
use crate::sandbox::State;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{self, PemItem, RootCerts};
use wasmtime::{ImportType, Linker};

pub(crate) use self::abi::Table;
use self::address::Rules;
use self::client::Client;
use self::llm::Provider;
use self::recording::{Recorder, Recording};

/// The most bytes of one answer.
pub(crate) const MAX_ANSWER: u64 = 64 << 20;
/// How long one question may take unless the program says so itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What of the world a program may ask.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    rules: Arc<Rules>,
    recording: Option<Arc<Recording>>,
    recorder: Option<Arc<Recorder>>,
    provider: Option<Arc<Provider>>,
    roots: Option<RootCerts>,
}

impl Outside {
    /// Grants a host as `--allow-net` writes it: `HOST`, `HOST:PORT`, `*.DOMAIN` or `*`.
    pub fn allow(&mut self, rule: &str) -> Result<()> {
        Arc::make_mut(&mut self.rules).add(rule)
    }

    /// Answers from a file, or from all files of a directory.
    pub fn replay(&mut self, path: &Path) -> Result<()> {
        self.recording = Some(Arc::new(Recording::load(path)?));
        Ok(())
    }

    /// Grants a provider of models: `echo`, or the URL of a service with OpenAI's interface, the model that it is asked
    /// for where a program names none, the key, and how long it may take to answer (five minutes).
    pub fn provider(
        &mut self,
        provider: &str,
        model: Option<String>,
        key: Option<String>,
        patience: Option<Duration>,
    ) -> Result<()> {
        self.provider = Some(Arc::new(Provider::new(provider, model, key, patience)?));
        Ok(())
    }

    /// Trusts the certificates of a file in PEM form, and no others, to vouch for whom `https` reaches.
    pub fn certificates(&mut self, path: &Path) -> Result<()> {
        let unusable = || Failure::usage(format!("cannot use the certificates in {}", show(path)));
        let text = std::fs::read(path).map_err(|error| unusable().because(error))?;
        let mut trusted = Vec::new();
        for item in tls::parse_pem(&text) {
            if let PemItem::Certificate(certificate) = item.map_err(|error| unusable().because(error))? {
                trusted.push(certificate);
            }
        }
        if trusted.is_empty() {
            return Err(unusable().because("there are none"));
        }
        self.roots = Some(RootCerts::new_with_certs(&trusted));
        Ok(())
    }

    /// Writes down what the network answers, to be replayed.
    pub fn record(&mut self, path: &Path) -> Result<()> {
        self.recorder = Some(Arc::new(Recorder::create(path)?));
        Ok(())
    }
}

/// The host's side of what a running program asks.
pub(crate) struct Asking {
    pub(crate) table: Table,
    outside: Outside,
    client: Option<Client>,
    provider_client: Option<Client>,
}

impl Asking {
    pub(crate) fn new(outside: &Outside) -> Asking {
        Asking { table: Table::default(), outside: outside.clone(), client: None, provider_client: None }
    }

    /// For what the operator named as provider, which may be anywhere.
    fn provider_client(&mut self) -> &Client {
        let roots = self.outside.roots.as_ref();
        self.provider_client.get_or_insert_with(|| Client::new(Arc::new(Rules::unlimited()), roots))
    }

    fn ask(&mut self, request: &Request) -> std::result::Result<Answer, Refusal> {
        let Outside { rules, recording, recorder, provider: _, roots } = &self.outside;
        if let Some(answer) = recording.as_ref().and_then(|recording| recording.answer(request)) {
            return Ok(answer);
        }
        if let (Some(recording), true) = (recording, rules.is_empty()) {
            return Err(Refusal::Text(recording.misses(request)));
        }
        rules.check(&request.url)?;
        let client = self.client.get_or_insert_with(|| Client::new(Arc::clone(rules), roots.as_ref()));
        let answer = client.send(request)?;
        match recorder {
            Some(recorder) => recorder.add(request, &answer).map(|()| answer),
            None => Ok(answer),
        }
    }
}

/// One question over HTTP.
#[derive(Clone, Debug)]
struct Request {
    method: String,
    /// Scheme, authority, path and query.
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    patience: Option<Duration>,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Answer {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// Why there is no answer, as `error-code` of wasi:http tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refusal {
    DnsError,
    ConnectionRefused,
    TimedOut,
    /// The host is not granted.
    Denied,
    /// Anything else, in words.
    Text(String),
}

/// Whether the import is one of those defined here, as far as its module's name goes.
pub(crate) fn provides(import: &ImportType<'_>) -> bool {
    ["wasi:http/", "wasi:io/", "mochi:host/llm"].iter().any(|package| import.module().starts_with(package))
}

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    http::add_to_linker(linker)?;
    llm::add_to_linker(linker)
}
