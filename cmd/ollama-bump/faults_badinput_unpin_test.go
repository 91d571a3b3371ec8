package main

import "strings"

// unpinning is the row of a flake whose pin nixpkgs has overtaken, with changes to the text of overlayFlake: old and
// new in turn.
func unpinning(name string, changes ...string) badInput {
	return badInput{
		name: name, args: []string{"--dry-run", "--unpin"}, locked: true,
		flake: func(text string) string {
			for i := 0; i < len(changes); i += 2 {
				text = strings.Replace(text, changes[i], changes[i+1], 1)
			}
			return strings.NewReplacer("@nixpkgs@", "github:NixOS/nixpkgs/ollama-0.33.2", "0.32.13", "0.32.15").
				Replace(text)
		},
	}
}

// with adds files to a row.
func (b badInput) with(files map[string]string) badInput {
	b.files = files
	return b
}

const (
	overrides = "ollama = prev.ollama.overrideAttrs (old: rec {"
	attribute = "vendorHash ="
	overlaid  = "(nixpkgs.legacyPackages.@system@.extend self.overlays.default)"
)

// What --unpin leaves as it is. The pin is current, and the run says so.
var aboutUnpin = []badInput{
	unpinning("a pin that other attributes need", attribute,
		`preBuild = "echo ${version}"; ours = [ version ]; vendorHash =`),
	unpinning("a pin that something else in the flake needs", `rec {`+"\n"+`        version = "0.32.13";`,
		`rec { inherit version;`, "final: prev: {", `final: prev: let version = "0.32.13"; in { ours = version;`),
	unpinning("a pin in a file of data", `version = "0.32.13";`, `version = pin.version;`, "final: prev: {",
		"final: prev: let pin = builtins.fromJSON (builtins.readFile ./pin.json); in {",
	).with(map[string]string{"pin.json": `{ "version": "0.32.15" }` + "\n"}),
	unpinning("a pin whose attributes are computed", "(old: rec {", "(old: { ours = 1; } // rec {"),
	unpinning("a pin whose attributes another file has", overrides, "ollama = prev.ollama.overrideAttrs "+
		"(import ./pin.nix prev); ours = prev.hello.overrideAttrs (old: rec {").with(map[string]string{
		"pin.nix": "prev: old: rec {\n  version = \"0.32.15\";\n  src = prev.fetchFromGitHub { owner = \"ollama\"; " +
			"repo = \"ollama\"; tag = \"v${version}\"; hash = \"@src:0.32.15@\"; };\n  vendorHash = " +
			"\"@vendor:0.32.15@\";\n}\n",
	}),
	unpinning("a pin in a function that is passed on", "{\n      "+overrides,
		"let newer = drv: drv.overrideAttrs (old: rec {", "});\n    };",
		"}); in { ollama = builtins.head (map newer [ prev.ollama ]); };"),
	unpinning("a pin in a function that other files may call", overrides,
		"ollama = (self.lib prev).newer prev.ollama; }; lib = prev: { newer = drv: drv.overrideAttrs (old: rec {"),
	unpinning("a pin in a function that is called where it stands", overrides,
		"ollama = (drv: drv.overrideAttrs (old: rec {", "});\n    };", "})) prev.ollama;\n    };"),
	unpinning("a recipe of the flake's own", overrides, `ollama = prev.buildGoModule (rec { pname = "ollama";`),
	unpinning("a source that is an input", `inputs.nixpkgs`,
		`inputs.source = { url = "github:ollama/ollama/v0.32.13"; flake = false; }; inputs.nixpkgs`,
		"{ self, nixpkgs }", "{ self, nixpkgs, source }", `src = prev.fetchFromGitHub {
          owner = "ollama";
          repo = "ollama";
          tag = "v${version}";
          hash = "@src:0.32.13@";
        };`, "src = source;"),
	unpinning("a package that something else changes", overlaid,
		"((nixpkgs.legacyPackages.@system@.extend (final: prev: { gitMinimal = prev.hello; })).extend "+
			"self.overlays.default)"),
	unpinning("an output that needs the pinned version", overlaid+".ollama",
		"(let p = "+overlaid+`.ollama; in assert p.version == "0.32.15"; p)`),
	unpinning("a flake that does not evaluate without the pin", overlaid+".ollama",
		"(let p = "+overlaid+`.ollama; in if p.version == "0.32.15" then p else abort "not this one")`),
	unpinning("a pin that a comment keeps", `version = "0.32.13";`,
		`version = "0.32.13"; # ollama-bump: hold <0.33`),
	unpinning("several pins of which one is needed", "packages.",
		"packages.@system@.older = (stable.legacyPackages.@system@.extend (import ./older.nix)).ollama;\n    packages.",
		"inputs.nixpkgs", "inputs.stable.url = \"github:NixOS/nixpkgs/nixos-25.11\";\n  inputs.nixpkgs",
		"{ self, nixpkgs }", "{ self, nixpkgs, stable }").with(map[string]string{"older.nix": overlayText}),
}
