//! The planner's proposals, beside the calls of `breakwater plan`.

use crate::assess::more;
use crate::failure::Failure;
use crate::figures::{rounded_text, wrapped};
use crate::screen::Paint;
use breakwater_liquidation::OutletKind;
use breakwater_report::{WordColumn, WordTable, write_words_csv};
use breakwater_simulate::proposals::{
    AccountProposal, AllocationTold, LaterTold, LegTold, OtherWay, Proposals,
};
use std::fs;
use std::path::Path;

const WIDTH: usize = 98;

const fn kind_name(kind: OutletKind) -> &'static str {
    match kind {
        OutletKind::Book => "book",
        OutletKind::Pool => "pool",
        OutletKind::Auction => "auction",
        OutletKind::Keeper => "keeper",
        OutletKind::Vault => "vault",
    }
}

/// Every proposal, the first `shown` of them.
pub fn text(proposals: &Proposals, shown: usize, paint: Paint) -> String {
    let Proposals { rulebook, target_ratio, accounts, nothing_to_sell, .. } = proposals;
    let mut text = format!(
        "\n{}\n",
        paint.strong(&format!("Sold by the venue itself ({rulebook}), to {target_ratio}"))
    );
    if accounts.is_empty() && nothing_to_sell.is_empty() {
        text.push_str("  no account is in breach\n");
    }
    for account in accounts.iter().take(shown) {
        text.push_str(&proposal(account, paint));
    }
    text.push_str(&more(accounts.len(), shown));
    if !nothing_to_sell.is_empty() {
        let told =
            format!("nothing that the venue can sell by itself: {}", nothing_to_sell.join(", "));
        for line in wrapped(&told, WIDTH - 2).iter().take(3) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

fn proposal(account: &AccountProposal, paint: Paint) -> String {
    let health = |text: &str| rounded_text(text, 6);
    let money = |text: &str| rounded_text(text, 2);
    let mut text = format!(
        "\n{}  health {} to {}; {}\n",
        paint.strong(&account.account),
        health(&account.health_before),
        health(&account.health_reached),
        account.reason
    );
    if account.legs.is_empty() {
        text.push_str("  nothing now: the limits leave no whole lot\n");
    }
    for (number, told) in account.legs.iter().enumerate() {
        text.push_str(&leg(told));
        for part in account.allocations.iter().filter(|part| part.leg == number) {
            text.push_str(&allocation(part));
        }
    }
    for part in &account.later {
        text.push_str(&later(part));
    }
    let later = match account.later.is_empty() {
        true => String::new(),
        false => format!(", of it {} later", money(&account.later_cost)),
    };
    text.push_str(&format!(
        "  expected cost {} ({} bp of {}){later}\n",
        money(&account.expected_cost),
        account.expected_cost_bps,
        money(&account.value),
    ));
    text.push_str(&format!(
        "  risk until the next slice {} to {}\n",
        money(&account.risk_before),
        money(&account.risk_after)
    ));
    let others =
        [("a full close at once", &account.full_close), ("the fewest lots", &account.fewest_lots)];
    for (name, way) in others {
        if let Some(OtherWay { value, cost, cost_bps }) = way {
            let (cost, value) = (money(cost), money(value));
            text.push_str(&format!("  {name} would cost {cost} ({cost_bps} bp of {value})\n"));
        }
    }
    text
}

fn leg(leg: &LegTold) -> String {
    let LegTold { asset, side, quantity, worst_price, proceeds_asset, value, marginal_cost } = leg;
    let marginal = match marginal_cost {
        Some(cost) => format!("; last unit of margin costs {cost}"),
        None => String::new(),
    };
    let (value, worst) = (rounded_text(value, 2), rounded_text(worst_price, 8));
    let told = format!(
        "{side} {quantity} {asset} ({value}) now, worst {worst} {proceeds_asset}{marginal}"
    );
    wrapped(&told, WIDTH - 2).iter().map(|line| format!("  {line}\n")).collect()
}

fn allocation(part: &AllocationTold) -> String {
    let place = match (part.outlet, part.kind) {
        (Some(place), Some(kind)) => format!("outlet {place}, {}", kind_name(kind)),
        _ => "beyond what is quoted".to_owned(),
    };
    let (price, cost) = (rounded_text(&part.price, 8), rounded_text(&part.cost, 2));
    format!("    {place}: {} at {price}, cost {cost}\n", part.quantity)
}

fn later(part: &LaterTold) -> String {
    let when = match part.slice {
        Some(slice) => format!("slice {slice}, in {} s", part.after_seconds),
        None => "after the last slice looked at".to_owned(),
    };
    let (price, cost) = (rounded_text(&part.worst_price, 8), rounded_text(&part.cost, 2));
    format!(
        "  {when}: {} {} {}, worst {price}, cost {cost}\n",
        part.side, part.quantity, part.asset
    )
}

/// Writes one row an outlet now and one a later slice.
///
/// # Errors
/// A file that states no markets, or that cannot be written.
pub fn write_csv(
    path: &Path,
    stated_in: &Path,
    proposals: Option<&Proposals>,
) -> Result<(), Failure> {
    let Some(proposals) = proposals else {
        return Err(Failure::Data(format!(
            "--csv {}: {} states no markets; expected 'markets' and 'planner' in it",
            path.display(),
            stated_in.display()
        )));
    };
    let mut csv = Vec::new();
    write_words_csv(&mut csv, &slices(proposals))?;
    fs::write(path, csv).map_err(|error| Failure::file("write", path, &error))
}

fn slices(proposals: &Proposals) -> WordTable {
    let column = |key: &str, name: &str, numeric| WordColumn {
        key: key.to_owned(),
        name: name.to_owned(),
        numeric,
    };
    let mut rows = Vec::new();
    for account in &proposals.accounts {
        for part in &account.allocations {
            rows.push(vec![
                account.account.clone(),
                "0".to_owned(),
                "0".to_owned(),
                part.asset.clone(),
                part.side.to_owned(),
                part.outlet.map_or_else(String::new, |place| place.to_string()),
                part.kind.map_or("", kind_name).to_owned(),
                part.quantity.clone(),
                part.price.clone(),
                part.cost.clone(),
            ]);
        }
        for part in &account.later {
            rows.push(vec![
                account.account.clone(),
                part.slice.map_or_else(|| "beyond".to_owned(), |slice| slice.to_string()),
                part.after_seconds.to_string(),
                part.asset.clone(),
                part.side.to_owned(),
                String::new(),
                String::new(),
                part.quantity.clone(),
                part.worst_price.clone(),
                part.cost.clone(),
            ]);
        }
    }
    WordTable {
        caption: "What is sold where and when".to_owned(),
        rows,
        columns: vec![
            column("account", "Account", false),
            column("slice", "Slice", true),
            column("after_seconds", "After, seconds", true),
            column("asset", "Asset", false),
            column("side", "Side", false),
            column("outlet", "Outlet", true),
            column("kind", "Kind", false),
            column("quantity", "Quantity", true),
            column("price", "Price, the worst of a later slice", true),
            column("cost", "Cost", true),
        ],
    }
}
