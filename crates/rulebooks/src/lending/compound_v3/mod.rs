//! CompoundV3.
