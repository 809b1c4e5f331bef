//! What the writer of an option must have.
//!
//! For one unit, with the underlying at `U`, the option at `m` and what it is out of the money `O`:
//! maintenance is a share of `U`, plus `m`, plus the fee of a liquidation, a share of `U`; the initial
//! requirement is a share of `U` less `O`, at least another share of `U`, plus `m`. Rates say whether
//! shares are of `m` as well. Settled in coin, `m` is in coin and so is the result.

use crate::contract::{exact, one, terms, units};
use crate::number::{Fraction, Int, Result};
use crate::pool::Pool;
use breakwater_liquidation::{Form, Rejection};
use breakwater_margin::option::{Applies, OptionRates};
use breakwater_money::AssetId;
use num_traits::{Signed, Zero};

/// Maintenance and initial requirement of a position; a long requires nothing.
pub(super) fn required(
    pool: &Pool,
    asset: AssetId,
    rates: &OptionRates,
    size: &Int,
) -> Result<(Int, Int)> {
    if !size.is_negative() {
        return Ok((Int::zero(), Int::zero()));
    }
    let Form::Option(option) = terms(pool, asset)?.form else {
        return Err(Rejection::BadParameter);
    };
    let counts = |applies: Applies| match applies {
        Applies::Nothing => false,
        Applies::Puts => !option.call,
        Applies::Both => true,
    };
    let share = |rate_e9: u64, of: &Fraction| of.times(&Fraction::scaled(rate_e9.into(), 9));
    let (spot, strike) = (exact(pool.price(option.underlying)?), exact(option.strike));
    let mark = exact(pool.price(asset)?);
    let mark = if option.coin { mark.times(&spot) } else { mark };
    let of = if counts(rates.maintenance_of_mark) { spot.or_more(&mark) } else { spot.clone() };
    let fee = share(rates.liquidation_fee_e9, &spot);
    let maintenance = share(rates.maintenance_e9, &of).plus(&mark).plus(&fee);
    let away = if option.call { strike.less(&spot) } else { spot.less(&strike) };
    let least = if counts(rates.floor_of_mark) { spot.plus(&mark) } else { spot.clone() };
    let ranged = share(rates.range_e9, &spot).less(&away);
    let mut initial = ranged.or_more(&share(rates.floor_e9, &least)).plus(&mark);
    if counts(rates.initial_covers_maintenance) {
        initial = initial.or_more(&maintenance);
    }
    let units = units(pool, asset, &size.abs())?.of(&one(pool, asset)?);
    let whole = |of_one: Fraction| {
        let worth = of_one.times(&units);
        Ok(if option.coin { worth.over(&spot)?.up() } else { worth.up() })
    };
    Ok((whole(maintenance)?, whole(initial)?))
}
