//! The venue's argument for what a caller offers.

use super::liquidation::{Outcome, check_liquidation, liquidate};
use super::{Account, Call, Revert, Vault};
use breakwater_money::U256;

/// The best call that the venue accepts and that takes over at most `offered` base units of debt,
/// with what it does. `call.repay` is not read.
///
/// An offer of the most that may be taken over, or of more, becomes the venue's own word for that,
/// [`U256::MAX`]; a smaller one is the argument itself. Where taking the most would move a debt
/// whole of which a unit is then left to be written off, the venue refuses, and one unit less is
/// taken.
///
/// # Errors
/// Why the venue refuses the collateral at any amount.
pub fn largest_call(
    vault: &Vault,
    account: &Account<'_>,
    call: &Call,
    offered: U256,
) -> Result<(Call, Outcome), Revert> {
    let most = check_liquidation(vault, account, call)?.repay_most;
    let ask = |repay| {
        let call = Call { repay, ..*call };
        liquidate(vault, account, &call).map(|outcome| (call, outcome))
    };
    if offered < most {
        return ask(offered);
    }
    match ask(U256::MAX) {
        Err(Revert::RepayTooMuch) => ask(most.saturating_sub(U256::ONE)),
        told => told,
    }
}
