//! Tax profiles over accounts: a calculation aid, not advice.
//!
//! A profile is dated data and little code. It relabels and re-times realised rows of
//! [`breakwater_accounting`]: which lots, which bucket, which year, which form. It computes no tax
//! and knows no rates.
