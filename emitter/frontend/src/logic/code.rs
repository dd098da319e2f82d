//! The text of the functions that the logic of a program becomes.
//!
//! Of a relation with two columns there is, each only if something uses it:
//!
//! ```text
//! n, c0, c1                   how many tuples there are, and their columns
//! f                           from a tuple's key to the first tuple that is it
//! d, d_seen                   whether there is a flag for each key, and these
//! x0_first, x0_last, x0_next  by what is in column 0: the tuples that have it there, as a chain in their order
//! ```
//!
//! A rule with the conditions `p(x, y), q(y, z)` becomes two loops: over old tuples of `p` and new ones of `q`,
//! and over new tuples of `p` and all of `q`. Each begins with the new ones and finds those of the other conditions by
//! the columns that are bound by then. What the second loop finds comes in the order of the reference and is added at
//! once; what the first one finds is older combinations by their first tuple, so it comes before, but it has to be
//! sorted, and of several combinations that give one tuple the first one counts. Where there are many new tuples of
//! `q`, the first loop goes over the old ones of `p` instead, from which the first new one of `q` in a chain is
//! known: it finds the same in order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::{Atom, Differ, Kinds, Logic, Query, Rule, Term, kinds_of_var, vars_of};

macro_rules! put {
    ($writer:expr, $($arg:tt)*) => {
        // Writing to a string cannot fail.
        let _ = writeln!($writer.text, $($arg)*);
    };
}

mod relations;

/// The functions, as text, and the global variables that they share.
pub(crate) struct Code {
    pub(crate) text: String,
    pub(crate) globals: Vec<(String, First)>,
}

/// What a global variable holds at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    Zero,
    False,
    True,
    List,
    Map,
    /// A list that has -1 for each constant and for none.
    Unlinked,
    /// The strings, the ints or all of the constants by their numbers.
    Strings,
    Ints,
    Values,
}

/// The function that adds facts with so many terms to a relation: its parameter is the list of all terms.
pub(crate) fn facts_name(relation: usize, arity: usize) -> String {
    format!("logic_facts{relation}_{arity}")
}

/// The function that makes the rule with the number it is given hold from now on.
pub(crate) const RULE: &str = "logic_hold";

/// The function that fills a list for [`First::Unlinked`], of a length.
pub(crate) const UNLINKED: &str = "logic_unlinked";

pub(crate) fn query_name(query: usize) -> String {
    format!("logic_query{query}")
}

/// Keys are made of columns by multiplication as long as they stay below this, where ints are small.
const MAX_KEY: u128 = 1 << 60;

/// More distinct keys than memory can hold.
const MAX_KEYS: u128 = 1 << 31;

pub(crate) fn code(logic: &Logic<'_>) -> Code {
    let mut writer = Writer {
        logic,
        kinds: logic.kinds(),
        // None has the number after those of the constants.
        radix: logic.constants.len() + 1,
        text: String::new(),
        globals: BTreeMap::new(),
        indexes: BTreeSet::new(),
        heads: logic.rules.iter().filter(|rule| !rule.is_void).map(|rule| rule.head.relation).collect(),
        found: BTreeSet::new(),
    };
    for (number, rule) in logic.rules.iter().enumerate() {
        if !rule.is_void {
            writer.rule(number, rule);
        }
    }
    for (number, query) in logic.queries.iter().enumerate() {
        writer.query(number, query);
    }
    for relation in 0..logic.relations.len() {
        writer.relation(relation);
    }
    writer.derive();
    Code { text: writer.text, globals: writer.globals.into_iter().collect() }
}

struct Writer<'w, 'a> {
    logic: &'w Logic<'a>,
    kinds: Vec<Vec<Kinds>>,
    /// How many numbers there are in a column.
    radix: usize,
    text: String,
    globals: BTreeMap<String, First>,
    /// The chains that something follows: relations and columns.
    indexes: BTreeSet<(usize, Vec<usize>)>,
    /// The relations that rules add to: each tuple is asked for first.
    heads: BTreeSet<usize>,
    /// The relations whose tuples are looked up to know their numbers.
    found: BTreeSet<usize>,
}

/// How the tuples of a condition are reached.
enum Access {
    /// All.
    Range,
    /// The one that has this key.
    Found(String),
    /// Those that have what is bound in these columns.
    Chain(Vec<usize>),
}

/// From which number on the tuples of a condition count.
enum Start {
    All,
    /// From the one in this variable on. Where the condition is not the first one, the rule with this number knows
    /// the first such tuples of chains.
    New(String, usize),
}

impl Start {
    fn least(&self) -> &str {
        match self {
            Start::All => "0",
            Start::New(start, _) => start,
        }
    }
}

/// In a body of two conditions, few enough old tuples of the first one are all tried when the second one has new
/// tuples: at most so many for each of these.
const TRIED: usize = 4;

impl Writer<'_, '_> {
    fn global(&mut self, name: String, first: First) -> String {
        self.globals.insert(name.clone(), first);
        name
    }

    fn count(&mut self, relation: usize) -> String {
        self.global(format!("logic_n{relation}"), First::Zero)
    }

    fn column(&mut self, relation: usize, column: usize) -> String {
        self.global(format!("logic_c{relation}_{column}"), First::List)
    }

    /// How long each tuple is, where they are of several lengths.
    fn lengths(&mut self, relation: usize) -> String {
        self.global(format!("logic_l{relation}"), First::List)
    }

    fn finder(&mut self, relation: usize) -> String {
        self.global(format!("logic_f{relation}"), First::Map)
    }

    fn index(&mut self, relation: usize, columns: &[usize], part: &str, first: First) -> String {
        let columns: String = columns.iter().map(|column| format!("_{column}")).collect();
        self.global(format!("logic_x{relation}{columns}_{part}"), first)
    }

    /// An int that no other values of these, each below its radix, have.
    fn key(&mut self, parts: &[(String, usize)]) -> String {
        let mut parts = parts.iter();
        let Some((first, radix)) = parts.next() else { return "0".to_owned() };
        let (mut key, mut bound) = (first.clone(), *radix as u128);
        for (part, radix) in parts {
            let mut next = bound * *radix as u128;
            if next >= MAX_KEY {
                self.global("logic_keys".to_owned(), First::Map);
                key = format!("logic_dense({key})");
                next = MAX_KEYS * *radix as u128;
            }
            key = format!("({key} * {radix} + {part})");
            bound = next;
        }
        key
    }

    /// The key of a tuple of a relation.
    fn tuple_key(&mut self, relation: usize, terms: &[String]) -> String {
        let known = &self.logic.relations[relation];
        let mut parts: Vec<(String, usize)> = terms.iter().map(|term| (term.clone(), self.radix)).collect();
        if known.is_mixed() {
            parts.insert(0, (terms.len().to_string(), known.arity() + 1));
        }
        self.key(&parts)
    }

    fn term(&self, term: Term, bound: &BTreeSet<usize>) -> String {
        match term {
            Term::Constant(number) => number.to_string(),
            Term::Var(var) if bound.contains(&var) => format!("v{var}"),
            Term::Var(_) => (self.radix - 1).to_string(),
        }
    }

    // Rules.

    fn rule(&mut self, number: usize, rule: &Rule) {
        put!(self, "fun logic_rule{number}() {{");
        let mut same = Vec::new();
        for (at, atom) in rule.body.iter().enumerate() {
            let count = self.count(atom.relation);
            let mark = self.global(format!("logic_m{number}_{at}"), First::Zero);
            put!(self, "let e{at} = {count} let s{at} = {mark}");
            same.push(format!("e{at} == s{at}"));
        }
        put!(self, "if {} {{ return none }}", same.join(" && "));
        for at in 0..rule.body.len() {
            put!(self, "logic_m{number}_{at} = e{at}");
        }
        let mut pends = false;
        for newest in (0..rule.body.len()).rev() {
            let order = self.order(rule, newest);
            let is_sorted = newest == 0 && order.is_sorted();
            if is_sorted && pends {
                put!(self, "logic_flush{number}()");
            }
            let mut tests: Vec<String> = (0..newest).map(|at| format!("s{at} > 0")).collect();
            tests.push(format!("s{newest} < e{newest}"));
            put!(self, "if {} {{", tests.join(" && "));
            let may_try = newest == 1 && order.len() == 2 && !self.logic.relations[rule.body[1].relation].is_mixed();
            if may_try {
                put!(self, "if s0 <= (e1 - s1) * {TRIED} {{");
                self.first_new(number, rule);
                self.variant(number, rule, newest, &[0, 1], true);
                put!(self, "}} else {{");
            }
            self.variant(number, rule, newest, &order, is_sorted);
            if may_try {
                put!(self, "}}");
            }
            put!(self, "}}");
            pends |= !is_sorted;
            if newest == 0 && !is_sorted {
                put!(self, "logic_flush{number}()");
            }
        }
        put!(self, "}}");
        if pends {
            self.pending(number, rule);
        }
    }

    fn new_ones(&mut self, rule: usize) -> String {
        self.global(format!("logic_w{rule}"), First::List)
    }

    /// Notes the first new tuple of the second condition in each chain that has one.
    fn first_new(&mut self, number: usize, rule: &Rule) {
        let atom = &rule.body[1];
        let bound = vars_of(&rule.body[0]).collect();
        let Access::Chain(columns) = self.access(atom, &bound, true) else { return };
        let new = self.new_ones(number);
        let (first, _, group_of) = self.chain(atom.relation, &columns);
        put!(self, "while len({new}) < len({first}) {{ {new} = append({new}, -1) }}");
        let held: Vec<(String, usize)> =
            columns.iter().map(|&column| (format!("{}[at]", self.column(atom.relation, column)), self.radix)).collect();
        let group = match group_of {
            None => held[0].0.clone(),
            Some(group_of) => format!("{group_of}[{}] ?? 0", self.key(&held)),
        };
        put!(self, "var at = e1 - 1");
        put!(self, "while at >= s1 {{ let group = {group} {new}[group] = at at = at - 1 }}");
    }

    /// In which order the conditions are met when the tuple of one of them is new: always the one next of which
    /// the most columns are bound.
    fn order(&self, rule: &Rule, newest: usize) -> Vec<usize> {
        let mut order = vec![newest];
        let mut bound: BTreeSet<usize> = vars_of(&rule.body[newest]).collect();
        let mut rest: Vec<usize> = (0..rule.body.len()).filter(|&at| at != newest).collect();
        while !rest.is_empty() {
            let weight = |at: usize| {
                let atom = &rule.body[at];
                let count = bound_columns(atom, &bound).len();
                (count == atom.terms.len(), count)
            };
            let best = rest.iter().copied().rev().max_by_key(|&at| weight(at)).unwrap_or(rest[0]);
            rest.retain(|&at| at != best);
            bound.extend(vars_of(&rule.body[best]));
            order.push(best);
        }
        order
    }

    /// The loops over the combinations whose first new tuple is the one of the condition `newest`.
    fn variant(&mut self, number: usize, rule: &Rule, newest: usize, order: &[usize], is_sorted: bool) {
        let mut bound = BTreeSet::new();
        let mut differ = rule.differ.clone();
        let mut open = 0;
        let mut ends = Vec::new();
        for &at in order {
            let limit = if at < newest { format!("s{at}") } else { format!("e{at}") };
            let start = if at == newest { Start::New(format!("s{at}"), number) } else { Start::All };
            let access = if at == order[0] { Access::Range } else { self.access(&rule.body[at], &bound, true) };
            ends.push((open, self.atom(&rule.body[at], at, access, (start, &limit), &mut bound, &mut open)));
            differ.retain(|&differ| {
                let test = match differ {
                    Differ::Vars(left, right) if bound.contains(&left) && bound.contains(&right) => {
                        format!("v{left} != v{right}")
                    }
                    Differ::NotNone(var) if bound.contains(&var) => format!("v{var} != {}", self.radix - 1),
                    Differ::Vars(..) | Differ::NotNone(_) => return true,
                };
                put!(self, "if {test} {{");
                open += 1;
                false
            });
        }
        let terms: Vec<String> = rule.head.terms.iter().map(|&term| self.term(term, &bound)).collect();
        let head = rule.head.relation;
        let key = self.tuple_key(head, &terms);
        put!(self, "let key = {key}");
        put!(self, "if !logic_has{head}(key) {{");
        if is_sorted {
            put!(self, "logic_add{head}_{}({})", terms.len(), terms.join(", "));
        } else {
            let combination = (0..rule.body.len()).map(|at| format!("i{at}"));
            let args: Vec<String> = std::iter::once("key".to_owned()).chain(combination).chain(terms).collect();
            put!(self, "logic_offer{number}({})", args.join(", "));
        }
        put!(self, "}}");
        for (before, end) in ends.into_iter().rev() {
            while open > before + 1 {
                put!(self, "}}");
                open -= 1;
            }
            put!(self, "{end} }}");
            open -= 1;
        }
    }

    fn access(&mut self, atom: &Atom, bound: &BTreeSet<usize>, may_find: bool) -> Access {
        let columns = bound_columns(atom, bound);
        if columns.is_empty() {
            return Access::Range;
        }
        if may_find && columns.len() == atom.terms.len() && !self.logic.relations[atom.relation].is_mixed() {
            let terms: Vec<String> = atom.terms.iter().map(|&term| self.term(term, bound)).collect();
            return Access::Found(self.tuple_key(atom.relation, &terms));
        }
        Access::Chain(columns)
    }

    /// Opens the block of all tuples, below a limit, of a condition; what it binds is in variables then. Gives what
    /// ends that block.
    fn atom(
        &mut self,
        atom: &Atom,
        at: usize,
        access: Access,
        (start, limit): (Start, &str),
        bound: &mut BTreeSet<usize>,
        open: &mut usize,
    ) -> String {
        let relation = atom.relation;
        let mut known = Vec::new();
        let mut end = String::new();
        match access {
            Access::Range => {
                put!(self, "for i{at} in {}..{limit} {{", start.least());
            }
            Access::Found(key) => {
                self.found.insert(relation);
                let finder = self.finder(relation);
                put!(self, "let i{at} = {finder}[{key}] ?? {limit}");
                put!(self, "if i{at} >= {} && i{at} < {limit} {{", start.least());
                known = (0..atom.terms.len()).collect();
            }
            Access::Chain(columns) => {
                self.indexes.insert((relation, columns.clone()));
                let (mut first, _, group_of) = self.chain(relation, &columns);
                let next = self.index(relation, &columns, "next", First::List);
                if let Start::New(_, number) = start {
                    first = self.new_ones(number);
                }
                let terms: Vec<String> = columns.iter().map(|&column| self.term(atom.terms[column], bound)).collect();
                match group_of {
                    None => {
                        put!(self, "var i{at} = {first}[{}]", terms[0]);
                    }
                    Some(group_of) => {
                        let parts: Vec<(String, usize)> = terms.into_iter().map(|term| (term, self.radix)).collect();
                        let key = self.key(&parts);
                        put!(self, "let g{at} = {group_of}[{key}] ?? -1");
                        put!(self, "var i{at} = -1");
                        put!(self, "if g{at} >= 0 && g{at} < len({first}) {{ i{at} = {first}[g{at}] }}");
                    }
                }
                put!(self, "while i{at} >= {} && i{at} < {limit} {{", start.least());
                end = format!("i{at} = {next}[i{at}]");
                known = columns;
            }
        }
        *open += 1;
        if self.logic.relations[relation].is_mixed() {
            let lengths = self.lengths(relation);
            put!(self, "if {lengths}[i{at}] >= {} {{", atom.terms.len());
            *open += 1;
        }
        for (column, &term) in atom.terms.iter().enumerate() {
            if known.contains(&column) {
                continue;
            }
            let name = self.column(relation, column);
            match term {
                Term::Var(var) if bound.insert(var) => {
                    put!(self, "let v{var} = {name}[i{at}]");
                }
                Term::Var(_) | Term::Constant(_) => {
                    let wanted = self.term(term, bound);
                    put!(self, "if {name}[i{at}] == {wanted} {{");
                    *open += 1;
                }
            }
        }
        end
    }

    /// The functions that keep what a rule finds out of order, and that add it in order.
    fn pending(&mut self, number: usize, rule: &Rule) {
        let own = |part: &str| format!("logic_p{number}_{part}");
        let (found, numbers) = (self.global(own("found"), First::Map), self.global(own("at"), First::List));
        let mut lists = |part: &str, count: usize| -> Vec<String> {
            (0..count).map(|at| self.global(own(&format!("{part}{at}")), First::List)).collect()
        };
        let (places, terms) = (lists("i", rule.body.len()), lists("a", rule.head.terms.len()));
        let all: Vec<&String> = places.iter().chain(&terms).collect();
        let short = |list: &&String| list.rsplit('_').next().unwrap_or_default().to_owned();
        let params: Vec<String> = std::iter::once("key".to_owned()).chain(all.iter().map(short)).collect();
        put!(self, "fun logic_offer{number}({}) {{", params.join(", "));
        put!(self, "if key in {found} {{ let at = {found}[key] ?? 0");
        let mut is_before = "false".to_owned();
        for (at, place) in places.iter().enumerate().rev() {
            is_before = format!("i{at} < {place}[at] || (i{at} == {place}[at] && ({is_before}))");
        }
        put!(self, "if {is_before} {{");
        for (at, place) in places.iter().enumerate() {
            put!(self, "{place}[at] = i{at}");
        }
        put!(self, "}} return none }}");
        put!(self, "{found}[key] = len({numbers})");
        put!(self, "{numbers} = append({numbers}, len({numbers}))");
        for (list, param) in all.iter().zip(&params[1..]) {
            put!(self, "{list} = append({list}, {param})");
        }
        put!(self, "}}");
        put!(self, "fun logic_flush{number}() {{");
        put!(self, "if len({numbers}) == 0 {{ return none }}");
        let keys: Vec<String> = places.iter().map(|place| format!("{place}[at]")).collect();
        put!(self, "let order = from at in {numbers} sort by [{}] select at", keys.join(", "));
        let values: Vec<String> = terms.iter().map(|term| format!("{term}[at]")).collect();
        let head = rule.head.relation;
        put!(self, "for at in order {{ logic_add{head}_{}({}) }}", terms.len(), values.join(", "));
        put!(self, "{found} = {{}} {numbers} = []");
        for list in all {
            put!(self, "{list} = []");
        }
        put!(self, "}}");
    }

    /// The functions that apply rules until nothing changes.
    fn derive(&mut self) {
        for (name, first) in [("changed", First::True), ("total", First::Zero), ("rules", First::List)] {
            self.global(format!("logic_{name}"), first);
        }
        put!(self, "fun logic_derive() {{");
        put!(self, "var again = logic_changed logic_changed = false");
        put!(self, "while again {{ let before = logic_total");
        put!(self, "for number in logic_rules {{ let which = number");
        for (number, rule) in self.logic.rules.iter().enumerate() {
            if !rule.is_void {
                put!(self, "if which == {number} {{ logic_rule{number}() }}");
            }
        }
        put!(self, "}} again = logic_total > before }} }}");
        put!(self, "fun {RULE}(number) {{ logic_rules = append(logic_rules, number) logic_changed = true }}");
        put!(self, "fun {UNLINKED}(length) {{ var result = []");
        put!(self, "for at in 0..length {{ result = append(result, -1) }} return result }}");
        if self.globals.contains_key("logic_keys") {
            put!(self, "fun logic_dense(key) {{ let known = logic_keys[key] ?? len(logic_keys)");
            put!(self, "if known == len(logic_keys) {{ logic_keys[key] = known }} return known }}");
        }
    }

    // Queries.

    fn query(&mut self, number: usize, query: &Query<'_>) {
        let atom = &query.atom;
        put!(self, "fun {}() {{ logic_derive() var result = []", query_name(number));
        let mut bound = BTreeSet::new();
        let mut open = 0;
        let limit = self.count(atom.relation);
        // Chains that no rule follows would cost more than they save.
        let access = match self.access(atom, &bound, false) {
            Access::Chain(columns) if self.indexes.contains(&(atom.relation, columns.clone())) => {
                Access::Chain(columns)
            }
            Access::Range | Access::Found(_) | Access::Chain(_) => Access::Range,
        };
        let end = self.atom(atom, 0, access, (Start::All, &limit), &mut bound, &mut open);
        let values = query.vars.iter().enumerate().map(|(var, name)| {
            let (table, first) = match kinds_of_var(&self.kinds, std::slice::from_ref(atom), var) {
                Kinds::STRING | Kinds(0) => ("logic_strings", First::Strings),
                Kinds::INT => ("logic_ints", First::Ints),
                _ => ("logic_values", First::Values),
            };
            self.globals.insert(table.to_owned(), first);
            format!("{name}: {table}[v{var}]")
        });
        let values: Vec<String> = values.collect();
        put!(self, "result = append(result, {{{}}})", values.join(", "));
        while open > 1 {
            put!(self, "}}");
            open -= 1;
        }
        put!(self, "{end} }} return result }}");
    }
}

/// The columns of an atom that hold constants or variables that are bound.
fn bound_columns(atom: &Atom, bound: &BTreeSet<usize>) -> Vec<usize> {
    let terms = atom.terms.iter().enumerate();
    terms
        .filter(|(_, term)| match term {
            Term::Constant(_) => true,
            Term::Var(var) => bound.contains(var),
        })
        .map(|(column, _)| column)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::{self, Dialect, ast};

    /// The functions of a program of facts, rules and queries at its top level.
    fn functions_of(text: &str) -> String {
        let file = SourceFile::new("test.mochi", text);
        let (program, found) = syntax::parse(&file, 0, Dialect::Mochi);
        assert!(found.is_empty(), "{found:?}");
        let mut logic = Logic::default();
        for stmt in &program.stmts {
            match &stmt.kind {
                ast::StmtKind::Fact(of) => {
                    logic.fact(of);
                }
                ast::StmtKind::Rule { head, body } => {
                    logic.rule(head, body);
                }
                ast::StmtKind::Let { value: Some(ast::Expr { kind: ast::ExprKind::LogicQuery(of), .. }), .. } => {
                    logic.query(of);
                }
                _ => unreachable!("no logic: {stmt:?}"),
            }
        }
        let code = code(&logic);
        let (_, found) = syntax::parse(&SourceFile::new("logic.mochi", code.text.as_str()), 0, Dialect::Mochi);
        assert!(found.is_empty(), "{}: {found:?}", code.text);
        code.text
    }

    #[test]
    fn columns_are_linked_where_rules_look_for_them() {
        let left = functions_of("fact e(1, 2)\nrule p(X, Y) :- e(X, Y)\nrule p(X, Y) :- p(X, Z), e(Z, Y)");
        // New tuples of `p` look for those of `e` by their first column, and new ones of `e` for those of `p` by
        // their second one.
        for name in ["logic_x0_0_next", "logic_x1_1_next"] {
            assert!(left.contains(name), "{name}: {left}");
        }
        for name in ["logic_x0_1_next", "logic_x1_0_next", "logic_f0"] {
            assert!(!left.contains(name), "{name}: {left}");
        }
    }

    #[test]
    fn what_comes_in_order_is_not_sorted() {
        let one = functions_of("fact e(1)\nrule p(X) :- e(X)");
        assert!(!one.contains("sort by"), "{one}");
        let two = functions_of("fact e(1)\nrule p(X) :- e(X), p(X)");
        assert!(two.contains("sort by"), "{two}");
    }

    #[test]
    fn all_old_tuples_are_tried_where_they_are_few_beside_new_ones() {
        let joined = functions_of("fact p(1, 2)\nrule p(X, Z) :- p(X, Y), p(Y, Z)");
        assert!(joined.contains("if s0 <= (e1 - s1) * 4 {"), "{joined}");
        let three = functions_of("fact p(1, 2)\nrule p(X, Z) :- p(X, Y), p(Y, W), p(W, Z)");
        assert!(!three.contains("* 4 {"), "{three}");
    }

    #[test]
    fn tuples_have_flags_where_there_are_few_keys() {
        let flagged = functions_of("fact e(1, 2)\nrule p(X, Y) :- e(X, Y)");
        assert!(flagged.contains("if logic_d1 { return logic_d1_seen[key] }"), "{flagged}");
        let head = (0..30).map(|at| format!("V{at}")).collect::<Vec<String>>().join(", ");
        let mapped = functions_of(&format!("fact e(1, 2)\nrule p({head}) :- e(V0, V1)"));
        assert!(!mapped.contains("logic_d1_seen"), "{mapped}");
    }

    #[test]
    fn columns_of_one_kind_have_a_table_of_their_own() {
        let text = "fact e(1, \"a\")\nrule p(Y, X) :- e(X, Y)\nrule q(X) :- p(X, Y)\nrule q(1) :- p(X, Y)\n";
        let strings = functions_of(&format!("{text}let r = query p(A, 1)"));
        assert!(strings.contains("{A: logic_strings[v0]}"), "{strings}");
        let ints = functions_of(&format!("{text}let r = query e(A, \"a\")"));
        assert!(ints.contains("{A: logic_ints[v0]}"), "{ints}");
        let any = functions_of(&format!("{text}let r = query q(A)"));
        assert!(any.contains("{A: logic_values[v0]}"), "{any}");
    }

    #[test]
    fn keys_of_long_tuples_are_numbered_on_the_way() {
        let terms: Vec<String> = (0..20).map(|at| at.to_string()).collect();
        let vars: Vec<String> = (0..20).map(|at| format!("V{at}")).collect();
        let (terms, vars) = (terms.join(", "), vars.join(", "));
        let long = functions_of(&format!("fact e({terms})\nrule p({vars}) :- e({vars})"));
        assert!(long.contains("logic_dense(("), "{long}");
        assert!(!functions_of("fact e(1, 2)\nrule p(X, Y) :- e(X, Y)").contains("logic_dense"));
    }

    #[test]
    fn rules_that_can_never_hold_are_left_out() {
        let void = functions_of("fact e(1)\nrule p(X) :- X != Y, e(X)\nrule p(X) :- e(X), X != X");
        assert!(!void.contains("logic_rule0") && !void.contains("logic_rule1"), "{void}");
    }
}
