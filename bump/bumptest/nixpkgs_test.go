package bumptest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// evalFlake evaluates attributes of a flake whose outputs' let has nixpkgs and pkgs.
func evalFlake(t *testing.T, w *bumptest.World, input, body string) map[string]any {
	t.Helper()
	dir := w.Flake(map[string]string{"flake.nix": fmt.Sprintf(`{
  inputs.nixpkgs.url = "%s";
  outputs = { self, nixpkgs }:
    let pkgs = nixpkgs.legacyPackages.@system@; lib = nixpkgs.lib; in {
      probe = %s;
    };
}
`, input, body)})
	var values map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.Nix(dir, "eval", "--json", "path:"+dir+"#probe")), &values))
	return values
}

// theNew is what an override of ollama sets in these tests.
const theNew = `version = "0.32.15"; vendorHash = "@vendor:0.32.15@"; src = pkgs.fetchFromGitHub { owner = "ollama"; ` +
	`repo = "ollama"; tag = "v0.32.15"; hash = "@src:0.32.15@"; };`

const shown = `p: { inherit (p) version; src = p.src.outputHash; modules = p.goModules.outputHash; ` +
	`modulesName = p.goModules.name; modulesSrc = p.goModules.src.outputHash; inherit (p) vendorHash; }`

func TestOverrideAttrsMovesEverything(t *testing.T) {
	w := bumptest.New(t)
	want := map[string]any{
		"version": "0.32.15", "src": w.Hash("src", "0.32.15"), "modulesSrc": w.Hash("src", "0.32.15"),
		"modules": w.Hash("vendor", "0.32.15"), "vendorHash": w.Hash("vendor",
			"0.32.15"), "modulesName": "ollama-0.32.15-go-modules",
	}
	forms := map[string]string{
		"attributes":     `pkgs.ollama.overrideAttrs { ` + theNew + ` }`,
		"recursive":      `pkgs.ollama.overrideAttrs rec { ` + theNew + ` }`,
		"old":            `pkgs.ollama.overrideAttrs (old: { ` + theNew + ` })`,
		"recursive old":  `pkgs.ollama.overrideAttrs (old: rec { ` + theNew + ` })`,
		"final and prev": `pkgs.ollama.overrideAttrs (final: prev: { ` + theNew + ` })`,
		"twice":          `(pkgs.ollama.overrideAttrs { version = "0.1"; }).overrideAttrs { ` + theNew + ` }`,
		"after override": `(pkgs.ollama.override { acceleration = "cuda"; cudaArches = [ "sm_89" ]; ` +
			`}).overrideAttrs (_: { ` + theNew + ` })`,
		"before override": `(pkgs.ollama.overrideAttrs (_: { ` + theNew + ` })).override { acceleration = "vulkan"; }`,
		"final version": `pkgs.ollama.overrideAttrs (f: p: { version = "0.32.15"; ` +
			`vendorHash = "@vendor:0.32.15@"; src = p.src.override { tag = "v${f.version}"; hash = "@src:0.32.15@"; ` +
			`}; })`,
		"source override": `pkgs.ollama.overrideAttrs (old: { version = "0.32.15"; vendorHash = "@vendor:0.32.15@"; ` +
			`src = old.src.override { rev = "v0.32.15"; tag = null; hash = "@src:0.32.15@"; }; })`,
		"base32 as sha256": `pkgs.ollama.overrideAttrs (old: { version = "0.32.15"; vendorHash = "@vendor:0.32.15@"; ` +
			`src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; rev = "v0.32.15"; ` +
			`sha256 = "@src:0.32.15@"; }; })`,
		"overlay": `(pkgs.extend (final: prev: { ollama = prev.ollama.overrideAttrs { ` + theNew +
			` }; })).ollama`,
		"import": `(import nixpkgs { system = "@system@"; overlays = [ (_: prev: { ollama = ` +
			`prev.ollama.overrideAttrs { ` + theNew + ` }; }) ]; }).ollama`,
		"packageOverrides": `(import nixpkgs { system = "@system@"; config.packageOverrides = prev: { ollama = ` +
			`prev.ollama.overrideAttrs { ` + theNew + ` }; }; }).ollama`,
	}
	var body strings.Builder
	for name, form := range forms {
		fmt.Fprintf(&body, "%q = (%s) (%s);\n", name, shown, form)
	}
	got := evalFlake(t, w, "@nixpkgs@", "{ "+body.String()+" }")
	require.Len(t, got, len(forms))
	for name := range forms {
		require.Equal(t, want, got[name], name)
	}
}

func TestVariantsAreInstancesOfTheirOwn(t *testing.T) {
	w := bumptest.New(t)
	got := evalFlake(t, w, "@nixpkgs@",
		`lib.genAttrs [ "ollama" "ollama-cpu" "ollama-cuda" "ollama-rocm" "ollama-vulkan" ]
		(name: (pkgs.extend (_: prev: { ollama = prev.ollama.overrideAttrs { version = "0.32.15"; };
		  })).${name}.version)`)
	require.Equal(t, map[string]any{
		"ollama": "0.32.15", "ollama-cpu": "0.32.9", "ollama-cuda": "0.32.9", "ollama-rocm": "0.32.9",
		"ollama-vulkan": "0.32.9",
	}, got)
}

func TestBeforeNixpkgs2411VendorHashIsIgnored(t *testing.T) {
	w := bumptest.New(t)
	got := evalFlake(t, w, "@nixpkgs-old@", `{ probe = (p: { inherit (p) version; modules = p.goModules.outputHash; `+
		`name = p.goModules.name; }) (pkgs.ollama.overrideAttrs { `+theNew+` }); }`)
	require.Equal(t, map[string]any{
		"version": "0.32.15", "modules": w.Hash("vendor-plain", "0.11.4"),
		"name": "ollama-0.11.4-go-modules",
	}, got["probe"])
}

func TestBeforeNixpkgs2411BuildGoModuleIsOverridden(t *testing.T) {
	w := bumptest.New(t)
	const override = `(pkgs.ollama.override { buildGoModule = args: pkgs.buildGoModule (args // { ` + theNew + ` }); })`
	got := evalFlake(t, w, "@nixpkgs-old@", `{ probe = (`+shown+`) `+override+`; }`)
	require.Equal(t, map[string]any{
		"version": "0.32.15", "src": w.Hash("src", "0.32.15"), "modulesSrc": w.Hash("src", "0.32.15"),
		"modules": w.Hash("vendor", "0.32.15"), "vendorHash": w.Hash("vendor",
			"0.32.15"), "modulesName": "ollama-0.32.15-go-modules",
	}, got["probe"])
	dir := w.Flake(pinned(override))
	_, said, err := w.TryNix(dir, "eval", "path:"+dir+"#p.version")
	require.Error(t, err, "since 24.11 the package gives buildGoModule a function")
	require.Regexp(t, "value is a function while a set was expected|expected a set but found a function", said)
}

func TestConfigurationsUseTheirPackage(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{
		"flake.nix": `{
  inputs.nixpkgs.url = "@nixpkgs@";
  inputs.home-manager.url = "@home-manager@";
  inputs.home-manager.inputs.nixpkgs.follows = "nixpkgs";
  inputs.nix-darwin = { url = "@nix-darwin@"; inputs.nixpkgs.follows = "nixpkgs"; };

  outputs = inputs@{ self, nixpkgs, home-manager, nix-darwin }: {
    nixosConfigurations.server = nixpkgs.lib.nixosSystem {
      system = "@system@";
      specialArgs = { inherit inputs; };
      modules = [ ./server.nix { networking.hostName = nixpkgs.lib.mkForce "box"; } ];
    };
    nixosConfigurations.config = nixpkgs.lib.nixosSystem {
      modules = [ ({ config, lib, ... }: {
        nixpkgs.hostPlatform = "@system@";
        nixpkgs.config.packageOverrides = pkgs: { ollama = pkgs.ollama.overrideAttrs { version = "0.32.11"; }; };
        services.ollama.enable = lib.mkDefault true;
        boot.isContainer = true;
      }) ];
    };
    homeConfigurations.me = home-manager.lib.homeManagerConfiguration {
      pkgs = nixpkgs.legacyPackages.@system@;
      modules = [ ({ pkgs, ... }: { services.ollama = { enable = true;
        package = pkgs.ollama.overrideAttrs { version = "0.32.12"; }; }; }) ];
    };
    darwinConfigurations.mac = nix-darwin.lib.darwinSystem {
      modules = [ ({ pkgs, ... }: { nixpkgs.hostPlatform = "aarch64-darwin";
        environment.systemPackages = [ pkgs.ollama ];
        nixpkgs.overlays = [ (_: prev: { ollama = prev.ollama.overrideAttrs { version = "0.32.10"; }; }) ]; }) ];
    };
    probe = {
      server = self.nixosConfigurations.server.config.services.ollama.package.version;
      host = self.nixosConfigurations.server.config.networking.hostName;
      pkgs = self.nixosConfigurations.server.pkgs.ollama.version;
      system = map (p: p.name) self.nixosConfigurations.server.config.environment.systemPackages;
      config = self.nixosConfigurations.config.config.services.ollama.package.version;
      toplevel = self.nixosConfigurations.config.config.system.build.toplevel.name;
      home = map (p: p.version) self.homeConfigurations.me.config.home.packages;
      generation = self.homeConfigurations.me.activationPackage.name;
      darwin = self.darwinConfigurations.mac.pkgs.ollama.version;
      darwinSystem = self.darwinConfigurations.mac.system.system;
    };
  };
}
`,
		"server.nix": `{ config, lib, pkgs, inputs, modulesPath, ... }:
{
  imports = [ ./overlay.nix (modulesPath + "/installer/scan/not-detected.nix") ];
  networking.hostName = "server";
  services.ollama = lib.mkIf (inputs ? nixpkgs) { enable = true; package = pkgs.ollama-cuda; };
  environment.systemPackages = with pkgs; [ hello ];
}
`,
		"overlay.nix": `{
  nixpkgs.overlays = [ (final: prev: {
    ollama = prev.ollama.overrideAttrs { version = "0.32.13"; };
    ollama-cuda = prev.ollama-cuda.overrideAttrs { version = "0.32.14"; };
  }) ];
}
`,
	})
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.Nix(dir, "eval", "--json", "path:"+dir+"#probe")), &got))
	require.Equal(t, map[string]any{
		"server": "0.32.14", "pkgs": "0.32.13", "host": "box", "system": []any{"ollama-0.32.14", "hello"},
		"config": "0.32.11", "toplevel": "nixos-system-nixos-25.11",
		"home": []any{"0.32.12"}, "generation": "home-manager-generation",
		"darwin": "0.32.10", "darwinSystem": "aarch64-darwin",
	}, got)
}

func TestFlakeLibrariesAreThere(t *testing.T) {
	w := bumptest.New(t)
	for name, outputs := range map[string]string{
		"flake-utils": `inputs: inputs.lib.lib.eachDefaultSystem (system: let
			pkgs = import inputs.nixpkgs { inherit system; }; in {
			packages.default = pkgs.ollama;
			packages.swap = pkgs.llama-swap;
		})`,
		"flake-parts": `inputs: inputs.lib.lib.mkFlake { inherit inputs; } {
			systems = [ "x86_64-linux" "aarch64-linux" ];
			perSystem = { pkgs, system, ... }: { packages = { default = pkgs.ollama; swap = pkgs.llama-swap; }; };
			flake.overlays.default = final: prev: { };
		}`,
	} {
		dir := w.Flake(map[string]string{"flake.nix": `{
  inputs.nixpkgs.url = "@nixpkgs@";
  inputs.lib.url = "@` + name + `@";
  outputs = ` + outputs + `;
}
`})
		require.Equal(t, `"0.32.9"`,
			strings.TrimSpace(w.Nix(dir, "eval", "path:"+dir+"#packages."+bumptest.System()+".default.version")), name)
		require.Equal(t, `"212"`, strings.TrimSpace(w.Nix(dir, "eval",
			"path:"+dir+"#packages.aarch64-linux.swap.version")), name)
	}
}

func TestBuildGoModuleWantsVendorHash(t *testing.T) {
	w := bumptest.New(t)
	for _, input := range []string{"@nixpkgs@", "@nixpkgs-old@"} {
		dir := w.Flake(map[string]string{"flake.nix": `{
  inputs.nixpkgs.url = "` + input + `";
  outputs = { self, nixpkgs }: {
    missing = nixpkgs.legacyPackages.@system@.buildGoModule rec { pname = "ollama"; version = "1"; src = ./.; };
    vendored = nixpkgs.legacyPackages.@system@.buildGoModule rec { pname = "ollama"; version = "1"; src = ./.;
      vendorHash = null; };
  };
}
`})
		_, said, err := w.TryNix(dir, "eval", "path:"+dir+"#missing.goModules")
		require.Error(t, err)
		require.Contains(t, said, "buildGoModule: vendorHash is missing")
		require.Equal(t, `""`, strings.TrimSpace(w.Nix(dir, "eval", "path:"+dir+"#vendored.goModules")))
	}
}
