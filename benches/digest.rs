//! How fast bytes become digests.

use divan::Bencher;
use divan::counter::BytesCount;
use orket::base::Digest;

fn main() {
    divan::main();
}

#[divan::bench(args = [64, 4 << 10, 1 << 20, 64 << 20])]
fn bytes(bencher: Bencher, size: usize) {
    let bytes = vec![7_u8; size];
    bencher.counter(BytesCount::new(size)).bench(|| Digest::of(divan::black_box(&bytes)));
}
