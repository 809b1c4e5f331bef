//! Sealed bids.
