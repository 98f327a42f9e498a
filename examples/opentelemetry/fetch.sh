#!/bin/sh
# Fetches six packages of OpenTelemetry for Python, and what builds and tests them, with pip and at fixed versions and digests:
#     sh fetch.sh [FOLDER]
# FOLDER is a copy of this example; if left out, it is the folder of this script.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "${1:-$here}" && pwd)
try=$(mktemp -d)
trap 'rm -rf "$try"' EXIT

offline() {
    echo "fetch.sh: $1 could not be had; this needs pip and the network once (the reason is above), nothing was changed" >&2
    exit 1
}

pip="python3 -m pip --quiet --disable-pip-version-check --no-input"
$pip install --no-deps --require-hashes --target "$try/third_party" -r "$here/requirements.txt" || offline "what builds the packages"
PYTHONPATH="$try/third_party" $pip download --no-deps --require-hashes --no-build-isolation --no-binary :all: \
    --dest "$try/archives" -r "$here/sources.txt" || offline "the packages"

for archive in "$try"/archives/*.tar.gz; do
    package=$(basename "$archive" .tar.gz)
    package=$(echo "${package%-*}" | tr _ -)
    mkdir -p "$folder/$package"
    tar -xzf "$archive" -C "$folder/$package" --strip-components=1
done
rm -rf "$folder/third_party"
mv "$try/third_party" "$folder/third_party"
find "$folder/third_party" -name __pycache__ -prune -exec rm -rf {} +
