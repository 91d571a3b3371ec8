#!/bin/sh
# record.sh [SUITE…] records what real Nix says about cases.nix, one archive a version beside this script.
#
#	testdata/nix-output/record.sh installed sid trixie bullseye
#
# "installed" is the nix in PATH; the others are Debian's, fetched by ../newer-nix.sh. Run as root: the
# remote builder is a second store in a mount namespace, reached through a stand-in for ssh. Needs python3
# for a web server. Paths, times and process numbers differ from run to run; the tests depend on none.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=/tmp/recording # fixed, for it stands in the recordings

record_suite() {
	suite=$1
	PATH=$system_path
	if [ "$suite" != installed ]; then
		PATH=$(NIX_SUITE=$suite "$here/../newer-nix.sh" "$work.nix/$suite"):$system_path
	fi
	version=$(nix --version | sed 's/.* //')
	out=$work.out
	rm -rf "$out" "$work"
	mkdir -p "$out" "$work/files/source" "$work/bin" "$work/etc" "$work.nix"
	printf '%s\n' "$NIX_CONFIG" >"$work/etc/nix.conf" # 2.3 does not look at the variable
	printf 'release notes\n' >"$work/files/release.txt"
	printf 'source\n' >"$work/files/source/README"
	tar -C "$work/files" --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner -cf - source | gzip -n >"$work/files/source.tar.gz"
	cp "$here/cases.nix" "$work/cases.nix"
	cd "$work"

	(cd "$work/files" && exec python3 -m http.server --bind 127.0.0.1 18931 >/dev/null 2>&1) &
	web=$!
	# several cases go through a daemon
	nix-daemon >"$work/daemon.log" 2>&1 &
	daemon=$!
	trap 'kill $web $daemon 2>/dev/null' EXIT
	sleep 1

	case $version in
	2.3.*) old=yes ;;
	*) old= ;;
	esac
	every_case
	archive >"$here/nix-$version.txtar"
	kill $web $daemon 2>/dev/null || true
	wait
	trap - EXIT
}

# archive prints the recordings as txtar, with the manifest as the archive's comment.
archive() {
	cat "$out/MANIFEST.tsv"
	cut -f 1 "$out/MANIFEST.tsv" | while read -r file; do
		printf -- '-- %s --\n' "$file"
		sed '$a\' "$out/$file.log" # ends the last line, should it have no end
	done
}

# say NAME COMMAND… records standard error and the status.
say() {
	file=$1
	shift
	status=0
	timeout 60 "$@" </dev/null >/dev/null 2>"$out/$file.log" || status=$?
	printf '%s\t%s\t%s\n' "$file" "$status" "$*" >>"$out/MANIFEST.tsv"
}

# both NAME ATTR ARGS… records the plain log of nix-build and the events of nix build.
both() {
	name=$1 attr=$2
	shift 2
	say "$name.plain" nix-build --no-out-link cases.nix -A "$attr" --argstr files "$work/files" "$@"
	[ "$old" ] || say "$name.json" nix build --no-link --log-format internal-json -f cases.nix "$attr" --argstr files "$work/files" "$@"
}

# quoted NAME ATTR records nix build's plain log, which quotes a builder's last lines.
quoted() {
	[ "$old" ] || say "$1.quoted" nix build --no-link -f cases.nix "$2" --argstr files "$work/files"
}

# value NAME ATTR records a failing evaluation.
value() {
	say "$1.plain" nix-instantiate --eval --strict cases.nix -A "$2" --argstr files "$work/files" --argstr server http://127.0.0.1:18931
	[ "$old" ] || say "$1.json" nix eval --log-format internal-json --impure -f cases.nix "$2" --argstr files "$work/files" --argstr server http://127.0.0.1:18931
}

every_case() {
	for attr in flat tree long emptyHash base32Hash vendorEmpty vendorExists exit3 chatty signal noOutput notFlat \
		references full foreign refused noHost spoofs.text spoofs.quoted spoofs.event spoofs.rawEvent spoofs.trace \
		badChar short prefixOnly noAlgorithm unknownAlgorithm otherAlgorithm nullHash; do
		both "$attr" "$attr"
	done
	for attr in vendorEmpty chatty spoofs.text spoofs.quoted spoofs.rawEvent; do
		quoted "$attr" "$attr"
	done
	both together together --keep-going
	both together-first together
	both together-jobs together --keep-going -j 4 --argstr salt -jobs
	both sameName sameName --keep-going -j 4
	both mixed mixed --keep-going
	both spoofs.together spoofs.together --keep-going -j 1
	both sleepy sleepy --timeout 1
	both silent sleepy --max-silent-time 1
	both notFound notFound --argstr server http://127.0.0.1:18931
	for attr in evalTarball evalFile evalTree evalNotFound vendorHashMissing.drvPath argumentMissing undefinedAttribute \
		recursion fileMissing spoofs.throw; do
		value "${attr%.drvPath}" "$attr"
	done
	if [ ! "$old" ]; then
		say two.json nix build --no-link --keep-going --log-format internal-json -f cases.nix tree slow
		say flag.json nix build --no-link --log-format internal-json --no-such-flag -f cases.nix tree
	fi
	export NIX_REMOTE=daemon
	both daemon-tree tree --argstr salt -daemon
	both daemon-together together --keep-going --argstr salt -daemon
	both daemon-rawEvent spoofs.rawEvent --argstr salt -daemon
	both daemon-exit3 exit3 --argstr salt -daemon
	export NIX_REMOTE=local
	remote_builder
	for scheme in ssh ssh-ng; do
		[ "$old$scheme" != yesssh-ng ] || continue
		at="$scheme://builder x86_64-linux - 4 1"
		both "$scheme-tree" tree --max-jobs 0 --builders "$at" --argstr salt "-$scheme"
		both "$scheme-together" together --keep-going --max-jobs 0 --builders "$at" --argstr salt "-$scheme"
		both "$scheme-exit3" exit3 --max-jobs 0 --builders "$at" --argstr salt "-$scheme"
		both "$scheme-rawEvent" spoofs.rawEvent --max-jobs 0 --builders "$at" --argstr salt "-$scheme"
	done
}

# remote_builder puts an ssh in front that runs the command here, with another store under the same name.
remote_builder() {
	rm -rf "$work.remote"
	mkdir -p "$work.remote"
	cp -r "$work/files" "$work/etc" "$work.remote"
	cat >"$work/bin/ssh" <<EOF
#!/bin/sh
while [ \$# -gt 0 ] && [ "\$1" != builder ]; do shift; done
shift
while [ \$# -gt 0 ]; do case \$1 in -o | -p | -l | -i) shift 2 ;; -*) shift ;; *) break ;; esac done
export NIX_REMOTE=local
exec unshare -m sh -c 'mount --bind $work.remote $work && cd / && exec sh -c "\$0"' "\$*"
EOF
	chmod 755 "$work/bin/ssh"
	PATH=$work/bin:$PATH
}

system_path=$PATH
export NIX_STORE_DIR=$work/store NIX_STATE_DIR=$work/var/nix NIX_LOG_DIR=$work/var/log NIX_CONF_DIR=$work/etc
export NIX_LOCALSTATE_DIR=$work/var
export NIX_CONFIG='experimental-features = nix-command flakes
sandbox = false
build-users-group =
substituters =
connect-timeout = 2
download-attempts = 1'
export NIX_REMOTE=local
unset NIX_PATH
for suite in "${@:-installed}"; do
	record_suite "$suite"
done
rm -rf "$work" "$work.out" "$work.remote" "$work.nix"
