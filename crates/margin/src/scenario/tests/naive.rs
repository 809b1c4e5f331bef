//! The table against the definition: every position in every scenario on its own, in rationals, with
//! the careful price.

use super::*;

// float: a float as the rational it is.
fn exact(value: f64) -> Rational {
    Rational::from_float(value).unwrap()
}

fn raw(raw: i128, decimals: u8) -> Rational {
    rational::from_raw(raw, decimals)
}

/// Volatility in a scenario, as a float of the rational rule.
// float: the judge prices by floats, with room for their error.
fn volatility(grid: &Grid, scenario: Scenario, line: &OptionLine, seconds: u64) -> f64 {
    let days = seconds as f64 / 86_400.0;
    let v = grid.volatility;
    let power = if days < 30.0 { v.short_power_hundredths } else { v.long_power_hundredths };
    let factor = breakwater_options::normal::power(30.0 / days, f64::from(power) / 100.0);
    let now = line.volatility_ppm as f64 * 1e-6;
    match scenario.volatility {
        VolatilityShock::Same => now,
        VolatilityShock::Up => {
            (now * (1.0 + f64::from(v.up_bps) * 1e-4 * factor)).max(v.up_floor_ppm as f64 * 1e-6)
        }
        VolatilityShock::Down => (now * (1.0 - f64::from(v.down_bps) * 1e-4 * factor)).max(0.0),
    }
}

/// Profit of one unit in settle units, and how far it may be off.
// float: the judge prices by floats, with room for their error.
fn option_profit(
    grid: &Grid,
    listing: &Listing,
    line: usize,
    scenario: Scenario,
) -> (Rational, f64) {
    let option = &listing.options[line];
    let expiry = listing.expiries[option.expiry];
    let seconds = expiry.seconds.unwrap();
    let forward = expiry.forward as f64 / 100.0 * (1.0 + f64::from(scenario.move_bps) / 10_000.0);
    let years = seconds as f64 / 31_536_000.0;
    let strike = option.strike as f64 / 100.0;
    let volatility = volatility(grid, scenario, option, seconds);
    let quote = Quote { kind: option.kind, forward, strike, years, volatility, rate: 0.0 };
    let priced = Black76::new(&quote).unwrap();
    // A volatility is rounded to its millionth.
    let mut error = 80.0 * f64::EPSILON * forward.max(strike) + priced.vega() * 2e-6;
    let mut value = priced.price_undiscounted();
    if listing.settled == Settled::Coin {
        (value, error) = (value / forward, error / forward);
    }
    (exact(value) - raw(option.mark as i128, listing.decimals.mark), error)
}

fn future_profit(listing: &Listing, holding: &Holding, scenario: Scenario) -> Rational {
    let size = raw(holding.quantity.into(), listing.decimals.size);
    let price = raw(listing.expiries[holding.line].forward as i128, listing.decimals.price);
    let moved = raw(scenario.move_bps.into(), 4);
    match listing.settled {
        Settled::Quote => size * price * moved,
        Settled::Coin => array::inverse_profit(&(size / price), &moved).unwrap(),
    }
}

fn holdings(lines: usize) -> impl Strategy<Value = Vec<Holding>> {
    prop::collection::vec(
        (0..lines, -2_000_000i64..2_000_000).prop_map(|(line, size)| holding(line, size)),
        0..8,
    )
}

prop_compose! {
    fn lines()(
        rows in prop::collection::vec(
            (any::<bool>(), 3_000_000u128..9_000_000, 50_000u64..3_000_000, 0u128..100_000_000), 6..7)
    ) -> Vec<OptionLine> {
        let kind = |call| if call { Kind::Call } else { Kind::Put };
        rows.into_iter().map(|(call, strike, vol, mark)| option(kind(call), strike, vol, mark)).collect()
    }
}

proptest! {
    // float: room for the judge's error.
    #[test]
    fn each_loss_is_at_least_the_definitions_and_within_the_stated_bound(
        coin in any::<bool>(), venue in any::<bool>(), lines in lines(), seconds in 0u64..200 * 86_400,
        futures in holdings(2), options in holdings(6)
    ) {
        let mut grid = if venue { buckets() } else { shocks() };
        // Every extended loss counts in full here; its own test dampens.
        if let Some(extended) = &mut grid.extended {
            (extended.factor_bps, extended.dampener) = (10_000, 0);
        }
        let settled = if coin { Settled::Coin } else { Settled::Quote };
        let mut listing = listing(settled, 8, lines);
        listing.expiries[1].seconds = Some(seconds.max(60));
        let table = Table::price(&grid, &listing).unwrap();
        let (found, losses) = assess(&table, &futures, &options);
        let base = raw(100_000_000, 0);
        let mut worst = 0;
        for (scenario, loss) in grid.scenarios().into_iter().zip(&losses) {
            let mut right = raw(0, 0);
            let mut room = 3.0;
            for holding in &options {
                let (profit, error) = option_profit(&grid, &listing, holding.line, scenario);
                right -= profit * raw(holding.quantity.into(), 4);
                let size = holding.quantity.unsigned_abs() as f64 / 1e4;
                room += size * (0.002 + 4.0 * error * 1e8);
            }
            for holding in &futures {
                right -= future_profit(&listing, holding, scenario);
            }
            let over = raw(*loss, 0) - right * &base;
            // The rational side prices by floats too, so it may be off to either side.
            let off = exact(room);
            prop_assert!(over >= raw(0, 0) - &off && over <= off, "{} {}", scenario.move_bps, over);
            worst = worst.max(*loss);
        }
        prop_assert_eq!(found.worst_loss, worst as u128);
        prop_assert!(worst == 0 || losses[found.worst] == worst);
        prop_assert!(losses[..found.worst].iter().all(|loss| *loss < worst || worst == 0));
    }

    /// The same quantised values, one cell at a time by the definition: no unit between them.
    #[test]
    fn sums_over_columns_are_the_sums_over_cells(
        coin in any::<bool>(), lines in lines(), options in holdings(6)
    ) {
        let settled = if coin { Settled::Coin } else { Settled::Quote };
        let table = Table::price(&buckets(), &listing(settled, 8, lines)).unwrap();
        let (_, losses) = assess(&table, &[], &options);
        for (scenario, loss) in losses.iter().enumerate().take(27) {
            let mut profit = 0i128;
            for holding in &options {
                let (low, high) = table.profit(holding.line, scenario).unwrap();
                prop_assert!(low <= high);
                let cell = if holding.quantity > 0 { low } else { high };
                profit += i128::from(holding.quantity) * i128::from(cell);
            }
            prop_assert_eq!(*loss, -profit.div_euclid(10_000_000));
        }
    }

    /// Marks on the model: no float is left between a table's cell and a value quantised alone.
    // float: the judge's own value and error.
    #[test]
    fn a_cell_is_the_value_of_one_option_quantised(
        coin in any::<bool>(), strike in 3_000_000u128..9_000_000, vol in 50_000u64..3_000_000
    ) {
        let settled = if coin { Settled::Coin } else { Settled::Quote };
        let listing = listing(settled, 8, vec![option(Kind::Call, strike, vol, 0)]);
        let grid = Grid { moves_bps: vec![0], extended: None, ..buckets() };
        let (low, high) = Table::price(&grid, &listing).unwrap().profit(0, 1).unwrap();
        let quote = Quote { kind: Kind::Call, forward: 60_100.0, strike: strike as f64 / 100.0,
            years: 7.0 / 365.0, volatility: vol as f64 * 1e-6, rate: 0.0 };
        let priced = Black76::new(&quote).unwrap();
        let (value, error) = match settled {
            Settled::Coin => (priced.coin().price, priced.coin_error()),
            Settled::Quote => (priced.price_undiscounted(), priced.price_error()),
        };
        let own = |side| breakwater_options::quantised::value_against(side, value, error, 1e11).unwrap();
        // The careful value lies inside, and the table's own bound is four times as wide.
        let width = (own(Side::Short) - own(Side::Long)) * 4 + 2;
        prop_assert!(i128::from(low) <= own(Side::Short) && own(Side::Long) <= i128::from(high));
        prop_assert!(i128::from(high - low) <= width, "{} {}", high - low, width);
    }

    #[test]
    fn another_scenario_never_lowers_the_requirement(
        lines in lines(), options in holdings(6), futures in holdings(2), further in -9_000i32..20_000
    ) {
        let mut grid = buckets();
        let mark = |grid: &Grid| {
            let table = Table::price(grid, &listing(Settled::Coin, 8, lines.clone())).unwrap();
            assess(&table, &futures, &options).0
        };
        let before = mark(&grid);
        grid.moves_bps.push(further);
        let after = mark(&grid);
        prop_assert!(after.initial >= before.initial && after.maintenance >= before.maintenance);
    }

    #[test]
    fn no_holding_panics(line in 0usize..4, size: i64, other: i64, forward in 1u128..1 << 90, settle in 0u8..19) {
        let mut listing = listing(Settled::Coin, settle, vec![option(Kind::Call, 6_000_000, 1, 1)]);
        listing.expiries[1].forward = forward;
        if let Ok(table) = Table::price(&buckets(), &listing) {
            let positions = Positions {
                futures: &[holding(line, size), holding(1, other)],
                options: &[holding(line, other), holding(0, size)],
            };
            let _ = table.assess(&positions, &mut Scratch::default());
        }
    }
}
