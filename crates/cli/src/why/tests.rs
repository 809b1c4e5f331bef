//! The story against what really happened: causes one by one, both sides of every limit, and sums
//! against the books.

mod causes;
mod exchange;
mod lending;
mod stage;
