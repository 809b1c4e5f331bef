//! How recipes are written: a text is a name, a table is a part.

use super::{Part, Recipe};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

impl Serialize for Recipe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Recipe::Named(name) => serializer.serialize_str(name),
            Recipe::Part(part) => part.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Recipe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecipeVisitor)
    }
}

/// Reads either form, so that a wrong part is named by its own error and not by a choice of two.
struct RecipeVisitor;

impl<'de> Visitor<'de> for RecipeVisitor {
    type Value = Recipe;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the name of a price, or a table with a part")
    }

    fn visit_str<E>(self, name: &str) -> Result<Recipe, E> {
        Ok(Recipe::Named(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Recipe, A::Error> {
        Part::deserialize(MapAccessDeserializer::new(map)).map(Recipe::part)
    }
}
