package propose

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
)

// What is to be tried is on the branch that the proposal will have, that of a removal too.
func TestTry(t *testing.T) {
	const bumped, removed = "ollama-bump/0.32.15", "ollama-bump/unpin"
	for _, test := range []struct {
		opts    Options
		removes bool
		api     string
		branch  string // "" when there is no command
	}{
		{Options{}, false, "", bumped},
		{Options{}, true, "", removed},
		{Options{Branch: "refs/heads/mine"}, true, "", "mine"},
		{Options{Folder: "desk"}, false, "", "ollama-bump/desk/0.32.15"},
		{Options{Folder: "desk"}, true, "", "ollama-bump/desk/unpin"},
		{Options{}, true, "https://git.example.org/api/v3", ""},
	} {
		j := Job{
			Remote: Remote{Repo: "me/machines", APIURL: test.api}, Options: test.opts, Package: "ollama",
			Tree: &source.Set{Sub: "nix"},
		}
		shown := []string{
			"packages.mips-linux.ollama-cpu",
			"packages." + pin.System() + ".ollama",
			"packages." + pin.System() + ".ollama-rocm",
			"nixosConfigurations.desk",
		}
		want := text.Try{Rebase: true}
		if test.branch != "" {
			want.Repository, want.Folder, want.Branch, want.Attr = "me/machines", "nix", test.branch, "ollama"
		}
		assert.Equal(t, want, j.Try(t.Context(), Work{Version: "0.32.15", Removes: test.removes}, shown), "%+v", test)
	}
}
