//! The functions that add tuples to a relation, and what finds them: keys, flags and chains.

use std::fmt::Write;

use super::{First, Writer, facts_name};

/// A relation of at most so many keys has a flag for each as soon as one of [`KEYS_PER_TUPLE`] is that of a tuple:
/// it takes no more memory than the map then, and most of what rules find has been found before.
const MAX_FLAGS: u128 = 1 << 28;
const KEYS_PER_TUPLE: u128 = 64;

impl Writer<'_, '_> {
    /// How many keys there are of the tuples of a relation that may have flags.
    fn flags(&self, relation: usize) -> Option<u128> {
        let known = &self.logic.relations[relation];
        let keys = u32::try_from(known.arity()).ok().and_then(|arity| (self.radix as u128).checked_pow(arity))?;
        (self.heads.contains(&relation) && !known.is_mixed() && keys <= MAX_FLAGS).then_some(keys)
    }

    /// The functions that add tuples.
    pub(super) fn relation(&mut self, relation: usize) {
        let known = self.logic.relations[relation].clone();
        for &arity in &known.arities {
            let terms: Vec<String> = (0..arity).map(|column| format!("a{column}")).collect();
            put!(self, "fun logic_add{relation}_{arity}({}) {{", terms.join(", "));
            let count = self.count(relation);
            put!(self, "let at = {count}");
            for column in 0..known.arity() {
                let name = self.column(relation, column);
                let none = (self.radix - 1).to_string();
                put!(self, "{name} = append({name}, {})", terms.get(column).unwrap_or(&none));
            }
            if known.is_mixed() {
                let lengths = self.lengths(relation);
                put!(self, "{lengths} = append({lengths}, {arity})");
            }
            self.note_key(relation, &terms);
            let indexes: Vec<Vec<usize>> =
                self.indexes.iter().filter(|(of, _)| *of == relation).map(|(_, columns)| columns.clone()).collect();
            for (number, columns) in indexes.iter().enumerate() {
                if columns.iter().all(|&column| column < arity) {
                    self.link(relation, columns, number);
                } else {
                    let next = self.index(relation, columns, "next", First::List);
                    put!(self, "{next} = append({next}, -1)");
                }
            }
            put!(self, "{count} = at + 1");
            self.global("logic_total".to_owned(), First::Zero);
            put!(self, "logic_total = logic_total + 1");
            put!(self, "}}");
            self.facts(relation, arity);
        }
        self.test(relation);
    }

    /// Makes the tuple `at` one that is found by its key.
    fn note_key(&mut self, relation: usize, terms: &[String]) {
        let is_found = self.found.contains(&relation);
        if !is_found && !self.heads.contains(&relation) {
            return;
        }
        let (finder, key) = (self.finder(relation), self.tuple_key(relation, terms));
        put!(self, "let key = {key}");
        let note = format!("if !(key in {finder}) {{ {finder}[key] = at }}");
        let Some(keys) = self.flags(relation) else {
            put!(self, "{note}");
            return;
        };
        if is_found {
            put!(self, "{note}");
        }
        let (has_flags, seen) = self.flag_globals(relation);
        put!(self, "if {has_flags} {{ {seen}[key] = true }} else {{");
        if !is_found {
            put!(self, "{note}");
        }
        put!(self, "if at >= {} {{ logic_flag{relation}(at + 1) }} }}", keys / KEYS_PER_TUPLE);
    }

    fn flag_globals(&mut self, relation: usize) -> (String, String) {
        let has_flags = self.global(format!("logic_d{relation}"), First::False);
        (has_flags, self.global(format!("logic_d{relation}_seen"), First::List))
    }

    /// The functions that tell whether there is a tuple of a key, and that make flags for the tuples known so far.
    fn test(&mut self, relation: usize) {
        if !self.heads.contains(&relation) {
            return;
        }
        let finder = self.finder(relation);
        let Some(keys) = self.flags(relation) else {
            put!(self, "fun logic_has{relation}(key) {{ return key in {finder} }}");
            return;
        };
        let (has_flags, seen) = self.flag_globals(relation);
        put!(self, "fun logic_has{relation}(key) {{");
        put!(self, "if {has_flags} {{ return {seen}[key] }} return key in {finder} }}");
        let columns = 0..self.logic.relations[relation].arity();
        let terms: Vec<String> = columns.map(|column| format!("{}[at]", self.column(relation, column))).collect();
        let key = self.tuple_key(relation, &terms);
        put!(self, "fun logic_flag{relation}(count) {{ for at in 0..{keys} {{ {seen} = append({seen}, false) }}");
        put!(self, "for at in 0..count {{ {seen}[{key}] = true }}");
        if !self.found.contains(&relation) {
            put!(self, "{finder} = {{}}");
        }
        put!(self, "{has_flags} = true }}");
    }

    /// Adds the tuple `at` to a chain.
    fn link(&mut self, relation: usize, columns: &[usize], number: usize) {
        let group = format!("g{number}");
        let (first, last, group_of) = self.chain(relation, columns);
        let next = self.index(relation, columns, "next", First::List);
        match group_of {
            None => {
                put!(self, "let {group} = a{}", columns[0]);
            }
            Some(group_of) => {
                let parts: Vec<(String, usize)> =
                    columns.iter().map(|column| (format!("a{column}"), self.radix)).collect();
                let key = self.key(&parts);
                put!(self, "let k{number} = {key}");
                put!(self, "let {group} = {group_of}[k{number}] ?? len({first})");
                put!(self, "if {group} == len({first}) {{ {group_of}[k{number}] = {group}");
                put!(self, "{first} = append({first}, -1) {last} = append({last}, -1) }}");
            }
        }
        put!(self, "let before{number} = {last}[{group}]");
        put!(self, "if before{number} < 0 {{ {first}[{group}] = at }} else {{ {next}[before{number}] = at }}");
        put!(self, "{last}[{group}] = at");
        put!(self, "{next} = append({next}, -1)");
    }

    /// The first and last tuples of chains, by what is in the columns: directly, or by a number that a map has.
    pub(super) fn chain(&mut self, relation: usize, columns: &[usize]) -> (String, String, Option<String>) {
        let is_single = columns.len() == 1;
        let ends = if is_single { First::Unlinked } else { First::List };
        let (first, last) = (self.index(relation, columns, "first", ends), self.index(relation, columns, "last", ends));
        let group_of = (!is_single).then(|| self.index(relation, columns, "group", First::Map));
        (first, last, group_of)
    }

    fn facts(&mut self, relation: usize, arity: usize) {
        put!(self, "fun {}(table) {{", facts_name(relation, arity));
        let terms: Vec<String> = (0..arity).map(|column| format!("table[at + {column}]")).collect();
        put!(self, "var at = 0");
        put!(self, "while at < len(table) {{ logic_add{relation}_{arity}({})", terms.join(", "));
        put!(self, "at = at + {} }}", arity.max(1));
        self.global("logic_changed".to_owned(), First::True);
        put!(self, "logic_changed = true }}");
    }
}
