//! Whatever is thrown at the compiler, it answers with a module or with findings, soon.

use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{Options, SourceFile};

use crate::{files, programs};

const ROUNDS: usize = 3_000;
const LIMIT: Duration = Duration::from_secs(5);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("robustness/random-bytes", random_bytes),
        Trial::test("robustness/mutated-programs", mutated_programs),
    ]
}

/// A xorshift generator: the same inputs in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn random_bytes() -> Result<(), Failed> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..ROUNDS {
        let length = random.below(400);
        // Half of them from the printable range, which gets further into the parser.
        let printable = random.below(2) == 0;
        let bytes: Vec<u8> =
            (0..length).map(|_| if printable { b' ' + random.below(95) as u8 } else { random.next() as u8 }).collect();
        survives(&String::from_utf8_lossy(&bytes))?;
    }
    Ok(())
}

fn mutated_programs() -> Result<(), Failed> {
    let sources: Vec<String> = files::find("programs", "mochi")
        .iter()
        .map(|path| programs::load(path).map(|source| source.text))
        .collect::<Result<_, _>>()?;
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..ROUNDS {
        let mut text: Vec<char> = sources[random.below(sources.len())].chars().collect();
        for _ in 0..1 + random.below(4) {
            let at = random.below(text.len());
            let other = random.below(text.len());
            match random.below(5) {
                0 if !text.is_empty() => drop(text.remove(at)),
                1 => text.insert(at.min(text.len()), (b' ' + random.below(95) as u8) as char),
                2 if !text.is_empty() => text.swap(at, other),
                3 => text.truncate(at),
                _ => {
                    let donor: Vec<char> = sources[random.below(sources.len())].chars().collect();
                    let from = random.below(donor.len());
                    let to = (from + random.below(30)).min(donor.len());
                    text.splice(at.min(text.len())..at.min(text.len()), donor[from..to].iter().copied());
                }
            }
        }
        survives(&text.into_iter().collect::<String>())?;
    }
    Ok(())
}

/// Checks and, where that finds no error, compiles.
fn survives(text: &str) -> Result<(), Failed> {
    let source = SourceFile::new("random.mochi", text);
    let started = Instant::now();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        mochi_emitter::check(&source, &Options::default());
        let _ = mochi_emitter::compile(&source, &Options::default());
    }));
    if outcome.is_err() {
        return Err(format!("the compiler panicked on:\n{text}").into());
    }
    if started.elapsed() > LIMIT {
        return Err(format!("took {:?} on:\n{text}", started.elapsed()).into());
    }
    Ok(())
}
