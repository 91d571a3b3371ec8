{ system ? builtins.currentSystem
, localSystem ? null
, crossSystem ? null
, overlays ? [ ]
, config ? { }
, ...
}:
let
  lib = import ./lib;
  era = import ./era.nix;
  oldNix = builtins.compareVersions era.nix builtins.nixVersion == 1;
  host = import ./host.nix;

  localName =
    if localSystem == null then system
    else if builtins.isString localSystem then localSystem
    else localSystem.system;

  configuration = { allowUnfree = false; cudaSupport = false; rocmSupport = false; }
    // (if builtins.isFunction config then config { inherit lib; pkgs = packages; } else config);

  base = self: import ./pkgs {
    inherit lib era host overlays;
    pkgs = self;
    system = localName;
    config = configuration;
  };
  packageOverrides = self: super:
    lib.optionalAttrs (configuration ? packageOverrides) (configuration.packageOverrides super);

  build = overlays: lib.fix (lib.extends (lib.composeManyExtensions overlays) (self: base self // {
    appendOverlays = more: if more == [ ] then self else build (overlays ++ more);
    extend = overlay: self.appendOverlays [ overlay ];
  }));
  packages = build ([ packageOverrides ] ++ overlays);
in
if oldNix then
  abort ''

    This version of Nixpkgs requires an implementation of Nix with the following features:
    - `builtins.nixVersion` reports at least ${era.nix}

    Your are evaluating with Nix ${builtins.nixVersion}, please upgrade:

    - If you are running NixOS, `nixos-rebuild' can be used to upgrade your system.
  ''
else packages
