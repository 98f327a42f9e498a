//! How long it takes from a model to a graph.

mod support;

use divan::Bencher;
use orket::base::RelPath;
use orket::graph::assemble;
use orket::manifest::load;
use support::{Memory, layered};

fn main() {
    divan::main();
}

#[divan::bench(args = [1_000, 10_000, 100_000], sample_count = 5, sample_size = 1)]
fn layers(bencher: Bencher, tasks: usize) {
    let loaded = load(&Memory(layered(tasks, 1)), &RelPath::parse("orket.kdl").unwrap(), "bench");
    let Ok(loaded) = loaded else { panic!("the generated manifest is wrong") };
    bencher.bench_local(|| assemble(&loaded.project, Vec::new(), "linux-x86_64").is_ok());
}
