//! Kinds of a perpetual exchange with spot margin and time-ramped liquidation.

use super::Kind;
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_money::{Decimal, Rational, U256, rational};
use breakwater_rulebooks::exchange::drift::{
    OpenInterest, PerpTerms, Revert, SpotPair, SpotSide, allowed_bps, asset_weight_bps,
    liability_weight_bps, liquidation_fee_ppm, socialise_perp, socialise_spot,
};

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[
    ("drift_asset_transfer", asset_transfer),
    ("drift_asset_weight", asset_weight),
    ("drift_base_to_cover", base_to_cover),
    ("drift_implied_liability", implied_liability),
    ("drift_liability_transfer", liability_transfer),
    ("drift_liability_weight", liability_weight),
    ("drift_liq_fee", liquidation_fee),
    ("drift_max_pct", max_pct),
    ("drift_perp_if_fee", perp_insurance_fee),
    ("drift_socialise_perp", perp_loss),
    ("drift_socialise_spot", spot_loss),
    ("drift_swap_within", swap_within),
];

/// Decimals of prices and of multipliers where a case has them plain.
const PLAIN_DECIMALS: u8 = 6;

/// `drift_base_to_cover`: base that covers a shortage -> base.
pub fn base_to_cover(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (shortage, fee) = (amount(input, "shortage")?, small(input, "if_fee")?);
    let base = perp_terms(input)?.base_to_cover(shortage, fee);
    Ok(vec![("base", number(input, base.map(u128::from))?)])
}

/// `drift_perp_if_fee`: the insurance fund's fee -> fee.
pub fn perp_insurance_fee(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (shortage, base) = (amount(input, "shortage")?, amount(input, "base")?);
    let most = small(input, "max_if_fee")?;
    let fee = perp_terms(input)?.insurance_fee_ppm(shortage, base, most);
    Ok(vec![("fee", number(input, fee.map(u128::from))?)])
}

/// `drift_liq_fee`: the liquidator's fee at a slot -> fee.
pub fn liquidation_fee(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (base, most) = (small(input, "base_fee")?, small(input, "max_fee")?);
    let (since, slot) = (medium(input, "last_active_slot")?, medium(input, "slot")?);
    let fee = liquidation_fee_ppm(base, most, since, slot);
    Ok(vec![("fee", number(input, fee.map(u128::from))?)])
}

/// `drift_max_pct`: the share of a shortage that may be covered now -> pct.
pub fn max_pct(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let share = allowed_bps(
        amount(input, "shortage")?,
        amount(input, "freed")?,
        medium(input, "slots")?,
        amount(input, "initial_pct")?,
        amount(input, "duration")?,
    );
    Ok(vec![("pct", number(input, share)?)])
}

/// `drift_liability_transfer`: borrowed tokens whose repayment covers a shortage -> transfer.
pub fn liability_transfer(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let side = |weight, multiplier, decimals, price_e6| {
        let weight_bps = small(input, weight)?;
        let multiplier_ppm = small(input, multiplier)?;
        Ok(SpotSide { weight_bps, multiplier_ppm, decimals, price_e6 })
    };
    // The rule reads neither price nor decimals of the asset.
    let asset = side("asset_weight", "asset_mult", 0, 0)?;
    let (decimals, price) = (decimals(input, "liab_decimals")?, medium(input, "liab_price")?);
    let liability = side("liab_weight", "liab_mult", decimals, price)?;
    let (shortage, fee) = (amount(input, "shortage")?, small(input, "if_fee")?);
    let transfer = SpotPair { asset, liability }.liability_to_cover(shortage, fee);
    Ok(vec![("transfer", number(input, transfer)?)])
}

/// `drift_implied_liability`: borrowed tokens that an amount of the asset pays for -> transfer.
pub fn implied_liability(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let transfer = pair(input)?.liability_implied(amount(input, "asset_amount")?);
    Ok(vec![("transfer", number(input, transfer)?)])
}

/// `drift_asset_transfer`: tokens of the asset that pay for an amount of the liability -> transfer.
pub fn asset_transfer(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (asset, liability) = (amount(input, "asset_amount")?, amount(input, "liab_amount")?);
    let transfer = pair(input)?.asset_for(asset, liability);
    Ok(vec![("transfer", number(input, transfer)?)])
}

/// `drift_swap_within`: whether a swap fetched enough; prices and multipliers are plain -> ok.
pub fn swap_within(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let side = |decimals_name, price, multiplier| {
        let multiplier_ppm = fitted(input, multiplier, raw(input, multiplier, PLAIN_DECIMALS)?)?;
        let price_e6 = fitted(input, price, raw(input, price, PLAIN_DECIMALS)?)?;
        let decimals = decimals(input, decimals_name)?;
        Ok(SpotSide { weight_bps: 0, multiplier_ppm, decimals, price_e6 })
    };
    let pair = SpotPair {
        asset: side("asset_decimals", "asset_price", "asset_mult")?,
        liability: side("liab_decimals", "liab_price", "liab_mult")?,
    };
    let ok = pair.swap_within(amount(input, "asset")?, amount(input, "liability")?);
    Ok(vec![("ok", Output::Flag(ok.map_err(|error| refusal(input, error))?))])
}

/// `drift_socialise_perp`: what cumulative funding moves by -> funding_delta.
pub fn perp_loss(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let long_e9 = signed(input, "base_long")?;
    let short_e9 = signed(input, "base_short")?;
    let delta = socialise_perp(signed(input, "loss")?, &OpenInterest { long_e9, short_e9 });
    Ok(vec![("funding_delta", number(input, delta)?)])
}

/// `drift_socialise_spot`: what the deposit index falls by -> interest_delta.
pub fn spot_loss(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (loss, deposits) = (amount(input, "loss")?, amount(input, "total_deposits")?);
    let delta = socialise_spot(loss, deposits, amount(input, "cumulative_interest")?);
    Ok(vec![("interest_delta", number(input, delta)?)])
}

/// `drift_liability_weight`: weight of a borrow of a size -> weight.
pub fn liability_weight(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    weight(input, liability_weight_bps)
}

/// `drift_asset_weight`: weight of a deposit of a size -> weight.
pub fn asset_weight(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    weight(input, asset_weight_bps)
}

fn weight(
    input: &Fields<'_>,
    rule: fn(u32, u32, u128) -> Result<u32, Revert>,
) -> Result<Outputs, Mismatch> {
    let (weight, imf) = (small(input, "weight")?, small(input, "imf")?);
    let weight = rule(weight, imf, amount(input, "size")?);
    Ok(vec![("weight", number(input, weight.map(u128::from))?)])
}

fn perp_terms(input: &Fields<'_>) -> Result<PerpTerms, Mismatch> {
    Ok(PerpTerms {
        margin_ratio_bps: small(input, "margin_ratio")?,
        liquidator_fee_ppm: small(input, "liq_fee")?,
        price_e6: medium(input, "price")?,
        quote_price_e6: medium(input, "quote_price")?,
    })
}

/// A pair whose weights the rule does not read.
fn pair(input: &Fields<'_>) -> Result<SpotPair, Mismatch> {
    let side = |multiplier, decimals_name, price| {
        let multiplier_ppm = small(input, multiplier)?;
        let (decimals, price_e6) = (decimals(input, decimals_name)?, medium(input, price)?);
        Ok(SpotSide { weight_bps: 0, multiplier_ppm, decimals, price_e6 })
    };
    let asset = side("asset_mult", "asset_decimals", "asset_price")?;
    Ok(SpotPair { asset, liability: side("liab_mult", "liab_decimals", "liab_price")? })
}

fn decimals(input: &Fields<'_>, name: &str) -> Result<u8, Mismatch> {
    fitted(input, name, amount(input, name)?)
}

fn small(input: &Fields<'_>, name: &str) -> Result<u32, Mismatch> {
    fitted(input, name, amount(input, name)?)
}

fn medium(input: &Fields<'_>, name: &str) -> Result<u64, Mismatch> {
    fitted(input, name, amount(input, name)?)
}

fn amount(input: &Fields<'_>, name: &str) -> Result<u128, Mismatch> {
    raw(input, name, 0)
}

fn raw(input: &Fields<'_>, name: &str, decimals: u8) -> Result<u128, Mismatch> {
    read(input, name, |value| value.to_raw(decimals))
}

fn signed(input: &Fields<'_>, name: &str) -> Result<i128, Mismatch> {
    read(input, name, |value| value.to_raw_signed(0))
}

fn read<T, E: ToString>(
    input: &Fields<'_>,
    name: &str,
    rule: impl Fn(Decimal) -> Result<T, E>,
) -> Result<T, Mismatch> {
    let wrong =
        |error: E| Mismatch::new(input.path(name), "an integer at its scale", error.to_string());
    rule(input.decimal(name)?).map_err(wrong)
}

fn fitted<T: TryFrom<u128>>(input: &Fields<'_>, name: &str, value: u128) -> Result<T, Mismatch> {
    T::try_from(value).map_err(|_| input.wrong(name, "an integer that fits its field"))
}

fn number(input: &Fields<'_>, value: Result<u128, Revert>) -> Result<Output, Mismatch> {
    let value = value.map_err(|error| refusal(input, error))?;
    let value = rational::big(U256::from(value));
    Ok(Output::Number(Rational::from_integer(value.into())))
}

fn refusal(input: &Fields<'_>, error: Revert) -> Mismatch {
    let path = input.path("");
    Mismatch::new(path.trim_end_matches('.'), "an input that the rule takes", error.to_string())
}
