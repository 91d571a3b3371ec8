package bump_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// A removal is a flake before and after --unpin. Its nixpkgs has a newer ollama than the pin.
type removal struct {
	name  string
	flake string            // flake.nix, or the expression of the outputs when overlay.nix is there
	files map[string]string // beside flake.nix
	want  map[string]string // the files that change
	// same are outputs, and the package of nixpkgs whose derivation each is then.
	same   map[string]string
	config string // of nixpkgs; "" allows what is unfree
}

const (
	overtakenFlake = `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/ollama-0.33.2";
  outputs = { self, nixpkgs }: let system = "x86_64-linux"; pkgs = nixpkgs.legacyPackages.${system}; in {
    OUTPUTS
  };
}
`
	overlaidOutputs = `packages.x86_64-linux = { inherit (import nixpkgs { inherit system; ` +
		`config.allowUnfree = true; overlays = [ (import ./overlay.nix) ]; }) ollama ollama-rocm ollama-cpu; };`

	pinVersion = `version = "0.32.13";`
	pinSource  = `src = prev.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}"; ` +
		`hash = "@src:0.32.13@"; };`
	pinVendor = `vendorHash = "@vendor:0.32.13@";`
	pinAll    = pinVersion + "\n    " + pinSource + "\n    " + pinVendor + "\n"
	// without a recursive set
	plainSource = `src = prev.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v0.32.13"; ` +
		`hash = "@src:0.32.13@"; };`
	plainAll = pinVersion + "\n    " + plainSource + "\n    " + pinVendor + "\n"
)

// overlaid is a removal from an overlay in a file of its own. The same packages as nixpkgs' own are then ollama and
// others, or NAME = PACKAGE.
func overlaid(name, before, after string, same ...string) removal {
	r := removal{
		name: name, flake: overlaidOutputs, files: map[string]string{"overlay.nix": before},
		want: map[string]string{"overlay.nix": after}, same: map[string]string{},
	}
	for _, s := range append([]string{"ollama"}, same...) {
		attr, expression, is := strings.Cut(s, " = ")
		if !is {
			expression = attr
		}
		r.same["packages.x86_64-linux."+attr] = expression
	}
	return r
}

// unshown is a removal from an overlay beside a copy of it that no output shows, which stays.
func unshown(before, after string) removal {
	r := overlaid("a pin that no output shows", before, after)
	r.files["copy.nix"] = before
	return r
}

// output is a removal from flake.nix.
func output(name, before, after string, same map[string]string) removal {
	return removal{
		name: name, flake: before, same: same,
		want: map[string]string{"flake.nix": strings.Replace(overtakenFlake, "OUTPUTS", after, 1)},
	}
}

var removals = []removal{
	overlaid("overlay", "# ours\nfinal: prev: {\n  # nixpkgs lags\n  ollama = prev.ollama.overrideAttrs (old: rec "+
		"{\n    "+pinAll+"  });\n\n  a = 1;\n}\n", "# ours\nfinal: prev: {\n  a = 1;\n}\n"),
	overlaid("a file that held only the pin", "final: prev: {\n  ollama = prev.ollama.overrideAttrs (old: rec {\n    "+
		pinAll+"  });\n}\n", "final: prev: {\n}\n"),
	overlaid("final attributes",
		"final: prev: {\n  ollama = prev.ollama.overrideAttrs (finalAttrs: old: {\n    "+
			strings.ReplaceAll(pinAll, "${version}", "${finalAttrs.version}")+"  });\n  a = 1;\n}\n",
		"final: prev: {\n  a = 1;\n}\n"),
	overlaid("attributes without a function", "final: prev: {\n  ollama = prev.ollama.overrideAttrs {\n    "+plainAll+
		"  };\n}\n", "final: prev: {\n}\n"),
	overlaid("variables", "final: prev:\nlet\n  version = \"0.32.13\"; # the pin\n  # of the source\n  hash = "+
		"\"@src:0.32.13@\";\n  one = 1;\nin\n{\n"+
		"  ollama = prev.ollama.overrideAttrs (old: {\n    inherit version;\n    src = prev.fetchFromGitHub { owner "+
		"= \"ollama\"; repo = \"ollama\"; "+
		"tag = \"v${version}\"; inherit hash; };\n    "+pinVendor+"\n  });\n  a = one;\n}\n",
		"final: prev:\nlet\n  one = 1;\nin\n{\n  a = one;\n}\n"),
	overlaid("nothing is left of the variables", "final: prev:\nlet\n  version = \"0.32.13\";\nin\n{\n"+
		"  ollama = prev.ollama.overrideAttrs (old: {\n    inherit version;\n    "+pinSource+"\n    "+pinVendor+
		"\n  });\n  a = 1;\n}\n", "final: prev:\n{\n  a = 1;\n}\n"),
	unshown("final: prev: {\n  ollama = prev.ollama.overrideAttrs (old: rec {\n    "+pinAll+"  });\n}\n",
		"final: prev: {\n}\n"),
	overlaid("comments around", "final: prev: {\n  # a stays\n  a = 1; # so does this\n\n  # goes\n  # with the pin\n"+
		"  ollama = prev.ollama.overrideAttrs (old: rec { # and this\n    # this\n    "+pinAll+"  }); # this, "+
		"too\n\n  # b stays\n  b = 2;\n}\n",
		"final: prev: {\n  # a stays\n  a = 1; # so does this\n\n  # b stays\n  b = 2;\n}\n"),
	overlaid("other attributes stay", "final: prev: {\n  ollama = prev.ollama.overrideAttrs (old: {\n    "+plainAll+
		"    # ours\n    ours = 1;\n  });\n}\n",
		"final: prev: {\n  ollama = prev.ollama.overrideAttrs (old: {\n    # ours\n    ours = 1;\n  });\n}\n",
		"ollama = ollama.overrideAttrs { ours = 1; }"),
	overlaid("two variants", "final: prev: {\n  ollama = prev.ollama.overrideAttrs (old: rec {\n    "+pinAll+
		"  });\n  ollama-rocm = prev.ollama-rocm.overrideAttrs (old: rec {\n    "+pinAll+"  });\n}\n",
		"final: prev: {\n}\n", "ollama-rocm"),
	overlaid("attributes that variants share", "final: prev:\nlet\n  pin = old: rec {\n    "+pinAll+"  };\nin\n{\n"+
		"  ollama = prev.ollama.overrideAttrs pin;\n  ollama-cpu = prev.ollama-cpu.overrideAttrs pin;\n}\n",
		"final: prev:\n{\n}\n", "ollama-cpu"),
	overlaid("a helper that variants share", "final: prev:\nlet\n  newer = drv: drv.overrideAttrs (old: rec {\n    "+
		pinAll+"  });\nin\n{\n"+
		"  ollama = newer prev.ollama;\n  ollama-cpu = newer prev.ollama-cpu;\n}\n",
		"final: prev:\n{\n}\n", "ollama-cpu"),
	overlaid("an override below", "final: prev: {\n  ollama = (prev.ollama.override { acceleration = false; "+
		"}).overrideAttrs (old: rec {\n    "+pinAll+"  });\n}\n",
		"final: prev: {\n  ollama = prev.ollama.override { acceleration = false; };\n}\n",
		"ollama = ollama.override { acceleration = false; }"),
	overlaid("an override above", "final: prev: {\n  ollama = (prev.ollama.overrideAttrs (old: rec {\n    "+pinAll+
		"  })).override { acceleration = false; };\n}\n",
		"final: prev: {\n  ollama = prev.ollama.override { acceleration = false; };\n}\n",
		"ollama = ollama.override { acceleration = false; }"),
	overlaid("what follows the pin", "final: prev: {\n  ollama = prev.ollama.overrideAttrs (old: rec {\n    "+pinAll+
		"  });\n  ollama-cpu = final.ollama.override { acceleration = false; };\n}\n",
		"final: prev: {\n  ollama-cpu = final.ollama.override { acceleration = false; };\n}\n"),
	overlaid("CRLF", strings.ReplaceAll("final: prev: {\n\tollama = prev.ollama.overrideAttrs (old: rec {\n    "+pinAll+
		"\t});\n\ta = 1;\n}\n", "\n", "\r\n"), "final: prev: {\r\n\ta = 1;\r\n}\r\n"),
	output("package output",
		"packages.x86_64-linux.ollama = pkgs.ollama.overrideAttrs (old: {\n      "+strings.ReplaceAll(plainAll, "prev",
			"pkgs")+"    }); # ours",
		"packages.x86_64-linux.ollama = pkgs.ollama; # ours",
		map[string]string{"packages.x86_64-linux.ollama": "ollama"}),
	output("module",
		"nixosConfigurations.desk = nixpkgs.lib.nixosSystem { inherit system; modules = [ ({ pkgs, ... }: {\n      "+
			"boot.isContainer = true;\n"+
			"      services.ollama.enable = true;\n      services.ollama.package = pkgs.ollama.overrideAttrs (old: "+
			"{\n      "+
			strings.ReplaceAll(plainAll, "prev", "pkgs")+"      });\n    }) ]; };",
		"nixosConfigurations.desk = nixpkgs.lib.nixosSystem { inherit system; modules = [ ({ pkgs, ... }: {\n      "+
			"boot.isContainer = true;\n"+
			"      services.ollama.enable = true;\n      services.ollama.package = pkgs.ollama;\n    }) ]; };",
		map[string]string{"nixosConfigurations.desk.config.services.ollama.package": "ollama"}),
	output("list of packages",
		"nixosConfigurations.desk = nixpkgs.lib.nixosSystem { inherit system; modules = [ ({ pkgs, ... }: {\n      "+
			"boot.isContainer = true;\n"+
			"      environment.systemPackages = [\n        (pkgs.ollama.overrideAttrs (old: {\n      "+
			strings.ReplaceAll(plainAll, "prev", "pkgs")+
			"        }))\n      ];\n    }) ]; };",
		"nixosConfigurations.desk = nixpkgs.lib.nixosSystem { inherit system; modules = [ ({ pkgs, ... }: {\n      "+
			"boot.isContainer = true;\n"+
			"      environment.systemPackages = [\n        pkgs.ollama\n      ];\n    }) ]; };",
		map[string]string{"nixosConfigurations.desk.config.environment.systemPackages first": "ollama"}),
	output("variants in a list",
		"nixosConfigurations.desk = nixpkgs.lib.nixosSystem { inherit system; modules = [ ({ pkgs, ... }: {\n      "+
			"boot.isContainer = true;\n"+
			"      nixpkgs.overlays = [ (final: prev: {\n        ollama = prev.ollama.overrideAttrs (old: {\n      "+
			plainAll+"        });\n"+
			"        ollama-cpu = final.ollama.override { acceleration = false; };\n      }) ];\n"+
			"      environment.systemPackages = with pkgs; [ ollama ollama-cpu ];\n    }) ]; };",
		"nixosConfigurations.desk = nixpkgs.lib.nixosSystem { inherit system; modules = [ ({ pkgs, ... }: {\n      "+
			"boot.isContainer = true;\n      nixpkgs.overlays = [ (final: prev: {\n"+
			"        ollama-cpu = final.ollama.override { acceleration = false; };\n      }) ];\n"+
			"      environment.systemPackages = with pkgs; [ ollama ollama-cpu ];\n    }) ]; };",
		map[string]string{
			"nixosConfigurations.desk.pkgs.ollama":     "ollama",
			"nixosConfigurations.desk.pkgs.ollama-cpu": "ollama.override { acceleration = false; }",
		}),
	output("output of another name",
		"packages.x86_64-linux.default = (pkgs.extend self.overlays.default).ollama;\n    overlays = {\n      "+
			"default = final: prev: {\n        ollama = prev.ollama.overrideAttrs (_: {\n      "+
			plainAll+"        });\n      };\n    };",
		"packages.x86_64-linux.default = (pkgs.extend self.overlays.default).ollama;\n    overlays = {\n      "+
			"default = final: prev: {\n      };\n    };", map[string]string{"packages.x86_64-linux.default": "ollama"}),
	output("package overrides",
		"packages.x86_64-linux.ollama = (import nixpkgs { inherit system; config.packageOverrides = pkgs: {\n      "+
			"ollama = pkgs.ollama.overrideAttrs (old: {\n      "+
			strings.ReplaceAll(plainAll, "prev", "pkgs")+"      });\n    }; }).ollama;",
		"packages.x86_64-linux.ollama = (import nixpkgs { inherit system; config.packageOverrides = pkgs: {\n    }; "+
			"}).ollama;", map[string]string{"packages.x86_64-linux.ollama": "ollama"}),
	output("an overlay among others",
		"overlays.default = nixpkgs.lib.composeManyExtensions [\n      (final: prev: { a = 1; "+
			"})\n      (final: prev: { ollama = prev.ollama.overrideAttrs (old: {\n      "+
			plainAll+"      }); })\n    ];\n    packages.x86_64-linux.ollama = (pkgs.extend "+
			"self.overlays.default).ollama;",
		"overlays.default = nixpkgs.lib.composeManyExtensions [\n      (final: prev: { a = 1; "+
			"})\n      (final: prev: { })\n    ];\n"+
			"    packages.x86_64-linux.ollama = (pkgs.extend self.overlays.default).ollama;",
		map[string]string{"packages.x86_64-linux.ollama": "ollama"}),
}

// made returns the files of a removal's flake.
func (r removal) made() map[string]string {
	files := map[string]string{"flake.nix": strings.Replace(overtakenFlake, "OUTPUTS", r.flake, 1)}
	maps.Copy(files, r.files)
	return files
}

// The pin goes and leaves nothing behind, and nothing else changes; the package is nixpkgs' own then.
func TestUnpinRemoves(t *testing.T) {
	w := bumptest.New(t)
	w.Nix("", "eval", "--expr", "1") // makes the store, which Nix does not do twice at a time
	for _, tt := range slices.Concat(removals, removalsUnderSettings) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := tt.made()
			dir := w.Flake(files)
			o := options(t, w, dir, bump.Write)
			o.Unpin, o.Brief = true, tt.name != "package output" // one is compared with what it was
			o.Skip, o.Allow = []string{"0.33.x"}, "<0.33"        // which say nothing of removals
			res, err := runIn(w, o)
			require.NoError(t, err)
			require.Empty(t, removalRefused(res))
			assert.True(t, res.Unpinned)
			assert.Equal(t, "0.33.2", res.NewVersion)
			require.NotEmpty(t, res.Verified)
			for _, v := range res.Verified {
				assert.Equal(t, "evaluated", v.Level, v.Attr)
			}
			for name, before := range files {
				want, changes := tt.want[name]
				if !changes {
					want = w.Expand(before)
				}
				assert.Equal(t, want, read(t, dir, name), name)
			}
			for output, own := range tt.same {
				sameAs(t, w, dir, output, own, cmp.Or(tt.config, "{ allowUnfree = true; }"))
			}
		})
	}
}

// sameAs requires that an output, or the first package of a list, is the derivation of a package of the flake's
// nixpkgs, under settings and without any overlay.
func sameAs(t *testing.T, w *bumptest.World, dir, output, own, config string) {
	t.Helper()
	of, first := strings.CutSuffix(output, " first")
	apply := `path: with import path { system = "x86_64-linux"; config = ` + config + `; }; (` + own + `).drvPath`
	want := w.Nix(dir, "eval", "--raw", "--inputs-from", dir, "nixpkgs#path", "--apply", apply)
	drv := "p: p.drvPath"
	if first {
		drv = "list: (builtins.head list).drvPath"
	}
	assert.Equal(t, want, w.Nix(dir, "eval", "--raw", "path:"+dir+"#"+of, "--apply", drv), output)
}

// removalRefused is the warning that says why a pin was not removed.
func removalRefused(res bump.Result) string {
	for _, warning := range res.Warnings {
		if strings.Contains(warning, "the pin was not removed") {
			return warning
		}
	}
	return ""
}
