//! What a history says of files and of the functions and classes in them: how often they change, who changes them, and together with what.
//!
//! Start from [`Tally`], which is handed one commit after the other, newest first, and makes a [`Report`]. Nothing here has an effect.

mod compare;
mod coupling;
mod hotspot;
mod ownership;
mod rename;
mod report;
mod symbols;
mod tally;
mod window;

pub use compare::{Side, compare};
pub use coupling::{LARGEST, LEAST_CONFIDENCE, LEAST_SUPPORT, MOST_PAIRS, Pair};
pub use hotspot::{Complexity, Hotspot, complexity};
pub use ownership::Share;
pub use report::{FileChurn, Ground, Month, Part, Report, Totals};
pub use symbols::{SymbolChurn, SymbolGround, SymbolTally, Touch, Touches};
pub use tally::{Busy, Standing, Tally};
pub use window::{Recent, Trend};
