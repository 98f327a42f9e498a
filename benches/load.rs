//! How long it takes from the text of a manifest to nodes, to a model and to a graph. Nothing is kept from one round to the next.

mod support;

use std::sync::Arc;

use divan::Bencher;
use divan::counter::BytesCount;
use orket::base::RelPath;
use orket::graph::assemble;
use orket::manifest::{load, read};
use support::{Memory, layered};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn nodes(bencher: Bencher, tasks: usize) {
    let text = layered(tasks, 1);
    let file: Arc<str> = "orket.kdl".into();
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| read(&file, text.as_bytes()));
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn model(bencher: Bencher, tasks: usize) {
    let source = Memory(layered(tasks, 1));
    let manifest = RelPath::parse("orket.kdl").unwrap();
    bencher.bench_local(|| load(&source, &manifest, "bench").ok());
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn graph(bencher: Bencher, tasks: usize) {
    let source = Memory(layered(tasks, 1));
    let manifest = RelPath::parse("orket.kdl").unwrap();
    bencher.bench_local(|| {
        let loaded = load(&source, &manifest, "bench").ok()?;
        assemble(&loaded.project, Vec::new(), "linux-x86_64").ok()
    });
}
