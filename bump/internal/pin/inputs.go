package pin

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// flakeInput is an input of the flake that is the package's repository.
type flakeInput struct {
	*Input
	also    []SlotID // more places of the version, besides that of the Input
	at      address
	mirror  bool        // it is the repository by its name alone
	refused *diag.Error // why it cannot be moved
}

// ownFlake is what the flake says of itself.
type ownFlake struct {
	folder  string                 // of flake.nix
	outputs *eval.Def              // what the function of that name yields
	inputs  map[string]*flakeInput // that are the package's source
	others  map[string]*flakeInput // that are not: nixpkgs and the like
}

// readFlake reads what the flake says of itself: its outputs, the inputs that are the package's repository, and the
// others.
func (f *finder) readFlake(name string) {
	f.flake = ownFlake{folder: path.Dir(name), inputs: map[string]*flakeInput{}, others: map[string]*flakeInput{}}
	file := f.prog.File(name)
	if file == nil {
		return
	}
	root, ok := f.prog.Value(f.prog.Root(file)).(*eval.Set)
	if !ok {
		return
	}
	if def := root.Get("outputs"); def != nil {
		f.flake.outputs = eval.Thunk(func() eval.Value { return f.prog.Apply(f.prog.Value(def), nil, nil, nil) })
	}
	if root.Get("inputs") == nil {
		return
	}
	inputs, ok := f.prog.Value(root.Get("inputs")).(*eval.Set)
	if !ok {
		return
	}
	for _, name := range inputs.Names() {
		if set, ok := f.prog.Value(inputs.Get(name)).(*eval.Set); ok {
			f.readInput(name, set)
		}
	}
}

// readInput reads one input: a URL, perhaps with a ref beside it, or { type = "github"; owner; repo; ref; }.
func (f *finder) readInput(name string, set *eval.Set) {
	attr := map[string]string{}
	for _, n := range []string{"type", "url", "path", "owner", "repo", "ref", "rev", "host"} {
		attr[n], _ = f.constant(set.Get(n))
	}
	url, def := attr["url"], first(set, "url", "path", "repo")
	if url == "" && hosts[attr["type"]] != "" {
		url = strings.TrimSuffix(fmt.Sprintf("%s:%s/%s/%s", attr["type"], attr["owner"], attr["repo"], attr["ref"]),
			"/")
	}
	a := addressOf(url)
	switch {
	case attr["type"] == "path":
		a = addressOf("path:" + attr["path"])
	case attr["type"] == "git":
		a = addressOf("git+" + url)
	}
	a.host, a.ref, a.rev = cmp.Or(attr["host"], a.host), cmp.Or(attr["ref"], a.ref), cmp.Or(attr["rev"], a.rev)
	at := defPos(def, diag.Pos{})
	ours, fork := strings.EqualFold(a.repo, f.pkg.Repo), a.host == githubHost && !owns(f.pkg.Owners, a.owner)
	if !ours || fork {
		f.flake.others[name] = &flakeInput{
			Input: &Input{Name: name, URL: shownURL(url), Pos: at, Slot: NoSlot, Provides: true},
			at:    a,
		}
		f.noteNixpkgsInput(f.flake.others[name], at)
	}
	if !ours {
		return
	}
	in := &flakeInput{Input: &Input{Name: name, URL: shownURL(url), Pos: at, Slot: NoSlot}}
	f.flake.inputs[name] = in
	if in.refused = f.refuseInput(in, a, at); in.refused != nil {
		return
	}
	written, field := def, inputURL
	if attr["ref"] != "" {
		written, field = set.Get("ref"), inputRef
	}
	v, named := version.ParseRef(a.ref)
	if !named {
		v, named = urlVersion(url)
	}
	if named {
		f.pinInput(in, written, v, field)
	}
}

// refuseInput says why an input with the name of the package's repository cannot be moved; nil when it can.
func (f *finder) refuseInput(in *flakeInput, a address, at diag.Pos) *diag.Error {
	write := fmt.Sprintf("write github:%s/vX.Y.Z in the input's URL", f.pkg.Upstream())
	fork := a.host == githubHost && !owns(f.pkg.Owners, a.owner)
	in.mirror = a.host != githubHost
	switch {
	case fork:
		return diag.At(at,
			fmt.Sprintf("find pin: the input %s is the fork %s/%s, not %s", in.Name, a.owner, a.repo, f.pkg.Upstream()),
			"a fork has releases of its own; it is left alone")
	case a.folder:
		return diag.At(at,
			fmt.Sprintf("find pin: the input %s is a folder of this machine, which names no release", in.Name), write)
	case a.rev != "":
		return diag.At(at,
			fmt.Sprintf("find pin: the input %s names the commit %s, so it cannot move to a release", in.Name, a.rev),
			write+", without a rev")
	}
	return nil
}

// pinInput notes where the version of an input is written.
func (f *finder) pinInput(in *flakeInput, def *eval.Def, v version.Version, field Field) {
	at := defPos(def, diag.Pos{})
	text, ok := f.prog.Value(def).(*eval.Text)
	if !ok {
		return
	}
	ids, err := f.slots.inText(text, v, field)
	if err != nil {
		in.refused = diag.At(at,
			fmt.Sprintf("find pin: version %s of the input %s is not written in one literal", v, in.Name),
			"write the version as one string")
		return
	}
	in.Slot, in.also = ids[0], ids[1:]
}

// inputOf recognises inputs.NAME, or a parameter of that name, that is an input of the flake.
func (f *finder) inputOf(o *eval.Unknown) source {
	if o.Name == "outPath" {
		if base, ok := o.Base.(*eval.Unknown); ok {
			o = base
		}
	}
	in, other := f.flake.inputs[o.Name], f.flake.others[o.Name]
	if in == nil && other == nil || o.Fn != nil {
		return source{}
	}
	if base, ok := o.Base.(*eval.Unknown); ok && base.Name != "inputs" && base.Base == nil &&
		base.Reason != eval.Parameter {
		return source{}
	}
	if in == nil {
		return source{owner: other.at.owner, repo: other.at.repo}
	}
	return source{kind: inputSource, repo: f.pkg.Repo, input: in}
}

// provider is the flake input, other than the flake's own nixpkgs, whose package a value is: that of
// inputs.NAME.legacyPackages.SYSTEM.ollama, or of (import NAME { … }).ollama. To move such a package is
// to move the input.
func (f *finder) provider(v eval.Value) *Input {
	for {
		o, ok := v.(*eval.Unknown)
		if !ok {
			return nil
		}
		fn, _ := o.Fn.(*eval.Unknown)
		name, args := o.Callee()
		switch {
		case fn != nil && fn.Fn == nil && strings.HasPrefix(fn.Name, "override"):
			v = fn.Base
		case len(args) > 0 && name == "import":
			v = f.prog.Value(args[0])
		case o.Fn != nil:
			return nil
		case f.isOther(o):
			return f.flake.others[o.Name].Input
		default:
			v = o.Base
		}
	}
}

// isOther reports whether a term is inputs.NAME, or a parameter NAME, of an input that may be moved for the
// package's sake. The input named nixpkgs carries everything else as well.
func (f *finder) isOther(o *eval.Unknown) bool {
	if f.flake.others[o.Name] == nil || o.Name == "nixpkgs" {
		return false
	}
	base, selected := o.Base.(*eval.Unknown)
	return selected && base.Name == "inputs" || o.Base == nil && o.Reason == eval.Parameter
}

// ownOutput is the value of self.NAME and inputs.self.NAME, when the flake itself has such an output; else nil. The
// self of an overlay is no argument that is taken by its name from a set, as the flake is.
func (f *finder) ownOutput(u *eval.Unknown) eval.Value {
	self, ok := u.Base.(*eval.Unknown)
	if !ok || self.Name != "self" || self.Fn != nil || f.flake.outputs == nil {
		return nil
	}
	_, formal := self.Node.(*nixexpr.Formal)
	base, selected := self.Base.(*eval.Unknown)
	if !formal && !(selected && base.Name == "inputs") {
		return nil
	}
	if outputs, ok := f.prog.Value(f.flake.outputs).(*eval.Set); ok && outputs.Get(u.Name) != nil {
		return f.prog.Value(outputs.Get(u.Name))
	}
	return nil
}
