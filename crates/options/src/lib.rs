//! Prices and greeks of options, and their values as integers that decide.
//!
//! Options knows volatilities, forwards and times, and nothing of accounts. Floats propose; what
//! crosses into margin is an integer, rounded against the account.
