# Evaluates the module in a machine and writes what systemd would get, by the name of the unit.
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
          onFailure = [ "notify.service" ];
          settings = { label = [ "nix" ]; draft = true; };
          repositories.machines = {
            repository = "me/nixos-config";
            flake = "hosts/gpu";
            tokenFile = "/run/secrets/it's a token";
            settings = { label = [ "two words" "deps" ]; verify = "eval"; };
            extraArgs = [ "--verbose" ];
            nixArgs = [ "--max-jobs" "0" ];
          };
          repositories.family = {
            repository = "us/machines";
            tokenFile = "/run/secrets/family";
            startAt = "weekly";
            onFailure = [ ];
          };
        };
      }
    ];
  };
  inherit (machine) config;
  unit = name: {
    inherit (config.systemd.services.${name}) script serviceConfig environment onFailure;
    timer = config.systemd.timers.${name}.timerConfig;
  };
in
assert builtins.all (a: a.assertion) config.assertions;
nixpkgs.legacyPackages.${system}.writeText "ollama-bump-module.json" (builtins.toJSON {
  machines = unit "ollama-bump-machines";
  family = unit "ollama-bump-family";
})
