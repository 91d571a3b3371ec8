#!/usr/bin/env bash
# Builds ollama-bump from the checkout that this script lies in, for action.yml. Needs Go, which
# GitHub's runners have, and its module cache or a proxy. Is given no token.
set -euo pipefail

fail() {
  printf '::error title=ollama-bump::%s\n' "$1"
  exit 1
}

if [[ ${CHECK:-} != true ]] && ! command -v nix >/dev/null; then
  fail 'nix is not installed: add a step before this one that installs it, such as cachix/install-nix-action'
fi
if ! command -v go >/dev/null; then
  fail 'go is not installed: add a step before this one that installs it, such as actions/setup-go'
fi

# The tag or commit that the workflow names. One with odd letters is not worth a version.
version=
if [[ ${VERSION:-} =~ ^[A-Za-z0-9._-]+$ ]]; then
  version=$VERSION
fi

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(mktemp -d "${RUNNER_TEMP:-/tmp}/ollama-bump-action.XXXXXX")/ollama-bump
# The workflow's own Go settings are for its own code.
if ! (cd "$source" && env -u GOFLAGS GOWORK=off CGO_ENABLED=0 \
  go build -trimpath -buildvcs=false -ldflags "-X main.version=$version" -o "$program" ./cmd/ollama-bump) 2>&1; then
  fail 'building ollama-bump failed; the lines above say why'
fi
printf 'program=%s\n' "$program" >>"$GITHUB_OUTPUT"
