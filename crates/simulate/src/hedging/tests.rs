mod backtests;
mod books;
mod real_chains;
mod simulations;
