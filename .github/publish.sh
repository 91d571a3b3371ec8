#!/usr/bin/env bash
# Publishes what release.sh built as the release of a tag, and moves the tag that users of the
# Action name, v1 for all of 1.x, to the newest release. Needs gh with a token.
#
#   .github/publish.sh TAG COMMIT
set -euo pipefail
cd "$(dirname "$0")/.."

usage='usage: publish.sh TAG COMMIT'
tag=${1:?"$usage"} commit=${2:?"$usage"} major=${1%%.*}
create=(gh release create "$tag" --verify-tag --generate-notes)
dist=("${DIST:-dist}"/*)

# A release candidate: nobody gets it who does not ask for it.
if [[ $tag == *-* ]]; then
  "${create[@]}" --prerelease "${dist[@]}"
  exit
fi

# A repair of an older release is no step back for those who have a newer one.
releases=$(gh api --paginate "repos/$GITHUB_REPOSITORY/git/matching-refs/tags/v" --jq '.[].ref' |
  sed -nE 's|^refs/tags/(v[0-9]+\.[0-9]+\.[0-9]+)$|\1|p')
newest() { # of the tags with this beginning
  printf '%s\n' "$tag" "$releases" | grep "^$1" | sort --version-sort | tail -n 1
}
latest=false
if [[ $(newest v) == "$tag" ]]; then
  latest=true
fi
"${create[@]}" "--latest=$latest" "${dist[@]}"
if [[ $(newest "$major\\.") == "$tag" ]]; then
  refs=repos/$GITHUB_REPOSITORY/git/refs
  gh api --silent --method PATCH "$refs/tags/$major" -f sha="$commit" -F force=true ||
    gh api --silent --method POST "$refs" -f ref="refs/tags/$major" -f sha="$commit"
fi
