//! MorphoBlue.
