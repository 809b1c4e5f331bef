//! The story against what really happened: causes one by one, both sides of every limit, and sums
//! against the books.

mod auctions;
mod causes;
mod derivatives;
mod exchange;
mod ladders;
mod lending;
mod stage;
