//! Mochi source text to a typed program.
//!
//! [`syntax::parse`] makes a tree of the text, [`check::check`] resolves names, infers what
//! every slot can hold and makes the [`typed::Program`]. Both collect everything they find
//! wrong instead of stopping.

pub mod builtins;
pub mod check;
pub mod data;
pub mod diagnostic;
pub mod intrinsics;
mod logic;
pub mod modules;
pub mod plan;
pub mod source;
mod strict;
pub mod syntax;
pub mod typed;
pub mod types;
