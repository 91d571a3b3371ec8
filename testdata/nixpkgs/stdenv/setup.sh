# The phases of a build. Runs under bash -e, with the machine's tools.
set -o pipefail

# Nix refuses to build when /homeless-shelter exists, and Go would make it for its telemetry
export HOME=$NIX_BUILD_TOP/.home
export SOURCE_DATE_EPOCH=315532800
export NIX_BUILD_CORES=${NIX_BUILD_CORES:-1}
export TMPDIR=${TMPDIR:-$NIX_BUILD_TOP}
prefix=${prefix:-$out}
umask 0022

for input in $nativeBuildInputs $buildInputs; do
  if [ -d "$input/bin" ]; then PATH=$input/bin:$PATH; fi
  if [ -f "$input/nix-support/setup-hook" ]; then source "$input/nix-support/setup-hook"; fi
done
export PATH

# Go's telemetry is a process of its own: after a build that was killed it would make its folders anew.
mkdir -p "$HOME/.config/go/telemetry"
echo off >"$HOME/.config/go/telemetry/mode"

runHook() {
  local hook=$1
  if declare -F "$hook" >/dev/null; then
    "$hook"
  else
    eval "${!hook-}"
  fi
}

runPhase() {
  local phase=$1
  echo "Running phase: $phase"
  if [ -n "${!phase-}" ]; then
    eval "${!phase}"
  else
    "$phase"
  fi
}

stripHash() {
  local base=${1##*/}
  if [[ $base =~ ^[a-z0-9]{32}- ]]; then base=${base:33}; fi
  echo "$base"
}

substitute() {
  local from=$1 to=$2 text old new
  shift 2
  if [ ! -f "$from" ]; then
    echo "substitute(): ERROR: file '$from' does not exist" >&2
    return 1
  fi
  text=$(cat "$from"; printf .)
  text=${text%.}
  while [ $# -gt 0 ]; do
    case $1 in
      --replace | --replace-fail | --replace-warn | --replace-quiet)
        old=$2
        new=$3
        if [[ $text != *"$old"* ]]; then
          case $1 in
            --replace-fail)
              echo "substituteStream() in derivation $name: ERROR: pattern $old doesn't match anything in file '$from'" >&2
              return 1
              ;;
            --replace | --replace-warn)
              echo "substituteStream() in derivation $name: WARNING: pattern $old doesn't match anything in file '$from'" >&2
              ;;
          esac
        fi
        text=${text//"$old"/"$new"}
        shift 3
        ;;
      --subst-var)
        text=${text//"@$2@"/"${!2}"}
        shift 2
        ;;
      --subst-var-by)
        text=${text//"@$2@"/"$3"}
        shift 3
        ;;
      *)
        echo "substituteStream() in derivation $name: ERROR: Invalid command line argument: $1" >&2
        return 1
        ;;
    esac
  done
  printf '%s' "$text" >"$to"
}

substituteInPlace() {
  local -a files=()
  while [ $# -gt 0 ] && [[ $1 != --* ]]; do
    files+=("$1")
    shift
  done
  local file
  for file in "${files[@]}"; do
    substitute "$file" "$file" "$@"
  done
}

installShellCompletion() { :; }
wrapProgram() { :; }
patchelf() { :; }

unpackPhase() {
  runHook preUnpack
  local source name
  for source in ${srcs:-$src}; do
    echo "unpacking source archive $source"
    name=$(stripHash "$source")
    if [ -d "$source" ]; then
      cp -r "$source" "$name"
      sourceRoot=${sourceRoot:-$name}
    else
      case $source in
        *.tar.zst) tar --zstd -xf "$source" ;;
        *.tar* | *.tgz) tar -xf "$source" ;;
        *)
          echo "do not know how to unpack source archive $source" >&2
          exit 1
          ;;
      esac
      if [ -z "$sourceRoot" ]; then
        local entries=(*/)
        if [ "${#entries[@]}" -ne 1 ]; then
          echo "unpacker produced multiple directories" >&2
          exit 1
        fi
        sourceRoot=${entries[0]%/}
      fi
    fi
  done
  chmod -R u+w -- "$sourceRoot"
  runHook postUnpack
}

patchPhase() {
  runHook prePatch
  local patch
  for patch in $patches; do
    echo "applying patch $patch"
    patch -p1 <"$patch"
  done
  runHook postPatch
}

configurePhase() {
  runHook preConfigure
  runHook postConfigure
}

buildPhase() {
  runHook preBuild
  if [ -f Makefile ]; then make; fi
  runHook postBuild
}

checkPhase() {
  runHook preCheck
  runHook postCheck
}

installPhase() {
  runHook preInstall
  if [ -f Makefile ]; then make install; fi
  runHook postInstall
}

fixupPhase() {
  runHook preFixup
  runHook postFixup
}

installCheckPhase() {
  runHook preInstallCheck
  runHook postInstallCheck
}

genericBuild() {
  cd "$NIX_BUILD_TOP"
  if [ -n "${buildCommand-}" ]; then
    eval "$buildCommand"
    return
  fi
  if [ -z "${dontUnpack-}" ]; then
    runPhase unpackPhase
    cd "${sourceRoot:-.}"
  fi
  [ -n "${dontPatch-}" ] || runPhase patchPhase
  [ -n "${dontConfigure-}" ] || runPhase configurePhase
  [ -n "${dontBuild-}" ] || runPhase buildPhase
  [ -z "${doCheck-}" ] || runPhase checkPhase
  [ -n "${dontInstall-}" ] || runPhase installPhase
  [ -n "${dontFixup-}" ] || runPhase fixupPhase
  [ -z "${doInstallCheck-}" ] || runPhase installCheckPhase
}
