//! CSV against a writer of our own, and what the reader does at every place where a source may pause.

use super::decode::{Reader, Target};
use super::{Machine, Random, module_of};
use crate::ir::Module;

const FUNCTIONS: &[&str] = &["load_csv", "save_csv", "object_to_string", "object_release"];

/// The rows of a text without header, in which `delimiter` separates cells, as they are saved; the text comes in pieces
/// of at most `piece` bytes.
fn read_and_saved(module: &Module, text: &[u8], delimiter: &str, piece: usize) -> String {
    let mut reader = Reader::new(module);
    let shape = reader.rows(&Target::Map(Box::new(Target::Text)));
    let Reader { mut machine } = reader;
    let delimiter = machine.string(delimiter.as_bytes());
    machine.interp.host.stdin = text.to_vec();
    machine.interp.host.read_limit = Some(piece);
    let live = machine.live_objects();
    let rows = machine.call("load_csv", &[0, 0, delimiter, shape, 7]);
    machine.call("save_csv", &[rows, 1, 0, delimiter, 7]);
    machine.call("object_release", &[rows]);
    machine.call("flush_stdout", &[]);
    assert_eq!(machine.live_objects(), live);
    machine.interp.host.output()
}

/// As Go's writer does it.
fn written(rows: &[Vec<String>], delimiter: &str) -> String {
    let cell = |cell: &String| {
        let is_special = cell.contains(['"', '\r', '\n']) || cell.contains(delimiter);
        if is_special || cell == "\\." || cell.starts_with(char::is_whitespace) { quoted(cell) } else { cell.clone() }
    };
    let row = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(delimiter) + "\n";
    rows.iter().map(row).collect()
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

#[test]
fn tables_are_read_as_they_were_written_however_they_come() {
    const PARTS: [&str; 12] = ["a", "\"", ",", ";", "\n", "\r\n", "\r", " ", "é", "§", "1", "\\."];
    let module = module_of(FUNCTIONS);
    let mut random = Random(1);
    for round in 0..150 {
        let delimiter = random.pick(&[",", ";", "\t", "§", "a"]);
        let columns = 2 + random.below(3);
        let mut text = String::new();
        let mut rows = Vec::new();
        let count = random.below(5);
        for index in 0..count {
            let mut row = Vec::new();
            for column in 0..columns {
                text.push_str(if column == 0 { "" } else { delimiter });
                let cell: String = (0..random.below(4)).map(|_| random.pick(&PARTS)).collect();
                let is_special = cell.contains(['"', '\r', '\n']) || cell.contains(delimiter);
                text.push_str(&if is_special || random.below(4) == 0 { quoted(&cell) } else { cell.clone() });
                row.push(cell.replace("\r\n", "\n"));
            }
            rows.push(row);
            // The last line may end with the text.
            if index + 1 < count || random.below(2) == 0 {
                text.push_str(random.pick(&["\n", "\r\n", "\n\n", "\r\n\n"]));
            }
        }
        let piece = random.pick(&[1, 2, 3, 7, 1000]);
        let saved = read_and_saved(&module, text.as_bytes(), delimiter, piece);
        assert_eq!(saved, written(&rows, delimiter), "round {round}: {text:?} in pieces of {piece}");
    }
}

#[test]
fn any_bytes_are_read_or_refused() {
    let module = module_of(FUNCTIONS);
    let mut random = Random(2);
    for _ in 0..200 {
        let text: Vec<u8> = (0..random.below(12)).map(|_| random.pick(b"a\",\r\n\xff\xc2")).collect();
        let mut outcomes = Vec::new();
        for piece in [1, 1000] {
            let mut reader = Reader::new(&module);
            let shape = reader.rows(&Target::Any);
            let Reader { mut machine } = reader;
            let delimiter = machine.string(b",");
            machine.interp.host.stdin = text.clone();
            machine.interp.host.read_limit = Some(piece);
            outcomes.push(match machine.try_call("load_csv", &[0, 0, delimiter, shape, 7]) {
                Ok(rows) => shown(&mut machine, rows),
                Err(_) => machine.interp.host.errors(),
            });
        }
        assert_eq!(outcomes[0], outcomes[1], "{text:?}");
    }
}

fn shown(machine: &mut Machine<'_>, rows: u64) -> String {
    let text = machine.call("object_to_string", &[rows, 0]);
    String::from_utf8_lossy(&machine.take(text)).into_owned()
}
