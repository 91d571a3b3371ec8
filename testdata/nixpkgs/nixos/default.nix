# nixosSystem: just enough options for a machine that runs ollama.
{ nixpkgs, modules, system ? null, specialArgs ? { }, pkgs ? null, lib ? null, ... }:
let
  nixlib = import (nixpkgs + "/lib");
  evaluate = modules: nixlib.evalModules {
    specialArgs = { modulesPath = nixpkgs + "/nixos/modules"; } // specialArgs;
    modules = [ (import ./base.nix { inherit nixpkgs system pkgs; }) ] ++ modules;
  };
  withMore = modules: evaluate modules // {
    lib = nixlib;
    extendModules = more: withMore (modules ++ more.modules or [ ]);
  };
in
withMore modules
