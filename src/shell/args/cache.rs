//! What `cache` takes.

use clap::Subcommand;

use crate::base::quantity;

/// What can be done with the content store.
#[derive(Clone, Debug, Subcommand)]
pub enum CacheCommand {
    /// Say how much the store holds, its limit, and where it is.
    Stats,
    /// Remove what was not used for longest, until the store is small enough.
    Gc {
        /// The size to keep, such as `2GiB`; if left out, the store's limit: ORKET_CACHE_LIMIT, else 20 GiB.
        #[arg(long, value_name = "SIZE", value_parser = size)]
        max_size: Option<u64>,
    },
    /// Check every entry against its digest, and exit with 1 on damage.
    Verify,
    /// Print the store's folder, and nothing else.
    Path,
    /// Remove everything from the store.
    Clear,
}

fn size(text: &str) -> Result<u64, String> {
    quantity::size(text).ok_or_else(|| "expected a size such as `500MiB` or `2GiB`".to_owned())
}
