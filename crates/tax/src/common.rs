//! What every profile tells alike: derivatives, income, expenses, what was waived, what is left.

use crate::election::Elections;
use crate::error::Result;
use crate::profile::{Input, Profile};
use crate::report::{Closing, Hit, NOTICE, Report, Table};
use crate::trade::with_ownership_passed;
use breakwater_accounting::{
    AssetId, Assumption, Books, Chosen, ContractEvent, ContractRow, Contracts, Date, ExpenseKind,
    FillReason, Kind, Lots, Movement, Names, OutReason, Policy, Quantity, Row, RowEvent, Value,
    entry::Disposed, movements,
};
use breakwater_money::Time;

/// Accounts before any rule about lots or pools.
pub struct Basis {
    /// Movements, with ownership as elected.
    pub movements: Vec<Movement>,
    /// Debts and expenses.
    pub books: Books,
    /// Contracts.
    pub contracts: Contracts,
    /// First and last date of the year.
    pub period: (Date, Date),
}

impl Basis {
    /// Accounts of the input.
    ///
    /// # Errors
    /// What is wrong with an entry.
    pub fn of(profile: Profile, input: &Input<'_>) -> Result<Basis> {
        let (mut list, books, contracts) = movements(input.names, input.entries, input.matching)?;
        if input.elections.is("posted-collateral", "passed") {
            list = with_ownership_passed(input.names, &list)?;
        }
        Ok(Basis { movements: list, books, contracts, period: profile.period(input.year)? })
    }

    /// Whether an instant lies in the year.
    pub fn is_in(&self, at: Time) -> bool {
        let date = Date::of(at);
        (self.period.0..=self.period.1).contains(&date)
    }

    /// Rows of contracts of the year.
    pub fn contract_rows(&self) -> impl Iterator<Item = &ContractRow> {
        self.contracts.rows().iter().filter(|row| self.is_in(row.at))
    }

    /// Lots of every movement.
    ///
    /// # Errors
    /// What is wrong with a movement, or accounts that do not close.
    pub fn lots(&self, names: &Names, policy: Policy) -> Result<Lots> {
        let mut lots = Lots::new(policy);
        for movement in &self.movements {
            lots.apply(names, movement)?;
        }
        lots.close()?;
        Ok(lots)
    }
}

/// The report without its own tables.
pub fn frame(profile: Profile, input: &Input<'_>, basis: &Basis) -> Report {
    Report {
        profile: profile.word(),
        jurisdiction: profile.jurisdiction(),
        year: profile.label(input.year),
        period: (basis.period.0.to_string(), basis.period.1.to_string()),
        currency: input.currency.to_owned(),
        notice: NOTICE,
        figures: Vec::new(),
        tables: Vec::new(),
        elections: input.elections.stand(),
        uncertain: hits(input, basis),
        assumptions: Vec::new(),
        closing: Vec::new(),
    }
}

/// An instant as forms and files write it.
pub fn instant(at: Time) -> String {
    let date = Date::of(at);
    let nanos = at.0.saturating_sub(date.start().0);
    let seconds = nanos / 1_000_000_000;
    let rest = nanos % 1_000_000_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let fraction = match rest {
        0 => String::new(),
        _ => format!(".{rest:09}").trim_end_matches('0').to_owned(),
    };
    format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// How a row's lot was chosen, in words.
pub fn chosen(row: &Row) -> String {
    match row.chosen {
        Chosen::Order(order) => format!("{order} {}", row.scope),
        Chosen::Identified => format!("identified {}", row.scope),
        Chosen::Nothing => String::new(),
    }
}

/// What an event of a contract is, in a word.
pub fn contract_word(event: ContractEvent) -> &'static str {
    let reason = |close, liquidated, deleveraged, expired, reason| match reason {
        FillReason::Trade => close,
        FillReason::Liquidation => liquidated,
        FillReason::Deleveraged => deleveraged,
        FillReason::Expiry => expired,
    };
    match event {
        ContractEvent::Closed(why) => reason("close", "liquidation", "deleveraged", "expiry", why),
        ContractEvent::Fee(why) => {
            reason("fee", "liquidation-fee", "deleveraging-fee", "expiry-fee", why)
        }
        ContractEvent::Funding => "funding",
    }
}

/// Every realised row of contracts in the year.
pub fn contracts_table(names: &Names, basis: &Basis) -> Table {
    let mut table = Table::new(
        "contracts",
        "Contracts, event by event",
        "Price profit, fees and funding are rows of their own and are never netted. Involuntary closes \
         are marked.",
        &[
            "time:time (UTC)",
            "account",
            "contract",
            "event",
            "opened:opened (UTC)",
            "#quantity:contracts closed",
            "settle_asset:paid in",
            "#amount:amount",
            "#value:value",
            "involuntary",
            "source",
        ],
    );
    for row in basis.contract_rows() {
        let settle = names.terms(row.contract).map(|terms| names.asset_name(terms.settle));
        let involuntary = matches!(
            row.event,
            ContractEvent::Closed(FillReason::Liquidation | FillReason::Deleveraged)
        );
        table.rows.push(vec![
            instant(row.at),
            names.wallet_name(row.wallet).to_owned(),
            names.contract_name(row.contract).to_owned(),
            contract_word(row.event).to_owned(),
            row.opened.map(instant).unwrap_or_default(),
            row.quantity.to_string(),
            settle.unwrap_or("?").to_owned(),
            row.amount.to_string(),
            row.value.to_string(),
            yes(involuntary),
            names.source_name(row.source).to_owned(),
        ]);
    }
    table
}

/// Sums of a year's contracts: gains, losses, fees and funding apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContractSums {
    /// Gains.
    pub gains: Value,
    /// Losses, below zero.
    pub losses: Value,
    /// Fees paid, below zero; rebates take off.
    pub fees: Value,
    /// Funding, received above zero.
    pub funding: Value,
}

/// Sums of rows of contracts.
///
/// # Errors
/// A sum does not fit.
pub fn contract_sums<'a>(rows: impl Iterator<Item = &'a ContractRow>) -> Result<ContractSums> {
    let mut sums = ContractSums::default();
    for row in rows {
        let sum = match row.event {
            ContractEvent::Closed(_) if row.value >= Value::ZERO => &mut sums.gains,
            ContractEvent::Closed(_) => &mut sums.losses,
            ContractEvent::Fee(_) => &mut sums.fees,
            ContractEvent::Funding => &mut sums.funding,
        };
        *sum = sum.plus(row.value)?;
    }
    Ok(sums)
}

/// The sums as a table, apart from holdings.
///
/// # Errors
/// A sum does not fit.
pub fn contract_sums_table(sums: &ContractSums, funding: &str) -> Result<Table> {
    let mut table = Table::new(
        "derivatives",
        "Derivatives apart",
        "Contracts are kept apart from holdings; how they are taxed is the holder's to say.",
        &["item", "#value:value", "treatment"],
    );
    let net = sums.gains.plus(sums.losses)?.plus(sums.fees)?;
    let with_funding = net.plus(sums.funding)?;
    for (item, value, treatment) in [
        ("gains", sums.gains, ""),
        ("losses", sums.losses, ""),
        ("fees", sums.fees, ""),
        ("funding", sums.funding, funding),
        ("gains less losses and fees", net, ""),
        ("with funding", with_funding, ""),
    ] {
        table.rows.push(vec![item.to_owned(), value.to_string(), treatment.to_owned()]);
    }
    Ok(table)
}

/// Income of the year, unit by unit.
pub fn income_table(names: &Names, basis: &Basis) -> Result<(Table, Value)> {
    let mut table = Table::new(
        "income",
        "Income in kind",
        "Units that came in as interest, rewards or by mining, at their value on arrival.",
        &[
            "time:time (UTC)",
            "wallet",
            "asset",
            "kind",
            "#quantity:units",
            "#value:value",
            "source",
        ],
    );
    let mut sum = Value::ZERO;
    for movement in basis.movements.iter().filter(|movement| basis.is_in(movement.at)) {
        let breakwater_accounting::Change::In(incoming) = &movement.change else { continue };
        if !incoming.how.is_income() {
            continue;
        }
        sum = sum.plus(incoming.cost)?;
        table.rows.push(vec![
            instant(movement.at),
            names.wallet_name(movement.wallet).to_owned(),
            names.asset_name(movement.asset).to_owned(),
            format!("{:?}", incoming.how).to_lowercase(),
            incoming.quantity.to_string(),
            incoming.cost.to_string(),
            names.source_name(movement.source).to_owned(),
        ]);
    }
    Ok((table, sum))
}

/// What an expense is for, in a word.
pub fn expense_word(kind: ExpenseKind) -> &'static str {
    match kind {
        ExpenseKind::BorrowInterest => "borrow-interest",
        ExpenseKind::TradingFee => "trading-fee",
        ExpenseKind::LiquidationFee => "liquidation-fee",
        ExpenseKind::KeeperFee => "keeper-fee",
        ExpenseKind::Other => "other",
    }
}

/// Expenses of the year, and the interest among them.
pub fn expenses_table(names: &Names, basis: &Basis, note: &str) -> Result<(Table, Value)> {
    let mut table = Table::new(
        "expenses",
        "Interest, fees and tips",
        note,
        &[
            "time:time (UTC)",
            "account",
            "kind",
            "asset",
            "#quantity:units",
            "#value:value",
            "accrued:added to the debt",
            "contract",
            "source",
        ],
    );
    let mut interest = Value::ZERO;
    for row in basis.books.expenses().iter().filter(|row| basis.is_in(row.at)) {
        if row.kind == ExpenseKind::BorrowInterest {
            interest = interest.plus(row.value)?;
        }
        table.rows.push(vec![
            instant(row.at),
            names.wallet_name(row.wallet).to_owned(),
            expense_word(row.kind).to_owned(),
            names.asset_name(row.asset).to_owned(),
            row.quantity.to_string(),
            row.value.to_string(),
            yes(row.accrued),
            row.contract.map(|id| names.contract_name(id).to_owned()).unwrap_or_default(),
            names.source_name(row.source).to_owned(),
        ]);
    }
    Ok((table, interest))
}

/// Debts of the year that somebody else bore.
pub fn waived_table(names: &Names, basis: &Basis, treatment: &str) -> Table {
    let mut table = Table::new(
        "waived",
        "Debts that others bore",
        "A deficit that a fund or other users bore. It is flagged and enters no sum.",
        &[
            "time:time (UTC)",
            "account",
            "asset",
            "#quantity:units",
            "#value:value",
            "treatment",
            "source",
        ],
    );
    for row in basis.books.waived().iter().filter(|row| basis.is_in(row.at)) {
        table.rows.push(vec![
            instant(row.at),
            names.wallet_name(row.wallet).to_owned(),
            names.asset_name(row.asset).to_owned(),
            row.quantity.to_string(),
            row.value.to_string(),
            treatment.to_owned(),
            names.source_name(row.source).to_owned(),
        ]);
    }
    table
}

/// Lots left after the last entry.
pub fn lots_table(names: &Names, lots: &Lots) -> Table {
    let mut table = Table::new(
        "lots-left",
        "Lots left",
        "After the last entry of the input, which may lie after the year.",
        &["lot", "wallet", "asset", "#quantity:units", "#basis:basis", "acquired:acquired (UTC)"],
    );
    for (_, lot) in lots.open() {
        table.rows.push(vec![
            names.source_name(lot.source).to_owned(),
            names.wallet_name(lot.wallet).to_owned(),
            names.asset_name(lot.asset).to_owned(),
            lot.quantity.to_string(),
            lot.basis.to_string(),
            if lot.pooled { "pooled".to_owned() } else { instant(lot.acquired) },
        ]);
    }
    table
}

/// What a pool took for nothing, because it had not come in.
pub fn missing_told(names: &Names, missing: &[(Date, AssetId, Quantity)]) -> Vec<String> {
    let told = |(date, asset, missing): &(Date, AssetId, Quantity)| {
        let asset = names.asset_name(*asset);
        format!("{date}: {missing} {asset} went out that had not come in; taken at a cost of 0")
    };
    missing.iter().map(told).collect()
}

/// Assumptions of lots in words.
pub fn assumptions(names: &Names, lots: &Lots) -> Vec<String> {
    let told = |assumption: &Assumption| match assumption {
        Assumption::Missing { source, asset, quantity, basis } => format!(
            "{}: {quantity} {} went out that had not come in; taken as acquired then with basis {basis}",
            names.source_name(*source),
            names.asset_name(*asset)
        ),
        Assumption::Unallocated { asset, wallet, quantity } => format!(
            "wallet `{}` held {quantity} {} more than lots were left for when lots went to wallets",
            names.wallet_name(*wallet),
            names.asset_name(*asset)
        ),
    };
    lots.assumptions().iter().map(told).collect()
}

/// That basis added is basis removed and basis left.
///
/// # Errors
/// A sum does not fit.
pub fn closing(lots: &Lots) -> Result<Vec<Closing>> {
    let (added, removed, left) = lots.basis()?;
    let open = lots.open().try_fold(Value::ZERO, |sum, (_, lot)| sum.plus(lot.basis))?;
    Ok(vec![
        Closing {
            what: "basis added = basis removed + basis of open lots".to_owned(),
            left: added.to_string(),
            right: removed.plus(open)?.to_string(),
        },
        Closing {
            what: "basis left = basis of open lots".to_owned(),
            left: left.to_string(),
            right: open.to_string(),
        },
    ])
}

/// `yes`, or nothing.
pub fn yes(is: bool) -> String {
    if is { "yes".to_owned() } else { String::new() }
}

/// Uncertain points that entries of the year hit.
fn hits(input: &Input<'_>, basis: &Basis) -> Vec<Hit> {
    let Input { names, elections, .. } = input;
    let entries = || input.entries.iter().filter(|entry| basis.is_in(entry.at));
    let count = |is: &dyn Fn(&Kind) -> bool| {
        u64::try_from(entries().filter(|entry| is(&entry.kind)).count()).unwrap_or(u64::MAX)
    };
    let seizures = count(&|kind| matches!(kind, Kind::Dispose(d) if d.how == Disposed::Seizure));
    let in_kind = count(&|kind| matches!(kind, Kind::Repay(repay) if !names.is_cash(repay.asset)));
    let posted = u64::try_from(
        entries()
            .filter(|entry| match &entry.kind {
                Kind::Transfer(transfer) => {
                    names.is_pledged(transfer.to) != names.is_pledged(entry.wallet)
                }
                Kind::Dispose(_) => names.is_pledged(entry.wallet),
                _ => false,
            })
            .count(),
    )
    .unwrap_or(u64::MAX);
    let fills = count(&|kind| matches!(kind, Kind::Fill(_)));
    let deleveraged =
        count(&|kind| matches!(kind, Kind::Fill(f) if f.reason == FillReason::Deleveraged));
    let disposals = basis.movements.iter().filter(|movement| {
        let out = matches!(&movement.change, breakwater_accounting::Change::Out(_));
        out && basis.is_in(movement.at)
    });
    let disposals = u64::try_from(disposals.count()).unwrap_or(u64::MAX);
    let events = |name: &str| match name {
        "funding" => count(&|kind| matches!(kind, Kind::Funding(_))),
        "seizure-value" => seizures + in_kind,
        "repayment-value" => in_kind,
        "posted-collateral" => posted,
        "waived-debt" => count(&|kind| matches!(kind, Kind::Waived(_))),
        "deleveraged-close" => deleveraged,
        "section-1256" | "short-contract-term" => fills,
        "wash-sales" | "treatment" => disposals,
        _ => 0,
    };
    let asked = Elections::of(elections.profile()).filter(|election| election.uncertain);
    asked
        .map(|election| Hit {
            election: election.name.to_owned(),
            choice: match elections.choice(election.name) {
                "" => "none".to_owned(),
                choice => choice.to_owned(),
            },
            events: events(election.name),
        })
        .filter(|hit| hit.events > 0)
        .collect()
}

/// Whether a row is a disposal that brings money or discharges debt, and not a gift.
pub fn is_given(row: &Row) -> bool {
    matches!(row.event, RowEvent::Out(OutReason::Disposed(Disposed::Gift | Disposed::Donation)))
}
