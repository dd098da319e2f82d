//! wasi:http as compiled programs import it, and what they need of wasi:io.
//!
//! Names and types are those of the interfaces, lowered by the canonical ABI; `host/tests/cli/wit.rs` compares
//! them. The exchange happens when a program asks for the answer, so that nothing goes on beside it: a
//! program waits for one answer at a time.

use super::abi::{Guest, Table, unknown};
use super::{Answer, Refusal, Request};
use crate::sandbox::State;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use ureq::http::{HeaderName, HeaderValue, Method, uri};
use wasmtime::{Caller, Linker, Result};

const TYPES: &str = "wasi:http/types@0.2.12";
const HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";
const STREAMS: &str = "wasi:io/streams@0.2.12";
const POLL: &str = "wasi:io/poll@0.2.12";
const ERROR: &str = "wasi:io/error@0.2.12";

/// The most bytes that a read gives.
const READ_SIZE: u64 = 1 << 20;

/// What a program holds of the host's.
#[derive(Debug)]
pub(super) enum Resource {
    Fields(Vec<(String, Vec<u8>)>),
    Request(Outgoing),
    Options(Options),
    OutgoingBody(SharedBody),
    OutputStream(SharedBody),
    /// A request that was handed over, until its answer is taken.
    Future(Option<(Outgoing, Options)>),
    Pollable,
    Response(Answer),
    IncomingBody(Option<Vec<u8>>),
    InputStream {
        body: Vec<u8>,
        at: usize,
    },
}

impl Resource {
    /// How many bytes of the program's or of an answer it keeps.
    pub(super) fn size(&self) -> usize {
        let of_fields = |fields: &[(String, Vec<u8>)]| -> usize {
            fields.iter().map(|(name, value)| name.len() + value.len() + size_of::<(String, Vec<u8>)>()).sum()
        };
        match self {
            Resource::Fields(fields) => of_fields(fields),
            Resource::Request(request) | Resource::Future(Some((request, _))) => {
                let texts = [&request.scheme, &request.authority, &request.path];
                let texts: usize = texts.into_iter().flatten().map(String::len).sum();
                of_fields(&request.fields) + request.method.len() + texts
            }
            Resource::OutgoingBody(body) | Resource::OutputStream(body) => {
                body.lock().unwrap_or_else(PoisonError::into_inner).len()
            }
            Resource::Response(answer) => of_fields(&answer.headers) + answer.body.len(),
            Resource::IncomingBody(Some(body)) | Resource::InputStream { body, at: _ } => body.len(),
            Resource::Options(_) | Resource::Future(None) | Resource::Pollable | Resource::IncomingBody(None) => 0,
        }
    }
}

/// The body of a request, which its stream goes on writing.
type SharedBody = Arc<Mutex<Vec<u8>>>;

#[derive(Debug, Default)]
pub(super) struct Outgoing {
    fields: Vec<(String, Vec<u8>)>,
    method: String,
    scheme: Option<String>,
    authority: Option<String>,
    path: Option<String>,
    body: Option<SharedBody>,
}

#[derive(Debug, Default)]
pub(super) struct Options {
    /// Of connecting, until the first byte of the answer, between two.
    times: [Option<Duration>; 3],
}

/// The resource with a number, of the kind that is named.
macro_rules! resource {
    ($table:expr, $number:expr, $kind:ident) => {
        match $table.get($number)? {
            Resource::$kind(resource) => resource,
            _ => return Err(unknown($number)),
        }
    };
}

/// The same, and the program has it no longer.
macro_rules! taken {
    ($table:expr, $number:expr, $kind:ident) => {
        match $table.take($number)? {
            Resource::$kind(resource) => resource,
            _ => return Err(unknown($number)),
        }
    };
}

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    fields(linker)?;
    requests(linker)?;
    answers(linker)?;
    streams(linker)?;
    let drops = [
        (TYPES, "fields"),
        (TYPES, "outgoing-request"),
        (TYPES, "outgoing-body"),
        (TYPES, "request-options"),
        (TYPES, "future-incoming-response"),
        (TYPES, "incoming-response"),
        (TYPES, "incoming-body"),
        (STREAMS, "output-stream"),
        (STREAMS, "input-stream"),
        (POLL, "pollable"),
    ];
    for (interface, name) in drops {
        let drop = |mut caller: Caller<'_, State>, number: i32| table(&mut caller).take(number).map(|_| ());
        linker.func_wrap(interface, &format!("[resource-drop]{name}"), drop)?;
    }
    Ok(())
}

fn table<'a>(caller: &'a mut Caller<'_, State>) -> &'a mut Table {
    &mut caller.data_mut().asking.table
}

/// Result without contents: 0 is good.
fn flag(is_good: bool) -> i32 {
    i32::from(!is_good)
}

fn fields(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(TYPES, "[constructor]fields", |mut caller: Caller<'_, State>| {
        table(&mut caller).add(Resource::Fields(Vec::new()))
    })?;
    linker.func_wrap(
        TYPES,
        "[method]fields.append",
        |mut caller: Caller<'_, State>,
         fields: i32,
         name: i32,
         name_length: i32,
         value: i32,
         length: i32,
         result: i32|
         -> Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let (name, value) = (guest.text(name, name_length)?.to_ascii_lowercase(), guest.bytes(value, length)?);
            let table = &mut guest.state().asking.table;
            table.make_room(name.len() + value.len())?;
            let list = resource!(table, fields, Fields);
            let error = if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_bytes(&value).is_err()
            {
                Some(INVALID_SYNTAX)
            } else if FORBIDDEN.contains(&name.as_str()) {
                Some(FORBIDDEN_FIELD)
            } else {
                list.push((name, value));
                None
            };
            guest.write(result, 0, &[u8::from(error.is_some()), error.unwrap_or_default()])
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[method]fields.get",
        |mut caller: Caller<'_, State>, fields: i32, name: i32, length: i32, result: i32| -> Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let name = guest.text(name, length)?.to_ascii_lowercase();
            let list = resource!(guest.state().asking.table, fields, Fields);
            let values: Vec<Vec<u8>> =
                list.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.clone()).collect();
            let pairs = guest.allocate(values.len() * 8, 4)?;
            for (index, value) in values.iter().enumerate() {
                guest.give(pairs, index as u32 * 8, value)?;
            }
            guest.write_number(result, 0, pairs)?;
            guest.write_number(result, 4, values.len() as i32)
        },
    )?;
    Ok(())
}

// Cases of `header-error`.
const INVALID_SYNTAX: u8 = 0;
const FORBIDDEN_FIELD: u8 = 1;

/// What is the connection's business.
const FORBIDDEN: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

fn requests(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        TYPES,
        "[constructor]outgoing-request",
        |mut caller: Caller<'_, State>, fields: i32| -> Result<i32> {
            let table = table(&mut caller);
            let fields = taken!(table, fields, Fields);
            table.add(Resource::Request(Outgoing { fields, method: METHODS[0].to_owned(), ..Outgoing::default() }))
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[method]outgoing-request.set-method",
        |mut caller: Caller<'_, State>, request: i32, case: i32, other: i32, length: i32| -> Result<i32> {
            let mut guest = Guest::new(&mut caller)?;
            let method = match METHODS.get(case.cast_unsigned() as usize) {
                Some(&method) => method.to_owned(),
                None => guest.text(other, length)?,
            };
            let request = resource!(guest.state().asking.table, request, Request);
            let is_valid = Method::from_bytes(method.as_bytes()).is_ok() && method != "CONNECT";
            if is_valid {
                request.method = method;
            }
            Ok(flag(is_valid))
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[method]outgoing-request.set-scheme",
        |mut caller: Caller<'_, State>,
         request: i32,
         is_some: i32,
         case: i32,
         other: i32,
         length: i32|
         -> Result<i32> {
            let mut guest = Guest::new(&mut caller)?;
            let scheme = match (is_some, case) {
                (0, _) => None,
                (_, 0) => Some("http".to_owned()),
                (_, 1) => Some("https".to_owned()),
                _ => Some(guest.text(other, length)?),
            };
            let is_known = matches!(scheme.as_deref(), None | Some("http" | "https"));
            if is_known {
                resource!(guest.state().asking.table, request, Request).scheme = scheme;
            }
            Ok(flag(is_known))
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[method]outgoing-request.set-authority",
        |mut caller: Caller<'_, State>, request: i32, is_some: i32, at: i32, length: i32| -> Result<i32> {
            let mut guest = Guest::new(&mut caller)?;
            let authority = if is_some == 0 { None } else { Some(guest.text(at, length)?) };
            let is_valid = authority.as_deref().is_none_or(|text| {
                text.parse::<uri::Authority>().is_ok_and(|parsed| !parsed.host().is_empty()) && !text.contains('@')
            });
            if is_valid {
                resource!(guest.state().asking.table, request, Request).authority = authority;
            }
            Ok(flag(is_valid))
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[method]outgoing-request.set-path-with-query",
        |mut caller: Caller<'_, State>, request: i32, is_some: i32, at: i32, length: i32| -> Result<i32> {
            let mut guest = Guest::new(&mut caller)?;
            let path = if is_some == 0 { None } else { Some(guest.text(at, length)?) };
            let is_valid =
                path.as_deref().is_none_or(|text| text.starts_with('/') && text.parse::<uri::PathAndQuery>().is_ok());
            if is_valid {
                resource!(guest.state().asking.table, request, Request).path = path;
            }
            Ok(flag(is_valid))
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[method]outgoing-request.body",
        |mut caller: Caller<'_, State>, request: i32, result: i32| -> Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let table = &mut guest.state().asking.table;
            let request = resource!(table, request, Request);
            let body = match &request.body {
                Some(_) => None,
                None => {
                    let body = SharedBody::default();
                    request.body = Some(Arc::clone(&body));
                    Some(table.add(Resource::OutgoingBody(body))?)
                }
            };
            guest.write(result, 0, &[u8::from(body.is_none())])?;
            guest.write_number(result, 4, body.unwrap_or_default())
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[method]outgoing-body.write",
        |mut caller: Caller<'_, State>, body: i32, result: i32| -> Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let table = &mut guest.state().asking.table;
            let body = Arc::clone(resource!(table, body, OutgoingBody));
            let stream = table.add(Resource::OutputStream(body))?;
            guest.write(result, 0, &[0])?;
            guest.write_number(result, 4, stream)
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[static]outgoing-body.finish",
        |mut caller: Caller<'_, State>, body: i32, has_trailers: i32, trailers: i32, result: i32| -> Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let table = &mut guest.state().asking.table;
            taken!(table, body, OutgoingBody);
            if has_trailers != 0 {
                taken!(table, trailers, Fields);
            }
            guest.write(result, 0, &[0])
        },
    )?;
    linker.func_wrap(TYPES, "[constructor]request-options", |mut caller: Caller<'_, State>| {
        table(&mut caller).add(Resource::Options(Options::default()))
    })?;
    for (index, name) in ["connect", "first-byte", "between-bytes"].into_iter().enumerate() {
        linker.func_wrap(
            TYPES,
            &format!("[method]request-options.set-{name}-timeout"),
            move |mut caller: Caller<'_, State>, options: i32, is_some: i32, nanoseconds: i64| -> Result<i32> {
                let options = resource!(table(&mut caller), options, Options);
                options.times[index] = (is_some != 0).then(|| Duration::from_nanos(nanoseconds.cast_unsigned()));
                Ok(flag(true))
            },
        )?;
    }
    linker.func_wrap(
        HANDLER,
        "handle",
        |mut caller: Caller<'_, State>, request: i32, has_options: i32, options: i32, result: i32| -> Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let table = &mut guest.state().asking.table;
            let request = taken!(table, request, Request);
            let options = if has_options == 0 { Options::default() } else { taken!(table, options, Options) };
            let future = table.add(Resource::Future(Some((request, options))))?;
            guest.write(result, 0, &[0])?;
            guest.write_number(result, 8, future)
        },
    )?;
    Ok(())
}

fn answers(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        TYPES,
        "[method]future-incoming-response.subscribe",
        |mut caller: Caller<'_, State>, _future: i32| table(&mut caller).add(Resource::Pollable),
    )?;
    linker.func_wrap(POLL, "[method]pollable.block", |mut caller: Caller<'_, State>, pollable: i32| -> Result<()> {
        match table(&mut caller).get(pollable)? {
            Resource::Pollable => Ok(()),
            _ => Err(unknown(pollable)),
        }
    })?;
    linker.func_wrap(
        TYPES,
        "[method]future-incoming-response.get",
        |mut caller: Caller<'_, State>, future: i32, result: i32| -> Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let asking = &mut guest.state().asking;
            let Some((outgoing, options)) = resource!(asking.table, future, Future).take() else {
                // It was taken before.
                guest.write(result, 0, &[1])?;
                return guest.write(result, 8, &[1]);
            };
            // Some, of what is asked for the first time.
            let answer = outgoing.into_request(&options).and_then(|request| asking.ask(&request));
            let response = answer.map(|answer| {
                asking.table.make_room(answer.body.len())?;
                asking.table.add(Resource::Response(answer))
            });
            guest.write(result, 0, &[1])?;
            guest.write(result, 8, &[0])?;
            guest.write(result, 16, &[u8::from(response.is_err())])?;
            match response {
                Ok(response) => guest.write_number(result, 24, response?),
                Err(refusal) => error_code(&mut guest, result, 24, &refusal),
            }
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[method]incoming-response.status",
        |mut caller: Caller<'_, State>, response: i32| -> Result<i32> {
            Ok(resource!(table(&mut caller), response, Response).status.into())
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[method]incoming-response.headers",
        |mut caller: Caller<'_, State>, response: i32| -> Result<i32> {
            let table = table(&mut caller);
            let fields = Resource::Fields(resource!(table, response, Response).headers.clone());
            table.make_room(fields.size())?;
            table.add(fields)
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[method]incoming-response.consume",
        |mut caller: Caller<'_, State>, response: i32, result: i32| -> Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let table = &mut guest.state().asking.table;
            let body = std::mem::take(&mut resource!(table, response, Response).body);
            let body = table.add(Resource::IncomingBody(Some(body)))?;
            guest.write(result, 0, &[0])?;
            guest.write_number(result, 4, body)
        },
    )?;
    linker.func_wrap(
        TYPES,
        "[method]incoming-body.stream",
        |mut caller: Caller<'_, State>, body: i32, result: i32| -> Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let table = &mut guest.state().asking.table;
            let stream = match resource!(table, body, IncomingBody).take() {
                Some(body) => Some(table.add(Resource::InputStream { body, at: 0 })?),
                None => None,
            };
            guest.write(result, 0, &[u8::from(stream.is_none())])?;
            guest.write_number(result, 4, stream.unwrap_or_default())
        },
    )?;
    Ok(())
}

fn streams(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        STREAMS,
        "[method]output-stream.blocking-write-and-flush",
        |mut caller: Caller<'_, State>, stream: i32, at: i32, length: i32, result: i32| -> Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let bytes = guest.bytes(at, length)?;
            let table = &mut guest.state().asking.table;
            table.make_room(bytes.len())?;
            let body = resource!(table, stream, OutputStream);
            body.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&bytes);
            guest.write(result, 0, &[0])
        },
    )?;
    linker.func_wrap(
        STREAMS,
        "[method]input-stream.blocking-read",
        |mut caller: Caller<'_, State>, stream: i32, most: i64, result: i32| -> Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let Resource::InputStream { body, at } = guest.state().asking.table.get(stream)? else {
                return Err(unknown(stream));
            };
            let rest = &body[*at..];
            let length = rest.len().min(most.cast_unsigned().min(READ_SIZE) as usize);
            let part = rest[..length].to_vec();
            *at += length;
            if part.is_empty() && most != 0 {
                // An error, of the case `closed`.
                guest.write(result, 0, &[1])?;
                return guest.write(result, 4, &[1]);
            }
            guest.write(result, 0, &[0])?;
            guest.give(result, 4, &part)
        },
    )?;
    linker.func_wrap(
        ERROR,
        "[method]error.to-debug-string",
        |_: Caller<'_, State>, error: i32, _result: i32| -> Result<()> {
            // None of these streams fails in any other way than by being closed.
            Err(unknown(error))
        },
    )?;
    Ok(())
}

impl Outgoing {
    fn into_request(self, options: &Options) -> std::result::Result<Request, Refusal> {
        let Outgoing { fields, method, scheme, authority, path, body } = self;
        let authority = authority.ok_or_else(|| Refusal::Text("no host is named".to_owned()))?;
        let url = format!("{}://{authority}{}", scheme.as_deref().unwrap_or("https"), path.as_deref().unwrap_or("/"));
        let body = body.map(|body| body.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default();
        // One clock for all of it: no answer comes in drops that are just quick enough.
        let patience = options.times.iter().flatten().min().copied();
        Ok(Request { method, url, headers: fields, body, patience })
    }
}

/// Writes an `error-code`.
fn error_code(guest: &mut Guest<'_, '_>, at: i32, offset: u32, refusal: &Refusal) -> Result<()> {
    let case: u8 = match refusal {
        Refusal::DnsError => 1,
        Refusal::ConnectionRefused => 6,
        Refusal::Denied => 15,
        Refusal::TimedOut => 33,
        Refusal::Text(_) => 38,
    };
    // What a case holds begins eight bytes behind it; zeros are none.
    let mut blank = [0; 32];
    blank[0] = case;
    if let Refusal::Text(_) = refusal {
        blank[8] = 1;
    }
    guest.write(at, offset, &blank)?;
    match refusal {
        Refusal::Text(text) => guest.give(at, offset + 12, text.as_bytes()),
        Refusal::DnsError | Refusal::ConnectionRefused | Refusal::Denied | Refusal::TimedOut => Ok(()),
    }
}
