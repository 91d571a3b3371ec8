package bump

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// headTime bounds the look at the channel's head: it is only for an advice.
const headTime = 20 * time.Second

// maxChannels bounds the branches that are looked at; each is a request.
const maxChannels = 2

// adviseUpdate warns when nixpkgs has the release by now, at the head of the branch that the pin's input follows:
// updating the input makes the pin needless. No run fails for it.
func (r *run) adviseUpdate(ctx context.Context, f *flake, s *solution, old string) {
	if old == string(s.release.Version) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, headTime)
	defer cancel()
	src, err := f.tree.Read(ctx, f.tree.Lock())
	if err != nil {
		return
	}
	lock, err := parseLock(src)
	if err != nil {
		return
	}
	asked := map[channel]bool{}
	for _, p := range s.shown {
		if stateOf(r.pkg, p, s.release.Version).PinState != Needed {
			continue
		}
		from := lock.channelOf(p.Outputs[0].Recipe.Input)
		if from.branch == "" || asked[from] || len(asked) == maxChannels {
			continue
		}
		asked[from] = true
		head, err := r.headVersion(ctx, from.branch)
		switch {
		case err != nil:
			r.say(Detail, "pin", "the newest version in %s is unknown: %v", from.branch, err)
		case version.Compare(head, s.release.Version) >= 0:
			r.warn("pin", "%s has %s %s by now: update the input %s, and this pin is no longer needed", from.branch,
				r.pkg.Name, head, from.input)
		}
	}
}

// headVersion is the version of nixpkgs' own package at the head of a branch.
func (r *run) headVersion(ctx context.Context, branch string) (version.Version, error) {
	upstream, err := r.upstream()
	if err != nil {
		return "", err
	}
	name := r.pkg.Name
	path := fmt.Sprintf("pkgs/by-name/%s/%s/package.nix", name[:2], name)
	src, err := upstream.Contents(ctx, "NixOS", "nixpkgs", branch, path)
	if err != nil {
		return "", err
	}
	f, err := nixexpr.Parse(path, src)
	if err != nil {
		return "", err
	}
	return recipeVersion(f, name)
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
