package bump_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// tamperedWith is what stands in the way where something else than the pin changes the package.
const tamperedWith = "it is another derivation, of the same version, source and modules: something else in the flake " +
	"changes it; remove it by hand"

// overlayOf is an overlay with the pin, of the package as .override makes it of arguments, if there are any.
func overlayOf(args string) string {
	of := "prev.ollama"
	if args != "" {
		of = "(prev.ollama.override " + args + ")"
	}
	return "final: prev: {\n  ollama = " + of + ".overrideAttrs (old: rec {\n    " + pinAll + "  });\n}\n"
}

// tampered is a flake with another overlay below the one with the pin.
func tampered(overlay, args string) map[string]string {
	return removal{
		flake: "packages.x86_64-linux.ollama = (import nixpkgs { inherit system; overlays = [ " + overlay +
			" (import ./overlay.nix) ]; }).ollama;",
		files: map[string]string{"overlay.nix": overlayOf(args)},
	}.made()
}

// What no program can remove stays, is bumped as ever, and one warning says where it stands and what to do.
func TestUnpinLeaves(t *testing.T) {
	w := bumptest.New(t)
	w.Nix("", "eval", "--expr", "1") // makes the store
	withOverlay := func(attrs string) map[string]string {
		return removal{flake: overlaidOutputs, files: map[string]string{"overlay.nix": attrs}}.made()
	}
	for _, tt := range []struct {
		name    string
		files   map[string]string
		warning string // "" when the run says nothing of a removal
	}{
		{
			"an attribute that stays needs the version",
			withOverlay("final: prev: {\n  ollama = prev.ollama.overrideAttrs (old: rec {\n    " + pinAll +
				"    preBuild = \"echo ${version}\";\n    ours = [ version ];\n  });\n}\n"),
			"overlay.nix:6:24: remove pin: preBuild refers to an attribute of the pin; overlay.nix:7:14: ours " +
				"refers to an attribute of the pin; remove the override by hand",
		},
		{
			"what stays does not evaluate without the pin",
			withOverlay("final: prev: {\n  ollama = prev.ollama.overrideAttrs (old: rec {\n    " + pinAll +
				"    __intentionallyOverridingVersion = true;\n    ours = if final.ollama." +
				"__intentionallyOverridingVersion or false then \"\" else throw \"look\";\n  });\n}\n"),
			"would not be nixpkgs' own package: it does not evaluate; remove it by hand",
		},
		{
			"a check of the version",
			withOverlay("final: prev:\nlet\n  version = \"0.32.13\";\nin\n{\n  ollama = prev.ollama.overrideAttrs " +
				"(old: {\n    inherit version;\n    " +
				pinSource + "\n    " + pinVendor + "\n  });\n  pinned = version;\n  also = [ version ];\n}\n"),
			"overlay.nix:11:12: remove pin: this needs the version at overlay.nix:3:14; overlay.nix:12:12: " +
				"this needs the version at overlay.nix:3:14; remove the override by hand",
		},
		{
			"a copied recipe",
			removal{
				flake: "packages.x86_64-linux.ollama = pkgs.callPackage ./ollama.nix { };",
				files: map[string]string{
					"ollama.nix": "{ buildGoModule, fetchFromGitHub }:\nbuildGoModule rec {\n  pname = \"ollama\";\n " +
						" " +
						strings.ReplaceAll(pinAll, "prev.", "") + "}\n",
				},
			}.made(),
			"ollama.nix:2:1: remove pin: ",
		},
		{
			"values in a table",
			removal{flake: overlaidOutputs, files: map[string]string{
				"pin.json": "{ \"version\": \"0.32.13\", \"hash\": \"@src:0.32.13@\", \"vendorHash\": " +
					"\"@vendor:0.32.13@\" }\n",
				"overlay.nix": "final: prev:\nlet\n  pin = builtins.fromJSON (builtins.readFile " +
					"./pin.json);\nin\n{\n  ollama = prev.ollama.overrideAttrs (old: {\n" +
					"    inherit (pin) version vendorHash;\n    src = prev.fetchFromGitHub { owner = \"ollama\"; " +
					"repo = \"ollama\"; tag = \"v${pin.version}\"; inherit (pin) hash; };\n  });\n}\n",
			}}.made(),
			"pin.json:1:14: remove pin: the version stands in a file that is not Nix; remove the " +
				"override and its values there by hand",
		},
		{
			"a source that is an input",
			map[string]string{"flake.nix": strings.NewReplacer("outputs = { self, nixpkgs }",
				"inputs.ollama-src = { url = \"github:ollama/ollama/v0.32.13\"; flake = false; };\n"+
					"  outputs = { self, nixpkgs, ollama-src }", "OUTPUTS", "packages.x86_64-linux.ollama = "+
					"pkgs.ollama.overrideAttrs (old: {\n      "+pinVersion+
					"\n      src = ollama-src;\n      "+pinVendor+"\n    });").Replace(overtakenFlake)},
			"remove pin: its source is the input ollama-src; remove the override and the input by hand",
		},
		{
			"another overlay changes the package",
			tampered("(final: prev: { ollama = prev.ollama.overrideAttrs (old: { ours = 1; }); })", ""),
			"overlay.nix:2:12: remove pin: without it packages.x86_64-linux.ollama would not be nixpkgs' own " +
				"package: " + tamperedWith,
		},
		{
			"another overlay changes the package, and .override is left",
			tampered("(final: prev: { ollama = prev.ollama.overrideAttrs (old: { ours = 1; }); })",
				"{ acceleration = false; }"),
			tamperedWith,
		},
		{
			"another overlay changes what .override does",
			tampered("(final: prev: { ollama = prev.ollama // { override = args: (prev.ollama.override args)"+
				".overrideAttrs (old: { ours = 1; }); }; })", "{ acceleration = false; }"),
			tamperedWith,
		},
		{
			"another overlay changes what the package is built with",
			tampered("(final: prev: { gitMinimal = prev.hello; })", ""), tamperedWith,
		},
		{
			"a host with another overlay that changes the package",
			removal{
				flake: "nixosConfigurations.desk = nixpkgs.lib.nixosSystem { inherit system; modules = [ ({ " +
					"pkgs, ... }: {\n      boot.isContainer = true;\n      nixpkgs.overlays = [ (final: prev: { " +
					"ollama = prev.ollama.overrideAttrs (old: { ours = 1; }); }) (import ./overlay.nix) ];\n" +
					"    }) ]; };",
				files: map[string]string{"overlay.nix": overlayOf("")},
			}.made(),
			tamperedWith,
		},
		{
			"settings that change the package",
			removal{
				flake: "packages.x86_64-linux.ollama = (import nixpkgs { inherit system; " +
					"config.packageOverrides = pkgs: { ollama = pkgs.ollama.overrideAttrs (old: { ours = 1; }); }; " +
					"overlays = [ (import ./overlay.nix) ]; }).ollama;",
				files: map[string]string{"overlay.nix": overlayOf("")},
			}.made(),
			tamperedWith,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// a nixpkgs that is as new as the release, and builds it
			tt.files["flake.nix"] = strings.Replace(tt.files["flake.nix"], "ollama-0.33.2", "ollama-0.32.15", 1)
			dir := w.Flake(tt.files)
			o := options(t, w, dir, bump.Write)
			o.Unpin = true
			res, err := runIn(w, o)
			require.NoError(t, err)
			assert.Equal(t, bump.Bumped, res.Status)
			assert.False(t, res.Unpinned)
			assert.Equal(t, "0.32.15", res.NewVersion)
			assert.Contains(t, removalRefused(res), tt.warning)
		})
	}
}
