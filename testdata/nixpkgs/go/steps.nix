# The shell steps that both eras of buildGoModule share.
{ lib }:
let
  inherit (import ../host.nix) goCache;
  # The machine's Go stands in for the compiler of this nixpkgs: it refuses what that one refuses, in the same words,
  # and need not be as new.
  asCompiler = go: ''
    if [ -f go.mod ]; then
      wanted=$(sed -n 's/^go //p' go.mod)
      if [ "$(printf '%s\n' "$wanted" ${go.version} | sort -V | tail -n 1)" != ${go.version} ]; then
        echo "go: go.mod requires go >= $wanted (running go ${go.version}; GOTOOLCHAIN=local)" >&2
        exit 1
      fi
      have=$(go env GOVERSION | sed 's/^go//; s/[^0-9.].*//')
      if [ "$(printf '%s\n' "$wanted" "$have" | sort -V | tail -n 1)" != "$have" ]; then
        sed -i 's/^go .*/go 1.21/' go.mod
      fi
    fi
  '';
in
{
  # attributes of the fixed output that holds the dependencies
  modules = { go, proxyVendor, deleteVendor, vendorHash, overrides }: {
    inherit (go) GOOS GOARCH;
    GO111MODULE = "on";
    GOTOOLCHAIN = "local";
    GOFLAGS = "";
    GOSUMDB = "off";
    GOENV = "off";
    impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [ "GIT_PROXY_COMMAND" "SOCKS_SERVER" "GOPROXY" "NIX_SSL_CERT_FILE" ];

    configurePhase = overrides.modConfigurePhase or ''
      runHook preConfigure
      export GOCACHE=${goCache} GOPATH=$TMPDIR/go GOMODCACHE=$TMPDIR/go/pkg/mod
      cd "$modRoot"
      runHook postConfigure
    '';

    buildPhase = overrides.modBuildPhase or (''
      runHook preBuild
    '' + lib.optionalString deleteVendor ''
      if [ ! -d vendor ]; then
        echo "vendor folder does not exist, 'deleteVendor' is not needed"
        exit 10
      fi
      rm -rf vendor
    '' + ''
      if [ -d vendor ]; then
        echo "vendor folder exists, please set 'vendorHash = null;' in your expression"
        exit 10
      fi
    '' + asCompiler go + (if proxyVendor then ''
      mkdir -p "$GOMODCACHE/cache/download"
      go mod download
    '' else ''
      go mod vendor
    '') + ''
      mkdir -p vendor
      runHook postBuild
    '');

    installPhase = overrides.modInstallPhase or (''
      runHook preInstall
    '' + (if proxyVendor then ''
      rm -rf "$GOMODCACHE/cache/download/sumdb"
      cp -r "$GOMODCACHE/cache/download" "$out"
    '' else ''
      cp -r vendor "$out"
    '') + ''
      chmod -R u+w "$GOMODCACHE"
      if ! [ "$(ls -A "$out")" ]; then
        echo "vendor folder is empty, please set 'vendorHash = null;' in your expression"
        exit 10
      fi
      runHook postInstall
    '');

    dontFixup = true;
    outputHashMode = "recursive";
    outputHash = vendorHash;
    # an empty hash needs an algorithm of its own
    outputHashAlgo = if vendorHash == "" then "sha256" else null;
  };

  configure = { go, proxyVendor, vendorHash, goModules }: ''
    runHook preConfigure
    export GOCACHE=${goCache} GOPATH=$TMPDIR/go GOMODCACHE=$TMPDIR/go/pkg/mod
    export GOPROXY=off GOSUMDB=off GOENV=off CGO_ENABLED=0
    cd "$modRoot"
  '' + asCompiler go + lib.optionalString (vendorHash != null) (
    if proxyVendor then ''
      export GOPROXY=file://${goModules} GOFLAGS="-mod=mod -trimpath"
    '' else ''
      rm -rf vendor
      cp -r ${goModules} vendor
      export GOFLAGS="-mod=vendor -trimpath"
    ''
  ) + ''
    runHook postConfigure
  '';

  build = ''
    runHook preBuild
    for package in ''${subPackages:-.}; do
      echo "Building subPackage ./''${package#./}"
      go install -buildvcs=false -ldflags="$ldflags" "./''${package#./}"
    done
    runHook postBuild
  '';

  install = ''
    runHook preInstall
    mkdir -p "$out"
    if [ -e "$GOPATH/bin" ]; then cp -r "$GOPATH/bin" "$out"; fi
    if [ -d "$GOMODCACHE" ]; then chmod -R u+w "$GOMODCACHE"; fi
    runHook postInstall
  '';
}
