mod backtests;
mod books;
mod simulations;
