{
  description = "A stand-in nix-darwin";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }: {
    lib.darwinSystem = { modules, system ? "aarch64-darwin", specialArgs ? { }, pkgs ? null, inputs ? { }, ... }:
      let
        # since it has branches of its own for the releases of nixpkgs
        own = "25.11";
        theirs = nixpkgs.lib.release;
        evaluated = nixpkgs.lib.evalModules {
          specialArgs = { inherit inputs; } // specialArgs;
          modules = [
            (import "${nixpkgs}/nixos/base.nix" { inherit nixpkgs system pkgs; machine = false; })
            ({ config, lib, pkgs, ... }: {
              options = lib.genAttrs [ "homebrew" "launchd" ] (_: lib.mkOption { default = { }; }) // {
                system.primaryUser = lib.mkOption { };
                system.defaults = lib.mkOption { default = { }; };
              };
              config.system.build.darwin = pkgs.runCommand "darwin-system" { packages = config.environment.systemPackages; } "mkdir $out";
            })
          ] ++ modules;
        };
      in
      nixpkgs.lib.throwIf (own != theirs) ''
        nix-darwin now uses release branches that correspond to Nixpkgs releases.
        The nix-darwin and Nixpkgs branches in use must match, but you are currently using nix-darwin ${own} with Nixpkgs ${theirs}.
      '' evaluated // { system = evaluated.config.system.build.darwin; };
  };
}
