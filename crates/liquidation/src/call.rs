//! What can be asked of a rulebook: one enum of shapes, whatever the venue.

use crate::{Effects, Fact, Rejected, Rejection, View};
use breakwater_money::rounding::{Rounding, pow10};
use breakwater_money::{AccountId, Amount, AssetId, Class, Holder, Price, U256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A call on a rulebook. Amounts are base units of the asset named.
///
/// One call may touch many accounts: [`Call::Absorb`] names several, and any call may return
/// effects that move an index under everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// Assets come in from outside as collateral or margin.
    Deposit {
        /// Who.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// How much.
        amount: u128,
    },
    /// Assets go out.
    Withdraw {
        /// Who.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// How much; the largest number means all.
        amount: u128,
    },
    /// Debt is taken up and paid out.
    Borrow {
        /// Who.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// How much.
        amount: u128,
    },
    /// Debt is paid back.
    Repay {
        /// Who.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// How much; the largest number means all.
        amount: u128,
    },
    /// Collateral and debt that exist elsewhere are carried over as they are, without the checks
    /// of new business: a book is liquidated as it is found.
    Import {
        /// Who.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// Collateral or margin.
        collateral: u128,
        /// Debt.
        debt: u128,
    },
    /// An account setting, by the number of its column in the rulebook's layout.
    Configure {
        /// Who.
        account: AccountId,
        /// Which column.
        column: u16,
        /// To what.
        value: U256,
    },
    /// A contract changes hands between two accounts, or one account and the outside.
    Trade {
        /// Who gets longer; none is the outside.
        buyer: Option<AccountId>,
        /// Who gets shorter; none is the outside.
        seller: Option<AccountId>,
        /// Which contract.
        contract: AssetId,
        /// How much.
        quantity: u128,
        /// At which price.
        price: Price,
    },
    /// A liquidator repays debt and takes collateral at the venue's terms.
    RepayAndSeize {
        /// Whose.
        account: AccountId,
        /// Debt to repay.
        debt: AssetId,
        /// Collateral to take.
        collateral: AssetId,
        /// Debt offered; the venue may take less. The largest number means as much as allowed.
        amount: u128,
        /// Take deposit shares instead of the asset itself.
        shares: bool,
        /// The liquidator, if it is an account of the pool.
        liquidator: Option<AccountId>,
    },
    /// The pool takes over accounts whole, in one call.
    Absorb {
        /// Whose.
        accounts: Vec<AccountId>,
    },
    /// The pool takes over accounts whole in one call, choosing them itself from the worst on.
    AbsorbWorst {
        /// How many at most.
        most: u32,
    },
    /// Anyone buys collateral that the pool itself holds, at the price its rule makes.
    BuyReserves {
        /// Collateral to buy.
        asset: AssetId,
        /// What pays for it.
        pays: AssetId,
        /// Paid, in base units of `pays`.
        amount: u128,
        /// Least that must come out, or the call is refused.
        least: u128,
    },
    /// Anyone trades with the pool's own market maker.
    Swap {
        /// What goes into the pool.
        sold: AssetId,
        /// What comes out.
        bought: AssetId,
        /// How much goes in at most, in base units of `sold`; the pool may take less.
        amount: u128,
        /// Least that must come out, or the call is refused.
        least: u128,
    },
    /// Money is put at the pool's disposal to bear liquidations.
    Provide {
        /// Who.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// How much.
        amount: u128,
    },
    /// Such money, and what it has earned, is taken back.
    Reclaim {
        /// Who.
        account: AccountId,
        /// What was provided.
        asset: AssetId,
        /// How much; the largest number means all. Zero takes only what was earned.
        amount: u128,
    },
    /// A sale that the engine ordered came back from the market.
    Fill {
        /// Whose.
        account: AccountId,
        /// What was sold: collateral, or a contract (bought back if the account is short).
        asset: AssetId,
        /// How much.
        quantity: u128,
        /// What came in, or was paid for a short: the debt asset or the settle asset.
        proceeds: u128,
        /// In which asset.
        proceeds_asset: AssetId,
    },
    /// Winners' positions are closed against a bankrupt account's at one price.
    Deleverage {
        /// The bankrupt account.
        account: AccountId,
        /// Which contract.
        contract: AssetId,
        /// Whose positions, and how much of each.
        winners: Vec<(AccountId, u128)>,
        /// At which price.
        price: Price,
    },
    /// Nothing more can be sold: book what is missing and find its bearers.
    WriteOff {
        /// Whose.
        account: AccountId,
    },
    /// Longs pay shorts a share of the value of their positions at the mark; below zero shorts pay
    /// longs.
    Fund {
        /// In which contract.
        contract: AssetId,
        /// The share, 1e12.
        rate_e12: i64,
    },
    /// Whoever owes an asset pays interest on it.
    Charge {
        /// Which asset.
        asset: AssetId,
        /// Interest since the last charge, 1e12.
        rate_e12: u64,
    },
    /// Profit and loss of a contract's positions move to cash at the mark: the end of a session.
    Settle {
        /// Which contract.
        contract: AssetId,
    },
    /// A contract ends: its positions are closed at the delivery price.
    Deliver {
        /// Which contract.
        contract: AssetId,
        /// Price of the contract, for an option that of its underlying.
        price: Price,
    },
    /// The volatility at which an option is repriced by scenarios.
    Quote {
        /// Which option.
        contract: AssetId,
        /// A year's volatility, 1e6.
        volatility_e6: u32,
    },
    /// A backstop vault takes an account's positions over with their margin.
    TakeOver {
        /// Whose.
        account: AccountId,
        /// The vault's own account.
        vault: AccountId,
    },
    /// A part of a position goes to another account as it stands: with its share of what was paid
    /// or got for it, so that nobody realises anything by giving it.
    Transfer {
        /// Who gives.
        from: AccountId,
        /// Who gets.
        to: AccountId,
        /// Which contract.
        contract: AssetId,
        /// How much.
        quantity: u128,
    },
    /// A part of a position is closed in one contract and opened in another, on the same side and
    /// against the same party, as one trade.
    Roll {
        /// Who rolls.
        account: AccountId,
        /// Who takes the other side of both; none is the outside.
        against: Option<AccountId>,
        /// The contract that is closed.
        near: AssetId,
        /// The contract that is opened.
        far: AssetId,
        /// How much is closed.
        near_quantity: u128,
        /// How much is opened.
        far_quantity: u128,
        /// At which price the near one.
        near_price: Price,
        /// At which price the far one.
        far_price: Price,
    },
    /// Whoever holds an option uses it before it ends: those who are short of it pay.
    Exercise {
        /// Who holds it.
        account: AccountId,
        /// Which option.
        contract: AssetId,
        /// How much.
        quantity: u128,
        /// Price of its underlying.
        price: Price,
    },
}

impl Call {
    /// Kind of the call, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Call::Deposit { .. } => "deposit",
            Call::Withdraw { .. } => "withdraw",
            Call::Borrow { .. } => "borrow",
            Call::Repay { .. } => "repay",
            Call::Import { .. } => "import",
            Call::Configure { .. } => "configure",
            Call::Trade { .. } => "trade",
            Call::RepayAndSeize { .. } => "repay and seize",
            Call::Absorb { .. } => "absorb",
            Call::AbsorbWorst { .. } => "absorb worst",
            Call::BuyReserves { .. } => "buy reserves",
            Call::Swap { .. } => "swap",
            Call::Provide { .. } => "provide",
            Call::Reclaim { .. } => "reclaim",
            Call::Fill { .. } => "fill",
            Call::Deleverage { .. } => "deleverage",
            Call::WriteOff { .. } => "write off",
            Call::Fund { .. } => "fund",
            Call::Charge { .. } => "charge",
            Call::Settle { .. } => "settle",
            Call::Deliver { .. } => "deliver",
            Call::Quote { .. } => "quote",
            Call::TakeOver { .. } => "take over",
            Call::Transfer { .. } => "transfer",
            Call::Roll { .. } => "roll",
            Call::Exercise { .. } => "exercise",
        }
    }

    /// Every account the call names.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        match self {
            Call::Deposit { account, .. }
            | Call::Withdraw { account, .. }
            | Call::Borrow { account, .. }
            | Call::Repay { account, .. }
            | Call::Import { account, .. }
            | Call::Configure { account, .. }
            | Call::Provide { account, .. }
            | Call::Reclaim { account, .. }
            | Call::Fill { account, .. }
            | Call::Exercise { account, .. }
            | Call::WriteOff { account } => vec![*account],
            Call::Trade { buyer, seller, .. } => buyer.iter().chain(seller).copied().collect(),
            Call::RepayAndSeize { account, liquidator, .. } => {
                std::iter::once(*account).chain(*liquidator).collect()
            }
            Call::Absorb { accounts } => accounts.clone(),
            Call::AbsorbWorst { .. }
            | Call::BuyReserves { .. }
            | Call::Swap { .. }
            | Call::Fund { .. }
            | Call::Charge { .. }
            | Call::Settle { .. }
            | Call::Deliver { .. }
            | Call::Quote { .. } => Vec::new(),
            Call::TakeOver { account, vault } => vec![*account, *vault],
            Call::Transfer { from, to, .. } => vec![*from, *to],
            Call::Roll { account, against, .. } => {
                std::iter::once(*account).chain(*against).collect()
            }
            Call::Deleverage { account, winners, .. } => {
                std::iter::once(*account).chain(winners.iter().map(|(w, _)| *w)).collect()
            }
        }
    }

    /// What the caller pays and what it gets, for calls that trade one for the other.
    #[must_use]
    pub const fn pair(&self) -> Option<(AssetId, AssetId)> {
        match self {
            Call::RepayAndSeize { debt, collateral, .. } => Some((*debt, *collateral)),
            Call::BuyReserves { asset, pays, .. } => Some((*pays, *asset)),
            Call::Swap { sold, bought, .. } => Some((*sold, *bought)),
            _ => None,
        }
    }

    /// The same call for another amount paid; calls whose caller chooses no amount stay as they
    /// are.
    #[must_use]
    pub fn with_amount(&self, asked: u128) -> Call {
        let mut call = self.clone();
        if let Call::RepayAndSeize { amount, .. }
        | Call::BuyReserves { amount, .. }
        | Call::Swap { amount, .. } = &mut call
        {
            *amount = asked;
        }
        call
    }

    /// The accounts that this call names to be liquidated, empty for ordinary business. What a
    /// call liquidates without naming it is the rulebook's to say (`Rulebook::targets`).
    #[must_use]
    pub fn liquidates(&self) -> &[AccountId] {
        match self {
            Call::RepayAndSeize { account, .. } | Call::TakeOver { account, .. } => {
                std::slice::from_ref(account)
            }
            Call::Absorb { accounts } => accounts,
            _ => &[],
        }
    }
}

/// A call that the rulebook would accept now, and what it means to its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOption {
    /// The call, at the largest amount the venue takes.
    pub call: Call,
    /// What the caller pays: debt repaid, or the price of what it buys.
    pub repaid: Amount,
    /// What the caller gets.
    pub seized: Amount,
    /// Value paid, in the numeraire, rounded up.
    pub repaid_value: u128,
    /// Value of what the caller gets, in the numeraire, rounded down; the venue's cut is not in it.
    pub seized_value: u128,
    /// Value paid to the caller beside, such as a compensation for gas, rounded down.
    pub reward_value: u128,
    /// True if the leg lowers health: threshold x (1 + incentive) exceeds health.
    pub toxic: bool,
}

impl CallOption {
    /// What `effects` of `call` mean to its caller: what goes from outside into the pool and what
    /// comes out. Where an account of the pool is the caller, the first fact of a seizure tells it.
    /// An asset that no market prices is the numeraire itself, of `numeraire_decimals`.
    ///
    /// # Errors
    /// A missing mark, or overflow.
    pub fn of(
        view: &View<'_>,
        call: Call,
        effects: &Effects,
        numeraire_decimals: u8,
        toxic: bool,
    ) -> Result<Self, Rejected> {
        let (mut paid, mut got) = (BTreeMap::new(), BTreeMap::new());
        for transfer in effects.transfers.iter().filter(|t| t.unit.class == Class::Token) {
            let side = match (transfer.debit, transfer.credit) {
                (Holder::External, _) => &mut paid,
                (_, Holder::External) => &mut got,
                _ => continue,
            };
            let sum: &mut u128 = side.entry(transfer.unit.asset).or_default();
            *sum = sum.checked_add(transfer.amount).ok_or(Rejection::Overflow)?;
        }
        if got.is_empty()
            && let Some(Fact::Seized { repaid, seized, .. }) =
                effects.facts.iter().find(|fact| matches!(fact, Fact::Seized { .. }))
            && matches!(call, Call::RepayAndSeize { liquidator: Some(_), .. })
        {
            paid.insert(repaid.asset, repaid.raw);
            got.insert(seized.asset, seized.raw);
        }
        let value = |asset: AssetId, amount: u128, rounding| -> Result<u128, Rejected> {
            if amount == 0 {
                return Ok(0);
            }
            let info = view.asset(asset)?;
            let price = match info.market {
                Some(_) => view.price(asset)?,
                None => Price::new(pow10(numeraire_decimals)?, numeraire_decimals),
            };
            Ok(price.value(amount, info.decimals, rounding)?)
        };
        let pair = call.pair();
        let (mut repaid, mut repaid_value) = (pair.map(|(paid, _)| Amount::new(paid, 0)), 0u128);
        for (asset, amount) in paid {
            repaid_value = repaid_value.saturating_add(value(asset, amount, Rounding::Ceil)?);
            if repaid.is_none_or(|known| known.asset == asset) {
                repaid = Some(Amount::new(asset, amount));
            }
        }
        let (mut seized, mut seized_value, mut whole) =
            (pair.map(|(_, got)| Amount::new(got, 0)), 0u128, 0u128);
        for (asset, amount) in got {
            let worth = value(asset, amount, Rounding::Floor)?;
            whole = whole.saturating_add(worth);
            let main = match pair {
                Some((_, wanted)) => asset == wanted,
                None => seized.is_none() || worth > seized_value,
            };
            if main {
                (seized, seized_value) = (Some(Amount::new(asset, amount)), worth);
            }
        }
        let none = Amount::new(AssetId(0), 0);
        Ok(CallOption {
            call,
            repaid: repaid.unwrap_or(none),
            seized: seized.unwrap_or(none),
            repaid_value,
            seized_value,
            reward_value: whole - seized_value,
            toxic,
        })
    }

    /// What the caller gains before costs of its own, zero for a loss.
    #[must_use]
    pub const fn gain(&self) -> u128 {
        self.seized_value.saturating_add(self.reward_value).saturating_sub(self.repaid_value)
    }
}
