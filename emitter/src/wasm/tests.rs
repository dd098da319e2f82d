//! What emission makes of hand-written and random functions.
