{ nixpkgs, system, pkgs }@given:
{ config, lib, pkgs, ... }:
let
  made = if given.pkgs != null then given.pkgs else config.nixpkgs.pkgs or (import nixpkgs {
    system = if given.system != null then given.system
      else if builtins.isAttrs config.nixpkgs.hostPlatform then config.nixpkgs.hostPlatform.system
      else config.nixpkgs.hostPlatform;
    inherit (config.nixpkgs) overlays config;
  });
in
{
  options = {
    assertions = lib.mkOption { default = [ ]; };
    boot.isContainer = lib.mkOption { default = false; };
    boot.loader.grub.devices = lib.mkOption { default = [ ]; };
    fileSystems = lib.mkOption { default = { }; };
    nixpkgs.overlays = lib.mkOption { default = [ ]; };
    nixpkgs.config = lib.mkOption { default = { }; };
    services.ollama.enable = lib.mkEnableOption "ollama";
    services.ollama.package = lib.mkPackageOption pkgs "ollama" { };
    services.ollama.acceleration = lib.mkOption { default = null; };
    environment.systemPackages = lib.mkOption { default = [ ]; };
    networking.hostName = lib.mkOption { default = "nixos"; };
    system.stateVersion = lib.mkOption { default = lib.release; };
    systemd.services = lib.mkOption { default = { }; };
    users.users = lib.mkOption { default = { }; };
  };
  config = {
    _module.args.pkgs = made;
    # what a machine that starts by itself needs; a container does not
    assertions = [
      {
        assertion = config.boot.isContainer || config.fileSystems ? "/";
        message = "The ‘fileSystems’ option does not specify your root file system.";
      }
      {
        assertion = config.boot.isContainer || config.boot.loader.grub.devices != [ ];
        message = "You must set the option ‘boot.loader.grub.devices’ or 'boot.loader.grub.mirroredBoots' to make the system bootable.";
      }
    ];
    environment.systemPackages = lib.mkIf config.services.ollama.enable [ config.services.ollama.package ];
    systemd.services = lib.mkIf config.services.ollama.enable {
      ollama.serviceConfig.ExecStart = "${lib.getExe config.services.ollama.package} serve";
    };
    system.build.toplevel = pkgs.runCommand "nixos-system-${config.networking.hostName}-${lib.release}" {
      packages = config.environment.systemPackages;
      units = builtins.toJSON config.systemd.services;
    } "mkdir $out";
    system.path = pkgs.buildEnv { name = "system-path"; paths = config.environment.systemPackages; };
  };
}
