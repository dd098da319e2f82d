//! The passes, by name and in order.

pub mod count;

pub use count::count;
