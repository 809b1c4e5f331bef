//! Commands that found a pool or change what it rests on: rules, assets, markets, accounts.

use super::exchange_world::{self, CONTRACTS, SETTLE};
use super::generate::Generator;
use super::world::{self, Kind, TOKENS};
use breakwater_engine::Body;
use breakwater_liquidation::solvency::defences::{StressMeasure, StressTerms};
use breakwater_liquidation::solvency::stress_state::StressLines;
use breakwater_liquidation::solvency::{AssetGuard, Breaker, Defences};
use breakwater_liquidation::{AssetInfo, AssetKind};
use breakwater_market::Guard;
use breakwater_money::AssetId;

impl Generator<'_> {
    pub fn install(&mut self) -> Body {
        let mut body = world::install(self.shelf, self.chance, self.kind);
        let Body::InstallRulebook { rule, parameters, hash, policy } = &mut body else {
            return body;
        };
        let assets = &self.model.pool().assets;
        policy
            .solvency
            .assets
            .retain(|symbol, _| assets.iter().any(|asset| asset.symbol == *symbol));
        world::know(policy, |symbol| assets.iter().any(|asset| asset.symbol == symbol));
        match self.chance.below(20) {
            0 => hash[0] ^= 1,
            1 => *rule = "no such rule".to_owned(),
            2 => {
                *parameters = world::GARBAGE.to_owned();
                *hash = *blake3::hash(parameters.as_bytes()).as_bytes();
            }
            3 if policy.defences.is_some() => {
                let measure = StressMeasure::Usage { asset: "NOBODY".to_owned() };
                let lines = StressLines {
                    soft_bps: 1,
                    hard_bps: 1,
                    release_bps: 0,
                    soft_scale_bps: 10_000,
                    hard_scale_bps: 10_000,
                };
                let stress = Some(StressTerms { lines, measure, haircut_bps: 0 });
                policy.defences = Some(Defences { stress, ..Defences::default() });
            }
            3 => policy.slippage_bps = 10_000,
            4 => policy.assess_max = 0,
            6 => {
                let symbol = (*self.chance.pick(&["", "NOBODY"])).to_owned();
                policy.solvency.assets.insert(symbol, AssetGuard::default());
            }
            7 => {
                let breaker = Breaker { fall_bps: 10_000, window_nanos: 1, hold_nanos: 1 };
                let guard = AssetGuard { breaker: Some(breaker), ..AssetGuard::default() };
                policy.solvency.assets.insert(TOKENS[0].0.to_owned(), guard);
            }
            5 => {
                let other = if self.kind.trades() { Kind::Called } else { Kind::Exchange };
                return world::install(self.shelf, self.chance, other);
            }
            _ => {}
        }
        body
    }

    pub fn define_asset(&mut self) -> Body {
        let known = &self.model.pool().assets;
        let unknown = |symbol: &str| known.iter().all(|asset| asset.symbol != symbol);
        let settle = *self.chance.pick(&[AssetId(0), AssetId(0), AssetId(0), AssetId(1)]);
        let perpetual = AssetKind::linear_perpetual(settle);
        let mut choices: Vec<(String, u8, AssetKind)> = if self.kind.trades() {
            let new: Vec<usize> = (0..CONTRACTS.len())
                .filter(|place| {
                    unknown(CONTRACTS[*place].0) && unknown(exchange_world::OPTIONS[*place])
                })
                .collect();
            let coins = exchange_world::tokens(self.kind);
            let first = AssetId(u16::from(coins == 1));
            let on = self.model.pool().price(first).ok().map(|price| (first, price));
            let mut of_any_form = |place: &usize| {
                let terms = exchange_world::contract(self.chance, coins, on);
                let symbol = exchange_world::symbol(*place, &terms).to_owned();
                (symbol, CONTRACTS[*place].1, AssetKind::Contract(terms))
            };
            new.iter().map(&mut of_any_form).collect()
        } else {
            let new = TOKENS.iter().filter(|t| unknown(t.0));
            new.map(|t| (t.0.to_owned(), t.1, AssetKind::Token)).collect()
        };
        // A stranger blocks every later market and rulebook, so that it comes seldom.
        if choices.is_empty() || self.chance.percent(5) {
            choices.push((format!("JUNK{}", known.len()), 9, AssetKind::Token));
        }
        if self.chance.percent(30) {
            let crooked = self.crooked(settle);
            choices = vec![
                (String::from("CROOKED"), 6, crooked),
                (String::new(), 6, AssetKind::Token),
                ("TOO\nLONG".to_owned(), 6, AssetKind::Token),
                (TOKENS[0].0.to_owned(), 6, AssetKind::Token),
                (SETTLE.to_owned(), 6, AssetKind::Token),
                ("DEEP".to_owned(), 31, AssetKind::Token),
                (format!("PERP{}", known.len()), 6, perpetual),
                (TOKENS[world::SPARE].0.to_owned(), 7, AssetKind::Token),
            ];
        }
        let (symbol, decimals, kind) = self.chance.pick(&choices).clone();
        Body::DefineAsset { symbol, decimals, kind }
    }

    pub fn define_market(&mut self) -> Body {
        let bare = |info: &AssetInfo| info.market.is_none() && info.symbol != SETTLE;
        if !self.model.pool().assets.iter().any(bare) && self.chance.percent(90) {
            return self.define_asset();
        }
        let pool = self.model.pool();
        let bare: Vec<u16> = (0..)
            .zip(pool.assets.iter())
            .filter(|(number, info)| {
                // The exchange's numeraire has no price in itself.
                info.market.is_none() && (self.kind != Kind::Exchange || *number != 0)
            })
            .map(|(number, _)| number)
            .collect();
        let markets = pool.markets.len();
        let mut guard = world::guard(self.chance, 8);
        let mut weight = 1;
        let mut symbol = format!("market {markets}");
        let mut asset = match bare.first() {
            Some(_) => AssetId(*self.chance.pick(&bare)),
            None => self.asset(),
        };
        match self.chance.below(20) {
            0 => weight = 0,
            1 => guard = Guard { band_bps: 0, ..guard },
            2 => guard = Guard { age_max_nanos: 0, ..guard },
            3 => asset = self.asset(),
            4 => symbol = " ".repeat(65),
            _ => {}
        }
        Body::DefineMarket { symbol, asset, guard, volatility_weight: weight }
    }

    pub fn open_account(&mut self) -> Body {
        let owner = match self.chance.below(10) {
            0 => String::new(),
            1 => "x".repeat(65),
            2 => "tab\tbed".to_owned(),
            _ => format!("owner {}", self.model.pool().accounts),
        };
        Body::OpenAccount { owner }
    }
}
