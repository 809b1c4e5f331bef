//! LiquityV1.
