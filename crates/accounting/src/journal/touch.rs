//! One set of transfers, sorted by whom and what it touches.

use breakwater_money::{AccountId, AssetId, Class, Holder, Transfer, TransferCode, Unit};
use std::collections::BTreeMap;

/// What one set of transfers does to one account.
#[derive(Debug, Default)]
pub(super) struct Touch {
    /// Shares of claims that came or went.
    pub claims: BTreeMap<Unit, Claim>,
    /// Contracts, and their quote sides.
    pub contracts: BTreeMap<AssetId, Traded>,
    /// The account's own tokens, one entry a transfer.
    pub tokens: Vec<Moved>,
}

impl Touch {
    /// Whether a fee in this asset belongs to the one fill of the set.
    pub fn fee_rides(&self, settle: AssetId) -> bool {
        let mut fills = self.contracts.values().filter(|traded| traded.size != 0);
        let one = fills.next().is_some() && fills.next().is_none();
        one && self.tokens.iter().any(|m| m.code == TransferCode::Fee && m.asset == settle)
    }
}

/// Shares of one claim that came or went.
#[derive(Debug, Default)]
pub(super) struct Claim {
    /// More above zero.
    pub shares: i128,
    /// What of it came from other accounts, or went to them.
    pub between_accounts: i128,
}

/// What happened to a position.
#[derive(Debug, Default)]
pub(super) struct Traded {
    /// Contracts that came.
    pub size: i128,
    /// What the quote side got, but for what was realised.
    pub quote: i128,
    /// What was realised: from the quote side to cash.
    pub realised: i128,
    /// Transfers of contracts.
    pub parts: u32,
    /// Why contracts moved.
    pub code: Option<TransferCode>,
}

/// Tokens of the account that came or went.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moved {
    /// Which.
    pub asset: AssetId,
    /// Base units, above zero if they came.
    pub units: i128,
    /// Why.
    pub code: TransferCode,
}

/// Sorts transfers by account. `is_contract` says which assets are.
pub(super) fn by_account(
    transfers: &[Transfer],
    is_contract: impl Fn(AssetId) -> bool,
) -> BTreeMap<AccountId, Touch> {
    let mut touched: BTreeMap<AccountId, Touch> = BTreeMap::new();
    for transfer in transfers {
        // The ledger has posted it, so that the amount fits.
        let amount = i128::try_from(transfer.amount).unwrap_or(i128::MAX);
        let sides =
            [(transfer.debit, -amount, transfer.credit), (transfer.credit, amount, transfer.debit)];
        for (holder, units, other) in sides {
            match holder {
                Holder::Account(account) => {
                    let touch = touched.entry(account).or_default();
                    own(touch, transfer, units, other, &is_contract);
                }
                Holder::Position(account, contract) => {
                    let touch = touched.entry(account).or_default();
                    let traded = touch.contracts.entry(contract).or_default();
                    if transfer.code == TransferCode::Realise {
                        traded.realised -= units;
                    } else {
                        traded.quote += units;
                        traded.code = traded.code.or(Some(transfer.code));
                    }
                }
                _ => {}
            }
        }
    }
    touched
}

fn own(
    touch: &mut Touch,
    transfer: &Transfer,
    units: i128,
    other: Holder,
    is_contract: &impl Fn(AssetId) -> bool,
) {
    let (unit, code) = (transfer.unit, transfer.code);
    match unit.class {
        Class::Supply | Class::Debt | Class::Deficit => {
            let claim = touch.claims.entry(unit).or_default();
            claim.shares += units;
            if matches!(other, Holder::Account(_)) {
                claim.between_accounts += units;
            }
        }
        Class::Token if is_contract(unit.asset) => {
            let traded = touch.contracts.entry(unit.asset).or_default();
            traded.size += units;
            traded.parts += 1;
            traded.code = Some(code);
        }
        Class::Token => touch.tokens.push(Moved { asset: unit.asset, units, code }),
    }
}
