//! Where the engine under test finds its rulebooks.

use super::broken::{self, Broken};
use super::lending::{self, Lending};
use super::perpetual::{self, Perpetual};
use super::stability_pool::{self, StabilityPool};
use breakwater_engine::Registry;
use breakwater_liquidation::{AssetInfo, Rulebook};

/// Every toy venue by its name.
pub struct Shelf;

impl Registry for Shelf {
    fn build(
        &self,
        rule: &str,
        parameters: &str,
        _: &[AssetInfo],
    ) -> Result<Option<Box<dyn Rulebook>>, String> {
        Ok(Some(match rule {
            lending::RULE => Box::new(Lending::parse(parameters)?),
            perpetual::RULE => Box::new(Perpetual::parse(parameters)?),
            stability_pool::RULE => Box::new(StabilityPool::parse(parameters)?),
            broken::RULE => Box::new(Broken::parse(parameters)?),
            _ => return Ok(None),
        }))
    }
}

/// Nothing on it.
pub struct EmptyShelf;

impl Registry for EmptyShelf {
    fn build(
        &self,
        _: &str,
        _: &str,
        _: &[AssetInfo],
    ) -> Result<Option<Box<dyn Rulebook>>, String> {
        Ok(None)
    }
}
