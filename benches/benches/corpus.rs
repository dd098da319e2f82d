//! How long the reference's programs take from source to `.wasm`, and how large the modules are.
//!
//! `MOCHI_UPSTREAM` names a checkout of the reference; the programs are those of `tests/upstream/programs.tsv`, or the
//! ones whose path contains an argument. A program's time is the least of five compilations in one process.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mochi_emitter::{Options, SourceFile, compile};

const LIMIT: Duration = Duration::from_millis(30);
const ROUNDS: usize = 5;
/// How many of the slowest programs are named.
const NAMED: usize = 15;

fn main() {
    let Some(root) = std::env::var_os("MOCHI_UPSTREAM").map(PathBuf::from) else {
        println!("skipped: MOCHI_UPSTREAM names no checkout of the reference implementation");
        return;
    };
    let filters: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/upstream/programs.tsv");
    let list = std::fs::read_to_string(list).expect("the list of programs is part of this repository");
    let paths = list.lines().skip(1).filter_map(|row| row.split_once('\t')).map(|(_, path)| path);
    let mut measured: Vec<(Duration, usize, &str)> = Vec::new();
    for path in paths.filter(|path| filters.is_empty() || filters.iter().any(|filter| path.contains(filter.as_str()))) {
        let text = std::fs::read_to_string(root.join(path)).expect("the checkout has the program");
        let source = SourceFile::new(path, text);
        let options = Options { strip: true, ..Options::default() };
        let mut best: Option<(Duration, usize)> = None;
        for _ in 0..ROUNDS {
            let started = Instant::now();
            let Ok(compiled) = compile(&source, &options) else { break };
            let took = (started.elapsed(), compiled.wasm.len());
            best = Some(best.map_or(took, |best| best.min(took)));
        }
        match best {
            Some((time, size)) => measured.push((time, size, path)),
            None => println!("does not compile: {path}"),
        }
    }
    if measured.is_empty() {
        println!("no programs");
        return;
    }
    let count = measured.len();
    let mut sizes: Vec<usize> = measured.iter().map(|&(_, size, _)| size).collect();
    sizes.sort_unstable();
    measured.sort_unstable();
    let over = measured.iter().filter(|&&(time, _, _)| time > LIMIT).count();
    println!("{count} programs, stripped: median {} bytes, most {}", sizes[count / 2], sizes[count - 1]);
    println!(
        "source to .wasm: median {:.1?}, 99th percentile {:.1?}, most {:.1?}; {over} over {LIMIT:?}",
        measured[count / 2].0,
        measured[count * 99 / 100].0,
        measured[count - 1].0,
    );
    for (time, size, path) in measured.iter().rev().take(NAMED) {
        println!("{time:>10.1?} {size:>8} bytes  {path}");
    }
}
