//! Every bound of the engine, with its reason.

/// Assets a pool may define: columns per asset stay small enough to sweep.
pub const ASSETS_MAX: usize = 4_096;
/// Markets a pool may define: one an asset.
pub const MARKETS_MAX: usize = 4_096;
/// Accounts a pool may open: 32-bit numbers with room to spare, and about 8 GB of rows.
pub const ACCOUNTS_MAX: usize = 50_000_000;
/// Characters of a symbol or an owner's name: a line of a report.
pub const NAME_MAX: usize = 64;
/// Bytes of a rulebook's parameters: the largest tier table known is a tenth of it.
pub const PARAMETERS_MAX: usize = 1 << 20;
/// Decimals of an asset: 10^30 still leaves 10^8 whole units in 128 bits.
pub const DECIMALS_MAX: u8 = 30;
/// Accounts one call may name.
pub const CALL_ACCOUNTS_MAX: usize = 256;
/// Marks that a circuit breaker keeps: more falling marks than a feed gives within a window that makes
/// sense, in some hundred kilobytes an asset. Beyond it the oldest are joined under the higher price.
pub const BREAKER_MARKS_MAX: usize = 4_096;
/// Live watch entries before garbage is swept: below this a sweep costs more than it frees.
pub const WATCH_GARBAGE_MIN: usize = 4_096;
/// Most open orders of a pool: bounds the memory that accounts can ask for without holding anything.
pub const ORDERS_MAX: usize = 1_000_000;
/// Withdrawals that wait at once: sharing what may leave among them takes some tens of milliseconds.
pub const CLAIMS_MAX: usize = 100_000;
