#!/bin/sh
# newer-nix.sh [DIR] makes another Nix usable beside the installed one and prints the folder of its commands:
#
#	PATH="$(testdata/newer-nix.sh):$PATH" go test ./...
#
# It takes Debian's package of NIX_SUITE (default sid: the newest; trixie has 2.26, bullseye 2.3) with the
# libraries it needs and unpacks them below DIR, default ${XDG_CACHE_HOME:-~/.cache}/ollama-bump/nix-SUITE:
# 40 MB to fetch, 160 MB on disk, no root, no chroot, and nothing outside DIR changes. A folder that is
# there is used as it is; remove it to get a newer Nix. The mirror and the proxy are those that apt is
# configured for; DEBIAN_MIRROR names another mirror.
#
# Needs apt and dpkg-deb. The packages are verified with Debian's keys (debian-archive-keyring).
set -eu

suite=${NIX_SUITE:-sid}
dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/ollama-bump/nix-$suite}
mkdir -p "$(dirname "$dir")"
dir=$(cd "$(dirname "$dir")" && pwd)/$(basename "$dir")

if [ -x "$dir/bin/nix" ]; then
	echo "$dir/bin"
	exit 0
fi
if [ -d "$dir" ] && ! rmdir "$dir"; then
	echo "newer-nix.sh: $dir is there and is no Nix: name another folder" >&2
	exit 1
fi
exec 3>&1 1>&2 # only the answer goes to standard output

# apt knows the origin of a source once "apt-get update" has read its Release file.
# shellcheck disable=SC2016 # apt expands the variable
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' \
	'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | head -n 1)}
if [ -z "$mirror" ]; then
	echo "newer-nix.sh: apt knows no mirror of Debian: run apt-get update, or name one in DEBIAN_MIRROR" >&2
	exit 1
fi

# Everything is prepared beside DIR and renamed at the end: DIR is complete or absent.
work=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
apt=$work/apt
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/etc/apt.conf.d" "$apt/etc/preferences.d" \
	"$work/root" "$work/bin"

# An apt of its own: no installed package counts, so the whole closure is fetched.
arch=$(dpkg --print-architecture)
apt-config dump Acquire::http Acquire::https >"$apt/apt.conf" # the user's proxy and credentials
cat >>"$apt/apt.conf" <<EOF
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::Archives "$apt/archives";
Dir::Etc "$apt/etc";
Dir::Etc::Trusted "/dev/null";
Dir::Etc::TrustedParts "/dev/null";
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false"; // a mirror that lags some days is good enough for a test
EOF
: >"$apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/etc/sources.list"
export APT_CONFIG="$apt/apt.conf"

apt-get -q update
apt-get -q -y --download-only install nix-bin
for deb in "$apt"/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/root" --no-same-owner
done

# The loader of the unpacked libc runs the unpacked programs with the unpacked libraries. Only they see these
# libraries: no variable is set that git, ssh or a builder would inherit. An old package finds its own
# libraries by an absolute path inside the program, which would lead to the installed Nix: that is switched off.
loader=$(cd "$work/root" && find . -name 'ld-linux-*.so.?' | sort | head -n 1)
libs=$(cd "$work/root" && find lib usr/lib -maxdepth 1 \( -name '*-linux-gnu*' -o -name nix \) 2>/dev/null |
	sed "s|^|$dir/root/|" | tr '\n' ':')
owned=$(cd "$work/root" && find usr/lib/nix -name '*.so*' 2>/dev/null | sed "s|^|$dir/root/|" | tr '\n' ':')
data= # until 2.3 a part of Nix is written in Nix
[ ! -d "$work/root/usr/share/nix" ] || data=" NIX_DATA_DIR='$dir/root/usr/share'"
for program in "$work"/root/usr/bin/nix "$work"/root/usr/bin/nix-*; do
	name=$(basename "$program")
	cat >"$work/bin/$name" <<EOF
#!/bin/sh
export NIX_BIN_DIR='$dir/bin'$data
exec '$dir/root/$loader' --inhibit-rpath '$owned$dir/root/usr/bin/$name' --library-path '$libs' \
	'$dir/root/usr/bin/$name' "\$@"
EOF
	chmod 755 "$work/bin/$name"
done
rm -rf "$apt"
if ! mv -T -n "$work" "$dir" || [ -d "$work" ]; then
	rm -rf "$work" # another run was first
fi
"$dir/bin/nix" --version
echo "$dir/bin" >&3
