//! Descending auctions.
