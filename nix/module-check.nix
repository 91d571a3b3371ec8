# Evaluates the module in a machine and writes what systemd would get.
{ self, nixpkgs, system }:
let
  machine = nixpkgs.lib.nixosSystem {
    inherit system;
    modules = [
      self.nixosModules.default
      {
        boot.isContainer = true; # else NixOS asks for a root file system and a boot loader
        system.stateVersion = "25.11";
        services.ollama-bump = {
          enable = true;
          repository = "me/nixos-config";
          flake = "hosts/gpu";
          tokenFile = "/run/secrets/it's a token";
          extraArgs = [ "--label" "two words" ];
          nixArgs = [ "--max-jobs" "0" ];
        };
      }
    ];
  };
  inherit (machine) config;
  service = config.systemd.services.ollama-bump;
in
assert builtins.all (a: a.assertion) config.assertions;
nixpkgs.legacyPackages.${system}.writeText "ollama-bump-module.json" (builtins.toJSON {
  inherit (service) script serviceConfig environment;
  timer = config.systemd.timers.ollama-bump.timerConfig;
})
