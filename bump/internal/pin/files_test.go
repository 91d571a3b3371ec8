package pin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// Comments stand in Nix code and in TOML; JSON has none.
func TestLineComments(t *testing.T) {
	code, err := nixexpr.Parse("flake.nix", []byte("{ } # one"))
	require.NoError(t, err)
	files := &Files{Nix: map[string]*nixexpr.File{"flake.nix": code}, Data: map[string][]byte{
		"pin.toml": []byte("version = \"1\" # two"), "pin.json": []byte(`{ "a": "# three" }`),
	}}
	for name, want := range map[string]int{"flake.nix": 1, "pin.toml": 1, "pin.json": 0, "gone.nix": 0} {
		assert.Len(t, files.LineComments(name), want, name)
	}
	for name, want := range map[string]bool{
		"a/pin.toml": true, "pin.json": true, "flake.nix": false, "json": false, "a.json/b": false,
	} {
		assert.Equal(t, want, IsData(name), name)
	}
}

// A file of data is one of the flake's own, however its path is written.
func TestPathsOfData(t *testing.T) {
	for path, found := range map[string]bool{
		`./pin.json`:                   true,
		`(./. + "/pin.json")`:          true,
		`"${./.}/pin.json"`:            true,
		`"${self}/pin.json"`:           true,
		`(self + "/pin.json")`:         true,
		`"${self.outPath}/pin.json"`:   true,
		`(self.outPath + "/pin.json")`: true,
		`(self + "/../pin.json")`:      false,
		`(self + "pin.json")`:          false,
		`(self.x + "/pin.json")`:       false,
		`(x + "/pin.json")`:            false,
		`(x.outPath + "/pin.json")`:    false,
		`"${x.outPath}/pin.json"`:      false,
		`(f self + "/pin.json")`:       false,
	} {
		file, err := nixexpr.Parse("flake.nix", []byte(`{
outputs = { self, nixpkgs, x, f, ... }: let pin = builtins.fromJSON (builtins.readFile `+path+`); in {
	packages.x.default = nixpkgs.ollama.overrideAttrs { version = pin.version; vendorHash = null;
		src = nixpkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${pin.version}"; hash = ""; };
	};
}; }`))
		require.NoError(t, err)
		f, err := Find(t.Context(), &Files{
			Flake: "flake.nix", Nix: map[string]*nixexpr.File{"flake.nix": file},
			Data: map[string][]byte{"pin.json": []byte(`{ "version": "0.32.13" }`)},
		}, &Ollama)
		if !found {
			require.ErrorContains(t, err, "find pin: ", path)
			continue
		}
		require.NoError(t, err, path)
		require.Len(t, f.Pins, 1, path)
		assert.Equal(t, "pin.json", f.Slot(f.Pins[0].Versions[0]).File, path)
	}
}
