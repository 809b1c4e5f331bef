//! Measures of price discovery.
