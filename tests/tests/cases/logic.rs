//! Random facts, rules and queries against the reference's way to evaluate them: every rule is applied to all
//! combinations of tuples, again and again, until nothing is new.
//!
//! That is slow and simple, and it says in which order tuples are found, which programs can see.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{OptLevel, Options, SourceFile};
use mochi_wasm::RunOptions;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::programs;

/// How many programs there are.
const PROGRAMS: u32 = 24;

/// What programs name: strings and ints that look alike are different.
const CONSTANTS: [&str; 5] = ["\"a\"", "\"b\"", "1", "2", "\"1\""];
const VARS: [&str; 4] = ["W", "X", "Y", "Z"];

#[derive(Clone, Copy, Debug)]
enum Term {
    Var(usize),
    Constant(usize),
}

#[derive(Clone, Debug)]
struct Atom {
    name: usize,
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
enum Condition {
    Holds(Atom),
    Differ(usize, usize),
}

#[derive(Clone, Debug)]
enum Statement {
    Fact(usize, Vec<usize>),
    Rule(Atom, Vec<Condition>),
    Query(Atom),
}

/// A constant by its number, or none.
type Value = Option<usize>;

#[derive(Default)]
struct Reference {
    tuples: BTreeMap<usize, Vec<Vec<Value>>>,
    known: BTreeSet<(usize, Vec<Value>)>,
    rules: Vec<(Atom, Vec<Condition>)>,
}

impl Reference {
    fn derive(&mut self) {
        loop {
            let before = self.known.len();
            for (head, body) in self.rules.clone() {
                let mut found = Vec::new();
                self.combine(&body, &BTreeMap::new(), &mut |bound| {
                    found.push(head.terms.iter().map(|&term| value(term, bound)).collect());
                });
                for tuple in found {
                    self.add(head.name, tuple, true);
                }
            }
            if self.known.len() == before {
                return;
            }
        }
    }

    fn add(&mut self, name: usize, tuple: Vec<Value>, is_derived: bool) {
        let is_new = self.known.insert((name, tuple.clone()));
        if is_new || !is_derived {
            self.tuples.entry(name).or_default().push(tuple);
        }
    }

    fn combine(
        &self,
        body: &[Condition],
        bound: &BTreeMap<usize, Value>,
        found: &mut dyn FnMut(&BTreeMap<usize, Value>),
    ) {
        match body {
            [] => found(bound),
            [Condition::Differ(left, right), rest @ ..] => {
                if value(Term::Var(*left), bound) != value(Term::Var(*right), bound) {
                    self.combine(rest, bound, found);
                }
            }
            [Condition::Holds(atom), rest @ ..] => {
                for tuple in self.tuples.get(&atom.name).into_iter().flatten() {
                    if let Some(bound) = matched(atom, tuple, bound) {
                        self.combine(rest, &bound, found);
                    }
                }
            }
        }
    }
}

fn value(term: Term, bound: &BTreeMap<usize, Value>) -> Value {
    match term {
        Term::Constant(number) => Some(number),
        Term::Var(var) => bound.get(&var).copied().flatten(),
    }
}

/// What is bound when an atom is the beginning of a tuple.
fn matched(atom: &Atom, tuple: &[Value], bound: &BTreeMap<usize, Value>) -> Option<BTreeMap<usize, Value>> {
    let mut bound = bound.clone();
    for (at, &term) in atom.terms.iter().enumerate() {
        let held = *tuple.get(at)?;
        let wanted = match term {
            Term::Constant(number) => Some(number),
            Term::Var(var) => *bound.entry(var).or_insert(held),
        };
        if wanted != held {
            return None;
        }
    }
    Some(bound)
}

/// The text of a program, and what it prints.
fn program(statements: &[Statement]) -> (String, String) {
    let (mut text, mut expected) = (String::new(), String::new());
    let mut reference = Reference::default();
    for statement in statements {
        let line = match statement {
            Statement::Fact(name, constants) => {
                reference.add(*name, constants.iter().copied().map(Some).collect(), false);
                let terms = constants.iter().map(|&number| Term::Constant(number)).collect();
                format!("fact {}", show(&Atom { name: *name, terms }))
            }
            Statement::Rule(head, body) => {
                reference.rules.push((head.clone(), body.clone()));
                let body = body.iter().map(|condition| match condition {
                    Condition::Holds(atom) => show(atom),
                    Condition::Differ(left, right) => format!("{} != {}", VARS[*left], VARS[*right]),
                });
                format!("rule {} :- {}", show(head), body.collect::<Vec<String>>().join(", "))
            }
            Statement::Query(atom) => {
                reference.derive();
                let tuples = reference.tuples.get(&atom.name).into_iter().flatten();
                let rows = tuples.filter_map(|tuple| matched(atom, tuple, &BTreeMap::new())).map(|bound| {
                    let text = |held: Value| held.map_or("nil", |number| CONSTANTS[number]);
                    let entries = bound.iter().map(|(&var, &held)| format!("\"{}\": {}", VARS[var], text(held)));
                    format!("{{{}}}", entries.collect::<Vec<String>>().join(", "))
                });
                let _ = writeln!(expected, "[{}]", rows.collect::<Vec<String>>().join(", "));
                format!("print(query {})", show(atom))
            }
        };
        let _ = writeln!(text, "{line}");
    }
    (text, expected)
}

fn show(atom: &Atom) -> String {
    let terms = atom.terms.iter().map(|term| match *term {
        Term::Var(var) => VARS[var],
        Term::Constant(number) => CONSTANTS[number],
    });
    format!("p{}({})", atom.name, terms.collect::<Vec<&str>>().join(", "))
}

// What programs are made of. Mostly a name has one length.

fn name_and_length() -> impl Strategy<Value = (usize, usize)> {
    (0..3_usize, prop_oneof![9 => Just(0), 1 => 0..3_usize])
        .prop_map(|(name, more)| (name, if more > 0 { more } else { 1 + (name + 1) % 3 }))
}

fn atom(constants: u32) -> impl Strategy<Value = Atom> {
    let term = move || {
        prop_oneof![
            constants => (0..CONSTANTS.len()).prop_map(Term::Constant),
            8 => (0..VARS.len()).prop_map(Term::Var),
        ]
    };
    name_and_length().prop_flat_map(move |(name, length)| {
        prop::collection::vec(term(), length).prop_map(move |terms| Atom { name, terms })
    })
}

fn statement() -> impl Strategy<Value = Statement> {
    let fact = name_and_length().prop_flat_map(|(name, length)| {
        prop::collection::vec(0..CONSTANTS.len(), length).prop_map(move |terms| Statement::Fact(name, terms))
    });
    let condition = prop_oneof![
        6 => atom(1).prop_map(Condition::Holds),
        1 => (0..VARS.len(), 0..VARS.len()).prop_map(|(left, right)| Condition::Differ(left, right)),
    ];
    let rule = (atom(1), prop::collection::vec(condition, 1..4)).prop_map(|(head, body)| Statement::Rule(head, body));
    prop_oneof![6 => fact, 3 => rule, 1 => atom(2).prop_map(Statement::Query)]
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("properties/logic", check)]
}

fn check() -> Result<(), Failed> {
    let engine = RunOptions::default().engine().map_err(|error| format!("{error:?}"))?;
    let config = Config { cases: PROGRAMS, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let all = (prop::collection::vec(statement(), 6..24), prop::collection::vec(atom(2), 3));
    let result = runner.run(&all, |(mut statements, last)| {
        statements.extend(last.into_iter().map(Statement::Query));
        let (text, expected) = program(&statements);
        let source = SourceFile::new("logic.mochi", text.clone());
        for opt in [OptLevel::Speed, OptLevel::None] {
            let wasm = programs::compile(&source, &Options { opt, debug_memory: true, ..Options::default() })
                .map_err(|error| TestCaseError::fail(format!("{error:?}\n{text}")))?;
            let outcome = mochi_wasm::run_module(&engine, &wasm, &RunOptions::default())
                .map_err(|error| TestCaseError::fail(format!("{error:?}\n{text}")))?;
            prop_assert_eq!(outcome.exit, 0, "{}\n{}", String::from_utf8_lossy(&outcome.stderr), text);
            prop_assert_eq!(String::from_utf8_lossy(&outcome.stdout), expected.as_str(), "{}", text);
        }
        Ok(())
    });
    result.map_err(|error| error.to_string().into())
}
