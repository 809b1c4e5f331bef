//! What happens to listed contracts by the clock, as calls of the pool that holds them.
//!
//! A venue's parameter file states how a contract lives; `breakwater_agreement::listed` says from that
//! and from prices what happens when; here each of its events becomes the call that the venue's rulebook
//! executes. Events know series and prices; who holds how much is the pool's to say.

use super::margin_exchange;
use breakwater_agreement::listed::{Happened, LifecycleParameters, What};
use breakwater_liquidation::{AssetInfo, Call, ContractTerms, Form, Rejected, Rejection, View};
use breakwater_money::rounding::{Rounding, mul_div, mul_div_full, narrow_u128, pow10};
use breakwater_money::{AccountId, AssetId, Holder, Price, U256, Unit};

/// How a contract of this symbol lives under the parameters of a rule; none where they say nothing.
///
/// # Errors
/// Parameters that the rule refuses, or a rule without contracts.
pub fn lifecycle(
    rule: &str,
    parameters: &str,
    symbol: &str,
) -> Result<Option<LifecycleParameters>, String> {
    if rule != margin_exchange::RULE {
        return Err(format!("rule '{rule}': '{}' has contracts that end", margin_exchange::RULE));
    }
    let read = margin_exchange::Parameters::parse(parameters).map_err(|why| why.to_string())?;
    Ok(read.contract(symbol).and_then(|(_, contract)| contract.lifecycle.clone()))
}

/// The call by which the pool does what happened to one of `contracts`, each the asset of the series in
/// its place; none where nothing is to be done: funding of nothing, the end of a session of what is
/// paid for in full, averaging that began, a refusal, a roll of nothing.
///
/// # Errors
/// A contract or its market is unknown, or a price does not fit its market's scale.
pub fn call(
    view: &View<'_>,
    contracts: &[AssetId],
    happened: &Happened,
) -> Result<Option<Call>, Rejected> {
    let of = |place: usize| {
        let detail = || format!("series {place}: one of {} contracts is right", contracts.len());
        contracts.get(place).copied().ok_or_else(|| Rejection::BadParameter.because(detail()))
    };
    let contract = of(happened.series)?;
    let (info, terms) = terms(view, contract)?;
    let option = match terms.form {
        Form::Option(option) => Some(option),
        Form::Linear | Form::Inverse => None,
    };
    // An option's price in the end is that of its underlying.
    let settled_in = option.map_or(contract, |option| option.underlying);
    let size =
        |account: AccountId| view.balances.balance(Holder::Account(account), Unit::token(contract));
    Ok(match happened.what {
        What::Funded { rate_e12: 0, .. } | What::FixingBegan | What::Refused { .. } => None,
        What::Funded { rate_e12, .. } => Some(Call::Fund { contract, rate_e12 }),
        What::SessionEnded => option.is_none().then_some(Call::Settle { contract }),
        What::Delivered { price, .. } => {
            let price = at_scale_of(view, settled_in, price)?;
            Some(Call::Deliver { contract, price })
        }
        What::Exercised { holder: account, quantity, price } => {
            let price = at_scale_of(view, settled_in, price)?;
            Some(Call::Exercise { account, contract, quantity, price })
        }
        What::Transferred { from, to, quantity, mark: None } => {
            Some(Call::Transfer { from, to, contract, quantity })
        }
        What::Transferred { from, to, quantity, mark: Some(mark) } => {
            let (buyer, seller) = if size(from) > 0 { (to, from) } else { (from, to) };
            let price = at_scale_of(view, contract, mark)?;
            let (buyer, seller) = (Some(buyer), Some(seller));
            Some(Call::Trade { buyer, seller, contract, quantity, price })
        }
        What::Rolled { holder: account, into, near: near_mark, far: far_mark } => {
            let far = of(into)?;
            let near_quantity = size(account).unsigned_abs();
            let far_quantity = as_much_of(view, (info, terms, near_quantity), far)?;
            let call = Call::Roll {
                account,
                against: None,
                near: contract,
                far,
                near_quantity,
                far_quantity,
                near_price: at_scale_of(view, contract, near_mark)?,
                far_price: at_scale_of(view, far, far_mark)?,
            };
            (near_quantity > 0 && far_quantity > 0).then_some(call)
        }
    })
}

fn terms<'v>(
    view: &View<'v>,
    contract: AssetId,
) -> Result<(&'v AssetInfo, &'v ContractTerms), Rejected> {
    let info = view.asset(contract)?;
    let terms = info.kind.contract();
    let detail = || format!("asset '{}' is no contract", info.symbol);
    Ok((info, terms.ok_or_else(|| Rejection::BadParameter.because(detail()))?))
}

/// The price at the scale of the asset's market: exactly, or to the nearest where that is coarser.
fn at_scale_of(view: &View<'_>, asset: AssetId, price: Price) -> Result<Price, Rejected> {
    let market = view.market_of(asset)?;
    let scale = view.markets.get(market.index()).map(|market| market.guard.decimals);
    let scale = scale.ok_or_else(|| Rejection::MarkMissing.because(market.to_string()))?;
    let (up, down) = match scale.checked_sub(price.decimals) {
        Some(finer) => (pow10(finer)?, 1),
        None => (1, pow10(price.decimals - scale)?),
    };
    Ok(Price::new(mul_div(price.raw, up, down, Rounding::HalfUp)?, scale))
}

/// How much of `far` has as many units as a quantity of the near contract, rounded down.
fn as_much_of(
    view: &View<'_>,
    (near, terms_near, quantity): (&AssetInfo, &ContractTerms, u128),
    far: AssetId,
) -> Result<u128, Rejected> {
    let (info, terms_far) = terms(view, far)?;
    let scale = |info: &AssetInfo, terms: &ContractTerms| info.decimals + terms.multiplier_decimals;
    let (own, other) = (scale(near, terms_near), scale(info, terms_far));
    let (up, down) = (pow10(other.saturating_sub(own))?, pow10(own.saturating_sub(other))?);
    // quantity x near multiplier / 10^own = far quantity x far multiplier / 10^other
    let above = U256::from(terms_near.multiplier) * U256::from(up);
    let below = U256::from(terms_far.multiplier) * U256::from(down);
    Ok(narrow_u128(mul_div_full(U256::from(quantity), above, below, Rounding::Floor)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_agreement::listed::{PlannedKind, Refusal, Request, Series, planned};
    use breakwater_liquidation::{AssetKind, Balances, MarketInfo, OptionTerms, PoolState};
    use breakwater_market::{Guard, GuardState, MarketId};
    use breakwater_money::{Holding, Time};

    const HOUR: u64 = 3_600;

    fn contracts_of(name: &str) -> Vec<(String, LifecycleParameters)> {
        let (_, text) = crate::shipped().iter().find(|(known, _)| *known == name).unwrap();
        let read = margin_exchange::Parameters::parse(text).unwrap();
        let stated = read.contracts.iter();
        stated.filter_map(|(key, it)| Some((key.clone(), it.lifecycle.clone()?))).collect()
    }

    fn due(
        lifecycle: &LifecycleParameters,
        expires: Option<u64>,
        until: u64,
    ) -> Vec<(u64, PlannedKind)> {
        let series = Series {
            symbol: "X".to_owned(),
            lifecycle: lifecycle.read("x").unwrap(),
            expires: expires.map(Time::from_seconds),
            into: None,
            option: false,
        };
        let planned = planned(&series, Time(0), Time::from_seconds(until)).unwrap();
        planned.iter().map(|due| (due.at.seconds_since(Time(0)), due.kind)).collect()
    }

    #[test]
    fn what_venues_say_of_their_contracts_is_read_and_comes_when_they_say() {
        let mut told = 0;
        for (name, text) in crate::shipped() {
            if !text.contains("rule = \"margin-exchange\"") {
                continue;
            }
            for (key, lifecycle) in contracts_of(name) {
                lifecycle.read(&key).unwrap();
                told += 1;
            }
        }
        assert_eq!(told, 16);
        // Funding by the hour and a session at 08:00; the mean of half an hour before the end.
        let deribit = contracts_of("deribit-btc");
        let of = |key: &str| &deribit.iter().find(|(known, _)| known == key).unwrap().1;
        let day = due(of("BTC-PERPETUAL"), None, 24 * HOUR);
        let count = |kind| day.iter().filter(|(_, own)| *own == kind).count();
        assert_eq!((count(PlannedKind::Funding), count(PlannedKind::Session)), (24, 1));
        assert!(day.contains(&(8 * HOUR, PlannedKind::Session)));
        let end = 32 * HOUR;
        let dated = due(of("BTC-*"), Some(end), end);
        assert!(dated.contains(&(end - 1_800, PlannedKind::Fixing)));
        assert_eq!(dated.last(), Some(&(end, PlannedKind::Delivery)));
        // Three payments a day.
        let coin = contracts_of("binance-coinm");
        let perpetual = &coin.iter().find(|(key, _)| key == "BTCUSD").unwrap().1;
        let paid: Vec<u64> = due(perpetual, None, 24 * HOUR).iter().map(|(at, _)| *at).collect();
        assert_eq!(paid, [8 * HOUR, 16 * HOUR, 24 * HOUR]);
    }

    #[test]
    fn a_lifecycle_that_makes_no_sense_is_refused_with_its_path() {
        let (_, text) = crate::shipped().iter().find(|(name, _)| *name == "deribit-btc").unwrap();
        for (from, to, named) in [
            ("sample = \"6s\"", "sample = \"7s\"", "contracts.BTC-*.lifecycle.settlement.sample"),
            ("every = \"1h\"", "every = \"7h\"", "contracts.BTC-PERPETUAL.lifecycle.funding.every"),
            (
                "band = \"0.00025\"",
                "band = \"-1\"",
                "contracts.BTC-PERPETUAL.lifecycle.funding.band",
            ),
            ("of = \"8h\"", "of = \"8\"", "contracts.BTC-PERPETUAL.lifecycle.funding.of"),
            ("at-mark", "at-will", "at-will"),
            ("band = \"0.00025\"", "bend = \"0.00025\"", "bend"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, *text);
            let error = lifecycle("margin-exchange", &changed, "BTC-X").unwrap_err();
            assert!(error.contains(named), "{to}: {error}");
        }
        let unsourced = text.replacen("\"contracts.*.lifecycle\"", "\"portfolio\"", 1);
        let error = lifecycle("margin-exchange", &unsourced, "BTC-X").unwrap_err();
        assert!(error.contains("lifecycle"), "{error}");
        assert!(lifecycle("aave-v3", text, "BTC-X").is_err());
        assert_eq!(lifecycle("margin-exchange", text, "ETH-X"), Ok(None));
    }

    /// Accounts 0, 1 and 2 hold what the list says of a contract.
    struct Held(Vec<(AccountId, AssetId, i128)>);

    impl Balances for Held {
        fn holdings(&self, _: AccountId) -> &[Holding] {
            &[]
        }

        fn balance(&self, holder: Holder, unit: Unit) -> i128 {
            let own = self.0.iter().find(|(account, asset, _)| {
                holder == Holder::Account(*account) && unit == Unit::token(*asset)
            });
            own.map_or(0, |(.., size)| *size)
        }

        fn accounts(&self) -> u32 {
            3
        }
    }

    const NEAR: AssetId = AssetId(2);
    const FAR: AssetId = AssetId(3);
    const PUT: AssetId = AssetId(4);
    const ALL: [AssetId; 3] = [NEAR, FAR, PUT];
    const A: AccountId = AccountId(0);
    const B: AccountId = AccountId(1);

    fn told(what: What) -> Result<Option<Call>, Rejected> {
        let contract = |form, multiplier, multiplier_decimals| {
            let (settle, expires) = (AssetId(0), Some(Time::MAX));
            AssetKind::Contract(ContractTerms {
                settle,
                form,
                multiplier,
                multiplier_decimals,
                expires,
            })
        };
        let right = OptionTerms {
            call: false,
            strike: Price::new(100, 0),
            underlying: AssetId(1),
            coin: false,
        };
        let list = [
            ("USD", 6, AssetKind::Token, None),
            ("INDEX", 8, AssetKind::Token, Some(3)),
            // Tenths of a coin in hundredths; whole coins.
            ("NEAR", 2, contract(Form::Linear, 1, 1), Some(1)),
            ("FAR", 0, contract(Form::Linear, 1, 0), Some(2)),
            ("PUT", 0, contract(Form::Option(right), 1, 0), Some(4)),
        ];
        let (mut assets, mut markets) = (Vec::new(), Vec::new());
        for (number, (symbol, decimals, kind, scale)) in (0u16..).zip(list) {
            let market = scale.map(|_| MarketId(u16::try_from(markets.len()).unwrap()));
            if let Some(decimals) = scale {
                let (age_max_nanos, ahead_max_nanos, grace_nanos) = (1, 0, 0);
                let (band_bps, spread_max_bps) = (10_000, 0);
                markets.push(MarketInfo {
                    symbol: symbol.to_owned(),
                    asset: AssetId(number),
                    guard: Guard {
                        decimals,
                        age_max_nanos,
                        ahead_max_nanos,
                        band_bps,
                        spread_max_bps,
                        grace_nanos,
                    },
                    volatility_weight: 1,
                });
            }
            let symbol = symbol.to_owned();
            assets.push(AssetInfo { symbol, decimals, kind, market });
        }
        let marks = vec![GuardState::default(); markets.len()];
        let held = Held(vec![(A, NEAR, 2_570), (B, NEAR, -30)]);
        let state = PoolState::new(&breakwater_liquidation::Layout {
            pool: &[],
            asset: &[],
            account: &[],
            cells: &[],
        });
        let view = View::new(Time(0), &assets, &markets, &marks, &held, &state);
        let series = match what {
            What::Exercised { .. } => 2,
            What::Delivered { samples: 2, .. } => 2,
            _ => 0,
        };
        call(&view, &ALL, &Happened { at: Time(0), series, what })
    }

    #[test]
    fn each_event_becomes_its_call_at_the_scale_of_its_market() {
        let price = |raw, decimals| Price::new(raw, decimals);
        let sent = |what| told(what).unwrap();
        let funded = |rate_e12| What::Funded { premium_e12: 7, rate_e12, samples: 1 };
        assert_eq!(sent(funded(0)), None);
        assert_eq!(sent(funded(-5)), Some(Call::Fund { contract: NEAR, rate_e12: -5 }));
        assert_eq!(sent(What::SessionEnded), Some(Call::Settle { contract: NEAR }));
        assert_eq!(sent(What::FixingBegan), None);
        let request = Request::Rolling { series: 0, holder: A, on: true };
        assert_eq!(sent(What::Refused { request, why: Refusal::Ended }), None);
        // 12.35 is 12.4 at one decimal, half up; an option is delivered at its underlying's scale.
        let delivered = |samples| What::Delivered { price: price(1_235, 2), samples, missing: 0 };
        let expected = Call::Deliver { contract: NEAR, price: price(124, 1) };
        assert_eq!(sent(delivered(1)), Some(expected));
        let expected = Call::Deliver { contract: PUT, price: price(12_350, 3) };
        assert_eq!(sent(delivered(2)), Some(expected));
        let used = What::Exercised { holder: A, quantity: 4, price: price(1_235, 2) };
        let expected =
            Call::Exercise { account: A, contract: PUT, quantity: 4, price: price(12_350, 3) };
        assert_eq!(sent(used), Some(expected));
        let moved = |from, to, mark| What::Transferred { from, to, quantity: 9, mark };
        let expected = Call::Transfer { from: A, to: B, contract: NEAR, quantity: 9 };
        assert_eq!(sent(moved(A, B, None)), Some(expected));
        // Whoever gives a long sells it, whoever gives a short buys it.
        for (from, to, buyer, seller) in [(A, B, B, A), (B, A, B, A)] {
            let (buyer, seller) = (Some(buyer), Some(seller));
            let at = price(50, 1);
            let expected = Call::Trade { buyer, seller, contract: NEAR, quantity: 9, price: at };
            assert_eq!(sent(moved(from, to, Some(price(5, 0)))), Some(expected));
        }
        // 25.70 contracts of a tenth are 2.57 coins: two whole ones.
        let rolled = |holder| What::Rolled { holder, into: 1, near: price(5, 0), far: price(6, 0) };
        let expected = Call::Roll {
            account: A,
            against: None,
            near: NEAR,
            far: FAR,
            near_quantity: 2_570,
            far_quantity: 2,
            near_price: price(50, 1),
            far_price: price(600, 2),
        };
        assert_eq!(sent(rolled(A)), Some(expected));
        // Three hundredths of a coin are no contract, and nothing is nothing.
        assert_eq!((sent(rolled(B)), sent(rolled(AccountId(2)))), (None, None));
        let nowhere = What::Rolled { holder: A, into: 9, near: price(5, 0), far: price(6, 0) };
        assert!(told(nowhere).is_err());
    }
}
