package bump

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// headTime bounds the look at the channel's head: it is only for an advice.
const headTime = 20 * time.Second

// adviseUpdate warns when nixpkgs has the release by now, at the head of the branch that the flake's input
// follows: updating the input makes the pin needless. It costs one request, and no run fails for it.
func (r *run) adviseUpdate(ctx context.Context, f *flake, s *solution, old string) {
	needed := func(info PinInfo) bool { return info.PinState == Needed }
	if !slices.ContainsFunc(s.states, needed) || old == string(s.release.Version) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, headTime)
	defer cancel()
	lock, err := f.tree.Read(ctx, f.tree.Lock())
	if err != nil {
		return
	}
	input, branch := channelOf(lock)
	if branch == "" {
		return
	}
	head, err := r.headVersion(ctx, branch)
	switch {
	case err != nil:
		r.say(Detail, "pin", "the newest version in %s is unknown: %v", branch, err)
	case version.Compare(head, s.release.Version) >= 0:
		r.warn("pin", "%s has %s %s by now: update the input %s, and this pin is no longer needed", branch, r.pkg.Name,
			head, input)
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

// channelOf is the flake's own input that is a branch of nixpkgs, and the branch: the one called nixpkgs, or the only
// one.
func channelOf(lock []byte) (input, branch string) {
	var file struct {
		Root  string `json:"root"`
		Nodes map[string]struct {
			Inputs   map[string]json.RawMessage `json:"inputs"`
			Original struct{ Type, Owner, Repo, Ref string }
		} `json:"nodes"`
	}
	if json.Unmarshal(lock, &file) != nil {
		return "", ""
	}
	channels := map[string]string{}
	for name, raw := range file.Nodes[file.Root].Inputs {
		var node string
		if json.Unmarshal(raw, &node) != nil { // it follows another input
			continue
		}
		o := file.Nodes[node].Original
		if o.Type == "github" && strings.EqualFold(o.Owner+"/"+o.Repo, "NixOS/nixpkgs") && o.Ref != "" {
			channels[name], input = o.Ref, name
		}
	}
	if channels["nixpkgs"] != "" {
		return "nixpkgs", channels["nixpkgs"]
	}
	if len(channels) != 1 {
		return "", ""
	}
	return input, channels[input]
}
