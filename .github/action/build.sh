#!/usr/bin/env bash
# Builds ollama-bump from the checkout that this script lies in, for action.yml. Needs Go, which
# GitHub's runners have, and its module cache or a proxy. Is given no token.
set -euo pipefail

fail() {
  printf '::error title=ollama-bump::%s\n' "$1"
  exit 1
}

# version prints flake.nix's, with the branch or commit that the workflow names, if it does not name
# a tag of that version: 1.0.0, 1.0.0+main. A name with odd letters is not worth a version.
version() {
  local number ref=${REF:-}
  number=$(sed -n 's/^ *version = "\(.*\)";$/\1/p' flake.nix)
  if [[ $ref =~ ^[0-9a-f]{40}$ ]]; then
    ref=${ref:0:12}
  fi
  if [[ $number. == "${ref#v}".* || ! $ref =~ ^[A-Za-z0-9.-]+$ ]]; then
    ref=
  fi
  printf '%s' "$number${ref:++$ref}"
}

if [[ ${CHECK:-} != true ]] && ! command -v nix >/dev/null; then
  fail 'nix is not installed: add a step before this one that installs it, such as cachix/install-nix-action'
fi
if ! command -v go >/dev/null; then
  fail 'go is not installed: add a step before this one that installs it, such as actions/setup-go'
fi

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(mktemp -d "${RUNNER_TEMP:-/tmp}/ollama-bump-action.XXXXXX")/ollama-bump

# The workflow's own Go settings are for its own code, be they in the environment or written by
# `go env -w`. What says where modules come from and where they are kept stays.
clean=(env -u GOOS -u GOARCH -u GO386 -u GOAMD64 -u GOARM -u GOARM64 -u GOEXPERIMENT -u GOFIPS140 -u GO111MODULE
  GOWORK=off GOFLAGS=-mod=readonly GOTOOLCHAIN=auto CGO_ENABLED=0)
kept=(GOPROXY GONOPROXY GOSUMDB GONOSUMDB GOPRIVATE GOINSECURE GOCACHE GOMODCACHE)
cd / # outside of the workflow's module
mapfile -t values < <("${clean[@]}" go env "${kept[@]}")
for i in "${!kept[@]}"; do
  clean+=("${kept[i]}=${values[i]-}")
done
cd "$source"
if ! "${clean[@]}" GOENV=off \
  go build -trimpath -buildvcs=false -ldflags "-X main.version=$(version)" -o "$program" ./cmd/ollama-bump 2>&1; then
  fail 'building ollama-bump failed; the lines above say why'
fi
printf 'program=%s\n' "$program" >>"$GITHUB_OUTPUT"
