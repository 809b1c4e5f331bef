//! The end of a journal: interest up to it, equity from the ledger, and every identity.

use super::entries::Writer;
use super::marks::Marks;
use super::{Group, JournalBooks, JournalError, Row, RowKind, Scene, slot};
use crate::derivatives::PLACES;
use crate::entry::Entry;
use crate::identities::{self, Equity};
use crate::{Names, identities::IdentityError};
use breakwater_engine::{Body, Cause, Engine};
use breakwater_money::{AccountId, AssetId, Class, Holder, Rational, Unit};
use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use std::collections::{BTreeMap, BTreeSet};

/// What the journal's own events say of an account's liquidations, in the numeraire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stated {
    /// Seizures.
    pub seizures: u32,
    /// Forced sales.
    pub sales: u32,
    /// Value of debt that liquidators repaid.
    pub discharged: Rational,
    /// Market value of what they took, fees included.
    pub market: Rational,
    /// Losses that somebody else bore.
    pub deficit: Rational,
}

/// One account at the end, in the numeraire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountResult {
    /// Which.
    pub account: AccountId,
    /// Whose.
    pub owner: String,
    /// What came in less what went out, at its basis.
    pub flows: Rational,
    /// Profit of everything closed, with interest, losses and waived debts; without funding and fees.
    pub realised: Rational,
    /// Funding received less paid.
    pub funding: Rational,
    /// Fees paid.
    pub fees: Rational,
    /// Profit not yet realised.
    pub unrealised: Rational,
    /// Equity by the ledger.
    pub equity: Rational,
    /// Every kind of row with its sum; slices of forced sales together under number 0.
    pub by_kind: BTreeMap<RowKind, Rational>,
    /// What profit of contracts would be by lots, first in first out, in the numeraire at the marks of
    /// the end: the order changes when it is realised and not how much there is.
    pub contracts_by_lots: Rational,
    /// What the journal's own events say.
    pub stated: Stated,
}

impl AccountResult {
    /// Realised with funding, less fees: below zero is the realised loss.
    #[must_use]
    pub fn net_realised(&self) -> Rational {
        &self.realised + &self.funding - &self.fees
    }

    /// Whether the account was liquidated, in part or whole.
    #[must_use]
    pub fn was_liquidated(&self) -> bool {
        self.by_kind.keys().any(|kind| kind.is_liquidation())
    }

    /// Sum of one kind of row.
    #[must_use]
    pub fn of(&self, kind: RowKind) -> Rational {
        self.by_kind.get(&kind.unnumbered()).cloned().unwrap_or_default()
    }
}

/// Accounts of all holders of a journal. Every identity holds.
#[derive(Debug, Clone)]
pub struct JournalAccounts {
    /// Rulebook in force at the end, by name.
    pub rulebook: String,
    /// By number.
    pub accounts: Vec<AccountResult>,
    /// Every row, in order.
    pub rows: Vec<Row>,
    /// Names that entries use.
    pub names: Names,
    /// Entries of each account: each is a holder of its own.
    pub entries: BTreeMap<AccountId, Vec<Entry>>,
    /// What was assumed, a sentence each.
    pub assumptions: Vec<String>,
    /// Identities checked.
    pub checks: u64,
}

impl JournalBooks {
    /// Books interest up to the end, and checks every identity of every account.
    ///
    /// # Errors
    /// [`JournalError::Identity`] with the numbers if one does not hold; [`JournalError::Unpriced`] for
    /// what never had a price; the engine's refusal.
    pub fn finish(mut self, engine: &Engine) -> Result<JournalAccounts, JournalError> {
        let marks = Marks::new(engine);
        if let Some((_, unit)) = self.unpriced.first() {
            let asset = marks.symbol(unit.asset).to_owned();
            return Err(JournalError::Unpriced { asset });
        }
        self.interest_until_now(engine, &marks)?;
        let (mut accounts, mut checks) = (Vec::new(), 0);
        for number in 0..self.accounts.len() {
            let account = AccountId(u32::try_from(number).unwrap_or(u32::MAX));
            accounts.push(self.result(engine, &marks, account, &mut checks)?);
        }
        let mut assumptions = self.assumptions();
        assumptions.extend(valued_otherwise(engine, &marks, &accounts));
        let Writer { names, entries, .. } = self.writer;
        let rulebook = marks.venue().to_owned();
        let rows = self.rows;
        Ok(JournalAccounts { rulebook, accounts, rows, names, entries, assumptions, checks })
    }

    fn interest_until_now(
        &mut self,
        engine: &Engine,
        marks: &Marks<'_>,
    ) -> Result<(), JournalError> {
        let bankrupt = BTreeSet::new();
        let scene = Scene {
            at: engine.now(),
            sequence: engine.sequence(),
            cause: Cause::Time,
            body: &Body::AdvanceTime,
            facts: Vec::new(),
            transfers: &[],
            bankrupt: &bankrupt,
        };
        for number in 0..self.accounts.len() {
            let account = AccountId(u32::try_from(number).unwrap_or(u32::MAX));
            let claims: Vec<(Unit, i128, i128)> = self
                .account(account)
                .slots
                .iter()
                .filter(|(unit, _)| matches!(unit.class, Class::Supply | Class::Debt))
                .map(|(unit, slot)| (*unit, slot.shares, slot.units))
                .collect();
            for (unit, shares, units) in claims {
                let now = marks.units(account, unit, shares)?.unwrap_or(units);
                self.grow(&scene, marks, account, unit, now.saturating_sub(units))?;
            }
        }
        Ok(())
    }

    fn result(
        &self,
        engine: &Engine,
        marks: &Marks<'_>,
        account: AccountId,
        checks: &mut u64,
    ) -> Result<AccountResult, JournalError> {
        let book = &self.accounts[account.index()];
        let mut sums: BTreeMap<Group, Rational> = BTreeMap::new();
        for (kind, sum) in &book.sums {
            *sums.entry(kind.group()).or_default() += sum;
        }
        let sum = |group| sums.get(&group).cloned().unwrap_or_default();
        let unpriced = |unit: Unit| {
            let asset = marks.symbol(unit.asset).to_owned();
            JournalError::Unpriced { asset }
        };
        let (mut unrealised, mut by_lots) = (Rational::zero(), Rational::zero());
        for (unit, slot) in &book.slots {
            let of = || format!("{account}, {} of {}", class(*unit), marks.symbol(unit.asset));
            let holder = Holder::Account(account);
            let decimals = marks.decimals(unit.asset);
            let ledger = slot::whole(engine.ledger().balance(holder, *unit), decimals);
            identities::lots(&of(), &slot.in_lots(), &slot.held())?;
            identities::lots(&of(), &slot::whole(slot.shares, decimals), &ledger)?;
            let (added, removed, left) = slot.flow_of_basis();
            identities::basis(&of(), &added, &removed, &left)?;
            *checks += 3;
            let worth = marks.value(unit.asset, slot.units).ok_or_else(|| unpriced(*unit))?;
            unrealised += worth - slot.basis();
        }
        for (asset, held) in &book.contracts {
            let unit = Unit::token(held.terms.settle);
            self.is_the_ledgers(engine, marks, account, *asset, held)?;
            *checks += 2;
            let settle = marks.price(unit.asset).ok_or_else(|| unpriced(unit))?;
            let (open, lots) = self.position(marks, account, *asset, held, checks)?;
            unrealised += open * &settle;
            by_lots += lots * settle;
        }
        let equity = equity_of(engine, marks, account)?;
        let result = AccountResult {
            account,
            owner: book.owner.clone(),
            flows: sum(Group::Flow),
            realised: sum(Group::Realised) + sum(Group::Interest),
            funding: sum(Group::Funding),
            fees: -sum(Group::Fee),
            unrealised,
            equity,
            by_kind: book.sums.clone(),
            contracts_by_lots: by_lots,
            stated: book.stated.clone(),
        };
        let whole = Equity {
            opening: Rational::zero(),
            flows: result.flows.clone(),
            realised: result.realised.clone(),
            funding: result.funding.clone(),
            fees: result.fees.clone(),
            unrealised_opening: Rational::zero(),
            unrealised_closing: result.unrealised.clone(),
            closing: result.equity.clone(),
        };
        identities::equity(&account.to_string(), &whole)?;
        self.agrees_with_the_journal(&result, marks)?;
        *checks += 2;
        Ok(result)
    }

    /// Size and quote side are those of the ledger.
    fn is_the_ledgers(
        &self,
        engine: &Engine,
        marks: &Marks<'_>,
        account: AccountId,
        asset: AssetId,
        held: &super::contracts::Contract,
    ) -> Result<(), IdentityError> {
        let (ledger, settle) = (engine.ledger(), Unit::token(held.terms.settle));
        let size = ledger.balance(Holder::Account(account), Unit::token(asset));
        let quote = ledger.balance(Holder::Position(account, asset), settle);
        let of = format!("{account}, position in {}", marks.symbol(asset));
        let whole = |units| slot::whole(units, marks.decimals(asset));
        identities::lots(&of, &whole(held.size), &whole(size))?;
        let whole = |units| slot::whole(units, marks.decimals(held.terms.settle));
        identities::lots(&format!("{of}, quote side"), &whole(held.quote), &whole(quote))
    }

    /// A position's open profit, and what its lots have come to, in the settle asset. The ledger's whole
    /// units, the exact average and the lots must agree to a unit a movement.
    fn position(
        &self,
        marks: &Marks<'_>,
        account: AccountId,
        asset: AssetId,
        held: &super::contracts::Contract,
        checks: &mut u64,
    ) -> Result<(Rational, Rational), JournalError> {
        let decimals = marks.decimals(held.terms.settle);
        let symbol = marks.symbol(asset);
        let worth = match held.size {
            0 => Rational::zero(),
            size => marks
                .position(asset, &held.terms, size)
                .ok_or_else(|| JournalError::Unpriced { asset: symbol.to_owned() })?,
        };
        let quote = slot::whole(held.quote, decimals);
        let allowed = slot::whole(i128::from(held.roundings), decimals);
        let realised = slot::whole(held.realised, decimals);
        let average = &held.average.totals().price_pnl;
        identities::near(&format!("{account}, {symbol}"), &realised, average, &allowed)?;
        let entered = match held.average.terms().form() {
            crate::derivatives::Form::Linear => -held.average.entered(),
            crate::derivatives::Form::Inverse => held.average.entered().clone(),
        };
        let of = format!("{account}, quote side of {symbol}");
        identities::near(&of, &quote, &entered, &allowed)?;
        // Both ways of matching come to the same, but for the last places of their quotients.
        let open = |position: &crate::derivatives::Position| match position.terms().form() {
            crate::derivatives::Form::Linear => &worth - position.entered(),
            crate::derivatives::Form::Inverse => &worth + position.entered(),
        };
        let last = Rational::new(
            BigInt::from(held.roundings) * BigInt::from(1_000_u32),
            BigInt::from(10u8).pow(PLACES),
        );
        let of = format!("{account}, {symbol} by average and by lots");
        let by_average = average + open(&held.average);
        let by_lots = &held.lots.totals().price_pnl + open(&held.lots);
        identities::near(&of, &by_average, &by_lots, &last)?;
        *checks += 3;
        Ok((worth + quote, by_lots))
    }

    /// The rows of seizures have the values that the journal's events state.
    fn agrees_with_the_journal(
        &self,
        result: &AccountResult,
        marks: &Marks<'_>,
    ) -> Result<(), IdentityError> {
        if result.stated.seizures == 0 || result.stated.sales > 0 {
            return Ok(());
        }
        let stated = &result.stated.discharged - &result.stated.market;
        let found = result.of(RowKind::Penalty);
        // Each value of an event is rounded to a unit of the numeraire. What a venue calls repaid may
        // contain what it then books as a loss.
        let each = marks.numeraire(2 * u128::from(result.stated.seizures) + 2);
        let waived = result.of(RowKind::Waived).abs();
        let of = format!("{}, penalties", result.account);
        identities::near(&of, &found, &stated, &(each + waived))
    }

    fn assumptions(&self) -> Vec<String> {
        let mut told = Vec::new();
        let mut tell = |kind: RowKind, sentence: &str| {
            if self.assumed.contains(&kind) {
                told.push(sentence.to_owned());
            }
        };
        tell(
            RowKind::Opening,
            "What an account had when the journal began has its basis and its date of acquisition \
             there: the mark of that moment. Nobody's cost is in a journal.",
        );
        tell(
            RowKind::Deposited,
            "What was paid in later is taken to have cost what it was worth when it came in.",
        );
        tell(
            RowKind::Repaid,
            "What a holder repaid with is taken to have cost what it was worth then.",
        );
        tell(
            RowKind::Other,
            "Some movements have no row of their own kind and stand under 'other'.",
        );
        told.extend(
            self.writer.omitted.iter().map(|what| format!("Not among the entries: {what}.")),
        );
        told
    }
}

/// Tells of accounts that the rulebook values otherwise than their claims come to, such as those that
/// have something waiting beside their claims.
fn valued_otherwise(
    engine: &Engine,
    marks: &Marks<'_>,
    accounts: &[AccountResult],
) -> Option<String> {
    let (mut count, mut most) = (0u64, Rational::zero());
    for result in accounts {
        let Some(own) = marks.sides(result.account) else { continue };
        let claims = engine.ledger().holdings(result.account).len() as u128;
        let apart = (&result.equity - own).abs();
        if apart > marks.numeraire(4 * claims + 4) {
            count += 1;
            most = most.max(apart);
        }
    }
    let most = breakwater_money::rational::format(&most, 2);
    (count > 0).then(|| {
        format!(
            "{} values {count} accounts otherwise than their claims come to, by {most} at most: what \
             waits beside a claim is not booked.",
            marks.venue()
        )
    })
}

/// Equity counted from the ledger alone, at the marks.
fn equity_of(
    engine: &Engine,
    marks: &Marks<'_>,
    account: AccountId,
) -> Result<Rational, JournalError> {
    let unpriced = |asset| JournalError::Unpriced { asset: marks.symbol(asset).to_owned() };
    let mut equity = Rational::zero();
    for holding in engine.ledger().holdings(account) {
        let (asset, balance) = (holding.unit.asset, holding.balance);
        equity += match (holding.unit.class, marks.contract(asset)) {
            (Class::Supply | Class::Debt, _) => {
                let units = marks.units(account, holding.unit, balance)?.unwrap_or(0);
                marks.value(asset, units).ok_or_else(|| unpriced(asset))?
            }
            (Class::Token, Some(terms)) => {
                let worth =
                    marks.position(asset, &terms, balance).ok_or_else(|| unpriced(asset))?;
                worth * marks.price(terms.settle).ok_or_else(|| unpriced(terms.settle))?
            }
            (Class::Token, None) => marks.value(asset, balance).ok_or_else(|| unpriced(asset))?,
            (Class::Deficit, _) => Rational::zero(),
        };
    }
    Ok(equity)
}

const fn class(unit: Unit) -> &'static str {
    match unit.class {
        Class::Token => "balance",
        Class::Supply => "deposit",
        Class::Debt => "debt",
        Class::Deficit => "deficit",
    }
}
