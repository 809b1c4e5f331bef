use super::*;
use crate::tax::arguments::Tax;
use breakwater_accounting::derivatives::Matching;
use breakwater_accounting::{Accounts, Kind, Order, Policy, Scope};
use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    tax: Tax,
}

/// A file read by flags.
fn read_with(text: &str, flags: &[&str]) -> Result<Imported, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.csv");
    std::fs::write(&path, text).unwrap();
    let mut line = vec!["tax", path.to_str().unwrap()];
    line.extend(flags);
    let asked = Line::parse_from(line).tax;
    read(&asked, "USD").map_err(|failure| failure.to_string())
}

fn accounts(imported: &Imported) -> Accounts {
    let mut accounts =
        Accounts::new(Policy::new(Order::Fifo, Scope::Wallet), Matching::AverageEntry);
    for entry in &imported.entries {
        accounts.apply(&imported.names, entry).unwrap();
    }
    accounts.lots.close().unwrap();
    accounts
}

fn gains(accounts: &Accounts) -> Vec<String> {
    accounts.lots.rows().iter().map(|row| row.gain().unwrap().to_string()).collect()
}

fn values(accounts: &Accounts) -> Vec<String> {
    accounts.contracts.rows().iter().map(|row| row.value.to_string()).collect()
}

#[test]
fn spot_trades_pay_fees_in_either_asset() {
    let text = "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n\
        2025-01-10 12:00:00,BTCUSDT,BUY,50000,0.5BTC,\"25,000USDT\",0.0005BTC\n\
        2025-04-07 03:00:00,BTCUSDT,SELL,60000,0.25BTC,15000USDT,15USDT\n";
    let imported = read_with(text, &["--cash", "USDT"]).unwrap();
    let accounts = accounts(&imported);
    // 25,000 for 0.4995 left after the fee; half a bitcoin's basis is shared by quantity.
    let basis = accounts.lots.rows()[0].basis.to_string();
    assert_eq!(basis, "12512.512512512512512513");
    assert_eq!(gains(&accounts), ["2472.487487487487487487"]);
}

#[test]
fn a_fee_in_a_third_coin_is_spent_at_its_price() {
    let text = "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n\
        2025-01-09 12:00:00,BNBUSDT,BUY,600,1BNB,600USDT,0USDT\n\
        2025-01-10 12:00:00,BTCUSDT,BUY,50000,0.5BTC,25000USDT,0.01BNB\n";
    let error = read_with(text, &["--cash", "USDT"]).unwrap_err();
    assert!(error.contains("fee_asset is `BNB`: a price of BNB on that date"), "{error}");
}

#[test]
fn futures_are_filled_liquidated_and_charged() {
    let text = "Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Fee Coin,Realized Profit,Type\n\
        2025-01-10 12:00:00,BTCUSDT,BUY,50000,1,50000,20,USDT,0,TRADE\n\
        2025-01-11 12:00:00,BTCUSDT,SELL,40000,1,40000,600,USDT,-10000,LIQUIDATION\n";
    let imported = read_with(text, &["--cash", "USDT"]).unwrap();
    assert_eq!(values(&accounts(&imported)), ["-20", "-10000", "-600"]);
}

#[test]
fn a_log_of_bybit_has_funding_and_rebates() {
    let text = "Currency,Contract,Type,Direction,Quantity,Filled Price,Funding,Fee Paid,Cash Flow,Time(UTC)\n\
        USDT,,TRANSFER_IN,,,,,,1000,2025-01-01 00:00:00\n\
        USDT,ETHUSDT,TRADE,SELL,2,3000,,-3,0,2025-01-02 00:00:00\n\
        USDT,ETHUSDT,SETTLEMENT,SELL,2,3100,0.6,,0.6,2025-01-02 08:00:00\n\
        USDT,ETHUSDT,ADL,BUY,2,2500,,0,1000,2025-01-03 00:00:00\n\
        BTC,BTCUSD,TRADE,BUY,1000,50000,,0.00001,0,2025-01-04 00:00:00\n";
    let imported = read_with(text, &["--cash", "USDT"]).unwrap();
    let fills = imported.entries.iter().filter(|entry| matches!(entry.kind, Kind::Fill(_))).count();
    assert_eq!(fills, 3);
    // A fee paid, funding got, a winner closed against its will, a rebate in coin.
    assert_eq!(values(&accounts(&imported)), ["-3", "0.6", "1000", "0.5"]);
}

#[test]
fn a_log_of_deribit_pays_in_coin() {
    let text = "Date,Instrument,Type,Side,Size,Price,Fee Charged,Funding,Index Price,Currency\n\
        2025-01-02 00:00:00 UTC,BTC-PERPETUAL,trade,open sell,10000,50000,0.0001,,50000,BTC\n\
        2025-01-02 08:00:00 UTC,BTC-PERPETUAL,settlement,,,,,0.0002,49000,BTC\n\
        2025-01-03 00:00:00 UTC,BTC-PERPETUAL,deleverage,close buy,10000,40000,0,0,40000,BTC\n";
    let imported = read_with(text, &["--missing-basis", "zero"]).unwrap();
    let policy = Policy::new(Order::Fifo, Scope::Wallet)
        .with_shortage(breakwater_accounting::Shortage::ZeroBasis);
    let mut accounts = Accounts::new(policy, Matching::AverageEntry);
    for entry in &imported.entries {
        accounts.apply(&imported.names, entry).unwrap();
    }
    accounts.lots.close().unwrap();
    // 10,000 dollars sold at 50,000 are 0.2 coins, bought back at 40,000 for 0.25: 0.05 won.
    assert_eq!(values(&accounts), ["-5", "9.8", "2000"]);
    let coins: Vec<String> =
        accounts.lots.open().map(|(_, lot)| lot.quantity.to_string()).collect();
    assert_eq!(coins, ["0.0002", "0.05"]);
}

#[test]
fn a_liquidation_call_is_a_seizure_with_two_values() {
    let text = "time,market,user,collateral,collateral_amount,debt,debt_amount,collateral_usd,debt_usd\n\
        2021-09-07 14:00:00,main,0xAB,WETH,1.05,USDC,3000,3150,3000\n\
        2021-09-07 15:00:00,main,0xcd,WETH,1,USDC,1e3,1050.0,1000.0\n";
    let error = read_with(text, &[]).unwrap_err();
    assert!(error.contains("choose one with --user"), "{error}");
    let imported = read_with(text, &["--user", "0xCD"]).unwrap();
    assert_eq!(imported.entries.len(), 1);
    let Kind::Dispose(seized) = &imported.entries[0].kind else { panic!() };
    let market = seized.market.unwrap().to_string();
    assert_eq!((seized.proceeds.to_string(), market), ("1000".to_owned(), "1050".to_owned()));
    assert!(imported.notes[0].contains("1 liquidations repaid debts"), "{:?}", imported.notes);
}

#[test]
fn a_file_of_no_known_shape_is_refused_with_its_columns() {
    let error = read_with("when,what\n1,2\n", &[]).unwrap_err();
    assert!(error.contains("when, what"), "{error}");
    let error = read_with("time,kind,colour\n", &[]).unwrap_err();
    assert!(error.contains("column `colour` is unknown"), "{error}");
}
