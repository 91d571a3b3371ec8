source "$stdenvSetup"
echo "exporting $url (rev $rev) into $out"
export HOME=$TMPDIR
git -c init.defaultBranch=master init --quiet "$out"
cd "$out"
git fetch --quiet --depth=1 "$url" "$rev"
git -c advice.detachedHead=false checkout --quiet FETCH_HEAD
if [ -n "${fetchSubmodules-}" ]; then git submodule update --init --recursive --quiet; fi
if [ -z "${leaveDotGit-}" ]; then rm -rf .git; fi
runHook postFetch
