#!/bin/sh
# Brings the packages that `sources.txt` lists beside their manifests, and what builds and tests them (`requirements.txt`) into `third_party/`.
# The versions and digests stand in these files; pip knows where to get them, and refuses other bytes.
set -eu
cd "$(dirname "$0")"
pins=$(cat requirements.txt sources.txt | cksum)
if test "$(cat third_party/pins 2> /dev/null)" = "$pins"; then
    exit 0
fi
part=$(mktemp -d)
trap 'rm -rf "$part"' EXIT
pip() {
    if ! python3 -m pip --quiet --disable-pip-version-check --no-input "$@" --no-deps --require-hashes; then
        echo 'fetch.sh: the packages could not be fetched; this example needs pip and the network once' >&2
        exit 1
    fi
}
export PIP_ROOT_USER_ACTION=ignore
pip install --target "$part/third_party" -r requirements.txt
export PYTHONPATH="$part/third_party"
pip download --no-build-isolation --no-binary :all: --dest "$part" -r sources.txt
for archive in "$part"/*.tar.gz; do
    package=$(basename "$archive" .tar.gz)
    package=$(echo "${package%-*}" | tr _ -)
    tar -xzf "$archive" -C "$package" --strip-components=1
done
rm -rf third_party
mv "$part/third_party" third_party
find third_party -name __pycache__ -prune -exec rm -rf {} +
echo "$pins" > third_party/pins
