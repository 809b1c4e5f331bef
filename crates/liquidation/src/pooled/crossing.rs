//! Opposite legs that meet at the mark.

use super::rounds::{Cross, Placed};
use breakwater_money::Price;

/// Pairs legs that take the mark, first with first, until one side has none left: everybody on the
/// smaller side is closed whole, and on the other whoever is first in the order.
pub(super) fn cross(sells: &mut [Placed], buys: &mut [Placed], mark: Price) -> Vec<Cross> {
    let mut crosses = Vec::new();
    let mut buyers = buys.iter_mut().filter(|buy| buy.leg.worst_price.raw >= mark.raw);
    let Some(mut buy) = buyers.next() else { return crosses };
    for sell in sells.iter_mut().filter(|sell| sell.leg.worst_price.raw <= mark.raw) {
        while sell.left > 0 {
            if buy.left == 0 {
                let Some(next) = buyers.next() else { return crosses };
                buy = next;
            }
            let quantity = sell.left.min(buy.left);
            sell.left -= quantity;
            buy.left -= quantity;
            crosses.push(Cross { seller: sell.leg.account, buyer: buy.leg.account, quantity });
        }
    }
    crosses
}
