//! The arithmetic of one margin call, exact.
//!
//! Terms of the credit support annexes of 1994, 2016 (variation margin) and 2018 (initial margin):
//! what is posted counts for its market value less its haircuts, the credit support amount is what
//! should be posted, and the difference is delivered or returned once it reaches the minimum
//! transfer amount. Haircuts of one item add, they do not compound. Every number is a rational, so
//! that nothing is rounded but the amount that moves, and that in the direction the agreement names.

use breakwater_money::{Rational, Rounding};
use num_traits::{One, Signed, Zero};

/// Which annex an agreement follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The annex of 1994: threshold and independent amounts.
    Annex1994,
    /// The annex of 2016 for variation margin: the exposure and nothing else.
    Variation2016,
    /// The annex of 2018 for initial margin: a margin amount less a threshold.
    Initial2018,
}

impl Form {
    /// Every form.
    pub const ALL: [Form; 3] = [Form::Annex1994, Form::Variation2016, Form::Initial2018];

    /// The name files give it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Form::Annex1994 => "1994",
            Form::Variation2016 => "2016-vm",
            Form::Initial2018 => "2018-im",
        }
    }

    /// The form of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.name() == name)
    }
}

/// How the annex of 2018 brings margin amount and independent amount together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approach {
    /// Each stands for itself: the independent amount is no part of this call.
    Distinct,
    /// The margin amount is allocated to the independent amount elsewhere: no part of this call.
    Allocated,
    /// The larger of the margin amount after the threshold and the independent amount.
    GreaterOf,
}

impl Approach {
    /// Every approach.
    pub const ALL: [Approach; 3] = [Approach::Distinct, Approach::Allocated, Approach::GreaterOf];

    /// The name files give it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Approach::Distinct => "distinct",
            Approach::Allocated => "allocated",
            Approach::GreaterOf => "greater-of",
        }
    }

    /// The approach of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Approach> {
        Approach::ALL.into_iter().find(|approach| approach.name() == name)
    }
}

/// An amount that may be without bound. Agreements state thresholds of "infinity" for a party that
/// never posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// This much, in base currency.
    Amount(Rational),
    /// Without bound.
    Infinite,
}

impl Limit {
    /// A limit of nothing.
    #[must_use]
    pub fn zero() -> Self {
        Limit::Amount(Rational::zero())
    }

    /// `amount` less the limit, zero where the limit is larger.
    fn leaves(&self, amount: Rational) -> Rational {
        match self {
            Limit::Amount(limit) => not_below_zero(amount - limit),
            Limit::Infinite => Rational::zero(),
        }
    }
}

/// What the credit support amount is made of, by form. All amounts in base currency, seen by the
/// party that holds collateral (the secured party).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// 1994.
    Annex {
        /// What the pledgor owes if everything closed now; below zero when the secured party owes.
        exposure: Rational,
        /// Independent amount that applies to the pledgor.
        independent_pledgor: Rational,
        /// Independent amount that applies to the secured party.
        independent_secured: Rational,
        /// Threshold of the pledgor.
        threshold: Limit,
    },
    /// 2016, variation margin.
    Variation {
        /// As above.
        exposure: Rational,
    },
    /// 2018, initial margin.
    Initial {
        /// Initial margin of the covered transactions.
        margin_amount: Rational,
        /// Independent amounts of the covered transactions.
        independent_amount: Rational,
        /// How the two come together.
        approach: Approach,
        /// Threshold of the pledgor; it reduces the margin amount only.
        threshold: Limit,
    },
}

impl Requirement {
    /// What should be posted, never below zero.
    #[must_use]
    pub fn credit_support_amount(&self) -> Rational {
        match self {
            Requirement::Annex {
                exposure,
                independent_pledgor,
                independent_secured,
                threshold,
            } => threshold.leaves(exposure + independent_pledgor - independent_secured),
            Requirement::Variation { exposure } => not_below_zero(exposure.clone()),
            Requirement::Initial { margin_amount, independent_amount, approach, threshold } => {
                let above = threshold.leaves(margin_amount.clone());
                match approach {
                    Approach::Distinct | Approach::Allocated => above,
                    Approach::GreaterOf => above.max(independent_amount.clone()),
                }
            }
        }
    }
}

/// One item of posted collateral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedItem {
    /// Market value in base currency.
    pub market_value: Rational,
    /// Haircut as a fraction of one.
    pub haircut: Rational,
    /// Haircut for a currency other than the base currency.
    pub fx_haircut: Rational,
    /// Any further haircut.
    pub additional_haircut: Rational,
}

impl PostedItem {
    /// What the item counts for: its market value times one less the sum of its haircuts.
    #[must_use]
    pub fn adjusted_value(&self) -> Rational {
        let haircuts = &self.haircut + &self.fx_haircut + &self.additional_haircut;
        &self.market_value * (Rational::one() - haircuts)
    }
}

/// The multiple that amounts are rounded to, and which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// A positive amount in base currency.
    pub multiple: Rational,
    /// Which way.
    pub rounding: Rounding,
}

impl Step {
    /// `amount`, zero or more, rounded; an amount on the multiple stays. A multiple that is not
    /// positive rounds nothing.
    #[must_use]
    pub fn round(&self, amount: &Rational) -> Rational {
        if !self.multiple.is_positive() {
            return amount.clone();
        }
        let steps = amount / &self.multiple; // division: exact, rationals do not round
        let whole = match self.rounding {
            Rounding::Floor => steps.floor(),
            Rounding::Ceil => steps.ceil(),
            Rounding::HalfUp => (steps + Rational::new(1.into(), 2.into())).floor(),
        };
        whole * &self.multiple
    }
}

/// When an amount moves, and as how much: one direction's minimum transfer amount and rounding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRule {
    /// Minimum transfer amount in force. It is zero for a party in default where the agreement
    /// says so.
    pub minimum: Rational,
    /// Rounding of what moves.
    pub step: Step,
}

impl TransferRule {
    /// What moves of the undisputed `amount`: nothing below the minimum, else the rounded amount. An
    /// amount of exactly the minimum moves, and the test is on the amount before it is rounded.
    #[must_use]
    pub fn transfer(&self, amount: &Rational) -> Rational {
        match amount < &self.minimum {
            true => Rational::zero(),
            false => self.step.round(amount),
        }
    }
}

/// Everything a margin call depends on, seen from the secured party over one pledgor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What should be posted.
    pub requirement: Requirement,
    /// What is posted.
    pub posted: Vec<PostedItem>,
    /// Agreed deliveries that are on their way, in adjusted value.
    pub pending_delivery: Rational,
    /// Agreed returns that are on their way.
    pub pending_return: Rational,
    /// The part in dispute; it is taken off the delivery or the return, once.
    pub disputed: Rational,
    /// Rule of deliveries; the annexes round them up.
    pub delivery: TransferRule,
    /// Rule of returns; the annexes round them down.
    pub returning: TransferRule,
}

/// The call with its arithmetic; all in base currency, none below zero but the posted value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What should be posted.
    pub credit_support_amount: Rational,
    /// What is posted, after haircuts and with what is on its way.
    pub adjusted_posted_value: Rational,
    /// What should be delivered, before minimum and rounding, the disputed part taken off.
    pub undisputed_delivery: Rational,
    /// What should be returned, likewise.
    pub undisputed_return: Rational,
    /// What is to be delivered.
    pub delivery_amount: Rational,
    /// What is to be returned.
    pub return_amount: Rational,
}

impl Call {
    /// The figures of the call.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let credit_support_amount = self.requirement.credit_support_amount();
        let held = self.posted.iter().map(PostedItem::adjusted_value);
        let held = held.fold(Rational::zero(), |sum, value| sum + value);
        let adjusted_posted_value = held + &self.pending_delivery - &self.pending_return;
        let missing = not_below_zero(&credit_support_amount - &adjusted_posted_value);
        let excess = not_below_zero(&adjusted_posted_value - &credit_support_amount);
        let undisputed_delivery = not_below_zero(missing - &self.disputed);
        let undisputed_return = not_below_zero(excess - &self.disputed);
        Figures {
            delivery_amount: self.delivery.transfer(&undisputed_delivery),
            return_amount: self.returning.transfer(&undisputed_return),
            credit_support_amount,
            adjusted_posted_value,
            undisputed_delivery,
            undisputed_return,
        }
    }
}

/// `amount`, or zero where it is below zero.
#[must_use]
pub fn not_below_zero(amount: Rational) -> Rational {
    if amount.is_negative() { Rational::zero() } else { amount }
}

#[cfg(test)]
mod tests;
