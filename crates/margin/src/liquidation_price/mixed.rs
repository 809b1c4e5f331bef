//! Accounts of linear and inverse contracts, with collateral that moves, seen from one market.

use super::concave::{Concave, Line};
use super::exact::{magnitude, one, ratio, zero};
use super::{Healthy, Maintenance, Root};
use breakwater_money::Rational;

/// Which asset a contract's size and profit are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Sized in the base asset, profit `q (P - E)` in the quote asset.
    Linear,
    /// Worth a fixed amount of the quote asset, profit `V (1/E - 1/P)` in the book's coin of this
    /// index.
    Inverse {
        /// Index into [`MixedBook`]'s coins.
        coin: usize,
    },
}

/// The price that a requirement is taken at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The price itself: the requirement moves with it.
    Mark,
    /// The entry price: the requirement stays.
    Entry,
}

/// A closing fee that is part of the requirement; rates are of the position's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fee {
    /// None.
    None,
    /// Of the value at the price at hand, whatever the basis.
    AtMark(Rational),
    /// Of the value at the bankruptcy price, reserved as an amount. The bankruptcy price then is
    /// where equity just pays that fee.
    AtBankruptcy(Rational),
}

/// A position in the market whose price is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// What the contract settles in.
    pub form: Form,
    /// Signed, long above zero. Linear: base units. Inverse: contracts times multiplier, in the
    /// quote asset.
    pub quantity: Rational,
    /// Average entry price, above zero.
    pub entry: Rational,
    /// Its requirement, with caps and deductions in the asset it settles in.
    pub maintenance: Maintenance,
    /// The price that the requirement is taken at.
    pub basis: Basis,
    /// A fee in the requirement.
    pub fee: Fee,
}

impl Position {
    /// A linear position whose requirement moves with the mark, without a fee.
    #[must_use]
    pub fn linear(quantity: Rational, entry: Rational, maintenance: Maintenance) -> Self {
        let (form, basis, fee) = (Form::Linear, Basis::Mark, Fee::None);
        Position { form, quantity, entry, maintenance, basis, fee }
    }

    /// The same for an inverse position of signed quote value `quantity`, settled in the first coin.
    #[must_use]
    pub fn inverse(quantity: Rational, entry: Rational, maintenance: Maintenance) -> Self {
        let form = Form::Inverse { coin: 0 };
        Position { form, ..Position::linear(quantity, entry, maintenance) }
    }

    /// The same with the requirement at `basis`.
    #[must_use]
    pub fn with_basis(self, basis: Basis) -> Self {
        Position { basis, ..self }
    }

    /// The same with `fee` in the requirement.
    #[must_use]
    pub fn with_fee(self, fee: Fee) -> Self {
        Position { fee, ..self }
    }

    /// Value at `price` in the asset it settles in, never negative. `None` for a price of zero and
    /// an inverse contract.
    #[must_use]
    pub fn notional(&self, price: &Rational) -> Option<Rational> {
        let size = magnitude(&self.quantity);
        match self.form {
            Form::Linear => Some(size * price),
            Form::Inverse { .. } => ratio(&size, price),
        }
    }

    /// Unrealised profit at `price` in the asset it settles in. `None` for a price of zero and an
    /// inverse contract.
    #[must_use]
    pub fn profit(&self, price: &Rational) -> Option<Rational> {
        match self.form {
            Form::Linear => Some(&self.quantity * (price - &self.entry)),
            Form::Inverse { .. } => {
                Some(ratio(&self.quantity, &self.entry)? - ratio(&self.quantity, price)?)
            }
        }
    }

    /// The requirement at `price` in the asset it settles in, a fee at the mark included; a fee
    /// reserved at the bankruptcy price is the book's to know. `None` for a price of zero and an
    /// inverse contract.
    #[must_use]
    pub fn requirement(&self, price: &Rational) -> Option<Rational> {
        let based = self.maintenance.of(&self.notional(self.based_on(price))?);
        match &self.fee {
            Fee::AtMark(rate) => Some(based + rate * self.notional(price)?),
            Fee::None | Fee::AtBankruptcy(_) => Some(based),
        }
    }

    fn tier_at(&self, price: &Rational) -> Option<usize> {
        self.maintenance.tier_of(&self.notional(self.based_on(price))?)
    }

    fn based_on<'a>(&'a self, price: &'a Rational) -> &'a Rational {
        match self.basis {
            Basis::Mark => price,
            Basis::Entry => &self.entry,
        }
    }
}

/// What an account holds of an asset whose price moves with the market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coin {
    /// Balance, and unrealised profit in it that does not move; negative if it is owed.
    pub balance: Rational,
    /// Requirement in it that does not move: that of other positions at their marks.
    pub held_maintenance: Rational,
    /// What one unit of value counts for where the coin's equity is above zero, 0 to 1. What is owed
    /// counts in full.
    pub weight: Rational,
    /// Price of the coin for one unit of the market's price, above zero; one for the base asset
    /// itself.
    pub per_price: Rational,
}

impl Coin {
    /// `balance` of the base asset itself, counted in full.
    #[must_use]
    pub fn whole(balance: Rational) -> Self {
        Coin { balance, held_maintenance: zero(), weight: one(), per_price: one() }
    }
}

/// A number that makes no sense in a book: the field, what it is and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {found}, expected {right}")]
pub struct BookError {
    /// Path of the field.
    pub field: String,
    /// Its value.
    pub found: String,
    /// What it should be.
    pub right: String,
}

impl BookError {
    pub(super) fn new(field: String, found: &impl ToString, right: impl Into<String>) -> Self {
        BookError { field, found: found.to_string(), right: right.into() }
    }
}

/// An account seen from one market: what moves with that market's price, and what does not. See the
/// formulas of the [module](super).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixedBook {
    equity_constant: Rational,
    held_maintenance: Rational,
    coins: Vec<Coin>,
    positions: Vec<Position>,
}

impl MixedBook {
    /// The book of an account with `equity_constant` and `held_maintenance` of the quote asset, which
    /// do not move with the price (wallet, other unrealised profit; requirement of other positions),
    /// `coins` that do, and `positions` in the market. In hedge mode there are two.
    ///
    /// # Errors
    /// The first number that makes no sense: an entry or a coin's price that is not above zero, a
    /// weight outside 0 to 1, a negative fee, a coin that is not there, or a fee at the bankruptcy
    /// price where there is more than one position, since each would need the other's.
    pub fn new(
        equity_constant: Rational,
        held_maintenance: Rational,
        coins: Vec<Coin>,
        positions: Vec<Position>,
    ) -> Result<Self, BookError> {
        for (index, coin) in coins.iter().enumerate() {
            let of = |name: &str| format!("coins[{index}].{name}");
            if coin.weight < zero() || coin.weight > one() {
                return Err(BookError::new(of("weight"), &coin.weight, "0 to 1"));
            }
            if coin.per_price <= zero() {
                let right = "a price above zero";
                return Err(BookError::new(of("per_price"), &coin.per_price, right));
            }
        }
        let alone = positions.len() == 1;
        for (index, position) in positions.iter().enumerate() {
            check(index, position, coins.len(), alone)?;
        }
        Ok(MixedBook { equity_constant, held_maintenance, coins, positions })
    }

    /// One position with `margin` of the asset it settles in, and nothing else.
    ///
    /// # Errors
    /// As [`MixedBook::new`].
    pub fn isolated(margin: Rational, position: Position) -> Result<Self, BookError> {
        let (quote, coins) = match position.form {
            Form::Linear => (margin, Vec::new()),
            Form::Inverse { .. } => (zero(), vec![Coin::whole(margin)]),
        };
        MixedBook::new(quote, zero(), coins, vec![position])
    }

    /// The positions in this market.
    #[must_use]
    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// The coins whose price moves with this market.
    #[must_use]
    pub fn coins(&self) -> &[Coin] {
        &self.coins
    }

    /// The same with `amount` more of the quote asset.
    #[must_use]
    pub fn with_quote(mut self, amount: &Rational) -> Self {
        self.equity_constant += amount;
        self
    }

    /// The same with `amount` more of the coin of that index; `None` if there is no such coin.
    #[must_use]
    pub fn with_coin(mut self, coin: usize, amount: &Rational) -> Option<Self> {
        self.coins.get_mut(coin)?.balance += amount;
        Some(self)
    }

    /// Equity at `price` as the requirement is compared with it, in the quote asset: coins above zero
    /// at their weights.
    #[must_use]
    pub fn equity(&self, price: &Rational) -> Rational {
        self.weighted_equity().at(price)
    }

    /// What the account is worth at `price`, in the quote asset: coins at their full price.
    #[must_use]
    pub fn value(&self, price: &Rational) -> Rational {
        self.value_line().at(price)
    }

    /// Maintenance requirement at `price`, in the quote asset, fees included.
    #[must_use]
    pub fn maintenance(&self, price: &Rational) -> Rational {
        self.equity(price) - self.surplus().at(price)
    }

    /// Equity minus maintenance at `price`, in the quote asset. Not above zero: liquidatable.
    #[must_use]
    pub fn surplus_at(&self, price: &Rational) -> Rational {
        self.surplus().at(price)
    }

    /// The price at which the account is worth nothing, or, with a fee reserved there, just that fee.
    /// `None` if that is no price above zero, or its worth does not move with the price.
    #[must_use]
    pub fn bankruptcy_price(&self) -> Option<Rational> {
        let mut line = self.value_line();
        for position in &self.positions {
            if let Fee::AtBankruptcy(rate) = &position.fee {
                line.add(&self.fee_line(position, rate));
            }
        }
        line.root().filter(|price| *price > zero())
    }

    /// At which prices the account is healthy, all other marks held.
    #[must_use]
    pub fn healthy(&self) -> Healthy {
        let tiers_at =
            |price: &Rational| self.positions.iter().map(|it| it.tier_at(price)).collect();
        Healthy::of(self.surplus().positive(), tiers_at)
    }

    /// The liquidation price that the smallest move from `mark` reaches; see
    /// [`LinearBook::liquidation_price`](super::LinearBook::liquidation_price).
    #[must_use]
    pub fn liquidation_price(&self, mark: &Rational) -> Option<Root> {
        self.healthy().nearest(mark)
    }

    /// Value of one unit of a position's settle asset, for one unit of price: that of its coin.
    /// Construction has checked that the coin is there.
    fn per_price(&self, coin: usize) -> Rational {
        self.coins.get(coin).map_or_else(zero, |coin| coin.per_price.clone())
    }

    /// The fee of `rate` on the position's value, as a line below zero in the quote asset.
    fn fee_line(&self, position: &Position, rate: &Rational) -> Line {
        let fee = -(rate * magnitude(&position.quantity));
        match position.form {
            Form::Linear => Line { at_zero: zero(), slope: fee },
            Form::Inverse { coin } => Line::flat(fee * self.per_price(coin)),
        }
    }

    /// Equity of the linear positions and of what does not move.
    fn quote_line(&self) -> Line {
        let mut line = Line::flat(self.equity_constant.clone());
        for position in self.positions.iter().filter(|it| it.form == Form::Linear) {
            line.at_zero -= &position.quantity * &position.entry;
            line.slope += &position.quantity;
        }
        line
    }

    /// Equity in one coin, inverse positions included, in the quote asset.
    fn coin_line(&self, index: usize, coin: &Coin) -> Line {
        let mut line = Line { at_zero: zero(), slope: coin.balance.clone() };
        for position in self.positions.iter().filter(|it| it.form == Form::Inverse { coin: index })
        {
            line.at_zero -= &position.quantity;
            // Construction has checked that entries are above zero.
            line.slope += ratio(&position.quantity, &position.entry).unwrap_or_else(zero);
        }
        line.times(&coin.per_price)
    }

    fn value_line(&self) -> Line {
        let mut line = self.quote_line();
        for (index, coin) in self.coins.iter().enumerate() {
            line.add(&self.coin_line(index, coin));
        }
        line
    }

    fn weighted_equity(&self) -> Concave {
        let mut equity = Concave::new(self.quote_line());
        for (index, coin) in self.coins.iter().enumerate() {
            equity.add_weighted(&self.coin_line(index, coin), &coin.weight);
        }
        equity
    }

    fn surplus(&self) -> Concave {
        let mut surplus = self.weighted_equity();
        surplus.line.at_zero -= &self.held_maintenance;
        for coin in &self.coins {
            surplus.line.slope -= &coin.held_maintenance * &coin.per_price;
        }
        for position in &self.positions {
            self.take_requirement(position, &mut surplus);
            match &position.fee {
                Fee::None => {}
                Fee::AtMark(rate) => surplus.line.add(&self.fee_line(position, rate)),
                Fee::AtBankruptcy(rate) => self.take_reserve(position, rate, &mut surplus),
            }
        }
        surplus
    }

    fn take_requirement(&self, position: &Position, surplus: &mut Concave) {
        let size = magnitude(&position.quantity);
        let Position { form, maintenance, basis, entry, .. } = position;
        match (form, basis) {
            (Form::Linear, Basis::Mark) => maintenance.take_linear(&size, surplus),
            (Form::Linear, Basis::Entry) => surplus.line.at_zero -= maintenance.of(&(size * entry)),
            (Form::Inverse { coin }, Basis::Mark) => {
                maintenance.take_inverse(&size, &self.per_price(*coin), surplus);
            }
            (Form::Inverse { coin }, Basis::Entry) => {
                let notional = ratio(&size, entry).unwrap_or_else(zero);
                surplus.line.slope -= maintenance.of(&notional) * self.per_price(*coin);
            }
        }
    }

    /// The fee at the bankruptcy price is an amount of the settle asset: it stays in a linear
    /// contract's quote, and moves with the price as a coin does. An account that no price makes
    /// bankrupt reserves none.
    fn take_reserve(&self, position: &Position, rate: &Rational, surplus: &mut Concave) {
        let Some(notional) = self.bankruptcy_price().and_then(|price| position.notional(&price))
        else {
            return;
        };
        match position.form {
            Form::Linear => surplus.line.at_zero -= rate * notional,
            Form::Inverse { coin } => {
                surplus.line.slope -= rate * notional * self.per_price(coin);
            }
        }
    }
}

fn check(index: usize, position: &Position, coins: usize, alone: bool) -> Result<(), BookError> {
    let of = |name: &str| format!("positions[{index}].{name}");
    if position.entry <= zero() {
        return Err(BookError::new(of("entry"), &position.entry, "a price above zero"));
    }
    match position.form {
        Form::Inverse { coin } if coin >= coins => {
            return Err(BookError::new(of("form.coin"), &coin, "the index of a coin of the book"));
        }
        _ => {}
    }
    match &position.fee {
        Fee::AtMark(rate) | Fee::AtBankruptcy(rate) if *rate < zero() => {
            Err(BookError::new(of("fee"), rate, "a rate of zero or more"))
        }
        Fee::AtBankruptcy(rate) if !alone => {
            let right = "a fee at the mark or none: one at the bankruptcy price needs the only \
                         position of the market";
            Err(BookError::new(of("fee"), rate, right))
        }
        _ => Ok(()),
    }
}
