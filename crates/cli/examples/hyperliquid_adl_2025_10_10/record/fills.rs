//! Single fills: which of the identities among their numbers hold, and how closely.

use std::fmt::Write as _;

use breakwater_money::rational::{self, Rational};

use super::RecordError;
use super::table::{Table, deviation, dollars, size, zero};

/// A winner's position closed against a liquidated account.
pub struct Fill {
    /// Price of the close.
    pub price: Rational,
    /// Contracts closed.
    pub size: Rational,
    /// As stated: price times size.
    pub notional: Rational,
    /// Profit realised by the close.
    pub closed_pnl: Rational,
    /// Contracts before, below zero for a short.
    pub position: Rational,
    /// Average entry price.
    pub entry: Rational,
    /// Cash of the account.
    pub cash: Rational,
    /// Unrealised profit of all its positions.
    pub unrealised: Rational,
    /// As stated: cash and unrealised profit.
    pub equity: Rational,
    /// As stated.
    pub is_negative: bool,
    /// As stated: value of the position over cash.
    pub leverage: Rational,
    /// As stated: unrealised profit of the position.
    pub position_pnl: Rational,
    /// As stated, in per cent.
    pub pnl_percent: Rational,
}

/// How many fills keep an identity.
pub struct Identity {
    /// What is said to be equal.
    pub name: &'static str,
    /// Fills that it can be asked of.
    pub of: usize,
    /// Fills that keep it within each of [`BOUNDS`].
    pub within: [usize; 4],
}

/// Relative deviations that are counted, as decimals after the point.
pub const BOUNDS: [u8; 4] = [12, 9, 6, 2];

impl Fill {
    /// The fills of the table.
    ///
    /// # Errors
    /// A column that is missing, or a field that is no number.
    pub fn read_all(table: &Table) -> Result<Vec<Fill>, RecordError> {
        table
            .rows()
            .map(|row| {
                Ok(Fill {
                    price: row.number("adl_price")?,
                    size: row.number("adl_size")?,
                    notional: row.number("adl_notional")?,
                    closed_pnl: row.number("closed_pnl")?,
                    position: row.number("position_size")?,
                    entry: row.number("entry_price")?,
                    cash: row.number("account_value_realtime")?,
                    unrealised: row.number("total_unrealized_pnl")?,
                    equity: row.number("total_equity")?,
                    is_negative: row.flag("is_negative_equity")?,
                    leverage: row.number("leverage_realtime")?,
                    position_pnl: row.number("position_unrealized_pnl")?,
                    pnl_percent: row.number("pnl_percent")?,
                })
            })
            .collect()
    }

    fn value(&self) -> Rational {
        size(&self.position) * &self.price
    }

    fn gain_a_contract(&self) -> Rational {
        let gain = &self.price - &self.entry;
        if self.position < zero() { -gain } else { gain }
    }
}

/// Stated and recomputed, where there is something to recompute.
type Pair = Option<(Rational, Rational)>;

/// An identity: its name and the two sides of it in a fill.
type Rule = (&'static str, fn(&Fill) -> Pair);

fn over(part: Rational, whole: &Rational) -> Option<Rational> {
    (*whole != zero()).then(|| part / whole)
}

/// Those of numbers.
const EQUAL: [Rule; 6] = [
    ("notional = price x size", |f| Some((f.notional.clone(), &f.price * &f.size))),
    ("position's profit = position x (price - entry)", |f| {
        Some((f.position_pnl.clone(), &f.position * (&f.price - &f.entry)))
    }),
    ("equity = cash + unrealised", |f| Some((f.equity.clone(), &f.cash + &f.unrealised))),
    ("leverage = |position| x price / cash", |f| {
        Some((f.leverage.clone(), over(f.value(), &f.cash)?))
    }),
    ("profit % = 100 x position's profit / (|position| x price)", |f| {
        let hundred = rational::from_raw(100, 0);
        Some((f.pnl_percent.clone(), over(&f.position_pnl * hundred, &f.value())?))
    }),
    ("closed profit = size x gain a contract since entry", |f| {
        Some((f.closed_pnl.clone(), &f.size * f.gain_a_contract()))
    }),
];

/// An identity that holds in a fill or does not.
type Test = (&'static str, fn(&Fill) -> bool);

/// Those of order and sign.
const HOLD: [Test; 3] = [
    ("size <= |position|", |f| f.size <= size(&f.position)),
    ("negative equity is flagged, and only that", |f| f.is_negative == (f.equity < zero())),
    ("closed profit has the sign of the position's profit", |f| {
        (f.closed_pnl < zero()) == (f.position_pnl < zero())
    }),
];

/// Every identity with its counts.
#[must_use]
pub fn identities(fills: &[Fill]) -> Vec<Identity> {
    let equal = EQUAL.iter().map(|(name, pair)| {
        let apart: Vec<Rational> = fills
            .iter()
            .filter_map(pair)
            .map(|(stated, right)| deviation(&stated, &right))
            .collect();
        let within = BOUNDS.map(|places| {
            let bound = rational::from_raw(1, places);
            apart.iter().filter(|apart| **apart <= bound).count()
        });
        Identity { name, of: apart.len(), within }
    });
    let hold = HOLD.iter().map(|(name, holds)| {
        let kept = fills.iter().filter(|fill| holds(fill)).count();
        Identity { name, of: fills.len(), within: [kept; 4] }
    });
    equal.chain(hold).collect()
}

/// What a table of aggregates sums to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// Rows.
    pub rows: usize,
    /// Fills behind them.
    pub events: u64,
    /// Value closed, in dollars.
    pub notional: Rational,
    /// Profit realised, in dollars.
    pub closed_pnl: Rational,
}

impl Sums {
    /// The sums of a table whose column `events` counts fills.
    ///
    /// # Errors
    /// A column that is missing, or a field that is no number.
    pub fn of(table: &Table, events: &'static str) -> Result<Sums, RecordError> {
        let mut sums = Sums { rows: 0, events: 0, notional: zero(), closed_pnl: zero() };
        for row in table.rows() {
            sums.rows += 1;
            sums.events = sums.events.saturating_add(row.count(events)?);
            sums.notional += row.number("adl_notional_usd")?;
            sums.closed_pnl += row.number("closed_pnl_usd")?;
        }
        Ok(sums)
    }
}

/// The page about fills.
///
/// # Errors
/// The two tables of aggregates do not sum to the same.
pub fn describe(
    fills: usize,
    identities: &[Identity],
    sums: &[Sums; 2],
) -> Result<String, RecordError> {
    let [coins, users] = sums;
    let cent = rational::from_raw(1, 2);
    let apart = |a: &Rational, b: &Rational| size(&(a - b)) > cent;
    let differ = coins.events != users.events
        || apart(&coins.notional, &users.notional)
        || apart(&coins.closed_pnl, &users.closed_pnl);
    if differ {
        let told = format!("by coin and by user the record sums to {coins:?} and {users:?}");
        return Err(RecordError::Disagree(told));
    }
    let mut text = format!(
        "{} fills of {} users in {} coins closed {} dollars and realised {}; by coin and by user the \
         sums agree to a cent\n\n{fills} single fills, of the most leveraged: identities\n",
        coins.events,
        users.rows,
        coins.rows,
        dollars(&coins.notional),
        dollars(&coins.closed_pnl)
    );
    let heading = BOUNDS.map(|places| format!("{:>8}", format!("1e-{places}"))).join("");
    let _ = writeln!(text, "  {:<60}{:>6}{heading}", "within", "of");
    for Identity { name, of, within } in identities {
        let counts = within.map(|count| format!("{count:>8}")).join("");
        let _ = writeln!(text, "  {name:<60}{of:>6}{counts}");
    }
    text.push('\n');
    Ok(text)
}
