//! Uniform-price batches.
