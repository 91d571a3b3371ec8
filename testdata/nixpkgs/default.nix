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
packages
