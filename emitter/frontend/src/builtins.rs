//! The builtin functions, declared once.

/// A builtin as the typed program names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Builtin {
    Print,
    Len,
    Str,
    Int,
    Float,
    Substring,
    Upper,
    Lower,
    Input,
    Now,
}
