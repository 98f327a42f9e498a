#!/bin/sh
# Brings the sources of libgit2 1.9.1 and zlib, as two crates carry them, into `source/`. The versions and checksums stand in Cargo.toml and
# Cargo.lock; Cargo knows where to get them, and refuses other bytes.
set -eu
cd "$(dirname "$0")"
! test -e source/libgit2/COPYING || exit 0
rm -rf source.part
if ! cargo vendor --locked --quiet --versioned-dirs source.part > /dev/null; then
    rm -rf source.part
    echo 'fetch.sh: the sources of libgit2 could not be fetched; this example needs the network once' >&2
    exit 1
fi
rm -rf source
mkdir source
cp -R source.part/libgit2-sys-*/libgit2 source/libgit2
cp -R source.part/libz-sys-*/src/zlib source/zlib
chmod -R u+w source
rm -rf source.part
