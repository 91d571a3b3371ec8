# Fetchers: fixed outputs that download with the machine's curl and git. The network that they see
# is the one that the proxy variables name, as with the real ones.
{ lib, era, stdenv }:
let
  impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [ "NIX_SSL_CERT_FILE" "GIT_SSL_CAINFO" "GIT_CONFIG_GLOBAL" ];

  # the attributes of a fixed output, from whatever spelling of the hash the caller chose
  outputHashOf = what: { hash ? "", sha256 ? "", sha1 ? "", sha512 ? "", outputHash ? "", outputHashAlgo ? "", ... }:
    let
      given = builtins.filter (value: value != "") [ hash sha256 sha1 sha512 outputHash ];
    in
    if builtins.length given > 1 then
      throw "multiple hashes passed to ${what}"
    else if hash != "" then { outputHashAlgo = null; outputHash = hash; }
    else if outputHash != "" then { inherit outputHash outputHashAlgo; }
    else if sha512 != "" then { outputHashAlgo = "sha512"; outputHash = sha512; }
    else if sha1 != "" then { outputHashAlgo = "sha1"; outputHash = sha1; }
    else { outputHashAlgo = "sha256"; outputHash = sha256; };

  hashNames = [ "hash" "sha256" "sha1" "sha512" "outputHash" "outputHashAlgo" ];
  hashesIn = args: builtins.intersectAttrs (lib.genAttrs hashNames (_: null)) args;
in
rec {
  fetchurl = lib.makeOverridable (lib.extendMkDerivation {
    constructDrv = stdenv.mkDerivation;
    excludeDrvArgNames = hashNames ++ [ "url" "pname" "version" "recursiveHash" ];
    extendDrvArgs = finalAttrs:
      { url ? "", urls ? [ ], name ? "", pname ? "", version ? "", curlOpts ? "", postFetch ? "", executable ? false, recursiveHash ? false
      , hash ? "", sha256 ? "", sha1 ? "", sha512 ? "", outputHash ? "", outputHashAlgo ? "", downloadToTemp ? false
      , meta ? { }, passthru ? { }, nativeBuildInputs ? [ ], ...
      }@args:
      let
        urls' = if urls != [ ] then urls else [ url ];
      in
      outputHashOf "fetchurl" args // {
        name = if name != "" then name else if pname != "" then "${pname}-${version}" else baseNameOf (toString (builtins.head urls'));
        urls = urls';
        inherit curlOpts postFetch executable downloadToTemp impureEnvVars meta nativeBuildInputs;
        outputHashMode = if recursiveHash || executable then "recursive" else "flat";
        builder = ./fetchurl.sh;
        preferLocalBuild = true;
        passthru = { url = builtins.head urls'; } // passthru;
      };
  });

  fetchzip = lib.makeOverridable (lib.extendMkDerivation {
    constructDrv = fetchurl;
    excludeDrvArgNames = [ "extension" "stripRoot" ];
    extendDrvArgs = finalAttrs:
      { url ? "", urls ? [ ], name ? "source", stripRoot ? true, extension ? null, postFetch ? "", curlOpts ? "", meta ? { }, passthru ? { }, ... }@args:
      {
        inherit name meta passthru url urls curlOpts;
        recursiveHash = true;
        downloadToTemp = true;
        postFetch = ''
          unpackDir=$TMPDIR/unpack
          mkdir "$unpackDir"
          cd "$unpackDir"
          case ${lib.escapeShellArg (if extension != null then ".${extension}" else if url != "" then url else builtins.head urls)} in
            *.zst) tar --zstd -xf "$downloadedFile" ;;
            *.zip) unzip -q "$downloadedFile" ;;
            *) tar -xf "$downloadedFile" ;;
          esac
          chmod -R +w "$unpackDir"
        '' + (if stripRoot then ''
          if [ "$(ls -A "$unpackDir" | wc -l)" != 1 ]; then
            echo "error: zip file must contain a single file or directory."
            echo "hint: Pass stripRoot=false; to fetchzip to assume flat list of files."
            exit 1
          fi
          fn=$(cd "$unpackDir" && ls -A)
          mv "$unpackDir/$fn" "$out"
        '' else ''
          mv "$unpackDir" "$out"
        '') + postFetch;
      };
  });

  fetchgit = lib.makeOverridable (
    { url, rev ? null, tag ? null, name ? "source", leaveDotGit ? false, deepClone ? false, fetchSubmodules ? false, sparseCheckout ? [ ]
    , postFetch ? "", hash ? "", sha256 ? "", meta ? { }, passthru ? { }, ...
    }@args:
    let
      revWithTag = if tag != null then "refs/tags/${tag}" else if rev != null then rev else "HEAD";
    in
    stdenv.mkDerivation (outputHashOf "fetchgit" args // {
      inherit name url leaveDotGit fetchSubmodules postFetch meta;
      rev = revWithTag;
      impureEnvVars = impureEnvVars ++ [ "GIT_PROXY_COMMAND" ];
      outputHashMode = "recursive";
      builder = ./fetchgit.sh;
      passthru = { gitRepoUrl = url; inherit tag; } // passthru;
    })
  );

  fetchFromGitHub = lib.makeOverridable (
    { owner, repo, tag ? null, rev ? null, name ? "source", githubBase ? "github.com", private ? false, fetchSubmodules ? false
    , leaveDotGit ? false, deepClone ? false, forceFetchGit ? false, sparseCheckout ? [ ], meta ? { }, passthru ? { }, postFetch ? ""
    , hash ? "", sha256 ? "", ...
    }@args:
    let
      baseUrl = "https://${githubBase}/${owner}/${repo}";
      useGit = fetchSubmodules || leaveDotGit || deepClone || forceFetchGit || sparseCheckout != [ ];
      # the ref that is asked for, of the call's arguments or of the final attributes
      refOf = { tag ? null, rev ? null, ... }:
        if (tag == null) == (rev == null)
        then throw "fetchFromGitHub requires one of either `rev` or `tag` to be provided (not both)."
        else if tag != null then "refs/tags/${tag}" else rev;
      common = hashesIn args // {
        inherit name postFetch;
        meta = { homepage = baseUrl; } // meta;
      };
      passthruOf = attrs: { inherit owner repo; tag = attrs.tag or null; rev = refOf attrs; gitRepoUrl = "${baseUrl}.git"; } // passthru;
      archiveOf = attrs: "${baseUrl}/archive/${refOf attrs}.tar.gz";
      final = finalAttrs: common // {
        inherit owner repo tag rev;
        url = archiveOf finalAttrs;
        passthru = passthruOf finalAttrs;
      };
    in
    if useGit then
      builtins.seq (refOf args) (fetchgit (common // {
        inherit tag rev fetchSubmodules leaveDotGit deepClone;
        url = "${baseUrl}.git";
        passthru = passthruOf args;
      }))
    else if era.finalFetchers then fetchzip final
    else fetchzip (common // { url = archiveOf args; passthru = passthruOf args; })
  );
  fetchFromGitea = fetchFromGitHub;

  fetchpatch = lib.makeOverridable ({ url, name ? "patch", hash ? "", sha256 ? "", ... }@args: fetchurl (hashesIn args // { inherit url name; }));
  fetchpatch2 = fetchpatch;
}
