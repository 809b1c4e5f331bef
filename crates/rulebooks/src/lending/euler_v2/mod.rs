//! EulerV2.
