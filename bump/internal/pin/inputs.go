package pin

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

var (
	inputShort = regexp.MustCompile(`^github:([^/?#]+)/([^/?#]+)(?:/([^?#]+))?(?:\?.*)?$`)
	inputRef   = regexp.MustCompile(`[?&]ref=([^&#]+)`)
)

// findInputs lists the flake's inputs that are the package's repository, and the others.
func (f *finder) findInputs(flake string) {
	f.inputs, f.others = map[string]*Input{}, map[string]*Input{}
	file := f.prog.File(flake)
	if file == nil {
		return
	}
	root, ok := f.prog.Value(f.prog.Root(file)).(*eval.Set)
	if !ok {
		return
	}
	f.findOutputs(root)
	if root.Get("inputs") == nil {
		return
	}
	inputs, ok := f.prog.Value(root.Get("inputs")).(*eval.Set)
	if !ok {
		return
	}
	for _, name := range inputs.Names() {
		set, ok := f.prog.Value(inputs.Get(name)).(*eval.Set)
		if !ok {
			continue
		}
		if in := f.inputOfSet(name, set); in != nil {
			f.inputs[name] = in
		}
		if set.Get("url") == nil {
			continue
		}
		text, ok := f.prog.Value(set.Get("url")).(*eval.Text)
		if !ok {
			continue
		}
		if in := f.inputOfURL(name, text); in != nil {
			f.inputs[name] = in
		} else {
			f.others[name] = &Input{Name: name, URL: knownText(text), Slot: NoSlot, Provides: true}
		}
	}
}

// inputOfSet reads a flake input that is given as a set, { type = "github"; owner; repo; ref; }: nil when it is
// not the package's repository.
func (f *finder) inputOfSet(name string, set *eval.Set) *Input {
	text := map[string]string{}
	for _, attr := range []string{"type", "owner", "repo", "ref"} {
		text[attr], _ = f.constant(set.Get(attr))
	}
	if text["type"] != "github" || f.repository(text["owner"], text["repo"], inputSource) != inputSource {
		return nil
	}
	url := strings.TrimSuffix(fmt.Sprintf("github:%s/%s/%s", text["owner"], text["repo"], text["ref"]), "/")
	in := &Input{Name: name, URL: url, Slot: NoSlot}
	if v, ok := version.ParseRef(text["ref"]); ok {
		ref, _ := f.prog.Value(set.Get("ref")).(*eval.Text)
		f.pinInput(in, ref, v, "input ref")
	}
	return in
}

// inputOfURL reads the URL of a flake input: nil when it is not the package's repository.
func (f *finder) inputOfURL(name string, text *eval.Text) *Input {
	url := knownText(text)
	var owner, repo, ref string
	if m := inputShort.FindStringSubmatch(url); m != nil {
		owner, repo, ref = m[1], m[2], m[3]
	} else if m := githubURL.FindStringSubmatch(strings.TrimPrefix(url, "tarball+")); m != nil {
		owner, repo = m[1], m[2]
	}
	if m := inputRef.FindStringSubmatch(url); m != nil && ref == "" {
		ref = strings.ReplaceAll(m[1], "%2F", "/")
	}
	if f.repository(owner, repo, inputSource) != inputSource {
		return nil
	}
	in := &Input{Name: name, URL: url, Slot: NoSlot}
	v, ok := version.ParseRef(ref)
	if !ok {
		v, ok = urlVersion(url)
	}
	if ok {
		f.pinInput(in, text, v, "input URL")
	}
	return in
}

// pinInput notes where the version of an input is written, when that is one literal.
func (f *finder) pinInput(in *Input, text *eval.Text, v version.Version, field string) {
	if ids, err := f.slots.inText(text, v, field); err == nil && len(ids) == 1 {
		in.Slot = ids[0]
	}
}

// inputOf recognises inputs.NAME, or a parameter of that name, that is an input of the flake.
func (f *finder) inputOf(o *eval.Unknown) source {
	if o.Name == "outPath" {
		if base, ok := o.Base.(*eval.Unknown); ok {
			o = base
		}
	}
	in := f.inputs[o.Name]
	if in == nil || o.Fn != nil {
		return source{}
	}
	if base, ok := o.Base.(*eval.Unknown); ok && base.Name != "inputs" && base.Base == nil &&
		base.Reason != eval.Parameter {
		return source{}
	}
	return source{kind: inputSource, input: in}
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
			return f.others[o.Name]
		default:
			v = o.Base
		}
	}
}

// isOther reports whether a term is inputs.NAME, or a parameter NAME, of an input that may be moved for the
// package's sake. The input named nixpkgs carries everything else as well.
func (f *finder) isOther(o *eval.Unknown) bool {
	if f.others[o.Name] == nil || o.Name == "nixpkgs" {
		return false
	}
	base, selected := o.Base.(*eval.Unknown)
	return selected && base.Name == "inputs" || o.Base == nil && o.Reason == eval.Parameter
}

// findOutputs notes what the flake's outputs yield: self has these.
func (f *finder) findOutputs(root *eval.Set) {
	if def := root.Get("outputs"); def != nil {
		f.outputs = eval.Thunk(func() eval.Value { return f.prog.Apply(f.prog.Value(def), nil, nil, nil) })
	}
}

// ownOutput is the value of self.NAME and inputs.self.NAME, when the flake itself has such an output; else nil. The
// self of an overlay is no argument that is taken by its name from a set, as the flake is.
func (f *finder) ownOutput(u *eval.Unknown) eval.Value {
	self, ok := u.Base.(*eval.Unknown)
	if !ok || self.Name != "self" || self.Fn != nil || f.outputs == nil {
		return nil
	}
	_, formal := self.Node.(*nixexpr.Formal)
	base, selected := self.Base.(*eval.Unknown)
	if !formal && !(selected && base.Name == "inputs") {
		return nil
	}
	if outputs, ok := f.prog.Value(f.outputs).(*eval.Set); ok && outputs.Get(u.Name) != nil {
		return f.prog.Value(outputs.Get(u.Name))
	}
	return nil
}
