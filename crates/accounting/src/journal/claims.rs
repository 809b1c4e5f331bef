//! Claims on a lending pool: interest, business, seizures, sales and debts written off.

use super::marks::Marks;
use super::{Draft, JournalBooks, JournalError, RowKind, Scene, Touched, Valuations};
use breakwater_engine::Body;
use breakwater_liquidation::{Call, Fact};
use breakwater_money::{AccountId, AssetId, Class, Rational, TransferCode, Unit};
use num_traits::Zero;

/// Base units by which a venue's own rounding and ours may differ in one movement: shares are converted
/// before and after, each time by two quotients rounded whole on either side. A share may be worth many
/// base units, and is rounded whole too.
const ROUNDING_UNITS: u128 = 8;

/// Why a part of a claim came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Opening,
    Deposited,
    Withdrawn,
    Borrowed,
    Repaid,
    Received,
    /// A liquidator took it; the place of the fact among the scene's.
    Seized(usize),
    /// A liquidator, or the proceeds of a sale, paid it.
    Discharged,
    /// The venue sold it; the place of the fact among the scene's.
    Sold(usize),
    /// What a sale brought beyond the debt.
    Proceeds,
    Waived,
    Rounding,
    Other,
}

impl JournalBooks {
    /// Books every claim of the account that the set touches.
    pub(super) fn claims_of(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        account: AccountId,
        touch: Touched<'_>,
    ) -> Result<(), JournalError> {
        let (mut penalty, mut shortfall) = (None, None);
        for (unit, claim) in &touch.claims {
            if unit.class == Class::Deficit {
                continue;
            }
            let slot = self.slot(marks, account, *unit)?;
            let (before, after) = (slot.shares, slot.shares.saturating_add(claim.shares));
            slot.shares = after;
            let held = slot.units;
            let reasons = reasons(scene, account, *unit);
            let given: i128 = reasons.iter().map(|(_, units)| units).sum();
            // Where the last share is gone nothing says what it had grown to but what it gave.
            let now = marks.units(account, *unit, before)?.unwrap_or(if given == 0 {
                held
            } else {
                -given
            });
            self.grow(scene, marks, account, *unit, now.saturating_sub(held))?;
            let target = marks.units(account, *unit, after)?.unwrap_or(0);
            let change = target.saturating_sub(now);
            let share = marks.units(account, *unit, 1)?.unwrap_or(0).unsigned_abs();
            let grain = if now == before || now == -before { 0 } else { marks.grain(*unit) };
            let rounding = share.saturating_add(grain).saturating_mul(2);
            let rounding = rounding.saturating_add(ROUNDING_UNITS);
            for (why, units) in settled(reasons, change, claim.between_accounts, rounding) {
                let place = (account, *unit);
                match why {
                    Why::Seized(_) | Why::Sold(_) | Why::Discharged | Why::Proceeds => {
                        let value = self.liquidated(scene, marks, place, units, why)?;
                        // What pays a debt is told by the facts around it.
                        let sold = scene.facts.iter().any(|fact| is_sale(fact, account));
                        let sum = if sold { &mut shortfall } else { &mut penalty };
                        let (_, so_far) = sum.get_or_insert((unit.asset, Rational::zero()));
                        *so_far += value;
                    }
                    why => self.moved(scene, marks, place, units, why)?,
                }
            }
        }
        for (sum, kind) in [(penalty, RowKind::Penalty), (shortfall, RowKind::SaleShortfall)] {
            if let Some((asset, amount)) = sum {
                self.row(scene, marks, (account, asset), 0, kind, amount);
            }
        }
        Ok(())
    }

    /// What a claim has grown by since it was last touched. Lenders whose claim has shrunk have borne a
    /// loss.
    pub(super) fn grow(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        account: AccountId,
        unit: Unit,
        units: i128,
    ) -> Result<(), JournalError> {
        if units == 0 {
            return Ok(());
        }
        let Some(shifted) = self.shift(marks, account, unit, units)? else { return Ok(()) };
        let kind = match unit.class {
            Class::Debt => RowKind::BorrowInterest,
            _ if units < 0 => RowKind::Socialised,
            _ => RowKind::SupplyInterest,
        };
        self.writer.grown(scene, marks, (account, unit), units, &shifted.value)?;
        self.row(scene, marks, (account, unit.asset), units, kind, shifted.value.clone());
        self.gained(scene, marks, (account, unit), units, &shifted, RowKind::Spent);
        Ok(())
    }

    /// One leg of a liquidation. Returns what it does to equity: what was taken is lost, what was paid is
    /// gained.
    fn liquidated(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, unit): (AccountId, Unit),
        units: i128,
        why: Why,
    ) -> Result<Rational, JournalError> {
        let Some(shifted) = self.shift(marks, account, unit, units)? else {
            return Ok(Rational::zero());
        };
        let fact = match why {
            Why::Seized(place) | Why::Sold(place) => scene.facts.get(place).copied(),
            _ => None,
        };
        let kind = match why {
            Why::Seized(_) => RowKind::Seized,
            Why::Sold(_) => {
                let sales = &mut self.account(account).forced_sales;
                *sales = sales.saturating_add(1);
                RowKind::ForcedSale { slice: *sales }
            }
            _ => RowKind::DebtRevalued,
        };
        let valuations = fact.and_then(|fact| valuations(fact, marks, &shifted.value));
        self.writer.liquidated(
            scene,
            marks,
            (account, unit),
            (units, &shifted.value),
            kind,
            fact,
        )?;
        if kind != RowKind::DebtRevalued || !shifted.moved.profit.is_zero() {
            let quantity = super::slot::whole(units, marks.decimals(unit.asset));
            let (basis, amount) = (shifted.moved.basis, shifted.moved.profit);
            let asset = unit.asset;
            let draft = Draft { account, kind, asset, quantity, basis, amount, valuations };
            self.write(scene, draft);
        }
        Ok(shifted.value)
    }

    /// Business of the holder, and debts that somebody else bears.
    fn moved(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, unit): (AccountId, Unit),
        units: i128,
        why: Why,
    ) -> Result<(), JournalError> {
        let Some(shifted) = self.shift(marks, account, unit, units)? else { return Ok(()) };
        let place = (account, unit);
        let kind = match why {
            Why::Opening => return self.opening(scene, marks, place, units, shifted.value),
            Why::Deposited => RowKind::Deposited,
            Why::Withdrawn => RowKind::Withdrawn,
            Why::Borrowed => RowKind::Borrowed,
            Why::Repaid => RowKind::Repaid,
            Why::Received => RowKind::Received,
            Why::Waived => RowKind::Waived,
            Why::Rounding => RowKind::Rounding,
            _ => RowKind::Other,
        };
        self.assumed.insert(kind);
        self.writer.moved(scene, marks, place, units, &shifted.value, kind)?;
        let leaves = units < 0 && unit.class != Class::Debt;
        if leaves && matches!(kind, RowKind::Withdrawn | RowKind::Received) {
            // Lots leave at their basis: nothing was sold.
            let quantity = super::slot::whole(units, marks.decimals(unit.asset));
            let (amount, basis) = (-shifted.moved.basis.clone(), shifted.moved.basis);
            let (kind, asset, valuations) = (RowKind::Withdrawn, unit.asset, None);
            let draft = Draft { account, kind, asset, quantity, basis, amount, valuations };
            self.write(scene, draft);
            return Ok(());
        }
        self.row(scene, marks, (account, unit.asset), units, kind, shifted.value.clone());
        self.gained(scene, marks, place, units, &shifted, RowKind::Spent);
        Ok(())
    }

    /// What was gained on lots that a movement has closed.
    pub(super) fn gained(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, unit): (AccountId, Unit),
        units: i128,
        shifted: &super::Shifted,
        kind: RowKind,
    ) {
        if shifted.moved.profit.is_zero() {
            return;
        }
        let kind = if shifted.owed { RowKind::DebtRevalued } else { kind };
        let quantity = super::slot::whole(units, marks.decimals(unit.asset));
        let (basis, amount) = (shifted.moved.basis.clone(), shifted.moved.profit.clone());
        let (asset, valuations) = (unit.asset, None);
        self.write(scene, Draft { account, kind, asset, quantity, basis, amount, valuations });
    }
}

fn is_sale(fact: &Fact, of: AccountId) -> bool {
    matches!(fact, Fact::Sold { account, .. } if *account == of)
}

/// What the facts and the command say of one claim, in base units signed as the change of what is held.
fn reasons(scene: &Scene<'_>, of: AccountId, unit: Unit) -> Vec<(Why, i128)> {
    let mut found = Vec::new();
    let signed = |raw: u128| i128::try_from(raw).unwrap_or(i128::MAX);
    let supply = unit.class == Class::Supply;
    let asset = unit.asset;
    for (place, fact) in scene.facts.iter().enumerate() {
        match fact {
            Fact::Seized { account, repaid, seized, fee, .. } if *account == of => {
                if supply && seized.asset == asset {
                    let fee = if fee.asset == asset { signed(fee.raw) } else { 0 };
                    found.push((Why::Seized(place), -(signed(seized.raw).saturating_add(fee))));
                }
                if !supply && repaid.asset == asset {
                    found.push((Why::Discharged, signed(repaid.raw)));
                }
            }
            Fact::Sold { account, sold, proceeds } if *account == of => {
                if supply && sold.asset == asset {
                    found.push((Why::Sold(place), -signed(sold.raw)));
                }
                if proceeds.asset == asset {
                    let why = if supply { Why::Proceeds } else { Why::Discharged };
                    found.push((why, signed(proceeds.raw)));
                }
            }
            Fact::Deficit { account, amount, .. }
                if *account == of && !supply && amount.asset == asset =>
            {
                found.push((Why::Waived, signed(amount.raw)));
            }
            _ => {}
        }
    }
    if found.is_empty() {
        found.extend(business(scene, of, asset, supply));
    }
    found.retain(|(_, units)| *units != 0);
    found
}

/// What the holder did, by the command and the money that it moved.
fn business(scene: &Scene<'_>, of: AccountId, named: AssetId, supply: bool) -> Option<(Why, i128)> {
    let Body::Call(call) = scene.body else { return None };
    match call {
        Call::Deposit { account, asset, .. } if (*account, *asset) == (of, named) && supply => {
            Some((Why::Deposited, scene.through(named, TransferCode::Deposit)))
        }
        Call::Withdraw { account, asset, .. } if (*account, *asset) == (of, named) && supply => {
            Some((Why::Withdrawn, scene.through(named, TransferCode::Withdraw)))
        }
        // Money that goes out is owed: both fall.
        Call::Borrow { account, asset, .. } if (*account, *asset) == (of, named) && !supply => {
            Some((Why::Borrowed, scene.through(named, TransferCode::Borrow)))
        }
        Call::Repay { account, asset, .. } if (*account, *asset) == (of, named) && !supply => {
            Some((Why::Repaid, scene.through(named, TransferCode::Repay)))
        }
        Call::Import { account, asset, collateral, debt } if (*account, *asset) == (of, named) => {
            let raw = if supply { *collateral } else { *debt };
            let units = i128::try_from(raw).unwrap_or(i128::MAX);
            Some((Why::Opening, if supply { units } else { -units }))
        }
        _ => None,
    }
}

/// The reasons made to come to the change: a sale's proceeds are split between debt and deposit, a loss
/// that the debt repaid already contains is not counted twice, and what is left over is rounding, a
/// transfer from another account, or of no known kind.
fn settled(
    reasons: Vec<(Why, i128)>,
    change: i128,
    between: i128,
    rounding: u128,
) -> Vec<(Why, i128)> {
    let mut reasons = reasons;
    let sum = |reasons: &[(Why, i128)]| reasons.iter().map(|(_, units)| units).sum::<i128>();
    let mut over = sum(&reasons).saturating_sub(change);
    if over > 0 {
        let waives = reasons.iter().any(|(why, _)| *why == Why::Waived);
        for (why, units) in reasons.iter_mut().rev() {
            // A venue that books the loss within what it calls repaid says both.
            let may = matches!(why, Why::Proceeds) || matches!(why, Why::Discharged);
            if may && (waives || over.unsigned_abs() > rounding) {
                let less = over.min(*units);
                *units -= less;
                over -= less;
            }
        }
    }
    let left = change.saturating_sub(sum(&reasons));
    if left != 0 {
        let why = if between != 0 && reasons.is_empty() {
            Why::Received
        } else if left.unsigned_abs() <= rounding {
            Why::Rounding
        } else {
            Why::Other
        };
        reasons.push((why, left));
    }
    reasons.retain(|(_, units)| *units != 0);
    reasons
}

/// Both values that the journal states of what was taken; of a sale what the mark and the market say.
fn valuations(fact: &Fact, marks: &Marks<'_>, value: &Rational) -> Option<Valuations> {
    match fact {
        Fact::Seized { repaid_value, seized_value, .. } => Some(Valuations {
            discharged: marks.numeraire(*repaid_value),
            market: marks.numeraire(*seized_value),
        }),
        Fact::Sold { proceeds, .. } => {
            let units = i128::try_from(proceeds.raw).unwrap_or(i128::MAX);
            let discharged = marks.value(proceeds.asset, units)?;
            Some(Valuations { discharged, market: super::marks::magnitude(value) })
        }
        _ => None,
    }
}
