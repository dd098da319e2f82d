//! Turns what Mochi means into what the machine does: the border between the two families of
//! operations.

pub mod layout;
