//! Facts about a function: block order, dominators, loops, uses, liveness, and what of the module's
//! objects it writes or only borrows.
//!
//! Each analysis is computed from what it is given, returned as a value and owned by whoever
//! asked: nothing is stored in the IR and nothing needs to be invalidated. All of them are
//! iterative, because a function has as many blocks as its source has lines, and none of them
//! knows one family of operations from the other.

mod bitset;
mod cfg;
mod dominators;
mod lending;
mod liveness;
mod loops;
mod needed;
mod rings;
mod small;
#[cfg(test)]
pub(crate) mod testing;
mod uses;
mod writes;

pub use bitset::BitSet;
pub use cfg::Cfg;
pub use dominators::Dominators;
pub use lending::{Lending, lending_op};
pub use liveness::Liveness;
pub use loops::{Loop, LoopData, Loops};
pub use needed::Needed;
pub use rings::Rings;
pub use small::{SmallInts, constant_int};
pub use uses::Uses;
pub use writes::{Slot, WriteSet, Writes};
