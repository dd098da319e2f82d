//! Answers that were written down: for tests, and for runs that are to give the same results again.
//!
//! A recording is a sequence of JSON objects, as JSON Lines or laid out freely, in one file or in all files `*.json` and
//! `*.jsonl` of a directory in the order of their names:
//!
//! ```text
//! {"request": {"method": "GET", "url": "https://api.test/todos/1"},
//!  "answer": {"status": 200, "json": {"id": 1, "title": "tea"}}}
//! ```
//!
//! A request is the one that is asked if method, URL and, where it is given, body are the same; GET is the method that
//! need not be given. Of several answers to one request the first is given the first time and the last one for
//! ever. An answer has `json` or `text`, and may have `status` (200) and `headers`. What a model says may be `calls` of
//! tools, `{"name": "f", "arguments": {…}}` each. What is recorded has no headers of requests, since they may prove who
//! asks.

use super::{Answer, Refusal, Request};
use crate::failure::{Exit, Failure, Result, show};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Entry {
    request: RecordedRequest,
    answer: RecordedAnswer,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct RecordedRequest {
    #[serde(default = "get")]
    method: String,
    url: String,
    /// JSON, or a string for any other text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

#[derive(Serialize, Deserialize, Debug, Default, PartialEq)]
#[serde(deny_unknown_fields)]
struct RecordedAnswer {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    calls: Vec<Call>,
}

/// What a model says.
#[derive(Debug, PartialEq)]
pub(super) struct Spoken {
    pub(super) text: String,
    pub(super) calls: Vec<Call>,
}

/// A call of a tool.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    #[serde(default)]
    pub(super) id: String,
    pub(super) name: String,
    /// A JSON text.
    #[serde(default, deserialize_with = "json_text")]
    pub(super) arguments: String,
}

/// A JSON text in a string, or the value itself.
fn json_text<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text,
        value => value.to_string(),
    })
}

fn get() -> String {
    "GET".to_owned()
}

fn ok() -> u16 {
    200
}

#[derive(Debug)]
pub(super) struct Recording {
    path: PathBuf,
    entries: Vec<Entry>,
    /// How often each was given.
    given: Mutex<Vec<usize>>,
}

impl Recording {
    pub(super) fn load(path: &Path) -> Result<Recording> {
        let unreadable = |path: &Path, why: &dyn std::fmt::Display| {
            Failure::usage(format!("cannot read the recorded answers in {}", show(path))).because(why)
        };
        let mut files = vec![path.to_owned()];
        if path.is_dir() {
            let listed = fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
            files = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
            files.retain(|file| file.extension().is_some_and(|extension| extension == "json" || extension == "jsonl"));
            files.sort();
        }
        let mut entries = Vec::new();
        for file in files {
            let text = fs::read(&file).map_err(|error| unreadable(&file, &error))?;
            for entry in serde_json::Deserializer::from_slice(&text).into_iter::<Entry>() {
                entries.push(entry.map_err(|error| unreadable(&file, &error))?);
            }
        }
        let given = Mutex::new(vec![0; entries.len()]);
        Ok(Recording { path: path.to_owned(), entries, given })
    }

    pub(super) fn answer(&self, request: &Request) -> Option<Answer> {
        let answer = self.find(request)?;
        let headers =
            answer.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone().into_bytes()));
        Some(Answer { status: answer.status, headers: headers.collect(), body: answer.body().into_bytes() })
    }

    /// What a model says.
    pub(super) fn spoken(&self, request: &Request) -> Option<Spoken> {
        let answer = self.find(request)?;
        Some(Spoken { text: answer.body(), calls: answer.calls.clone() })
    }

    fn find(&self, request: &Request) -> Option<&RecordedAnswer> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = || self.entries.iter().enumerate().filter(|(_, entry)| entry.request.is(request));
        let (index, entry) = fitting().find(|&(index, _)| given[index] == 0).or_else(|| fitting().next_back())?;
        given[index] += 1;
        Some(&entry.answer)
    }

    pub(super) fn misses(&self, request: &Request) -> String {
        format!("{} has no answer to {} {}", show(&self.path), request.method, request.url)
    }
}

impl RecordedAnswer {
    fn body(&self) -> String {
        match (&self.json, &self.text) {
            (Some(json), _) => json.to_string(),
            (None, text) => text.clone().unwrap_or_default(),
        }
    }
}

impl RecordedRequest {
    fn is(&self, request: &Request) -> bool {
        let is_body = |body: &Value| match body {
            Value::String(text) if request.body == text.as_bytes() => true,
            body => serde_json::from_slice::<Value>(&request.body).is_ok_and(|asked| asked == *body),
        };
        self.method == request.method && self.url == request.url && self.body.as_ref().is_none_or(is_body)
    }
}

/// The file that answers are added to.
#[derive(Debug)]
pub(super) struct Recorder {
    path: PathBuf,
    file: Mutex<File>,
}

impl Recorder {
    pub(super) fn create(path: &Path) -> Result<Recorder> {
        let file = File::create(path).map_err(|error| {
            Failure::new(Exit::Usage, format!("cannot record answers in {}", show(path))).because(error)
        })?;
        Ok(Recorder { path: path.to_owned(), file: Mutex::new(file) })
    }

    /// Adds an answer; its body is kept as it is, since a number may be written in several ways.
    pub(super) fn add(&self, request: &Request, answer: &Answer) -> std::result::Result<(), Refusal> {
        // Of the headers of an answer only this one changes what a program does.
        let location = answer.headers.iter().find(|(name, _)| name == "location");
        let headers = location
            .map(|(name, value)| Ok((name.clone(), self.text(value)?)))
            .into_iter()
            .collect::<std::result::Result<_, _>>()?;
        let text = Some(self.text(&answer.body)?);
        self.write(request, RecordedAnswer { status: answer.status, headers, json: None, text, calls: Vec::new() })
    }

    /// Adds what a model says.
    pub(super) fn add_spoken(&self, request: &Request, spoken: &Spoken) -> std::result::Result<(), Refusal> {
        let Spoken { text, calls } = spoken;
        let answer = RecordedAnswer {
            status: ok(),
            headers: BTreeMap::new(),
            json: None,
            text: Some(text.clone()).filter(|text| !text.is_empty() || calls.is_empty()),
            calls: calls.clone(),
        };
        self.write(request, answer)
    }

    fn write(&self, request: &Request, answer: RecordedAnswer) -> std::result::Result<(), Refusal> {
        let body = if request.body.is_empty() { None } else { Some(Value::String(self.text(&request.body)?)) };
        let request = RecordedRequest { method: request.method.clone(), url: request.url.clone(), body };
        let mut line = serde_json::to_string(&Entry { request, answer }).map_err(|error| self.failed(&error))?;
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes()).map_err(|error| self.failed(&error))
    }

    fn text(&self, bytes: &[u8]) -> std::result::Result<String, Refusal> {
        String::from_utf8(bytes.to_vec()).map_err(|_| self.failed(&"it is not UTF-8"))
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> Refusal {
        Refusal::Text(format!("cannot record it in {}: {why}", show(&self.path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, url: &str, body: &str) -> Request {
        Request {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            patience: None,
        }
    }

    fn said(recording: &Recording, asked: &Request) -> Option<String> {
        recording.answer(asked).map(|answer| String::from_utf8(answer.body).expect("UTF-8"))
    }

    #[test]
    fn answers_are_found_by_method_url_and_body() {
        let folder = tempfile::tempdir().expect("a directory");
        fs::write(
            folder.path().join("b.json"),
            r#"{"request": {"url": "http://a/"}, "answer": {"json": [1]}}
               {"request": {"url": "http://a/"}, "answer": {"text": "two", "status": 404}}"#,
        )
        .expect("written");
        fs::write(
            folder.path().join("a.jsonl"),
            r#"{"request":{"method":"POST","url":"http://a/","body":{"x":1}},"answer":{"text":"posted"}}"#,
        )
        .expect("written");
        fs::write(folder.path().join("notes.txt"), "no JSON").expect("written");
        let recording = Recording::load(folder.path()).expect("a recording");
        let get = request("GET", "http://a/", "");
        assert_eq!(said(&recording, &get).as_deref(), Some("[1]"));
        assert_eq!(recording.answer(&get).map(|answer| answer.status), Some(404));
        assert_eq!(said(&recording, &get).as_deref(), Some("two"));
        assert_eq!(said(&recording, &request("POST", "http://a/", r#"{ "x": 1 }"#)).as_deref(), Some("posted"));
        assert_eq!(said(&recording, &request("POST", "http://a/", r#"{"x":2}"#)), None);
        assert_eq!(said(&recording, &request("GET", "http://a", "")), None);
    }

    #[test]
    fn what_is_recorded_is_replayed() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("answers.jsonl");
        let recorder = Recorder::create(&path).expect("a file");
        let asked = request("PUT", "http://a/?b=c", "{\"k\": 1.50}");
        let answer = Answer { status: 201, headers: Vec::new(), body: b"{\"n\": 1e2}".to_vec() };
        recorder.add(&asked, &answer).expect("added");
        let binary = Answer { body: vec![0xFF], ..answer.clone() };
        assert!(recorder.add(&asked, &binary).is_err());
        let recording = Recording::load(&path).expect("a recording");
        assert_eq!(recording.answer(&asked), Some(answer));
    }

    #[test]
    fn what_is_no_recording_is_refused() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("answers.json");
        for text in
            ["[", "[]", "{}", r#"{"request": {"url": 1}, "answer": {}}"#, r#"{"request": {"url": "a"}, "answers": {}}"#]
        {
            fs::write(&path, text).expect("written");
            assert!(Recording::load(&path).is_err(), "{text}");
        }
        assert!(Recording::load(&folder.path().join("missing")).is_err());
    }
}
