{
  description = "Keeps the ollama that a Nix flake pins in step with ollama's releases";

  # Only buildGoModule, mkShell and nixosSystem are taken from it: any nixpkgs since 25.11 will do.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      version = "1.0.0";
      # of the folder that `go mod vendor` makes; nix/vendor-hash.sh --write renews it
      vendorHash = "sha256-QarZFPYGYrUN9ZmSTSW6GZPgGDLnfujeoMH4T8ihzOQ=";

      forEach = systems: f: builtins.listToAttrs (map (name: { inherit name; value = f name; }) systems);
      linux = [ "x86_64-linux" "aarch64-linux" ];
      forAll = f: forEach (linux ++ [ "x86_64-darwin" "aarch64-darwin" ]) (system: f nixpkgs.legacyPackages.${system});

      package = pkgs: pkgs.buildGoModule {
        pname = "ollama-bump";
        inherit version vendorHash;
        src = self;
        subPackages = [ "cmd/ollama-bump" ];
        env.CGO_ENABLED = "0";
        ldflags = [ "-s" "-w" "-X main.version=${version}" ];
        doCheck = false; # the tests start Nix, which a build cannot

        # only a program for this machine can be asked for its manual
        postInstall =
          if pkgs.stdenv.buildPlatform.system != pkgs.stdenv.hostPlatform.system then "" else ''
            program=$out/bin/ollama-bump
            mkdir -p $out/share/man/man1 $out/share/bash-completion/completions \
              $out/share/zsh/site-functions $out/share/fish/vendor_completions.d
            $program man > $out/share/man/man1/ollama-bump.1
            $program completion bash > $out/share/bash-completion/completions/ollama-bump.bash
            $program completion zsh > $out/share/zsh/site-functions/_ollama-bump
            $program completion fish > $out/share/fish/vendor_completions.d/ollama-bump.fish
          '';

        meta = {
          description = "Keeps the ollama that a Nix flake pins in step with ollama's releases";
          homepage = "https://github.com/nixtars/ollama-bump";
          license = nixpkgs.lib.licenses.mit;
          mainProgram = "ollama-bump";
        };
      };
    in
    {
      packages = forAll (pkgs: rec {
        ollama-bump = package pkgs;
        default = ollama-bump;
      });

      apps = forAll (pkgs: {
        default = {
          type = "app";
          program = "${self.packages.${pkgs.stdenv.hostPlatform.system}.default}/bin/ollama-bump";
          meta.description = "Keeps the ollama that a Nix flake pins in step with ollama's releases";
        };
      });

      overlays.default = final: _: { ollama-bump = package final; };

      devShells = forAll (pkgs: {
        default = pkgs.mkShell { packages = with pkgs; [ go gofumpt go-tools shellcheck git nix ]; };
      });

      nixosModules.default = import ./nix/module.nix self;

      checks = forEach linux (system: {
        package = self.packages.${system}.default;
        module = import ./nix/module-check.nix { inherit self nixpkgs system; };
      });
    };
}
