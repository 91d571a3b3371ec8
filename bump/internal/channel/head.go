package channel

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// headTime bounds the look at the channel's head: it is only for an advice.
const headTime = 20 * time.Second

// maxChannels bounds the branches that are looked at; each is a request.
const maxChannels = 2

// Contents reads a file of a repository; see github.Client.
type Contents interface {
	Contents(ctx context.Context, owner, repo, ref, path string) ([]byte, error)
}

// Head is the version of a package at the head of a channel.
type Head struct {
	Channel
	version.Version
}

// Heads returns the versions of nixpkgs' own package at the heads of the channels that inputs follow, by the ways from
// the flake to them. What cannot be read is left out, with a note.
func Heads(
	ctx context.Context, up Contents, lockFile []byte, inputs [][]string, pkg string,
	log func(kind diag.EventKind, format string, args ...any),
) []Head {
	ctx, cancel := context.WithTimeout(ctx, headTime)
	defer cancel()
	lock, err := parse(lockFile)
	if err != nil {
		return nil
	}
	var heads []Head
	asked := map[Channel]bool{}
	for _, way := range inputs {
		from := lock.of(way)
		if from.Branch == "" || asked[from] || len(asked) == maxChannels {
			continue
		}
		asked[from] = true
		v, err := headVersion(ctx, up, from.Branch, pkg)
		if err != nil {
			log(diag.Detail, "the newest version in %s is unknown: %v", from.Branch, err)
			continue
		}
		heads = append(heads, Head{from, v})
	}
	return heads
}

// headVersion is the version of nixpkgs' own package at the head of a branch.
func headVersion(ctx context.Context, up Contents, branch, pkg string) (version.Version, error) {
	path := fmt.Sprintf("pkgs/by-name/%s/%s/package.nix", pkg[:2], pkg)
	src, err := up.Contents(ctx, "NixOS", "nixpkgs", branch, path)
	if err != nil {
		return "", err
	}
	f, err := nixexpr.Parse(path, src)
	if err != nil {
		return "", err
	}
	return recipeVersion(f, pkg)
}

// recipeVersion is the version in the set of a recipe that has the package's pname.
func recipeVersion(f *nixexpr.File, pname string) (version.Version, error) {
	var found []string
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		if set, ok := n.(*nixexpr.AttrSet); ok && literalOf(f, set, "pname") == pname {
			found = append(found, literalOf(f, set, "version"))
		}
		return true
	})
	if len(found) != 1 {
		return "", fmt.Errorf("read %s: %d sets with the pname %s", f.Name, len(found), pname)
	}
	return version.Parse(found[0])
}

// literalOf is the value of an attribute that is a plain string, else "".
func literalOf(f *nixexpr.File, set *nixexpr.AttrSet, name string) string {
	for i := range set.Bindings {
		b := &set.Bindings[i]
		if s, ok := b.Value.(*nixexpr.Str); ok && len(b.Path) == 1 && b.Path[0].Name == name {
			return strings.Trim(f.Text(s), `"`)
		}
	}
	return ""
}
