#!/usr/bin/env bash
# Builds ollama-bump from the checkout that this script lies in, for action.yml, if fetch.sh found no release binary.
# It needs Go, which GitHub's runners have, and Go's module cache or a proxy. It is given no token, and runs on macOS's
# bash 3.2.
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

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(mktemp -d "${RUNNER_TEMP:-/tmp}/ollama-bump-action.XXXXXX")/ollama-bump

# The workflow's own Go settings are for its own code, be they in the environment or written by
# `go env -w`. What says where modules come from and where they are kept stays.
clean=(env -u GOOS -u GOARCH -u GO386 -u GOAMD64 -u GOARM -u GOARM64 -u GOEXPERIMENT -u GOFIPS140 -u GO111MODULE
  GOWORK=off GOFLAGS=-mod=readonly GOTOOLCHAIN=auto CGO_ENABLED=0)
cd / # outside of the workflow's module
for name in GOPROXY GONOPROXY GOSUMDB GONOSUMDB GOPRIVATE GOINSECURE GOCACHE GOMODCACHE; do
  clean+=("$name=$("${clean[@]}" go env "$name")")
done
# A build cache of our own, so that action.yml can keep it between runs without the workflow's.
if [[ -n ${RUNNER_TOOL_CACHE:-} ]]; then
  clean+=("GOCACHE=$RUNNER_TOOL_CACHE/ollama-bump/go-build")
fi
cd "$source"
if ! "${clean[@]}" GOENV=off \
  go build -trimpath -buildvcs=false -ldflags "-X main.version=$(version)" -o "$program" ./cmd/ollama-bump 2>&1; then
  fail 'building ollama-bump failed; the lines above say why'
fi
printf 'program=%s\n' "$program" >>"$GITHUB_OUTPUT"
