//! Many seeds, parts of a suite, and comparisons with a baseline: as a user meets them, and how often they are wrong.

mod comparing;
mod kit;
mod noise;
mod parts;
mod seeds;
