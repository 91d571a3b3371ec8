#!/usr/bin/env bash
# Fetches the release binary of the action's own version for action.yml, so that nothing needs to be compiled. The
# binary is verified by checksum and, where gh is installed, by its attestation. If there is no binary, or it cannot be
# verified, the output `program` stays unset and build.sh compiles. Is given no token, and runs on macOS's bash 3.2.
set -euo pipefail

fail() {
  printf '::error title=ollama-bump::%s\n' "$1"
  exit 1
}

if [[ ${CHECK:-} != true ]] && ! command -v nix >/dev/null; then
  fail 'nix is not installed: add a step before this one that installs it, such as cachix/install-nix-action'
fi

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(sed -n 's/^ *version = "\(.*\)";$/\1/p' "$source/flake.nix")
repository=${REPOSITORY:-}
server=${GITHUB_SERVER_URL:-https://github.com}
work=$(mktemp -d "${RUNNER_TEMP:-/tmp}/ollama-bump-action.XXXXXX")

sha256() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$@"
  else
    shasum -a 256 "$@"
  fi
}

# is_release reports whether this checkout is that of the release: the workflow names a tag of the version, such as v1
# or v1.0.0, or the commit of its tag.
is_release() {
  local ref=${REF:-} tags
  [[ -n $repository ]] || return 1
  if [[ $ref =~ ^[0-9a-f]{40}$ ]]; then
    tags=$(GIT_TERMINAL_PROMPT=0 git ls-remote "$server/$repository" \
      "refs/tags/v$version" "refs/tags/v$version^{}") || return 1
    [[ $'\n'$tags == *$'\n'"$ref"$'\t'* ]]
  else
    [[ $version. == "${ref#v}".* ]]
  fi
}

# archive prints the name of this system's archive without its ending, as release.sh names it.
archive() {
  local system machine
  system=$(uname -s | tr '[:upper:]' '[:lower:]')
  case $(uname -m) in
    x86_64 | amd64) machine=amd64 ;;
    aarch64 | arm64) machine=arm64 ;;
    *) machine=$(uname -m) ;;
  esac
  printf 'ollama-bump_%s_%s_%s' "$version" "$system" "$machine"
}

download() { # FILE
  curl --fail --silent --show-error --location --proto '=https' --connect-timeout 10 --max-time 120 --retry 2 \
    --output "$work/$1" "$server/$repository/releases/download/v$version/$1"
}

# attested reports whether gh finds that the release workflow of this repository made a file. Without a gh that knows
# attestations there is only the checksum.
attested() { # FILE
  if ! gh attestation verify --help >/dev/null 2>&1; then
    return 0
  fi
  local bundle=ollama-bump_$version.sigstore.json
  download "$bundle" || return 1
  if ! gh attestation verify "$work/$1" --bundle "$work/$bundle" --repo "$repository" \
    --signer-workflow "$repository/.github/workflows/release.yml" --source-ref "refs/tags/v$version" \
    >"$work/gh.log" 2>&1; then
    cat "$work/gh.log"
    return 1
  fi
}

# fetch puts the verified binary of the release at $work/ollama-bump.
fetch() {
  local name
  is_release || { echo "ollama-bump: ${REF:-this checkout} is no release"; return 1; }
  name=$(archive)
  download SHA256SUMS && download "$name.tar.gz" || return 1
  if ! (cd "$work" && grep " $name.tar.gz\$" SHA256SUMS >wanted && sha256 -c wanted >/dev/null 2>&1); then
    echo "::warning title=ollama-bump::the release binary does not have the checksum of its release; compiling instead"
    return 1
  fi
  if ! attested "$name.tar.gz"; then
    echo "::warning title=ollama-bump::the attestation of the release binary could not be verified; compiling instead"
    return 1
  fi
  # to stdout: an archive cannot choose where its files go
  tar -xzOf "$work/$name.tar.gz" "$name/ollama-bump" >"$work/ollama-bump" && chmod 755 "$work/ollama-bump" || return 1
  [[ $(env -i "$work/ollama-bump" --version) == "ollama-bump $version" ]]
}

if fetch 2>&1; then
  echo "ollama-bump: using the release binary of $version"
  printf 'program=%s\n' "$work/ollama-bump" >>"$GITHUB_OUTPUT"
  exit
fi

if ! command -v go >/dev/null; then
  fail 'there is no release binary, and go is not installed: add a step before this one that installs it, '\
'such as actions/setup-go'
fi
# What actions/cache keeps between runs: the build cache of build.sh, and downloaded modules.
key=$(cd "$source" && find . -type f \( -name '*.go' -o -name go.sum \) | LC_ALL=C sort | xargs cat | sha256)
{
  printf 'key=%s\n' "${key%% *}"
  printf 'caches<<END\n%s\n%s\nEND\n' "${RUNNER_TOOL_CACHE:-$work}/ollama-bump/go-build" \
    "$(cd / && go env GOMODCACHE)/cache/download"
} >>"$GITHUB_OUTPUT"
