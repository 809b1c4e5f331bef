//! Ascending auctions.
