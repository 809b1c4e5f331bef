//! Llamma.
