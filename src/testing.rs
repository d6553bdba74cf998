//! Promises for a router of your own, in your own tests.
