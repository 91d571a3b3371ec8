package bump

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
)

// What is to be tried is on the branch that the proposal will have, that of a removal too.
func TestTry(t *testing.T) {
	const bumped, removed = "ollama-bump/0.32.15", "ollama-bump/unpin"
	for _, test := range []struct {
		opts    Options
		removes bool
		branch  string // "" when there is no command
	}{
		{Options{}, false, bumped},
		{Options{}, true, removed},
		{Options{Branch: "refs/heads/mine"}, true, "mine"},
		{Options{BranchFolder: "desk"}, false, "ollama-bump/desk/0.32.15"},
		{Options{BranchFolder: "desk"}, true, "ollama-bump/desk/unpin"},
		{Options{Mode: Write}, true, ""},
		{Options{APIURL: "https://git.example.org/api/v3"}, true, ""},
	} {
		test.opts.Repo = "me/machines"
		r := &run{opts: test.opts, pkg: &pin.Package{Name: "ollama"}}
		w := work{to: "0.32.15", removes: test.removes, shown: []probe.Output{
			{Where: "packages.mips-linux.ollama-cpu"},
			{Where: "packages." + pin.System() + ".ollama"},
			{Where: "packages." + pin.System() + ".ollama-rocm"},
			{Where: "nixosConfigurations.desk"},
		}}
		want := text.Try{Rebase: test.opts.Mode != Write}
		if test.branch != "" {
			want.Repository, want.Folder, want.Branch, want.Attr = "me/machines", "nix", test.branch, "ollama"
		}
		assert.Equal(t, want, r.try(t.Context(), &flake{tree: &source.Set{Sub: "nix"}}, w), "%+v", test)
	}
}
