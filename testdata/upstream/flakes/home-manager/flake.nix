{
  description = "A stand-in home-manager";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      # the name is what a benchmark counts the calls of
      hostModule = { config, lib, pkgs, ... }: {
        options = nixpkgs.lib.genAttrs [ "programs" "systemd" "xdg" ] (_: lib.mkOption { default = { }; }) // {
          assertions = lib.mkOption { default = [ ]; };
          services.ollama.enable = lib.mkEnableOption "ollama";
          services.ollama.package = lib.mkPackageOption pkgs "ollama" { };
          home.packages = lib.mkOption { default = [ ]; };
          home.username = lib.mkOption { default = "me"; };
          home.homeDirectory = lib.mkOption { default = "/home/me"; };
          home.stateVersion = lib.mkOption { default = lib.release; };
          home.sessionVariables = lib.mkOption { default = { }; };
          home.activationPackage = lib.mkOption { };
        };
        config = {
          home.packages = lib.mkIf config.services.ollama.enable [ config.services.ollama.package ];
          home.activationPackage = pkgs.runCommand "home-manager-generation" { packages = config.home.packages; files = builtins.toJSON config.xdg; } "mkdir $out";
        };
      };
      asModule = { config, lib, pkgs, ... }: {
        options.home-manager = {
          users = lib.mkOption { default = { }; };
          useGlobalPkgs = lib.mkEnableOption "the system's packages";
          useUserPackages = lib.mkEnableOption "packages in the system";
          extraSpecialArgs = lib.mkOption { default = { }; };
        };
      };
    in
    {
      lib.homeManagerConfiguration = { pkgs, modules, lib ? pkgs.lib, extraSpecialArgs ? { }, ... }:
        let
          evaluated = nixpkgs.lib.evalModules {
            specialArgs = extraSpecialArgs;
            modules = [
              ({ config, lib, ... }: {
                options.nixpkgs.overlays = lib.mkOption { default = [ ]; };
                options.nixpkgs.config = lib.mkOption { default = { }; };
                config._module.args.pkgs =
                  if config.nixpkgs.overlays == [ ] && config.nixpkgs.config == { } then pkgs
                  else import pkgs.path {
                    inherit (pkgs) system;
                    overlays = pkgs.overlays ++ config.nixpkgs.overlays;
                    config = pkgs.config // config.nixpkgs.config;
                  };
              })
              hostModule
            ] ++ modules;
          };
        in
        evaluated // {
          activationPackage =
            let failed = builtins.filter (a: !a.assertion) evaluated.config.assertions;
            in lib.throwIf (failed != [ ]) "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (a: "- ${a.message}") failed}"
              evaluated.config.home.activationPackage;
        };
      nixosModules.home-manager = asModule;
      nixosModules.default = asModule;
      darwinModules.home-manager = asModule;
      homeManagerModules.default = hostModule;
    };
}
