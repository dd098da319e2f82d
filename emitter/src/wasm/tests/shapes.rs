//! The code of small functions, line by line.
