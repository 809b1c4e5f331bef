//! Ratios at which venues act on an account as a whole, for the sums of `breakwater_margin`.

use breakwater_margin::account::Line;

/// Portfolio margin of Binance: adjusted equity over maintenance; liquidated at 1.05 and below
/// (Portfolio Margin Trading Rules, 14 November 2024).
pub const BINANCE_PORTFOLIO_LIQUIDATION: Line = Line { ratio_e9: 1_050_000_000, at_equality: true };

/// Collateral over loan below which BitMEX calls a Margin+ account, in 1e-9: 125 % (support page on
/// Margin+ calls).
pub const BITMEX_MARGIN_PLUS_CALL_E9: u64 = 1_250_000_000;
