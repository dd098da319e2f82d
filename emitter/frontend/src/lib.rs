//! Mochi source text to a typed program.

pub mod diagnostic;
pub mod source;
pub mod syntax;
