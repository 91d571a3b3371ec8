# buildGoModule as it was before nixpkgs 24.11: plain attributes only, and goModules is made from
# what the function was called with. overrideAttrs { vendorHash = …; } has no effect on it.
{ lib, stdenv, go }:
let
  steps = import ./steps.nix { inherit lib; };
in
{ name ? "${args'.pname}-${args'.version}"
, src
, nativeBuildInputs ? [ ]
, passthru ? { }
, overrideModAttrs ? (_: { })
, modRoot ? "./"
, vendorHash ? throw (
    if args' ? vendorSha256 then "buildGoModule: Expect vendorHash instead of vendorSha256" else "buildGoModule: vendorHash is missing"
  )
, deleteVendor ? false
, proxyVendor ? false
, ldflags ? [ ]
, meta ? { }
, ...
}@args':
let
  args = builtins.removeAttrs args' [ "overrideModAttrs" "vendorSha256" "vendorHash" ];
  goModules =
    if vendorHash == null then ""
    else
      (stdenv.mkDerivation (
        {
          name = "${name}-go-modules";
          inherit src modRoot;
          patches = args.patches or [ ];
          prePatch = args.prePatch or "";
          postPatch = args.postPatch or "";
          preBuild = args.preBuild or "";
          postBuild = args.modPostBuild or "";
          sourceRoot = args.sourceRoot or "";
          env = args.env or { };
          nativeBuildInputs = [ go ] ++ nativeBuildInputs;
        }
        // steps.modules { inherit go proxyVendor deleteVendor vendorHash; overrides = args; }
      )).overrideAttrs overrideModAttrs;
in
stdenv.mkDerivation (args // {
  inherit modRoot deleteVendor proxyVendor;
  nativeBuildInputs = [ go ] ++ nativeBuildInputs;
  inherit (go) GOOS GOARCH;
  GO111MODULE = "on";
  GOTOOLCHAIN = "local";
  ldflags = ldflags ++ lib.optional (!lib.any (lib.hasPrefix "-buildid=") ldflags) "-buildid=";
  configurePhase = args.configurePhase or (steps.configure { inherit go proxyVendor vendorHash goModules; });
  buildPhase = args.buildPhase or steps.build;
  installPhase = args.installPhase or steps.install;
  doCheck = false;
  passthru = { inherit go goModules vendorHash; } // passthru;
  meta = { platforms = lib.platforms.all; } // meta;
})
