# buildGoModule as it is since nixpkgs 24.11: vendorHash and goModules are attributes of the
# derivation, so that overrideAttrs { version; src; vendorHash; } moves all of it.
{ lib, stdenv, go }:
let
  steps = import ./steps.nix { inherit lib; };
in
lib.extendMkDerivation {
  constructDrv = stdenv.mkDerivation;
  excludeDrvArgNames = [ "overrideModAttrs" ];
  extendDrvArgs = finalAttrs:
    { name ? "${args.pname}-${args.version}"
    , modRoot ? "./"
    , vendorHash ? throw (
        if args ? vendorSha256 then "buildGoModule: Expect vendorHash instead of vendorSha256" else "buildGoModule: vendorHash is missing"
      )
    , deleteVendor ? false
    , proxyVendor ? false
    , overrideModAttrs ? (_: _: { })
    , nativeBuildInputs ? [ ]
    , passthru ? { }
    , meta ? { }
    , ldflags ? [ ]
    , ...
    }@args:
    {
      inherit modRoot vendorHash deleteVendor proxyVendor;
      nativeBuildInputs = [ go ] ++ nativeBuildInputs;
      inherit (go) GOOS GOARCH;
      GO111MODULE = "on";
      GOTOOLCHAIN = "local";
      ldflags = ldflags ++ lib.optional (!lib.any (lib.hasPrefix "-buildid=") ldflags) "-buildid=";

      goModules =
        if finalAttrs.vendorHash == null then ""
        else
          (stdenv.mkDerivation (
            {
              name = "${finalAttrs.name or "${finalAttrs.pname}-${finalAttrs.version}"}-go-modules";
              inherit (finalAttrs) src modRoot;
              patches = finalAttrs.patches or [ ];
              prePatch = finalAttrs.prePatch or "";
              postPatch = finalAttrs.postPatch or "";
              preBuild = finalAttrs.preBuild or "";
              postBuild = finalAttrs.modPostBuild or "";
              sourceRoot = finalAttrs.sourceRoot or "";
              env = finalAttrs.env or { };
              nativeBuildInputs = finalAttrs.nativeBuildInputs or [ ];
            }
            // steps.modules {
              inherit go;
              inherit (finalAttrs) proxyVendor deleteVendor vendorHash;
              overrides = finalAttrs;
            }
          )).overrideAttrs finalAttrs.passthru.overrideModAttrs;

      configurePhase = args.configurePhase or (steps.configure {
        inherit go;
        inherit (finalAttrs) proxyVendor vendorHash goModules;
      });
      buildPhase = args.buildPhase or steps.build;
      installPhase = args.installPhase or steps.install;
      doCheck = false;
      passthru = { inherit go; overrideModAttrs = lib.toExtension overrideModAttrs; } // passthru;
      meta = { platforms = lib.platforms.all; } // meta;
    };
}
