package text

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDiffOfNothing(t *testing.T) {
	assert.Empty(t, Diff("a.nix", []byte("x\n"), []byte("x\n")))
}

// What git makes of a diff is the only thing that counts.
func TestGitAppliesTheDiff(t *testing.T) {
	git, err := exec.LookPath("git")
	require.NoError(t, err)
	for _, name := range []string{
		"flake.nix", "a b/c d.nix", `quo"te\.nix`, "tab\there.nix", "line\nfeed.nix",
		"\x01\x02\x1b\x7f.nix", "ü 🦙.nix", "latin\xe4.nix", "a/b\x0bc\x0c.nix",
	} {
		for _, content := range [][2]string{
			{"a\nb\n", "a\nc\n"}, {"a", "b"}, {"a\nb", "a\nb\n"}, {"a\r\nb\r\n", "a\r\nc\r\n"},
		} {
			dir := t.TempDir()
			file := filepath.Join(dir, name)
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, []byte(content[0]), 0o644))
			cmd := exec.Command(git, "apply", "--whitespace=nowarn", "-")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
			cmd.Stdin = strings.NewReader(Diff(name, []byte(content[0]), []byte(content[1])))
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%q: %s", name, out)
			after, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, content[1], string(after), "%q", name)
		}
	}
}
