//! One file for each command.

pub(crate) mod bench;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod compile;
pub(crate) mod explain;
pub(crate) mod inspect;
pub(crate) mod run;
pub(crate) mod targets;
pub(crate) mod test;
pub(crate) mod trust;

mod blocks;
mod junit;
mod machine;
mod source;
