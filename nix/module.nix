# services.ollama-bump: proposes the newest ollama for flakes on GitHub, on a timer, with a unit for each repository.
flake:
{ config, lib, pkgs, ... }:
let
  cfg = config.services.ollama-bump;
  inherit (lib) mkOption types;

  settings = what: mkOption {
    type = types.attrsOf (types.oneOf [ types.bool types.int types.str (types.listOf types.str) ]);
    default = { };
    example = { label = [ "dependencies" "nix" ]; verify = "eval"; draft = true; };
    description = ''
      Settings ${what}. The keys are those of ollama-bump.yaml, which are the long flags, and take precedence over
      that file: see ollama-bump(1).
    '';
  };

  startAt = default: mkOption {
    type = types.str;
    inherit default;
    example = "Mon,Thu 05:00";
    description = "When to look for a release, as in systemd.time(7).";
  };

  onFailure = default: mkOption {
    type = types.listOf types.str;
    inherit default;
    example = [ "notify@%n.service" ];
    description = "Units to start when a run fails.";
  };

  repository = {
    options = {
      repository = mkOption {
        type = types.str;
        example = "me/nixos-config";
        description = "Repository on GitHub that has the flake and gets the pull request, OWNER/NAME.";
      };

      flake = mkOption {
        type = types.str;
        default = ".";
        example = "hosts/gpu";
        description = ''
          Directory of the flake in the repository. With `.`, a list of flakes in the repository's ollama-bump.yaml
          takes its place.
        '';
      };

      tokenFile = mkOption {
        type = types.str; # not a path: those are copied into the store, which everybody can read
        example = "/run/secrets/ollama-bump-token";
        description = ''
          File on the machine that holds a GitHub token with write access to contents and pull requests.
          The service gets it as a credential.
        '';
      };

      settings = settings "for this repository; one given here replaces that of services.ollama-bump.settings";
      startAt = startAt cfg.startAt;
      onFailure = onFailure cfg.onFailure;

      extraArgs = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "--verbose" ];
        description = "Further arguments, see ollama-bump(1).";
      };

      nixArgs = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "--max-jobs" "0" ];
        description = "Arguments for every Nix command.";
      };
    };
  };

  # What ollama-bump.yaml does not take either, and what this module decides.
  notSettings = [
    "api-url" "check" "dry-run" "flake" "flakes" "help" "json" "no-pr" "repo" "upstream-api-url" "version"
  ];
  settingsOf = repo: cfg.settings // repo.settings;
  flag = name: value: "--${name}=${if builtins.isBool value then lib.boolToString value else toString value}";
  flags = set: builtins.concatLists (lib.mapAttrsToList
    (name: value: map (flag name) (if builtins.isList value then value else [ value ]))
    set);

  units = make: lib.mapAttrs' (name: repo: { name = "ollama-bump-${name}"; value = make name repo; }) cfg.repositories;

  timer = _: repo: {
    description = "Look for a new release of ollama for ${repo.repository}";
    wantedBy = [ "timers.target" ];
    timerConfig = {
      OnCalendar = repo.startAt;
      RandomizedDelaySec = "1h";
      Persistent = true;
    };
  };

  service = name: repo: {
    description = "Propose the newest ollama for ${repo.repository}";
    wants = [ "network-online.target" ];
    after = [ "network-online.target" ];
    inherit (repo) onFailure;
    path = [ cfg.package pkgs.git (config.nix.package or pkgs.nix) ];
    environment = {
      HOME = "/var/lib/ollama-bump/${name}";
      XDG_CACHE_HOME = "/var/cache/ollama-bump/${name}";
      NIX_CONFIG = "experimental-features = nix-command flakes";
      GIT_TERMINAL_PROMPT = "0";
    };

    # Every run starts from a fresh clone. git asks a helper for the token, which is therefore in no argument and no
    # file.
    script = ''
      GITHUB_TOKEN=$(cat "$CREDENTIALS_DIRECTORY/token")
      export GITHUB_TOKEN
      rm -rf checkout
      git -c credential.helper= \
        -c credential.helper='!printf "username=x-access-token\npassword=%s\n" "$GITHUB_TOKEN" #' \
        clone --quiet --depth 1 -- ${lib.escapeShellArg "${cfg.serverUrl}/${repo.repository}.git"} checkout
      cd checkout
      exec ollama-bump ${lib.escapeShellArgs (
        [ "--repo" repo.repository ] ++ (if repo.flake == "." then [ ] else [ "--flake" repo.flake ])
        ++ flags (settingsOf repo) ++ repo.extraArgs ++ [ "--" ] ++ repo.nixArgs
      )}
    '';

    serviceConfig = {
      Type = "oneshot";
      LoadCredential = "token:${repo.tokenFile}";
      DynamicUser = true;
      StateDirectory = "ollama-bump/${name}";
      CacheDirectory = "ollama-bump/${name}";
      WorkingDirectory = "/var/lib/ollama-bump/${name}";
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

  option = name: "services.ollama-bump.repositories.${name}";

  # Assertions about a repository, so that a mistake fails the evaluation and not a run at night.
  assertionsFor = name: repo: [
    {
      assertion = builtins.match "[A-Za-z0-9_.-]+" name != null;
      message = "${option name}: the name becomes that of a unit and may have letters, digits, _, . and - only";
    }
    {
      assertion = !(lib.hasPrefix builtins.storeDir repo.tokenFile);
      message = "${option name}.tokenFile lies in the Nix store, where everybody can read it: "
        + "name a file outside of it as a string";
    }
    {
      assertion = !(builtins.any (key: settingsOf repo ? ${key}) notSettings);
      message = "${option name}.settings must not have ${toString notSettings}: see extraArgs, repository and flake";
    }
  ];
in
{
  options.services.ollama-bump = {
    enable = lib.mkEnableOption "pull requests for new releases of ollama";

    package = mkOption {
      type = types.package;
      default = flake.packages.${pkgs.stdenv.hostPlatform.system}.default;
      description = "The ollama-bump to run.";
    };

    repositories = mkOption {
      type = types.attrsOf (types.submodule repository);
      default = { };
      description = ''
        The repositories to keep up to date, by a name of your choice. Each gets a service and a timer,
        ollama-bump-NAME.
      '';
    };

    serverUrl = mkOption {
      type = types.str;
      default = "https://github.com";
      description = "Where repositories are cloned from.";
    };

    settings = settings "for all repositories";
    startAt = startAt "daily";
    onFailure = onFailure [ ];
  };

  config = lib.mkIf cfg.enable {
    assertions = builtins.concatLists (lib.mapAttrsToList assertionsFor cfg.repositories);
    systemd.timers = units timer;
    systemd.services = units service;
  };
}
