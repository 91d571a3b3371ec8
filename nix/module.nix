# services.ollama-bump: proposes the newest ollama for a flake on GitHub, on a timer.
flake:
{ config, lib, pkgs, ... }:
let
  cfg = config.services.ollama-bump;
  inherit (lib) mkOption types;
in
{
  options.services.ollama-bump = {
    enable = lib.mkEnableOption "pull requests for new releases of ollama";

    package = mkOption {
      type = types.package;
      default = flake.packages.${pkgs.stdenv.hostPlatform.system}.default;
      description = "The ollama-bump to run.";
    };

    repository = mkOption {
      type = types.str;
      example = "me/nixos-config";
      description = "Repository on GitHub that has the flake and gets the pull request, OWNER/NAME.";
    };

    flake = mkOption {
      type = types.str;
      default = ".";
      example = "hosts/gpu";
      description = "Folder of the flake in the repository.";
    };

    tokenFile = mkOption {
      type = types.str; # not a path: those are copied into the store, which everybody can read
      example = "/run/secrets/ollama-bump-token";
      description = ''
        File on the machine that holds a GitHub token with contents and pull-requests write.
        The service gets it as a credential.
      '';
    };

    serverUrl = mkOption {
      type = types.str;
      default = "https://github.com";
      description = "Where the repository is cloned from.";
    };

    startAt = mkOption {
      type = types.str;
      default = "daily";
      example = "Mon,Thu 05:00";
      description = "When to look, as in systemd.time(7).";
    };

    extraArgs = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "--label" "dependencies" "--verify" "eval" ];
      description = "Further flags, see ollama-bump(1).";
    };

    nixArgs = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "--max-jobs" "0" ];
      description = "Arguments for every Nix run.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = !(lib.hasPrefix builtins.storeDir cfg.tokenFile);
        message = "services.ollama-bump.tokenFile lies in the Nix store, where everybody can read it: name a file outside of it as a string";
      }
    ];

    systemd.timers.ollama-bump = {
      description = "Look for a new release of ollama";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnCalendar = cfg.startAt;
        RandomizedDelaySec = "1h";
        Persistent = true;
      };
    };

    systemd.services.ollama-bump = {
      description = "Propose the newest ollama for ${cfg.repository}";
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      path = [ cfg.package pkgs.git (config.nix.package or pkgs.nix) ];
      environment = {
        HOME = "/var/lib/ollama-bump";
        XDG_CACHE_HOME = "/var/cache/ollama-bump";
        NIX_CONFIG = "experimental-features = nix-command flakes";
        GIT_TERMINAL_PROMPT = "0";
      };

      # Every run starts from a fresh clone. git asks a helper for the token, which therefore is in
      # no argument and in no file.
      script = ''
        GITHUB_TOKEN=$(cat "$CREDENTIALS_DIRECTORY/token")
        export GITHUB_TOKEN
        rm -rf checkout
        git -c credential.helper= \
          -c credential.helper='!printf "username=x-access-token\npassword=%s\n" "$GITHUB_TOKEN" #' \
          clone --quiet --depth 1 -- ${lib.escapeShellArg "${cfg.serverUrl}/${cfg.repository}.git"} checkout
        exec ollama-bump ${lib.escapeShellArgs ([ "--flake" "checkout/${cfg.flake}" "--repo" cfg.repository ] ++ cfg.extraArgs ++ [ "--" ] ++ cfg.nixArgs)}
      '';

      serviceConfig = {
        Type = "oneshot";
        LoadCredential = "token:${cfg.tokenFile}";
        DynamicUser = true;
        StateDirectory = "ollama-bump";
        CacheDirectory = "ollama-bump";
        WorkingDirectory = "/var/lib/ollama-bump";
        TimeoutStartSec = "3h";

        CapabilityBoundingSet = "";
        LockPersonality = true;
        NoNewPrivileges = true;
        PrivateDevices = true;
        PrivateTmp = true;
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHome = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        ProtectProc = "invisible";
        ProtectSystem = "strict";
        RestrictAddressFamilies = [ "AF_INET" "AF_INET6" "AF_UNIX" ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        SystemCallArchitectures = "native";
        SystemCallFilter = [ "@system-service" ];
        UMask = "0022"; # Nix's build users read the throw-away copy of the flake
      };
    };
  };
}
