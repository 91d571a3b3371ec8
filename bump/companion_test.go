package bump_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// oldLlama is a flake whose nixpkgs brings a llama.cpp that the patches of ollama since 0.32.3 do not fit.
const oldLlama = `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/ollama-0.31.1-final";INPUTS
  outputs = { self, nixpkgs, ... }@inputs: let pkgs = nixpkgs.legacyPackages.x86_64-linux;LET in {
    packages.x86_64-linux.default = PIN;
  };
}
`

// companionCase is a pin before and after llama.cpp is added to it. VERSION stands for its release, TAG for the
// llama.cpp of that; ADDED marks what is added.
type companionCase struct {
	name, inputs, let, before, after string
}

const (
	gitHubSource = `src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "vVERSION"; ` +
		`hash = "@src:VERSION@"; };`
	pinOfVersion = `version = "VERSION"; ` + gitHubSource + ` vendorHash = "@vendor:VERSION@";`
	llamaFetch   = `pkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; tag = llamaCppVersion; ` +
		`hash = "@llama:TAG@"; };`
)

// llamaOf is a passthru with llama.cpp, on one line.
func llamaOf(old, fetch string) string {
	return ` passthru = (` + old + `.passthru or { }) // rec { llamaCppVersion = "TAG"; llamaCppSrc = ` + fetch + ` };`
}

var companionCases = []companionCase{
	{
		name:   "an unused argument",
		let:    ` mine = f: f pkgs.ollama;`,
		before: `mine (o: o.overrideAttrs (_: { ` + pinOfVersion + ` }))`,
		after:  `mine (o: o.overrideAttrs (old: { ` + pinOfVersion + llamaOf("old", llamaFetch) + ` }))`,
	},
	{
		name:   "no function",
		before: `pkgs.ollama.overrideAttrs { ` + pinOfVersion + ` }`,
		after:  `pkgs.ollama.overrideAttrs { ` + pinOfVersion + llamaOf("pkgs.ollama", llamaFetch) + ` }`,
	},
	{
		name:   "no function, of a package that is overridden already",
		before: `(pkgs.ollama.override { acceleration = false; }).overrideAttrs { ` + pinOfVersion + ` }`,
		after: `(pkgs.ollama.override { acceleration = false; }).overrideAttrs (old: { ` + pinOfVersion +
			llamaOf("old", llamaFetch) + ` })`,
	},
	{
		name: "no function, in parentheses",
		before: `(pkgs.ollama.override { acceleration = false; }).overrideAttrs (let old = "VERSION"; ` +
			`in { version = old; ` + strings.TrimPrefix(pinOfVersion, `version = "VERSION"; `) + ` })`,
		after: `(pkgs.ollama.override { acceleration = false; }).overrideAttrs (oldAttrs: let old = "VERSION"; ` +
			`in { version = old; ` + strings.TrimPrefix(pinOfVersion, `version = "VERSION"; `) + llamaOf("oldAttrs",
			llamaFetch) + ` })`,
	},
	{
		name:   "formals",
		let:    ` pin = { passthru ? { }, ... }: { ` + pinOfVersion + ` };`,
		before: `pkgs.ollama.overrideAttrs pin`,
		after:  ` pin = old@{ passthru ? { }, ... }: { ` + pinOfVersion + llamaOf("old", llamaFetch) + ` };`,
	},
	{
		name: "formals that are used for passthru",
		before: `pkgs.ollama.overrideAttrs ({ passthru ? { }, ... }: { ` + pinOfVersion +
			` passthru = passthru // { ours = true; }; })`,
		after: `pkgs.ollama.overrideAttrs ({ passthru ? { }, ... }: { ` + pinOfVersion + ` passthru = passthru // { ` +
			`ours = true; llamaCppVersion = "TAG"; ` +
			`llamaCppSrc = pkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; tag = "TAG"; ` +
			`hash = "@llama:TAG@"; }; }; })`,
	},
	{
		name: "named formals, and the overridden source",
		before: `pkgs.ollama.overrideAttrs (a@{ src, ... }: rec { version = "VERSION"; ` +
			`src = a.src.override { tag = "v${version}"; hash = "@src:VERSION@"; }; vendorHash = "@vendor:VERSION@"; ` +
			`})`,
		after: `pkgs.ollama.overrideAttrs (a@{ src, ... }: rec { version = "VERSION"; ` +
			`src = a.src.override { tag = "v${version}"; hash = "@src:VERSION@"; }; vendorHash = "@vendor:VERSION@";` +
			llamaOf("a", `a.passthru.llamaCppSrc.override { tag = llamaCppVersion; hash = "@llama:TAG@"; };`) + ` })`,
	},
	{
		name:   "final attributes, and an unused argument",
		before: `pkgs.ollama.overrideAttrs (final: _: { ` + pinOfVersion + ` })`,
		after: `pkgs.ollama.overrideAttrs (final: _: { ` + pinOfVersion + ` passthru = (pkgs.ollama.passthru or { }) ` +
			`// { llamaCppVersion = "TAG"; llamaCppSrc = ` +
			strings.Replace(llamaFetch, "= llamaCpp", "= final.passthru.llamaCpp", 1) + ` }; })`,
	},
	{
		name:   "a function in a variable",
		let:    ` pin = old: { ` + pinOfVersion + ` };`,
		before: `pkgs.ollama.overrideAttrs pin`,
		after:  ` pin = old: { ` + pinOfVersion + llamaOf("old", llamaFetch) + ` };`,
	},
	{
		name: "variables and with around the attributes",
		before: `pkgs.ollama.overrideAttrs (old: let version = "VERSION"; in with pkgs.lib; ` +
			`{ inherit version; ` + strings.TrimPrefix(pinOfVersion, `version = "VERSION"; `) + ` })`,
		after: `pkgs.ollama.overrideAttrs (old: let version = "VERSION"; in with pkgs.lib; ` +
			`{ inherit version; ` + strings.TrimPrefix(pinOfVersion, `version = "VERSION"; `) +
			llamaOf("old", llamaFetch) + ` })`,
	},
	{
		name: "a source in a variable",
		let:  ` ` + gitHubSource,
		before: `pkgs.ollama.overrideAttrs (old: { version = "VERSION"; inherit src; ` +
			`vendorHash = "@vendor:VERSION@"; })`,
		after: `pkgs.ollama.overrideAttrs (old: { version = "VERSION"; inherit src; ` +
			`vendorHash = "@vendor:VERSION@";` + llamaOf("old", llamaFetch) + ` })`,
	},
	{
		name:   "attributes put together",
		let:    ` both = { version = "VERSION"; ` + gitHubSource + ` };`,
		before: `pkgs.ollama.overrideAttrs (old: both // { vendorHash = "@vendor:VERSION@"; })`,
		after: `pkgs.ollama.overrideAttrs (old: both // { vendorHash = "@vendor:VERSION@";` + llamaOf("old",
			llamaFetch) + ` })`,
	},
	{
		name:   "a source that is an input",
		inputs: "\n  inputs.ollama = { url = \"github:ollama/ollama/vVERSION\"; flake = false; };",
		before: `pkgs.ollama.overrideAttrs (_: { version = "VERSION"; src = inputs.ollama; ` +
			`vendorHash = "@vendor:VERSION@"; })`,
		after: `pkgs.ollama.overrideAttrs (_: { version = "VERSION"; src = inputs.ollama; ` +
			`vendorHash = "@vendor:VERSION@";` +
			llamaOf("pkgs.ollama", `pkgs.ollama.passthru.llamaCppSrc.override { tag = llamaCppVersion; `+
				`hash = "@llama:TAG@"; };`) + ` })`,
	},
}

// Where llama.cpp is added it builds, and the next bump moves it.
func TestCompanionIsAdded(t *testing.T) {
	w := bumptest.New(t)
	w.Nix("", "eval", "--expr", "1") // makes the store
	tags := map[string]string{"0.32.0": "", "0.32.13": "b10380", "0.32.15": "b10488"}
	for _, tt := range companionCases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			flake := func(let, pin, version string) string {
				return w.Expand(strings.NewReplacer("INPUTS", strings.ReplaceAll(tt.inputs, "VERSION", version), "LET",
					let, "PIN", pin).Replace(
					strings.NewReplacer("VERSION", version, "TAG", tags[version]).Replace(oldLlama)))
			}
			at := func(version string) string {
				let, pin := tt.let, tt.after
				if version == "0.32.0" {
					pin = tt.before
				} else if strings.HasPrefix(tt.after, " ") {
					let, pin = tt.after, tt.before
				}
				all := strings.NewReplacer("VERSION", version, "TAG", tags[version])
				return flake(all.Replace(let), all.Replace(pin), version)
			}
			dir := w.Flake(map[string]string{"flake.nix": at("0.32.0")})
			o := options(t, w, dir, bump.Write)
			for _, version := range []string{"0.32.13", "0.32.15"} {
				o.To = version
				res, err := runIn(w, o)
				require.NoError(t, err, hintOf(err))
				require.Equal(t, bump.Bumped, res.Status)
				require.Equal(t, at(version), read(t, dir, "flake.nix"))
				if version == "0.32.15" {
					assert.NotContains(t, joined(res.Warnings), "llama.cpp")
				}
			}
			w.Nix(dir, "build", "--no-link", "path:"+dir+"#default.goModules")
		})
	}
}
