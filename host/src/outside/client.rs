//! Questions over the network.
//!
//! One request, one answer: redirects are the program's business, which asks anew, so that each host is
//! looked at. No proxy of the environment is used, since who connects must see the address.

use super::address::Rules;
use super::{Answer, MAX_ANSWER, PATIENCE, Refusal, Request};
use crate::limits;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::sync::Arc;
use ureq::config::Config;
use ureq::http::{self, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

/// The most bytes of an answer's status and headers.
const MAX_HEAD: usize = 64 << 10;

pub(super) struct Client(Agent);

impl Client {
    /// With the certificates that are trusted, or else those that Mozilla trusts.
    pub(super) fn new(rules: Arc<Rules>, roots: Option<&RootCerts>) -> Client {
        let roots = roots.cloned().unwrap_or(RootCerts::WebPki);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .max_response_header_size(MAX_HEAD)
            .proxy(None)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .user_agent(concat!("mochi-wasm/", env!("CARGO_PKG_VERSION")))
            .build();
        Client(Agent::with_parts(
            config,
            DefaultConnector::default(),
            Guard { names: DefaultResolver::default(), rules },
        ))
    }

    pub(super) fn send(&self, request: &Request) -> Result<Answer, Refusal> {
        let invalid = |error: http::Error| Refusal::Text(format!("invalid request: {error}"));
        let mut builder = http::Request::builder().method(request.method.as_str()).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name.as_str(), value.as_slice());
        }
        let patience = request.patience.unwrap_or(PATIENCE);
        let refused = |error: Error| refusal(&error);
        let mut response = if request.body.is_empty() {
            let request = builder.body(()).map_err(invalid)?;
            let request = self.0.configure_request(request).timeout_global(Some(patience)).build();
            self.0.run(request).map_err(refused)?
        } else {
            let request = builder.body(request.body.as_slice()).map_err(invalid)?;
            let request = self.0.configure_request(request).timeout_global(Some(patience)).build();
            self.0.run(request).map_err(refused)?
        };
        let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec().map_err(refused)?;
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        Ok(Answer { status: response.status().as_u16(), headers, body })
    }
}

/// Looks names up and refuses addresses that are not granted.
#[derive(Debug)]
struct Guard {
    names: DefaultResolver,
    rules: Arc<Rules>,
}

impl Resolver for Guard {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        let mut granted = self.empty();
        for &address in found.iter().filter(|address| self.rules.permits_address(uri, address.ip())) {
            granted.push(address);
        }
        match found.first() {
            Some(first) if granted.is_empty() => {
                let private = Private { address: first.ip(), port: first.port() };
                Err(Error::Io(io::Error::new(ErrorKind::PermissionDenied, private)))
            }
            _ => Ok(granted),
        }
    }
}

/// A name that leads to an address of this machine or its network.
#[derive(Debug)]
struct Private {
    address: IpAddr,
    port: u16,
}

impl fmt::Display for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = std::net::SocketAddr::new(self.address, self.port);
        write!(f, "its address {} is not a public one; only --allow-net {at} permits that", self.address)
    }
}

impl std::error::Error for Private {}

fn refusal(error: &Error) -> Refusal {
    match error {
        Error::HostNotFound => Refusal::DnsError,
        Error::Timeout(_) => Refusal::TimedOut,
        Error::BodyExceedsLimit(_) => Refusal::Text(format!("the answer is larger than {}", limits::size(MAX_ANSWER))),
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => Refusal::ConnectionRefused,
            ErrorKind::TimedOut => Refusal::TimedOut,
            _ => Refusal::Text(error.to_string()),
        },
        other => Refusal::Text(other.to_string()),
    }
}
