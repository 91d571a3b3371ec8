#!/usr/bin/env bash
# Builds what a release consists of into dist/: an archive for each system, with the program, its
# manual page and completions, and SHA256SUMS. The same commit gives the same bytes. VERSION is
# there to be compared: it comes from a tag, and must be what flake.nix says.
#
#   .github/release.sh [VERSION [GOOS/GOARCH...]]
set -euo pipefail
cd "$(dirname "$0")/.."

ours=$(sed -n 's/^ *version = "\(.*\)";$/\1/p' flake.nix)
version=${1:-$ours}
if [[ $version != "$ours" ]]; then
  printf 'release.sh: the tag says version %s, flake.nix %s\n' "$version" "$ours" >&2
  exit 1
fi
shift $(($# > 0))
if [[ $# == 0 ]]; then
  set -- linux/amd64 linux/arm64 darwin/amd64 darwin/arm64
fi

dist=${DIST:-dist}
rm -rf "$dist"
mkdir -p "$dist"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # GOOS GOARCH FILE
  env -u GOFLAGS GOWORK=off CGO_ENABLED=0 GOOS="$1" GOARCH="$2" \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$version" -o "$3" ./cmd/ollama-bump
}

build "$(go env GOHOSTOS)" "$(go env GOHOSTARCH)" "$work/host"
for target in "$@"; do
  system=${target%/*} machine=${target#*/}
  name=ollama-bump_${version}_${system}_${machine}
  mkdir -p "$work/$name/completions"
  build "$system" "$machine" "$work/$name/ollama-bump"
  "$work/host" man >"$work/$name/ollama-bump.1"
  for shell in bash zsh fish; do
    "$work/host" completion "$shell" >"$work/$name/completions/ollama-bump.$shell"
  done
  cp LICENSE README.md "$work/$name/"
  tar --directory "$work" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u+w,go-w,a+rX \
    --create "$name" | gzip --no-name --best >"$dist/$name.tar.gz"
done
(cd "$dist" && sha256sum -- *.tar.gz >SHA256SUMS)
