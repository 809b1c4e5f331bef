//! What an option asks for beside its value at the mark.
//!
//! For one unit, with the underlying at `U`, the option at `m` and what it is out of the money `O`:
//! maintenance is a share of `U`, plus `m`, plus the fee of a liquidation, a share of `U`; the initial
//! requirement is a share of `U` less `O`, at least another share of `U`, plus `m`. Rates say whether
//! shares are of `m` as well. Settled in coin, `m` is in coin and so is the result.

use crate::contract::{self, exact, one, terms, units};
use crate::number::{Fraction, Int, Result, positive};
use crate::pool::Pool;
use breakwater_liquidation::{Form, Rejection};
use breakwater_margin::option::{Applies, OptionRates};
use breakwater_money::AssetId;
use num_traits::{Signed, Zero};

/// Maintenance and initial requirement of a position, which counts at its mark: of a short, what the
/// formulas say less the mark that they hold; of a long, nothing, and its mark before more is taken.
pub(super) fn required(
    pool: &Pool,
    asset: AssetId,
    rates: &OptionRates,
    size: &Int,
) -> Result<(Int, Int)> {
    let worth = contract::worth(pool, asset, &size.abs(), pool.price(asset)?)?;
    if !size.is_negative() {
        return Ok((Int::zero(), worth.up()));
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
        let all = of_one.times(&units);
        Ok(if option.coin { all.over(&spot)?.up() } else { all.up() })
    };
    let less = |formula: Int| positive(formula - worth.down());
    Ok((less(whole(maintenance)?), less(whole(initial)?)))
}
