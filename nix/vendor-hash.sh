#!/usr/bin/env bash
# Prints the vendorHash of this project: the hash of the folder that buildGoModule's go-modules
# step makes, that is of `go mod vendor` on the module's sources. With --write, puts it into
# flake.nix. Run it whenever go.mod, go.sum or the imports change.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go mod vendor -o "$work/vendor"
hash=$(nix --extra-experimental-features nix-command hash path "$work/vendor")

if [[ ${1:-} == --write ]]; then
  sed -i "s|vendorHash = \"[^\"]*\";|vendorHash = \"$hash\";|" flake.nix
fi
printf '%s\n' "$hash"
