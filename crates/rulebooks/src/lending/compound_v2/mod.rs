//! CompoundV2.
