//! What the shipped rulebooks refuse, each refusal by its number's name: the book is small, the
//! parameters are the shipped ones.

use breakwater_liquidation::{
    AssetInfo, AssetKind, Balances, Call, MarketInfo, PoolState, Rejected, Rejection, Rulebook,
    StateKey, View,
};
use breakwater_market::{Guard, GuardState, Mark, MarketId};
use breakwater_money::{AccountId, AssetId, Class, Holder, Holding, Price, Ray, Time, U256, Unit};
use breakwater_rulebooks::lending::aave_v3;
use std::collections::BTreeMap;

const STETH: AssetId = AssetId(0);
const USDC: AssetId = AssetId(1);
/// Listed and never priced.
const DAI: AssetId = AssetId(2);
/// Not listed.
const NOPE: AssetId = AssetId(3);

/// Holds one STETH at 1,700 and owes 1,500 USDC: a health factor of 0.94.
const A: AccountId = AccountId(0);
/// Holds nothing.
const B: AccountId = AccountId(1);

const NOW: Time = Time(1_700_000_000_000_000_000);
const ONE_USDC: u128 = 1_000_000;
const ONE_STETH: u128 = 1_000_000_000_000_000_000;

struct Rows {
    accounts: Vec<Vec<Holding>>,
    pool: BTreeMap<(Holder, Unit), i128>,
}

impl Balances for Rows {
    fn holdings(&self, account: AccountId) -> &[Holding] {
        &self.accounts[account.index()]
    }

    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        let Holder::Account(account) = holder else {
            return self.pool.get(&(holder, unit)).copied().unwrap_or(0);
        };
        let held = self.accounts[account.index()].iter();
        held.filter(|h| h.unit == unit && h.contract.is_none()).map(|h| h.balance).sum()
    }

    fn accounts(&self) -> u32 {
        self.accounts.len() as u32
    }
}

struct Book {
    rulebook: Box<dyn Rulebook>,
    assets: Vec<AssetInfo>,
    markets: Vec<MarketInfo>,
    marks: Vec<GuardState>,
    rows: Rows,
    state: PoolState,
}

impl Book {
    fn new() -> Self {
        let listed = [("STETH", 18), ("USDC", 6), ("DAI", 18), ("NOPE", 18)];
        let assets: Vec<AssetInfo> = (0u16..)
            .zip(listed)
            .map(|(number, (symbol, decimals))| AssetInfo {
                symbol: symbol.to_owned(),
                decimals,
                kind: AssetKind::Token,
                market: Some(MarketId(number)),
            })
            .collect();
        let guard = Guard {
            decimals: 8,
            age_max_nanos: 60_000_000_000,
            ahead_max_nanos: 0,
            band_bps: 5_000,
            spread_max_bps: 100,
            grace_nanos: 0,
        };
        let markets = (0u16..).zip(&assets).map(|(number, info)| MarketInfo {
            symbol: format!("{}/USD", info.symbol),
            asset: AssetId(number),
            guard,
            volatility_weight: 1,
        });
        let markets = markets.collect();
        let marked = |whole: u128| GuardState {
            mark: Some(Mark {
                price: Price::new(whole * 100_000_000, 8),
                half_spread: 0,
                observed_at: NOW,
                accepted_at: NOW,
                sequence: 1,
            }),
            grace_until: None,
        };
        let marks = vec![marked(1_700), marked(1), GuardState::default(), marked(1)];
        let held = |asset, class, balance| Holding {
            contract: None,
            unit: Unit { asset, class },
            balance,
        };
        let rows = Rows {
            accounts: vec![
                vec![
                    held(STETH, Class::Supply, 1_000_000_000_000_000_000),
                    held(USDC, Class::Debt, 1_500_000_000),
                ],
                vec![],
            ],
            pool: BTreeMap::from([
                ((Holder::Reserve, Unit::token(STETH)), 1_000_000_000_000_000_000),
                ((Holder::Reserve, Unit::token(USDC)), 1_000_000_000),
            ]),
        };
        let shipped = breakwater_rulebooks::shipped();
        let (_, parameters) = shipped.iter().find(|(name, _)| *name == "aave-v3.7").unwrap();
        let rulebook = breakwater_rulebooks::build(aave_v3::RULE, parameters, &assets);
        let rulebook = rulebook.unwrap().unwrap();
        let mut state = PoolState::new(rulebook.layout());
        for asset in 0..4 {
            assert!(state.set(StateKey::Asset(AssetId(asset), 0), Ray::one().raw));
            assert!(state.set(StateKey::Asset(AssetId(asset), 1), Ray::one().raw));
        }
        // A's flags: STETH is collateral, USDC is borrowed.
        assert!(state.set(StateKey::Account(A, 0), U256::from(0b01)));
        assert!(state.set(StateKey::Account(A, 1), U256::from(0b10)));
        Book { rulebook, assets, markets, marks, rows, state }
    }

    #[track_caller]
    fn refuses(&self, call: Call) -> Rejection {
        self.rulebook.execute(&self.view(), &call).unwrap_err().rejection
    }

    fn view(&self) -> View<'_> {
        View::new(NOW, &self.assets, &self.markets, &self.marks, &self.rows, &self.state)
    }
}

fn seize(account: AccountId, debt: AssetId, collateral: AssetId, amount: u128) -> Call {
    Call::RepayAndSeize { account, debt, collateral, amount, shares: false, liquidator: None }
}

#[test]
fn a_liquidators_call_is_refused_by_class() {
    let mut book = Book::new();
    // All of it is taken, so that what is refused below is refused for its own reason.
    assert!(book.rulebook.execute(&book.view(), &seize(A, USDC, STETH, u128::MAX)).is_ok());
    assert_eq!(book.refuses(seize(A, USDC, USDC, u128::MAX)), Rejection::NotCollateral);
    assert_eq!(book.refuses(seize(A, STETH, STETH, u128::MAX)), Rejection::NotBorrowed);
    // 600 would leave a debt of 900, and 1,000 is the least that may stay.
    assert_eq!(book.refuses(seize(A, USDC, STETH, 600 * ONE_USDC)), Rejection::DustLeft);
    assert_eq!(book.refuses(seize(B, USDC, STETH, 1)), Rejection::Healthy);
    assert_eq!(book.refuses(seize(A, NOPE, STETH, 1)), Rejection::NotLendable);
    assert_eq!(book.refuses(seize(A, DAI, STETH, 1)), Rejection::MarkMissing);
    let own = Call::RepayAndSeize {
        account: A,
        debt: USDC,
        collateral: STETH,
        amount: 1,
        shares: false,
        liquidator: Some(A),
    };
    assert_eq!(book.refuses(own), Rejection::SelfDealing);
    let mark = book.marks[0].mark.as_mut().unwrap();
    mark.price.raw *= 2;
    assert_eq!(book.refuses(seize(A, USDC, STETH, u128::MAX)), Rejection::Healthy);
}

#[test]
fn an_amount_that_moves_no_share_is_refused() {
    let mut book = Book::new();
    // Of an index of two, one unit is half a share.
    for column in [0, 1] {
        let two = Ray::one().raw + Ray::one().raw;
        assert!(book.state.set(StateKey::Asset(USDC, column), two));
    }
    let deposit = Call::Deposit { account: B, asset: USDC, amount: 1 };
    assert_eq!(book.refuses(deposit), Rejection::ZeroBurn);
    let repay = Call::Repay { account: A, asset: USDC, amount: 1 };
    assert_eq!(book.refuses(repay), Rejection::ZeroBurn);
}

#[test]
fn business_is_refused_by_class() {
    let book = Book::new();
    let nothing = Call::Deposit { account: B, asset: USDC, amount: 0 };
    assert_eq!(book.refuses(nothing), Rejection::AmountZero);
    let unlisted = Call::Deposit { account: B, asset: NOPE, amount: 1 };
    assert_eq!(book.refuses(unlisted), Rejection::NotLendable);
    let undefined = Call::Deposit { account: B, asset: AssetId(9), amount: 1 };
    assert_eq!(book.refuses(undefined), Rejection::UnknownAsset);
    let stranger = Call::Deposit { account: AccountId(2), asset: USDC, amount: 1 };
    assert_eq!(book.refuses(stranger), Rejection::UnknownAccount);
    let nobodys = Call::Repay { account: B, asset: USDC, amount: 1 };
    assert_eq!(book.refuses(nobodys), Rejection::NotBorrowed);
    let more = Call::Withdraw { account: A, asset: STETH, amount: ONE_STETH + 1 };
    assert_eq!(book.refuses(more), Rejection::InsufficientBalance);
    let unhealthy = Call::Withdraw { account: A, asset: STETH, amount: 1 };
    assert_eq!(book.refuses(unhealthy), Rejection::BelowInitial);
    let cash = Call::Borrow { account: A, asset: USDC, amount: 1_001 * ONE_USDC };
    assert_eq!(book.refuses(cash), Rejection::InsufficientLiquidity);
    let absorb = Call::Absorb { accounts: vec![A] };
    assert_eq!(book.refuses(absorb), Rejection::Unsupported);
    let column = Call::Configure { account: A, column: 1, value: U256::ZERO };
    assert_eq!(book.refuses(column), Rejection::BadParameter);
}

/// The venue pauses reserves and grants grace by its own transactions, which parameter files do
/// not carry: these refusals come from the mirrored call itself.
#[test]
fn a_paused_reserve_and_one_in_its_grace_period_are_refused() {
    let reserve = aave_v3::Reserve {
        decimals: 6,
        price: U256::from(100_000_000u64),
        liquidation_threshold_bps: 8_000,
        liquidation_bonus_bps: 10_500,
        liquidation_protocol_fee_bps: 0,
        liquidity_index: Ray::one(),
        variable_borrow_index: Ray::one(),
        active: true,
        paused: false,
        grace_until: None,
        available: None,
    };
    let user = aave_v3::UserReserve {
        scaled_collateral: U256::from(1_000u64 * 1_000_000),
        scaled_debt: U256::from(900u64 * 1_000_000),
        use_as_collateral: true,
        borrowing: true,
        own_threshold_bps: None,
    };
    let call = aave_v3::Call {
        collateral: 0,
        debt: 0,
        debt_to_cover: U256::MAX,
        receive_atoken: false,
        self_liquidation: false,
        now: 1_000,
    };
    let answer = |reserve: aave_v3::Reserve| {
        let rule = aave_v3::Rule::v3_7();
        let told = aave_v3::liquidation_call(&rule, &[reserve], &[user], None, &call);
        told.map_err(|revert| Rejected::from(revert).rejection)
    };
    assert!(answer(reserve).is_ok());
    let paused = aave_v3::Reserve { paused: true, ..reserve };
    assert_eq!(answer(paused).unwrap_err(), Rejection::Paused);
    // The last second of a grace period still belongs to it.
    for (until, expected) in [(1_000, Some(Rejection::VenueGrace)), (999, None)] {
        let graced = aave_v3::Reserve { grace_until: Some(until), ..reserve };
        assert_eq!(answer(graced).err(), expected, "until {until}");
    }
    let inactive = aave_v3::Reserve { active: false, ..reserve };
    assert_eq!(answer(inactive).unwrap_err(), Rejection::NotLendable);
}
