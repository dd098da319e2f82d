//! Logic: facts, rules and queries, as functions written in the language itself.
//!
//! What a program can derive consists of the constants in its text, for rules compute nothing. So each constant
//! gets a number when compiling, a relation is lists of small ints, one for each column, and a tuple is found
//! by one int that is made of its columns. [`code`] writes the functions that add and derive tuples, for each
//! rule loops of its own; the resolver takes them into the program like builtins that are written in the
//! language. Only a query turns numbers into values again.
//!
//! Evaluation is semi-naive (Bancilhon and Ramakrishnan, "An Amateur's Introduction to Recursive Query
//! Processing Strategies", SIGMOD 1986): a rule is applied to combinations of tuples of which one at least is new since
//! it was applied before. The order of tuples is that of the reference, which applies every rule to all combinations
//! again and again: what is new comes out in the order of the combinations, compared from the first
//! condition to the last.

pub(crate) mod code;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::syntax::ast;

/// A value that the program names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Constant<'a> {
    Str(&'a str),
    Int(i64),
}

/// What constants there can be in a column, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Kinds(u8);

impl Kinds {
    const STRING: Kinds = Kinds(1);
    const INT: Kinds = Kinds(2);
    const NONE: Kinds = Kinds(4);
    const ALL: Kinds = Kinds(7);

    fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }
}

/// An argument of a predicate: a variable by its number in the rule, or a constant by its number in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Term {
    Var(usize),
    Constant(usize),
}

/// A predicate in a rule or a query, with the number of its relation.
#[derive(Clone, Debug)]
struct Atom {
    relation: usize,
    terms: Vec<Term>,
}

/// What has to differ for a rule to hold.
#[derive(Clone, Copy, Debug)]
enum Differ {
    Vars(usize, usize),
    /// The other variable is none where the reference compares them.
    NotNone(usize),
}

#[derive(Clone, Debug)]
struct Rule {
    /// A variable that no condition binds is none.
    head: Atom,
    body: Vec<Atom>,
    differ: Vec<Differ>,
    /// Nothing is ever derived.
    is_void: bool,
}

#[derive(Clone, Debug)]
struct Query<'a> {
    atom: Atom,
    vars: Vec<&'a str>,
}

/// All tuples of one name.
#[derive(Clone, Debug, Default)]
struct Relation {
    /// How many terms its predicates have, in all places: a tuple belongs to predicates with fewer, too.
    arities: BTreeSet<usize>,
    /// By column: what facts hold there.
    facts: Vec<Kinds>,
}

impl Relation {
    fn arity(&self) -> usize {
        self.arities.last().copied().unwrap_or_default()
    }

    /// Tuples may be of several lengths.
    fn is_mixed(&self) -> bool {
        self.arities.len() > 1
    }
}

/// The facts, rules and queries of a program, in the order in which they were met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logic<'a> {
    constants: Vec<Constant<'a>>,
    numbers: HashMap<Constant<'a>, usize>,
    relations: Vec<Relation>,
    by_name: BTreeMap<&'a str, usize>,
    rules: Vec<Rule>,
    queries: Vec<Query<'a>>,
}

/// Gives variables numbers by their names.
#[derive(Default)]
struct Vars<'a>(Vec<&'a str>);

impl<'a> Vars<'a> {
    fn number(&mut self, name: &'a str) -> usize {
        match self.0.iter().position(|known| *known == name) {
            Some(at) => at,
            None => {
                self.0.push(name);
                self.0.len() - 1
            }
        }
    }
}

impl<'a> Logic<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.relations.is_empty()
    }

    pub(crate) fn constants(&self) -> &[Constant<'a>] {
        &self.constants
    }

    /// The relation of a fact and the numbers of its constants; nothing for a fact with variables, which
    /// the reference ignores.
    pub(crate) fn fact(&mut self, of: &'a ast::Predicate) -> Option<(usize, Vec<usize>)> {
        if of.terms.iter().any(|term| matches!(term, ast::Term::Var(_))) {
            return None;
        }
        let atom = self.atom(of, &mut Vars::default());
        let relation = &mut self.relations[atom.relation];
        let mut numbers = Vec::with_capacity(atom.terms.len());
        for (column, term) in atom.terms.iter().enumerate() {
            let Term::Constant(number) = *term else { continue };
            relation.facts[column] = relation.facts[column].or(kind_of(&self.constants[number]));
            numbers.push(number);
        }
        Some((atom.relation, numbers))
    }

    /// Notes a rule and gives its number.
    pub(crate) fn rule(&mut self, head: &'a ast::Predicate, conditions: &'a [ast::Condition]) -> usize {
        let mut vars = Vars::default();
        let mut bound = BTreeSet::new();
        let (mut body, mut differ, mut is_void) = (Vec::new(), Vec::new(), false);
        for condition in conditions {
            match condition {
                ast::Condition::Holds(of) => {
                    let atom = self.atom(of, &mut vars);
                    bound.extend(vars_of(&atom));
                    body.push(atom);
                }
                ast::Condition::Differ(left, right) => {
                    let (left, right) = (vars.number(&left.text), vars.number(&right.text));
                    // What no condition before has bound is none there.
                    match (bound.contains(&left), bound.contains(&right)) {
                        (true, true) if left != right => differ.push(Differ::Vars(left, right)),
                        (true, false) => differ.push(Differ::NotNone(left)),
                        (false, true) => differ.push(Differ::NotNone(right)),
                        (true, true) | (false, false) => is_void = true,
                    }
                }
            }
        }
        let head = self.atom(head, &mut vars);
        self.rules.push(Rule { is_void: is_void || body.is_empty(), head, body, differ });
        self.rules.len() - 1
    }

    /// Notes a query and gives its number.
    pub(crate) fn query(&mut self, of: &'a ast::Predicate) -> usize {
        let mut vars = Vars::default();
        let atom = self.atom(of, &mut vars);
        self.queries.push(Query { atom, vars: vars.0 });
        self.queries.len() - 1
    }

    fn atom(&mut self, of: &'a ast::Predicate, vars: &mut Vars<'a>) -> Atom {
        let relation = match self.by_name.get(of.name.text.as_str()) {
            Some(&relation) => relation,
            None => {
                self.relations.push(Relation::default());
                self.by_name.insert(&of.name.text, self.relations.len() - 1);
                self.relations.len() - 1
            }
        };
        let known = &mut self.relations[relation];
        known.arities.insert(of.terms.len());
        known.facts.resize(known.arity(), Kinds::default());
        let terms = of
            .terms
            .iter()
            .map(|term| match term {
                ast::Term::Var(name) => Term::Var(vars.number(&name.text)),
                ast::Term::Str(text, _) => Term::Constant(self.constant(Constant::Str(text))),
                ast::Term::Int(value, _) => Term::Constant(self.constant(Constant::Int(*value))),
            })
            .collect();
        Atom { relation, terms }
    }

    fn constant(&mut self, constant: Constant<'a>) -> usize {
        *self.numbers.entry(constant).or_insert_with(|| {
            self.constants.push(constant);
            self.constants.len() - 1
        })
    }

    /// What there can be in each column of each relation.
    fn kinds(&self) -> Vec<Vec<Kinds>> {
        let mut kinds: Vec<Vec<Kinds>> = self.relations.iter().map(|relation| relation.facts.clone()).collect();
        loop {
            let before = kinds.clone();
            for rule in self.rules.iter().filter(|rule| !rule.is_void) {
                for (column, term) in rule.head.terms.iter().enumerate() {
                    let new = match *term {
                        Term::Constant(number) => kind_of(&self.constants[number]),
                        Term::Var(var) if rule.body.iter().any(|atom| vars_of(atom).any(|bound| bound == var)) => {
                            kinds_of_var(&kinds, &rule.body, var)
                        }
                        Term::Var(_) => Kinds::NONE,
                    };
                    let held = &mut kinds[rule.head.relation][column];
                    *held = held.or(new);
                }
            }
            if kinds == before {
                return kinds;
            }
        }
    }
}

/// What a variable can be that occurs in these.
fn kinds_of_var(kinds: &[Vec<Kinds>], atoms: &[Atom], var: usize) -> Kinds {
    let mut result = Kinds::ALL;
    for atom in atoms {
        for (column, term) in atom.terms.iter().enumerate() {
            if *term == Term::Var(var) {
                result = result.and(kinds[atom.relation][column]);
            }
        }
    }
    result
}

fn kind_of(constant: &Constant<'_>) -> Kinds {
    match constant {
        Constant::Str(_) => Kinds::STRING,
        Constant::Int(_) => Kinds::INT,
    }
}

fn vars_of(atom: &Atom) -> impl Iterator<Item = usize> {
    atom.terms.iter().filter_map(|term| match *term {
        Term::Var(var) => Some(var),
        Term::Constant(_) => None,
    })
}
