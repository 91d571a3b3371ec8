{
  description = "A stand-in nix-darwin";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }: {
    lib.darwinSystem = { modules, system ? "aarch64-darwin", specialArgs ? { }, pkgs ? null, inputs ? { }, ... }:
      let
        evaluated = nixpkgs.lib.evalModules {
          specialArgs = { inherit inputs; } // specialArgs;
          modules = [
            (import "${nixpkgs}/nixos/base.nix" { inherit nixpkgs system pkgs; })
            ({ config, pkgs, ... }: {
              config.system.build.darwin = pkgs.runCommand "darwin-system" { packages = config.environment.systemPackages; } "mkdir $out";
            })
          ] ++ modules;
        };
      in
      evaluated // { system = evaluated.config.system.build.darwin; };
  };
}
