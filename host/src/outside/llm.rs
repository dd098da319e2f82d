//! mochi:host/llm as compiled programs import it, and who answers.
//!
//! The operator chooses the provider and holds the key: a program says what it would like to ask which model. A
//! recorded answer is one to the request `GENERATE llm:MODEL` or `EMBED llm:MODEL` whose body is what is asked.

use super::abi::Guest;
use super::{Answer, Asking, Refusal, Request};
use crate::failure::{Failure, Result};
use crate::limits;
use crate::sandbox::State;
use serde_json::{Map, Value, json};
use std::fmt;
use wasmtime::{Caller, Error, Linker};

const LLM: &str = "mochi:host/llm@0.1.0";

/// Who answers what `generate` asks.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Provider {
    /// The prompt itself, for trying things out.
    Echo,
    /// A service with the HTTP interface of OpenAI.
    Service { base: String, key: Option<String>, model: Option<String> },
}

/// The key stays out of everything that is shown.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Provider::Echo => f.write_str("Echo"),
            Provider::Service { base, key: _, model } => {
                f.debug_struct("Service").field("base", base).field("model", model).finish_non_exhaustive()
            }
        }
    }
}

impl Provider {
    /// `echo`, or the URL that paths such as `/chat/completions` are below.
    pub(super) fn new(text: &str, model: Option<String>, key: Option<String>) -> Result<Provider> {
        if text == "echo" {
            return Ok(Provider::Echo);
        }
        if !text.starts_with("http://") && !text.starts_with("https://") {
            return Err(Failure::usage(format!("--llm {text} names no provider"))
                .help("write `echo`, or the URL of a service such as https://api.openai.com/v1"));
        }
        Ok(Provider::Service { base: text.trim_end_matches('/').to_owned(), key, model })
    }
}

/// A case of `error` with its text.
struct Fault(u8, String);

// Cases of `error`.
const DENIED: u8 = 0;
const NOT_FOUND: u8 = 1;
const INVALID: u8 = 2;
const TIMEOUT: u8 = 3;
const QUOTA: u8 = 4;
const UNAVAILABLE: u8 = 5;
const OTHER: u8 = 6;

/// The most bytes that a model is asked.
const MAX_QUESTION: usize = 64 << 20;

fn too_long() -> Error {
    Error::msg(format!("a model is asked more than {}", limits::size(MAX_QUESTION as u64)))
}

/// A model answers slowly.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(
        LLM,
        "generate",
        |mut caller: Caller<'_, State>, request: i32, result: i32| -> wasmtime::Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let (model, question) = read_request(&guest, request)?;
            match guest.state().asking.generate(model.as_deref(), &question) {
                Ok(text) => {
                    // Text, no calls of tools, usage.
                    guest.write(result, 0, &[0; 28])?;
                    guest.give(result, 4, text.as_bytes())
                }
                Err(fault) => guest.write_fault(result, &fault),
            }
        },
    )?;
    linker.func_wrap(
        LLM,
        "embed",
        |mut caller: Caller<'_, State>,
         has_model: i32,
         model: i32,
         length: i32,
         texts: i32,
         count: i32,
         result: i32|
         -> wasmtime::Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let model = if has_model == 0 { None } else { Some(guest.text(model, length)?) };
            let texts = guest.texts(texts, count)?;
            let vectors: std::result::Result<Vec<_>, _> =
                texts.iter().map(|text| guest.state().asking.embed(model.as_deref(), text)).collect();
            let vectors = match vectors {
                Ok(vectors) => vectors,
                Err(fault) => return guest.write_fault(result, &fault),
            };
            let pairs = guest.allocate(vectors.len() * 8, 4)?;
            for (index, vector) in vectors.iter().enumerate() {
                let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
                let address = guest.allocate(bytes.len(), 8)?;
                guest.write(address, 0, &bytes)?;
                guest.write_number(pairs, index as u32 * 8, address)?;
                guest.write_number(pairs, index as u32 * 8 + 4, vector.len() as i32)?;
            }
            guest.write(result, 0, &[0])?;
            guest.write_number(result, 4, pairs)?;
            guest.write_number(result, 8, vectors.len() as i32)
        },
    )?;
    Ok(())
}

/// The record `request`: the model, and the question in the words of OpenAI's interface.
fn read_request(guest: &Guest<'_, '_>, at: i32) -> wasmtime::Result<(Option<String>, Map<String, Value>)> {
    const ROLES: [&str; 4] = ["system", "user", "assistant", "tool"];
    let json = |text: String| serde_json::from_str::<Value>(&text).map_err(|_| Error::msg("a parameter is not JSON"));
    let record = guest.bytes(at, 80)?;
    let number = |bytes: &[u8], offset: usize| {
        bytes.get(offset..offset + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_le_bytes)
    };
    let optional = |bytes: &[u8], offset: usize| -> wasmtime::Result<Option<String>> {
        match bytes.get(offset) {
            Some(0) | None => Ok(None),
            Some(_) => guest.text(number(bytes, offset + 4), number(bytes, offset + 8)).map(Some),
        }
    };
    let model = optional(&record, 0)?;
    let (mut messages, mut asked) = (Vec::new(), 0);
    for index in 0..number(&record, 16) {
        let message = guest.bytes(number(&record, 12).wrapping_add(index.wrapping_mul(24)), 24)?;
        let role = ROLES.get(usize::from(message[0])).ok_or_else(|| Error::msg("a message has no role"))?;
        let content = guest.text(number(&message, 4), number(&message, 8))?;
        asked += content.len();
        if asked > MAX_QUESTION {
            return Err(too_long());
        }
        messages.push(json!({"role": role, "content": content}));
    }
    if number(&record, 24) != 0 {
        return Err(Error::msg("tools are not provided"));
    }
    let mut question = Map::new();
    question.insert("messages".to_owned(), Value::Array(messages));
    if let Some(schema) = optional(&record, 28)? {
        question.insert("schema".to_owned(), json(schema)?);
    }
    if record[40] != 0 {
        question.insert("max_tokens".to_owned(), number(&record, 44).cast_unsigned().into());
    }
    if record[48] != 0 {
        let bits = record[56..64].try_into().map_or(0.0, f64::from_le_bytes);
        question.insert("temperature".to_owned(), bits.into());
    }
    let stop = guest.texts(number(&record, 64), number(&record, 68))?;
    if !stop.is_empty() {
        question.insert("stop".to_owned(), stop.into());
    }
    let parameters = guest.texts(number(&record, 72), number(&record, 76).wrapping_mul(2))?;
    for pair in parameters.chunks_exact(2) {
        question.insert(pair[0].clone(), json(pair[1].clone())?);
    }
    Ok((model, question))
}

impl Guest<'_, '_> {
    /// A list of strings.
    fn texts(&self, at: i32, count: i32) -> wasmtime::Result<Vec<String>> {
        let (mut texts, mut size) = (Vec::new(), 0);
        for index in 0..count {
            let pair = self.bytes(at.wrapping_add(index.wrapping_mul(8)), 8)?;
            let [a, b, c, d, e, f, g, h] = pair[..] else { return Err(Error::msg("a list of strings is cut off")) };
            let text = self.text(i32::from_le_bytes([a, b, c, d]), i32::from_le_bytes([e, f, g, h]))?;
            size += text.len();
            if size > MAX_QUESTION {
                return Err(too_long());
            }
            texts.push(text);
        }
        Ok(texts)
    }

    fn write_fault(&mut self, at: i32, Fault(case, text): &Fault) -> wasmtime::Result<()> {
        self.write(at, 0, &[1])?;
        self.write(at, 4, &[*case])?;
        self.give(at, 8, text.as_bytes())
    }
}

impl Asking {
    fn generate(&mut self, model: Option<&str>, question: &Map<String, Value>) -> std::result::Result<String, Fault> {
        let answer = self.answer("GENERATE", model, question, |provider, name| match provider {
            Provider::Echo => Ok(last_message(question).to_owned()),
            Provider::Service { .. } => Err(service_question(question, name)),
        })?;
        match answer {
            Said::Text(text) => Ok(text),
            Said::Json(answer) => match answer["choices"][0]["message"]["content"].as_str() {
                Some(text) => Ok(text.to_owned()),
                None => Err(Fault(OTHER, "the provider's answer has no text".to_owned())),
            },
        }
    }

    fn embed(&mut self, model: Option<&str>, text: &str) -> std::result::Result<Vec<f64>, Fault> {
        let mut question = Map::new();
        question.insert("input".to_owned(), text.into());
        let answer = self.answer("EMBED", model, &question, |provider, name| match provider {
            // As the reference's: the bytes of the text.
            Provider::Echo => Ok(json!(text.as_bytes()).to_string()),
            Provider::Service { .. } => {
                let mut asked = question.clone();
                asked.extend(name.map(|name| ("model".to_owned(), name.into())));
                Err(("embeddings", Value::Object(asked)))
            }
        })?;
        let numbers = match answer {
            Said::Text(text) => serde_json::from_str(&text).unwrap_or_default(),
            Said::Json(answer) => answer["data"][0]["embedding"].clone(),
        };
        let numbers: Option<Vec<f64>> =
            numbers.as_array().and_then(|numbers| numbers.iter().map(Value::as_f64).collect());
        numbers.ok_or_else(|| Fault(OTHER, "the provider's answer has no numbers".to_owned()))
    }

    /// What a recording or the provider says; `ask` gives the answer itself, or the path and body of a question to a
    /// service. The second parameter of it is the model's name without its provider.
    fn answer(
        &mut self,
        method: &str,
        model: Option<&str>,
        question: &Map<String, Value>,
        ask: impl FnOnce(&Provider, Option<&str>) -> std::result::Result<String, (&'static str, Value)>,
    ) -> std::result::Result<Said, Fault> {
        let asked = Request {
            method: method.to_owned(),
            url: format!("llm:{}", model.unwrap_or_default()),
            headers: Vec::new(),
            body: Value::Object(question.clone()).to_string().into_bytes(),
            patience: None,
        };
        let recording = self.outside.recording.clone();
        if let Some(answer) = recording.as_ref().and_then(|recording| recording.answer(&asked)) {
            return Ok(Said::Text(String::from_utf8_lossy(&answer.body).into_owned()));
        }
        let Some(provider) = self.outside.provider.clone() else {
            return Err(match recording {
                Some(recording) => Fault(NOT_FOUND, recording.misses(&asked)),
                None => Fault(DENIED, "no model is granted; --llm PROVIDER grants one".to_owned()),
            });
        };
        let name =
            model.map(|model| model.split_once(':').map_or(model, |(_, name)| name)).filter(|name| !name.is_empty());
        let default = match &*provider {
            Provider::Echo => None,
            Provider::Service { base: _, key: _, model } => model.as_deref(),
        };
        let said = match (ask(&provider, name.or(default)), &*provider) {
            (Ok(text), _) => Said::Text(text),
            (Err((path, body)), Provider::Service { base, key, model: _ }) => {
                Said::Json(self.question(base, key.as_deref(), path, &body)?)
            }
            (Err(_), Provider::Echo) => return Err(Fault(OTHER, "there is nobody to ask".to_owned())),
        };
        if let Some(recorder) = &self.outside.recorder {
            let text = match &said {
                Said::Text(text) => text.clone(),
                Said::Json(answer) => match answer["choices"][0]["message"]["content"].as_str() {
                    Some(text) => text.to_owned(),
                    None => answer["data"][0]["embedding"].to_string(),
                },
            };
            let answer = Answer { status: 200, headers: Vec::new(), body: text.into_bytes() };
            recorder.add(&asked, &answer).map_err(|refusal| refusal.into_fault())?;
        }
        Ok(said)
    }

    /// Asks a service, whose host is granted by being the provider.
    fn question(
        &mut self,
        base: &str,
        key: Option<&str>,
        path: &str,
        body: &Value,
    ) -> std::result::Result<Value, Fault> {
        let mut headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
        headers.extend(key.map(|key| ("authorization".to_owned(), format!("Bearer {key}").into_bytes())));
        let request = Request {
            method: "POST".to_owned(),
            url: format!("{base}/{path}"),
            headers,
            body: body.to_string().into_bytes(),
            patience: Some(PATIENCE),
        };
        let answer = self.provider_client().send(&request).map_err(Refusal::into_fault)?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if (200..300).contains(&answer.status) {
            return Ok(said);
        }
        let mut text = format!("the provider answers {}", answer.status);
        if let Some(message) = said["error"]["message"].as_str().or_else(|| said["error"].as_str()) {
            text = format!("{text}: {message}");
        }
        // Some services repeat it.
        let text = key.map_or_else(|| text.clone(), |key| text.replace(key, "(the key)"));
        let case = match answer.status {
            400 | 422 => INVALID,
            401 | 403 => DENIED,
            404 => NOT_FOUND,
            408 | 504 => TIMEOUT,
            429 => QUOTA,
            500.. => UNAVAILABLE,
            _ => OTHER,
        };
        Err(Fault(case, text))
    }
}

/// What was answered: the text itself, or what a service says around it.
enum Said {
    Text(String),
    Json(Value),
}

fn last_message(question: &Map<String, Value>) -> &str {
    let messages = question.get("messages").and_then(Value::as_array);
    messages.and_then(|messages| messages.last()?["content"].as_str()).unwrap_or_default()
}

/// Path and body of a question to a service.
fn service_question(question: &Map<String, Value>, model: Option<&str>) -> (&'static str, Value) {
    let mut asked = question.clone();
    if let Some(schema) = asked.remove("schema") {
        let format = json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}});
        asked.insert("response_format".to_owned(), format);
    }
    asked.extend(model.map(|model| ("model".to_owned(), model.into())));
    ("chat/completions", Value::Object(asked))
}

impl Refusal {
    fn into_fault(self) -> Fault {
        match self {
            Refusal::TimedOut => Fault(TIMEOUT, String::new()),
            Refusal::Denied => Fault(DENIED, "the provider is not granted".to_owned()),
            Refusal::DnsError => Fault(UNAVAILABLE, "the provider's name is not known".to_owned()),
            Refusal::ConnectionRefused => Fault(UNAVAILABLE, "the provider refuses the connection".to_owned()),
            Refusal::Text(text) => Fault(UNAVAILABLE, text),
        }
    }
}
