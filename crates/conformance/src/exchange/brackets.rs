//! Kinds about maintenance brackets: tier tables by notional.

use super::Kind;
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_margin::tiers::{RATE_DECIMALS, Tier, TierError, TierTable};
use breakwater_money::{Decimal, Rational, U256, rational};

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[("bracket_cum", cum), ("bracket_mm", maintenance)];

/// A table with the scale that its caps were read at.
pub struct Brackets {
    /// Caps in `10^-decimals` of the settle asset.
    pub table: TierTable,
    /// Decimals of that scale: the finest that any cap needs, so that nothing is rounded.
    pub decimals: u8,
}

impl Brackets {
    /// Reads `brackets` of `input`: rows of `cap`, `mmr` and `max_leverage`, lowest first. The scale
    /// has at least `decimals_min` decimals.
    pub fn read(input: &Fields<'_>, decimals_min: u8) -> Result<Self, Mismatch> {
        let rows = input.rows("brackets")?;
        let mut decimals = decimals_min;
        for row in &rows {
            decimals = decimals.max(row.decimal("cap")?.decimals);
        }
        let tiers = rows.iter().map(|row| read_tier(row, decimals)).collect::<Result<_, _>>()?;
        let refused = |error| refusal(input, "brackets", "a tier table", error, decimals);
        Ok(Brackets { table: TierTable::new(tiers).map_err(refused)?, decimals })
    }

    /// `raw_e9`, in 1e-9 of a base unit, as a number of settle units.
    fn whole(&self, raw_e9: U256) -> Output {
        let one = Rational::from_integer(10.into());
        let one = one.pow(i32::from(self.decimals) + i32::from(RATE_DECIMALS));
        Output::Number(Rational::from_integer(rational::big(raw_e9).into()) / one)
    }
}

fn read_tier(row: &Fields<'_>, decimals: u8) -> Result<Tier, Mismatch> {
    let rate = raw(row, "mmr", row.decimal("mmr")?, RATE_DECIMALS)?;
    let leverage = raw(row, "max_leverage", row.decimal("max_leverage")?, 0)?;
    let rate_e9 = u64::try_from(rate).map_err(|_| row.wrong("mmr", "a rate of at most 1"))?;
    let leverage_max = u32::try_from(leverage)
        .map_err(|_| row.wrong("max_leverage", "a whole number of at most 32 bits"))?;
    Ok(Tier { cap: raw(row, "cap", row.decimal("cap")?, decimals)?, rate_e9, leverage_max })
}

/// What the table says no to; its amounts are integers at `decimals`, which the message adds.
fn refusal(
    input: &Fields<'_>,
    name: &str,
    right: &str,
    error: TierError,
    decimals: u8,
) -> Mismatch {
    Mismatch::new(input.path(name), right, format!("{error} (amounts at {decimals} decimals)"))
}

fn raw(fields: &Fields<'_>, name: &str, value: Decimal, decimals: u8) -> Result<u128, Mismatch> {
    value.to_raw(decimals).map_err(|error| {
        let right = format!("zero or more, in 128 bits at {decimals} decimals");
        Mismatch::new(fields.path(name), right, error.to_string())
    })
}

/// `bracket_cum`: the deduction of each bracket by continuity -> cum.
pub fn cum(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let brackets = Brackets::read(input, 0)?;
    let deductions = brackets.table.deductions_e9().iter();
    let list = deductions.map(|deduction| brackets.whole(*deduction)).collect();
    Ok(vec![("cum", Output::List(list))])
}

/// `bracket_mm`: the bracket whose cap holds the notional, and `notional * mmr - cum` in it
/// -> tier (from 1), maintenance_margin.
pub fn maintenance(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let notional = input.decimal("notional")?;
    let brackets = Brackets::read(input, notional.decimals)?;
    let notional = raw(input, "notional", notional, brackets.decimals)?;
    let right = "a notional within the brackets";
    let refused = |error| refusal(input, "notional", right, error, brackets.decimals);
    let exact_e9 = brackets.table.maintenance_exact_e9(notional).map_err(refused)?;
    let tier = brackets.table.tier_of(notional).map_err(refused)?;
    Ok(vec![("tier", tier_from_one(tier)), ("maintenance_margin", brackets.whole(exact_e9))])
}

/// The place of a tier as venues count it.
pub fn tier_from_one(index: usize) -> Output {
    // An index into a list in memory, plus one, is far below 2^64.
    Output::Count(index as u64 + 1)
}
