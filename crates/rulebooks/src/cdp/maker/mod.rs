//! Maker's auctions, from dss at fa4f6630.
