//! Kinds of an exchange whose margin fraction scales with open interest.

use super::Kind;
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_money::{Decimal, U256, rational};
use breakwater_rulebooks::exchange::dydx_v4::{
    Closing, FillablePrice, LiquidityTier, Perpetual, Perpetuals, Position, PositionLimits, Revert,
    Subaccount, fill_quote, insurance_delta,
};

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[
    ("dydx_bankruptcy_quote", bankruptcy_quote),
    ("dydx_block_limits", block_limits),
    ("dydx_fillable_price", fillable_price),
    ("dydx_funding_clamp", funding_clamp),
    ("dydx_insurance_delta", insurance),
    ("dydx_margin", margin),
    ("dydx_mmf", maintenance_fraction),
    ("dydx_oi_imf", scaled_fraction),
];

/// Decimals of quote quantums, and of a fraction in millionths.
const DECIMALS: u8 = 6;

/// `dydx_bankruptcy_quote`: what the account must get for closing `delta` -> quote_quantums.
pub fn bankruptcy_quote(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let book = Book::read(input)?;
    let quote = book.closing.bankruptcy_quote(&book.account, &book.perpetuals);
    Ok(vec![("quote_quantums", number(quote.map_err(|error| refusal(input, error))?))])
}

/// `dydx_fillable_price`: the price at which the position is offered, in USD -> price.
pub fn fillable_price(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let book = Book::read(input)?;
    let rule = FillablePrice {
        bankruptcy_adjustment_ppm: ppm(input, "ba")?,
        spread_to_maintenance_ppm: ppm(input, "smmr")?,
    };
    let price = rule.of(&book.account, &book.perpetuals, book.closing.perpetual);
    let price = price.map_err(|error| refusal(input, error))?;
    // Quote quantums per base quantum to whole units of both.
    let whole = |decimals: u8| rational::from_raw(1, decimals);
    let price = price * whole(DECIMALS) / whole(book.base_decimals);
    Ok(vec![("price", Output::Number(price))])
}

/// `dydx_insurance_delta`: what the fund gets of a fill at `price` -> delta.
pub fn insurance(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let book = Book::read(input)?;
    let (closing, price) = (book.closing, input.decimal("price")?);
    let subticks = fitted(input, "price", raw(input, "price", price.decimals)?)?;
    let exponent = i32::from(DECIMALS) - i32::from(price.decimals) - i32::from(book.base_decimals);
    let delta = fill_quote(closing.delta.unsigned_abs(), subticks, exponent).and_then(|quote| {
        let quote = i128::try_from(quote).map_err(|_| Revert::Arithmetic)?;
        let quote = if closing.delta > 0 { -quote } else { quote };
        Ok((quote, closing.bankruptcy_quote(&book.account, &book.perpetuals)?))
    });
    let (quote, needed) = delta.map_err(|error| refusal(input, error))?;
    let delta = insurance_delta(quote, needed, ppm(input, "max_fee")?);
    Ok(vec![("delta", number(delta.map_err(|error| refusal(input, error))?))])
}

/// `dydx_block_limits`: notional of a position that may be liquidated in a block -> min, max.
pub fn block_limits(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let notional_min = fitted(input, "min_notional", raw(input, "min_notional", 0)?)?;
    let limits = PositionLimits { notional_min, portion_max_ppm: ppm(input, "max_portion")? };
    let (least, most) =
        limits.notional(raw(input, "notional", 0)?).map_err(|error| refusal(input, error))?;
    Ok(vec![("min", unsigned(input, least)?), ("max", unsigned(input, most)?)])
}

/// `dydx_oi_imf`: the initial fraction at an open notional -> imf_ppm, and of a notional
/// initial_margin.
pub fn scaled_fraction(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let tier = tier(input, 0)?;
    let open = raw(input, "open_notional", 0)?;
    let fraction = tier.scaled_initial_ppm(open).map_err(|error| refusal(input, error))?;
    let mut outputs = vec![("imf_ppm", number(i128::from(fraction)))];
    if has(input, "notional") {
        let margin = tier.initial(raw(input, "notional", 0)?, open);
        let margin = margin.map_err(|error| refusal(input, error))?;
        outputs.push(("initial_margin", unsigned(input, margin)?));
    }
    Ok(outputs)
}

/// `dydx_mmf`: the maintenance fraction -> mm_ppm.
pub fn maintenance_fraction(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let fraction = tier(input, small(input, "fraction_ppm")?)?.maintenance_ppm();
    let fraction = fraction.map_err(|error| refusal(input, error))?;
    Ok(vec![("mm_ppm", number(i128::from(fraction)))])
}

/// `dydx_funding_clamp`: the largest funding rate -> clamp_ppm.
pub fn funding_clamp(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let tier = tier(input, small(input, "fraction_ppm")?)?;
    let clamp = tier.funding_clamp_ppm(small(input, "factor_ppm")?);
    Ok(vec![("clamp_ppm", unsigned(input, clamp.map_err(|error| refusal(input, error))?)?)])
}

/// `dydx_margin`: requirements of a position -> initial, maintenance.
pub fn margin(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let base = input.decimal("base")?;
    let open = if has(input, "open_base") { input.decimal("open_base")? } else { nothing() };
    let decimals = base.decimals.max(open.decimals);
    let tier = tier(input, small(input, "fraction_ppm")?)?;
    let mut perpetual = perpetual(input, 0, decimals, tier)?;
    perpetual.open_interest = scaled(input, "open_base", open, decimals)?.unsigned_abs();
    let risk = perpetual.risk(scaled(input, "base", base, decimals)?);
    let risk = risk.map_err(|error| refusal(input, error))?;
    Ok(vec![("initial", number(risk.initial)), ("maintenance", number(risk.maintenance))])
}

/// An account, its perpetuals, and what is closed.
struct Book {
    account: Subaccount,
    perpetuals: Perpetuals,
    closing: Closing,
    /// Decimals of the closed position's base quantums.
    base_decimals: u8,
}

impl Book {
    fn read(input: &Fields<'_>) -> Result<Self, Mismatch> {
        let (closed, delta) = (input.text("close_market")?, input.decimal("delta")?);
        let tier = LiquidityTier {
            initial_ppm: ppm(input, "imf")?,
            maintenance_fraction_ppm: ppm(input, "mmf_of_imf")?,
            open_interest_lower: 0,
            open_interest_upper: 0,
        };
        let quote = scaled(input, "usdc", input.decimal("usdc")?, DECIMALS)?;
        let mut account = Subaccount { quote, positions: Vec::new() };
        let mut list = Vec::new();
        let mut found = None;
        for (id, row) in (0u32..).zip(input.rows("positions")?) {
            let quantity = row.decimal("qty")?;
            let closes = row.text("market")? == closed;
            let finest = if closes { delta.decimals } else { 0 };
            let decimals = quantity.decimals.max(finest);
            list.push(perpetual(&row, id, decimals, tier)?);
            let quantums = scaled(&row, "qty", quantity, decimals)?;
            account.positions.push(Position { perpetual: id, quantums });
            if closes {
                found = Some((id, decimals));
            }
        }
        let (perpetual, base_decimals) =
            found.ok_or_else(|| input.wrong("close_market", "a market of one of the positions"))?;
        let delta = scaled(input, "delta", delta, base_decimals)?;
        let closing = Closing { perpetual, delta };
        Ok(Book { account, perpetuals: Perpetuals { list }, closing, base_decimals })
    }
}

/// A perpetual whose price is `price` of the fields, with the finest scale that it needs.
fn perpetual(
    fields: &Fields<'_>,
    id: u32,
    decimals: u8,
    tier: LiquidityTier,
) -> Result<Perpetual, Mismatch> {
    let price = fields.decimal("price")?;
    Ok(Perpetual {
        id,
        atomic_resolution: -i32::from(decimals),
        price: fitted(fields, "price", raw(fields, "price", price.decimals)?)?,
        price_exponent: -i32::from(price.decimals),
        step_base_quantums: 1,
        open_interest: 0,
        tier,
    })
}

/// A tier with `imf_ppm`, and the caps where the case has them.
fn tier(input: &Fields<'_>, maintenance_fraction_ppm: u32) -> Result<LiquidityTier, Mismatch> {
    let cap = |name| match has(input, name) {
        true => fitted(input, name, raw(input, name, 0)?),
        false => Ok(0),
    };
    Ok(LiquidityTier {
        initial_ppm: small(input, "imf_ppm")?,
        maintenance_fraction_ppm,
        open_interest_lower: cap("lower")?,
        open_interest_upper: cap("upper")?,
    })
}

fn has(input: &Fields<'_>, name: &str) -> bool {
    input.entries().any(|(field, value)| field == name && !value.is_null())
}

fn nothing() -> Decimal {
    Decimal { negative: false, digits: U256::ZERO, decimals: 0 }
}

/// A plain fraction in millionths.
fn ppm(input: &Fields<'_>, name: &str) -> Result<u32, Mismatch> {
    fitted(input, name, raw(input, name, DECIMALS)?)
}

fn small(input: &Fields<'_>, name: &str) -> Result<u32, Mismatch> {
    fitted(input, name, raw(input, name, 0)?)
}

fn raw(input: &Fields<'_>, name: &str, decimals: u8) -> Result<u128, Mismatch> {
    let value = input.decimal(name)?;
    value.to_raw(decimals).map_err(|error| unreadable(input, name, &error))
}

fn scaled(input: &Fields<'_>, name: &str, value: Decimal, decimals: u8) -> Result<i128, Mismatch> {
    value.to_raw_signed(decimals).map_err(|error| unreadable(input, name, &error))
}

fn unreadable(input: &Fields<'_>, name: &str, error: &dyn std::error::Error) -> Mismatch {
    Mismatch::new(input.path(name), "a number at its scale", error.to_string())
}

fn fitted<T: TryFrom<u128>>(input: &Fields<'_>, name: &str, value: u128) -> Result<T, Mismatch> {
    T::try_from(value).map_err(|_| input.wrong(name, "a number that fits its field"))
}

fn number(value: i128) -> Output {
    Output::Number(rational::from_raw(value, 0))
}

fn unsigned(input: &Fields<'_>, value: u128) -> Result<Output, Mismatch> {
    let value = i128::try_from(value).map_err(|_| refusal(input, Revert::Arithmetic))?;
    Ok(number(value))
}

fn refusal(input: &Fields<'_>, error: Revert) -> Mismatch {
    let path = input.path("");
    Mismatch::new(path.trim_end_matches('.'), "an input that the rule takes", error.to_string())
}
