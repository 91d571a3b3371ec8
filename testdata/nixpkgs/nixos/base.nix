# machine: whether the configuration is one of a machine that NixOS starts.
{ nixpkgs, system, pkgs, machine ? true }@given:
# The function's name is what a benchmark counts the calls of: one for each time that a host is evaluated.
let
  hostModule = { config, lib, pkgs, ... }:
let
  machine = given.machine or true;
  anything = lib.mkOption { default = { }; };
  failed = map (a: a.message) (builtins.filter (a: !a.assertion) config.assertions);
  made = if given.pkgs != null then given.pkgs else config.nixpkgs.pkgs or (import nixpkgs {
    system = if given.system != null then given.system
      else if builtins.isAttrs config.nixpkgs.hostPlatform then config.nixpkgs.hostPlatform.system
      else config.nixpkgs.hostPlatform;
    inherit (config.nixpkgs) overlays config;
  });
in
{
  options = lib.genAttrs [ "fileSystems" "hardware" "i18n" "nix" "programs" "security" "swapDevices" "time" "virtualisation" ] (_: anything) // {
    assertions = lib.mkOption { default = [ ]; };
    warnings = lib.mkOption { default = [ ]; };
    boot = lib.genAttrs [ "kernelModules" "kernelPackages" "initrd" ] (_: anything) // {
      isContainer = lib.mkOption { default = false; type = lib.types.bool; };
      loader = lib.genAttrs [ "efi" "systemd-boot" ] (_: anything) // {
        grub.devices = lib.mkOption { default = [ ]; };
      };
    };
    nixpkgs = lib.genAttrs [ "hostPlatform" "pkgs" "system" ] (_: lib.mkOption { }) // {
      overlays = lib.mkOption { default = [ ]; };
      config = anything;
    };
    services = lib.genAttrs [ "llama-swap" "nginx" "open-webui" "openssh" "postgresql" "tailscale" ] (_: anything) // {
      ollama = {
        enable = lib.mkEnableOption "ollama";
        package = lib.mkPackageOption pkgs "ollama" { };
        acceleration = lib.mkOption { default = null; }; # removed in July 2026: see the assertion
        host = lib.mkOption { default = "127.0.0.1"; type = lib.types.str; };
        port = lib.mkOption { default = 11434; type = lib.types.int; };
      } // lib.genAttrs [ "environmentVariables" "home" "loadModels" "models" "openFirewall" "user" ] (_: anything);
    };
    environment = lib.genAttrs [ "etc" "sessionVariables" "shellAliases" "variables" ] (_: anything) // {
      systemPackages = lib.mkOption { default = [ ]; };
    };
    networking = lib.genAttrs [ "firewall" "interfaces" "useDHCP" ] (_: anything) // {
      hostName = lib.mkOption { default = "nixos"; type = lib.types.str; };
    };
    system = {
      stateVersion = lib.mkOption { default = lib.release; };
      build = lib.mkOption { };
      path = lib.mkOption { };
    };
    systemd = lib.genAttrs [ "tmpfiles" "timers" "user" ] (_: anything) // {
      services = lib.mkOption { default = { }; };
    };
    users = lib.genAttrs [ "groups" "users" ] (_: anything);
  };
  config = {
    _module.args.pkgs = made;
    # what a machine that starts by itself needs; a container does not
    assertions = [
      {
        assertion = config.services.ollama.acceleration == null;
        message = "The option definition `services.ollama.acceleration' in `<unknown-file>' no longer has any effect; please remove it.\n"
          + "Set `services.ollama.package` to one of `pkgs.ollama[,-vulkan,-rocm,-cuda,-cpu]` instead.";
      }
      {
        assertion = !machine || config.boot.isContainer || config.fileSystems ? "/";
        message = "The ‘fileSystems’ option does not specify your root file system.";
      }
      {
        assertion = !machine || config.boot.isContainer || config.boot.loader.grub.devices != [ ];
        message = "You must set the option ‘boot.loader.grub.devices’ or 'boot.loader.grub.mirroredBoots' to make the system bootable.";
      }
    ];
    environment.systemPackages = lib.mkIf config.services.ollama.enable [ config.services.ollama.package ];
    systemd.services = lib.mkIf config.services.ollama.enable {
      ollama.serviceConfig.ExecStart = "${lib.getExe config.services.ollama.package} serve";
    };
    system.build.toplevel = lib.throwIf (failed != [ ]) "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (m: "- ${m}") failed}" (pkgs.runCommand "nixos-system-${config.networking.hostName}-${lib.release}" {
      packages = config.environment.systemPackages;
      units = builtins.toJSON config.systemd.services;
    } "mkdir $out");
    system.path = pkgs.buildEnv { name = "system-path"; paths = config.environment.systemPackages; };
  };
};
in
hostModule
