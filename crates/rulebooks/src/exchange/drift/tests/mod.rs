//! Promises of the rule. The venue's own numbers are checked by the conformance crate.
