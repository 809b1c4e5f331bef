//! An account over several markets, and the book that each of them sees.

use super::exact::{one, ratio, zero};
use super::{BookError, Coin, Fee, Form, MixedBook, Position};
use breakwater_money::Rational;
use std::collections::BTreeMap;

/// A token held as collateral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// How much; negative if it is owed.
    pub amount: Rational,
    /// What one unit of value counts for where there is more than nothing of it, 0 to 1.
    pub weight: Rational,
    /// Its price in the account's unit, above zero.
    pub price: Rational,
    /// Markets whose price it follows, in proportion. It follows those of inverse contracts that
    /// settle in it as well.
    pub follows: Vec<usize>,
}

/// What a position's profit is paid in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// A linear contract, in the account's unit.
    Wallet,
    /// An inverse contract, in the account's unit: the account is kept in that coin.
    CoinWallet,
    /// An inverse contract, in the token of this index.
    Token(usize),
}

/// A position in one of the account's markets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The market.
    pub market: usize,
    /// Its mark, above zero.
    pub mark: Rational,
    /// What profit is paid in.
    pub settle: Settle,
    /// The position. Its form is set by `settle`.
    pub position: Position,
}

/// A cross account. Seen from one market, every other position stays at its mark, as venues do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossAccount {
    /// Balance in the account's unit: the quote asset, or the coin of a coin-margined account.
    pub wallet: Rational,
    /// Collateral tokens.
    pub tokens: Vec<Token>,
    /// All positions.
    pub positions: Vec<Placed>,
}

impl CrossAccount {
    /// The book that `market` sees, whose price is now `mark`. A coin-margined account's book holds
    /// its wallet as the first coin, with weight one; then follow the tokens that move with the
    /// market, as [`CrossAccount::moving`] lists them.
    ///
    /// # Errors
    /// A number that makes no sense, named by its field: a mark or a token's price that is not above
    /// zero, a token that is not there, two marks for one market, linear contracts or tokens in an
    /// account kept in coin, or what [`MixedBook::new`] refuses.
    pub fn seen_from(&self, market: usize, mark: &Rational) -> Result<MixedBook, BookError> {
        if *mark <= zero() {
            return Err(BookError::new("mark".to_owned(), mark, "a price above zero"));
        }
        self.check(market, mark)?;
        let moving = self.moving(market);
        let coin_margined = self.is_coin_margined();
        let (mut equity, mut maintenance) = (zero(), zero());
        let mut coins = Vec::new();
        let (paid, required) =
            self.held(market, |settle| matches!(settle, Settle::Wallet | Settle::CoinWallet));
        let wallet = &self.wallet + paid;
        if coin_margined {
            coins.push(Coin { held_maintenance: required, ..Coin::whole(wallet) });
        } else {
            (equity, maintenance) = (equity + wallet, maintenance + required);
        }
        for (index, token) in self.tokens.iter().enumerate() {
            let (paid, held_maintenance) = self.held(market, |it| it == Settle::Token(index));
            let balance = &token.amount + paid;
            if moving.contains(&index) {
                // The mark was checked to be above zero.
                let per_price = ratio(&token.price, mark).unwrap_or_else(one);
                let weight = token.weight.clone();
                coins.push(Coin { balance, held_maintenance, weight, per_price });
            } else {
                let weight = if balance > zero() { token.weight.clone() } else { one() };
                equity += balance * weight * &token.price;
                maintenance += held_maintenance * &token.price;
            }
        }
        let own = self.positions.iter().filter(|placed| placed.market == market);
        let positions = own.map(|placed| {
            let form = match placed.settle {
                Settle::Wallet => Form::Linear,
                Settle::CoinWallet => Form::Inverse { coin: 0 },
                Settle::Token(token) => {
                    let place = moving.iter().position(|it| *it == token);
                    Form::Inverse { coin: place.unwrap_or(usize::MAX) }
                }
            };
            Position { form, ..placed.position.clone() }
        });
        let positions = positions.collect();
        MixedBook::new(equity, maintenance, coins, positions)
    }

    /// The tokens whose price moves with `market`, by index, in order.
    #[must_use]
    pub fn moving(&self, market: usize) -> Vec<usize> {
        let settles = |index| {
            let own = self.positions.iter().filter(|placed| placed.market == market);
            own.into_iter().any(|placed| placed.settle == Settle::Token(index))
        };
        let moves = |(index, token): (usize, &Token)| {
            (token.follows.contains(&market) || settles(index)).then_some(index)
        };
        self.tokens.iter().enumerate().filter_map(moves).collect()
    }

    /// Whether the account is kept in the coin that its contracts settle in.
    #[must_use]
    pub fn is_coin_margined(&self) -> bool {
        self.positions.iter().any(|placed| placed.settle == Settle::CoinWallet)
    }

    /// Unrealised profit and requirement at their marks of the positions in other markets whose
    /// settle asset `belongs`.
    fn held(&self, market: usize, belongs: impl Fn(Settle) -> bool) -> (Rational, Rational) {
        let (mut profit, mut requirement) = (zero(), zero());
        let others = self.positions.iter().filter(|it| it.market != market && belongs(it.settle));
        for Placed { mark, settle, position, .. } in others {
            let form = match settle {
                Settle::Wallet => Form::Linear,
                Settle::CoinWallet | Settle::Token(_) => Form::Inverse { coin: 0 },
            };
            let position = Position { form, ..position.clone() };
            // Marks and entries were checked to be above zero, so there is a value.
            profit += position.profit(mark).unwrap_or_else(zero);
            requirement += position.requirement(mark).unwrap_or_else(zero);
        }
        (profit, requirement)
    }

    fn check(&self, market: usize, mark: &Rational) -> Result<(), BookError> {
        for (index, token) in self.tokens.iter().enumerate() {
            let of = |name: &str| format!("tokens[{index}].{name}");
            if token.price <= zero() {
                return Err(BookError::new(of("price"), &token.price, "a price above zero"));
            }
            if token.weight < zero() || token.weight > one() {
                return Err(BookError::new(of("weight"), &token.weight, "0 to 1"));
            }
            if self.is_coin_margined() {
                let right = "no token: the wallet of an account kept in coin is all it has";
                return Err(BookError::new(of("amount"), &token.amount, right));
            }
        }
        let mut marks = BTreeMap::from([(market, mark)]);
        for (index, placed) in self.positions.iter().enumerate() {
            let known = *marks.entry(placed.market).or_insert(&placed.mark);
            self.check_position(index, placed, known)?;
        }
        Ok(())
    }

    /// `known` is the mark that the market has elsewhere.
    fn check_position(
        &self,
        index: usize,
        placed: &Placed,
        known: &Rational,
    ) -> Result<(), BookError> {
        let of = |name: &str| format!("positions[{index}].{name}");
        let Placed { mark, settle, position, .. } = placed;
        for (name, price) in [("mark", mark), ("entry", &position.entry)] {
            if *price <= zero() {
                return Err(BookError::new(of(name), price, "a price above zero"));
            }
        }
        if mark != known {
            let right = "the mark that the market has elsewhere in the account";
            return Err(BookError::new(of("mark"), mark, right));
        }
        if let Fee::AtBankruptcy(rate) = &position.fee
            && self.positions.len() > 1
        {
            let right = "a fee at the mark or none: one at the bankruptcy price needs the only \
                         position of the account";
            return Err(BookError::new(of("fee"), rate, right));
        }
        match settle {
            Settle::Wallet if self.is_coin_margined() => {
                let right = "an inverse contract, as the account is kept in coin";
                Err(BookError::new(of("settle"), &"a linear contract", right))
            }
            Settle::Token(token) if *token >= self.tokens.len() => {
                Err(BookError::new(of("settle"), token, "the index of a token"))
            }
            _ => Ok(()),
        }
    }
}
