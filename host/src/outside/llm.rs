//! mochi:host/llm as compiled programs import it, and who answers.
//!
//! The operator chooses the provider and holds the key: a program says what it would like to ask which model. A
//! recorded answer is one to the request `GENERATE llm:MODEL` or `EMBED llm:MODEL` whose body is what is asked; it is
//! a text, which for `EMBED` is a list of numbers, or has the `calls` of tools that the model makes.

use super::abi::Guest;
use super::recording::{Call, Spoken};
use super::{Asking, Refusal, Request};
use crate::failure::{Failure, Result};
use crate::limits;
use crate::sandbox::State;
use serde_json::{Map, Value, json};
use std::fmt;
use std::time::Duration;
use wasmtime::{Caller, Error, Linker};

const LLM: &str = "mochi:host/llm@0.1.0";

/// Who answers what `generate` asks.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Provider {
    /// The prompt itself, for trying things out.
    Echo,
    /// A service with the HTTP interface of OpenAI.
    Service { base: String, key: Option<String>, model: Option<String>, patience: Duration },
}

/// The key stays out of everything that is shown.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Provider::Echo => f.write_str("Echo"),
            Provider::Service { base, key: _, model, patience: _ } => {
                f.debug_struct("Service").field("base", base).field("model", model).finish_non_exhaustive()
            }
        }
    }
}

impl Provider {
    /// `echo`, or the URL that paths such as `/chat/completions` are below.
    pub(super) fn new(
        text: &str,
        model: Option<String>,
        key: Option<String>,
        patience: Option<Duration>,
    ) -> Result<Provider> {
        if text == "echo" {
            return Ok(Provider::Echo);
        }
        if !text.starts_with("http://") && !text.starts_with("https://") {
            return Err(Failure::usage(format!("--llm {text} names no provider"))
                .help("write `echo`, or the URL of a service such as https://api.openai.com/v1"));
        }
        let patience = patience.unwrap_or(PATIENCE);
        Ok(Provider::Service { base: text.trim_end_matches('/').to_owned(), key, model, patience })
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
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(
        LLM,
        "generate",
        |mut caller: Caller<'_, State>, request: i32, result: i32| -> wasmtime::Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let (model, question) = read_request(&guest, request)?;
            match guest.state().asking.generate(model.as_deref(), &question) {
                Ok(said) => guest.write_response(result, &said),
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
         parameters: i32,
         parameter_count: i32,
         result: i32|
         -> wasmtime::Result<()> {
            let mut guest = Guest::new(&mut caller)?;
            let model = if has_model == 0 { None } else { Some(guest.text(model, length)?) };
            let texts = guest.texts(texts, count)?;
            let parameters = guest.parameters(parameters, parameter_count)?;
            let embed = |text: &String| guest.state().asking.embed(model.as_deref(), text, &parameters);
            let vectors: std::result::Result<Vec<_>, _> = texts.iter().map(embed).collect();
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

fn parse(text: &str) -> wasmtime::Result<Value> {
    serde_json::from_str(text).map_err(|_| Error::msg("a parameter is not JSON"))
}

fn number(bytes: &[u8], offset: usize) -> i32 {
    bytes.get(offset..offset + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_le_bytes)
}

/// The record `request`: the model, and the question in the words of OpenAI's interface, with `schema` for the form of
/// the answer.
fn read_request(guest: &Guest<'_, '_>, at: i32) -> wasmtime::Result<(Option<String>, Map<String, Value>)> {
    let record = guest.bytes(at, 96)?;
    let model = guest.optional(&record, 0)?;
    let mut question = Map::new();
    question.insert("messages".to_owned(), guest.messages(number(&record, 12), number(&record, 16))?.into());
    let tools = guest.texts(number(&record, 20), number(&record, 24).wrapping_mul(3))?;
    if !tools.is_empty() {
        let tools: wasmtime::Result<Vec<Value>> = tools
            .chunks_exact(3)
            .map(|tool| {
                let function = json!({"name": tool[0], "description": tool[1], "parameters": parse(&tool[2])?});
                Ok(json!({"type": "function", "function": function}))
            })
            .collect();
        question.insert("tools".to_owned(), tools?.into());
    }
    if let Some(choice) = guest.optional(&record, 28)? {
        let choice = match choice.as_str() {
            "auto" | "none" | "required" => choice.into(),
            name => json!({"type": "function", "function": {"name": name}}),
        };
        question.insert("tool_choice".to_owned(), choice);
    }
    if let Some(schema) = guest.optional(&record, 40)? {
        question.insert("schema".to_owned(), parse(&schema)?);
    }
    if record[52] != 0 {
        question.insert("max_tokens".to_owned(), number(&record, 56).cast_unsigned().into());
    }
    if record[64] != 0 {
        let bits = record[72..80].try_into().map_or(0.0, f64::from_le_bytes);
        question.insert("temperature".to_owned(), bits.into());
    }
    let stop = guest.texts(number(&record, 80), number(&record, 84))?;
    if !stop.is_empty() {
        question.insert("stop".to_owned(), stop.into());
    }
    question.extend(guest.parameters(number(&record, 88), number(&record, 92))?);
    Ok((model, question))
}

impl Guest<'_, '_> {
    fn optional(&self, record: &[u8], offset: usize) -> wasmtime::Result<Option<String>> {
        match record.get(offset) {
            Some(0) | None => Ok(None),
            Some(_) => self.text(number(record, offset + 4), number(record, offset + 8)).map(Some),
        }
    }

    fn messages(&self, at: i32, count: i32) -> wasmtime::Result<Vec<Value>> {
        const ROLES: [&str; 4] = ["system", "user", "assistant", "tool"];
        let (mut messages, mut size) = (Vec::new(), 0);
        for index in 0..count {
            let record = self.bytes(at.wrapping_add(index.wrapping_mul(32)), 32)?;
            let role = ROLES.get(usize::from(record[0])).ok_or_else(|| Error::msg("a message has no role"))?;
            let content = self.text(number(&record, 4), number(&record, 8))?;
            size += content.len();
            if size > MAX_QUESTION {
                return Err(too_long());
            }
            let mut message = json!({"role": role, "content": content});
            if let Some(id) = self.optional(&record, 12)? {
                message["tool_call_id"] = id.into();
            }
            let calls = self.texts(number(&record, 24), number(&record, 28).wrapping_mul(3))?;
            if !calls.is_empty() {
                let call = |call: &[String]| {
                    let function = json!({"name": call[1], "arguments": call[2]});
                    json!({"id": call[0], "type": "function", "function": function})
                };
                message["tool_calls"] = calls.chunks_exact(3).map(call).collect();
            }
            messages.push(message);
        }
        Ok(messages)
    }

    /// Names with JSON texts.
    fn parameters(&self, at: i32, count: i32) -> wasmtime::Result<Map<String, Value>> {
        let texts = self.texts(at, count.wrapping_mul(2))?;
        texts.chunks_exact(2).map(|pair| Ok((pair[0].clone(), parse(&pair[1])?))).collect()
    }

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

    /// Text, calls of tools, and usage, of which nothing is said.
    fn write_response(&mut self, at: i32, said: &Spoken) -> wasmtime::Result<()> {
        self.write(at, 0, &[0; 28])?;
        self.give(at, 4, said.text.as_bytes())?;
        if said.calls.is_empty() {
            return Ok(());
        }
        let calls = self.allocate(said.calls.len() * 24, 4)?;
        for (index, Call { id, name, arguments }) in said.calls.iter().enumerate() {
            let call = calls.wrapping_add(index as i32 * 24);
            self.give(call, 0, id.as_bytes())?;
            self.give(call, 8, name.as_bytes())?;
            self.give(call, 16, arguments.as_bytes())?;
        }
        self.write_number(at, 12, calls)?;
        self.write_number(at, 16, said.calls.len() as i32)
    }

    fn write_fault(&mut self, at: i32, Fault(case, text): &Fault) -> wasmtime::Result<()> {
        self.write(at, 0, &[1])?;
        self.write(at, 4, &[*case])?;
        self.give(at, 8, text.as_bytes())
    }
}

impl Asking {
    fn generate(&mut self, model: Option<&str>, question: &Map<String, Value>) -> std::result::Result<Spoken, Fault> {
        let ask = |provider: &Provider, name: Option<&str>| match provider {
            Provider::Echo => Ok(Said::Spoken(echo(question))),
            Provider::Service { .. } => Err(service_question(question, name)),
        };
        match self.answer("GENERATE", model, question, ask, |answer| spoken(answer).map(Said::Spoken))? {
            Said::Spoken(spoken) => Ok(spoken),
            Said::Numbers(numbers) => Ok(Spoken { text: numbers.to_string(), calls: Vec::new() }),
        }
    }

    fn embed(
        &mut self,
        model: Option<&str>,
        text: &str,
        parameters: &Map<String, Value>,
    ) -> std::result::Result<Vec<f64>, Fault> {
        let mut question = Map::new();
        question.insert("input".to_owned(), text.into());
        question.extend(parameters.clone());
        let ask = |provider: &Provider, name: Option<&str>| match provider {
            // As the reference's: the bytes of the text.
            Provider::Echo => Ok(Said::Numbers(json!(text.as_bytes()))),
            Provider::Service { .. } => {
                let mut asked = question.clone();
                asked.extend(name.map(|name| ("model".to_owned(), name.into())));
                Err(("embeddings", Value::Object(asked)))
            }
        };
        let read = |answer: &Value| Some(Said::Numbers(answer["data"][0]["embedding"].clone()));
        let numbers = match self.answer("EMBED", model, &question, ask, read)? {
            Said::Spoken(spoken) => serde_json::from_str(&spoken.text).unwrap_or_default(),
            Said::Numbers(numbers) => numbers,
        };
        let numbers: Option<Vec<f64>> =
            numbers.as_array().and_then(|numbers| numbers.iter().map(Value::as_f64).collect());
        numbers.ok_or_else(|| Fault(OTHER, "the provider's answer has no numbers".to_owned()))
    }

    /// What a recording or the provider says; `ask` gives the answer itself, or the path and body of a question to a
    /// service, of whose answer `read` makes what is said. The second parameter of `ask` is the model's name without
    /// its provider.
    fn answer(
        &mut self,
        method: &str,
        model: Option<&str>,
        question: &Map<String, Value>,
        ask: impl FnOnce(&Provider, Option<&str>) -> std::result::Result<Said, (&'static str, Value)>,
        read: impl FnOnce(&Value) -> Option<Said>,
    ) -> std::result::Result<Said, Fault> {
        let asked = Request {
            method: method.to_owned(),
            url: format!("llm:{}", model.unwrap_or_default()),
            headers: Vec::new(),
            body: Value::Object(question.clone()).to_string().into_bytes(),
            patience: None,
        };
        let recording = self.outside.recording.clone();
        if let Some(spoken) = recording.as_ref().and_then(|recording| recording.spoken(&asked)) {
            return Ok(Said::Spoken(spoken));
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
            Provider::Service { base: _, key: _, model, patience: _ } => model.as_deref(),
        };
        let said = match (ask(&provider, name.or(default)), &*provider) {
            (Ok(said), _) => said,
            (Err((path, body)), Provider::Service { base, key, model: _, patience }) => {
                let answer = self.question(&format!("{base}/{path}"), key.as_deref(), *patience, &body)?;
                read(&answer).ok_or_else(|| Fault(OTHER, "the provider's answer has no text".to_owned()))?
            }
            (Err(_), Provider::Echo) => return Err(Fault(OTHER, "there is nobody to ask".to_owned())),
        };
        if let Some(recorder) = &self.outside.recorder {
            let added = match &said {
                Said::Spoken(spoken) => recorder.add_spoken(&asked, spoken),
                Said::Numbers(numbers) => {
                    recorder.add_spoken(&asked, &Spoken { text: numbers.to_string(), calls: Vec::new() })
                }
            };
            added.map_err(|refusal| refusal.into_fault())?;
        }
        Ok(said)
    }

    /// Asks a service, whose host is granted by being the provider.
    fn question(
        &mut self,
        url: &str,
        key: Option<&str>,
        patience: Duration,
        body: &Value,
    ) -> std::result::Result<Value, Fault> {
        let mut headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
        headers.extend(key.map(|key| ("authorization".to_owned(), format!("Bearer {key}").into_bytes())));
        let request = Request {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers,
            body: body.to_string().into_bytes(),
            patience: Some(patience),
        };
        let answer = self.provider_client().send(&request).map_err(Refusal::into_fault)?;
        let said = serde_json::from_slice::<Value>(&answer.body);
        if (200..300).contains(&answer.status) {
            return said.map_err(|_| Fault(OTHER, "the provider's answer is no JSON".to_owned()));
        }
        let said = said.unwrap_or_default();
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

/// What was answered.
enum Said {
    Spoken(Spoken),
    Numbers(Value),
}

/// What a service says in its answer: a text, calls of tools, or both.
fn spoken(answer: &Value) -> Option<Spoken> {
    let message = &answer["choices"][0]["message"];
    let call = |call: &Value| {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let function = &call["function"];
        let arguments = match &function["arguments"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            // Some services do not write it as text.
            value => value.to_string(),
        };
        Some(Call { id: text(&call["id"]).unwrap_or_default(), name: text(&function["name"])?, arguments })
    };
    let calls: Vec<Call> = match message["tool_calls"].as_array() {
        Some(calls) => calls.iter().map(call).collect::<Option<_>>()?,
        None => Vec::new(),
    };
    let text = message["content"].as_str();
    if text.is_none() && calls.is_empty() {
        return None;
    }
    Some(Spoken { text: text.unwrap_or_default().to_owned(), calls })
}

/// The last message; but first it calls the tool that has to be called, with the prompt as arguments.
fn echo(question: &Map<String, Value>) -> Spoken {
    let last = question.get("messages").and_then(Value::as_array).and_then(|messages| messages.last());
    let text = last.and_then(|message| message["content"].as_str()).unwrap_or_default().to_owned();
    match question.get("tool_choice").and_then(|choice| choice["function"]["name"].as_str()) {
        Some(name) => {
            let call = Call { id: "echo".to_owned(), name: name.to_owned(), arguments: text };
            Spoken { text: String::new(), calls: vec![call] }
        }
        None => Spoken { text, calls: Vec::new() },
    }
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
