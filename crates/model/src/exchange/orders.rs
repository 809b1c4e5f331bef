//! What waiting orders ask of margin, and which may be placed.

use super::{Side, Terms, options};
use crate::contract::{self, owned};
use crate::number::{Int, Result, narrow_signed, positive};
use crate::pool::Pool;
use breakwater_liquidation::{Order, Rejection};
use breakwater_money::{AccountId, AssetId, Unit};
use num_traits::{Signed, Zero};
use std::collections::{BTreeMap, BTreeSet};

impl Terms {
    /// What an account's orders add, by the margin asset their contracts settle in: the margin of
    /// the largest the position may become on either side above that of the position as it is, and
    /// what each order would lose if it filled at its price and was valued at the mark. An order
    /// that only reduces adds nothing.
    pub(super) fn add_orders(
        &self,
        pool: &Pool,
        account: AccountId,
        sides: &mut BTreeMap<AssetId, Side>,
    ) -> Result<()> {
        let waiting = pool.orders.values().filter(|o| o.account == account && !o.reduce_only);
        let orders: Vec<&Order> = waiting.collect();
        let contracts: BTreeSet<AssetId> = orders.iter().map(|order| order.contract).collect();
        for asset in contracts {
            let size = pool.own(account, Unit::token(asset));
            let (mut longest, mut shortest) = (size.clone(), size.clone());
            let mut lost = Int::zero();
            for order in orders.iter().filter(|order| order.contract == asset) {
                let quantity = Int::from(order.quantity);
                if order.buy {
                    longest += quantity
                } else {
                    shortest -= quantity
                }
                lost += self.lost_at_once(pool, order)?;
            }
            let margin_of = |size: &Int| {
                if let Some(rates) = &self.contract(pool, asset)?.option {
                    return Ok(options::required(pool, asset, rates, size)?.1);
                }
                let notional = self.notional(pool, asset, size)?;
                self.initial_of(pool, asset, &notional, size)
            };
            let most = margin_of(&longest)?.max(margin_of(&shortest)?);
            let more = positive(most - margin_of(&size)?);
            let settle = contract::terms(pool, asset)?.settle;
            sides.entry(settle).or_default().initial += more + lost;
        }
        Ok(())
    }

    fn lost_at_once(&self, pool: &Pool, order: &Order) -> Result<Int> {
        let quantity = Int::from(order.quantity);
        let worth = |price| contract::worth(pool, order.contract, &quantity, price);
        let paid = worth(order.price)?.up();
        let mark = worth(pool.price(order.contract)?)?.down();
        let owns = owned(&contract::terms(pool, order.contract)?, order.buy);
        Ok(positive(if owns { paid - mark } else { mark - paid }))
    }

    /// Whether an order that waits already in `pool` may do so.
    ///
    /// # Errors
    /// The venue's refusal.
    pub fn may_order(&self, pool: &Pool, order: &Order) -> Result<()> {
        self.contract(pool, order.contract)?;
        if order.quantity == 0 {
            return Err(Rejection::AmountZero);
        }
        Self::price_fits(pool, order.contract, order.price)?;
        Self::trades(pool, order.contract)?;
        let size = pool.own(order.account, Unit::token(order.contract));
        if order.reduce_only {
            let smaller = if order.buy { size.is_negative() } else { size.is_positive() };
            let reduces = smaller && Int::from(order.quantity) <= size.abs();
            return if reduces { Ok(()) } else { Err(Rejection::NotReduceOnly) };
        }
        // What the position becomes if all of the account's orders of this side fill that may make
        // it larger.
        let mut filled = Int::zero();
        for other in pool.orders.values() {
            let same = !other.reduce_only
                && (other.account, other.contract, other.buy)
                    == (order.account, order.contract, order.buy);
            if same && order.buy {
                filled += other.quantity;
            } else if same {
                filled -= other.quantity;
            }
        }
        narrow_signed(&filled)?;
        let becomes = size + filled;
        narrow_signed(&becomes)?;
        self.within_limits(pool, order.contract, &becomes.abs())?;
        let sums = self.sums(pool, order.account, true)?;
        if sums.equity < sums.initial { Err(Rejection::BelowInitial) } else { Ok(()) }
    }
}
