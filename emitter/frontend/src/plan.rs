//! The plans of a program's queries, as `explain` shows them.

use crate::source::{SourceFile, Span};

/// How a query is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The query.
    pub span: Span,
    /// What is done, in the order in which rows come through.
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub what: What,
    /// What the text of the program says about it.
    pub about: Vec<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A loop over all elements of a source.
    Scan,
    /// The same for each row, evaluating the source again.
    ScanAgain,
    /// All elements of a source for each row.
    Nested(Partners),
    /// Those elements of a source for each row that a hash table has for the row's keys.
    Hashed(Partners),
    /// The equalities that a hash table is made for.
    Keys,
    /// What has to hold for a row and an element to belong together.
    On,
    /// Rows that something does not hold for are left out.
    Filter,
    Group,
    /// Aggregates of the groups, for which their rows are not kept.
    AddUp,
    Having,
    /// All rows are sorted.
    Sort,
    /// The rows are sorted and cut whenever there are twice as many as wanted.
    Top,
    Skip,
    Take,
    Distinct,
    Select,
}

/// What becomes of rows without elements, and elements without rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partners {
    Inner,
    Left,
    LeftLast,
    Outer,
}

/// The plans as text.
pub fn show(plans: &[Plan], files: &[SourceFile]) -> String {
    let mut out = String::new();
    for plan in plans {
        let Some(file) = files.get(plan.span.file as usize) else { continue };
        out.push_str(&format!("{}:{}: query\n", file.name, file.line(plan.span.start)));
        for step in &plan.steps {
            let words: Vec<String> = step.about.iter().map(|&span| text(file, span)).collect();
            let is_list = matches!(step.what, What::Keys | What::Group | What::AddUp | What::Sort | What::Top);
            let words = words.join(if is_list { ", " } else { " in " });
            let indent = if matches!(step.what, What::Keys | What::On | What::AddUp) { "      " } else { "  " };
            out.push_str(indent);
            out.push_str(name(step.what));
            out.push(' ');
            out.push_str(&words);
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
    }
    out
}

/// A piece of the program on one line.
fn text(file: &SourceFile, span: Span) -> String {
    let bytes = file.text.as_bytes().get(span.start as usize..span.end as usize).unwrap_or_default();
    String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn name(what: What) -> &'static str {
    match what {
        What::Scan => "scan",
        What::ScanAgain => "scan for each row",
        What::Nested(Partners::Inner) => "nested join",
        What::Nested(Partners::Left) => "nested left join",
        What::Nested(Partners::LeftLast) => "nested left join, rows without partners last,",
        What::Nested(Partners::Outer) => "nested outer join",
        What::Hashed(Partners::Inner) => "hash join",
        What::Hashed(Partners::Left) => "hash left join",
        What::Hashed(Partners::LeftLast) => "hash left join, rows without partners last,",
        What::Hashed(Partners::Outer) => "hash outer join",
        What::Keys => "by",
        What::On => "on",
        What::Filter => "where",
        What::Group => "group by",
        What::AddUp => "adding up",
        What::Having => "having",
        What::Sort => "sort by",
        What::Top => "keep the first by",
        What::Skip => "skip",
        What::Take => "take",
        What::Distinct => "distinct",
        What::Select => "select",
    }
}
