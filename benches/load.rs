//! How long it takes from the text of a manifest to a model.

mod support;

use divan::Bencher;
use orket::base::RelPath;
use orket::manifest::load;
use support::{Memory, layered};

fn main() {
    divan::main();
}

#[divan::bench(args = [1_000, 10_000, 100_000], sample_count = 5, sample_size = 1)]
fn layers(bencher: Bencher, tasks: usize) {
    let source = Memory(layered(tasks, 1));
    let manifest = RelPath::parse("orket.kdl").unwrap();
    bencher.bench_local(|| load(&source, &manifest, "bench").is_ok());
}
