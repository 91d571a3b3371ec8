package pin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// offerCompanions adds the slots of the companions that an override does not have, and that the recipe which it
// overrides takes from the final passthru: in passthru, or behind the last attribute where that is not set, in its
// indentation. Where they cannot be written safely there are none: the overridden attributes have no name, say.
func (f *finder) offerCompanions(d *derivation, r *reading, body *eval.Set) {
	call, ok := d.call.Node.(*nixexpr.Apply)
	if !ok || d.call.File == nil || d.base == nil || !f.isPackage(d.base) || r.prebuilt || r.Input() != nil {
		return
	}
	final, old, set := overrideFunc(call.Arg)
	if set == nil || bindingOf(set, "src") == nil {
		return
	}
	a := &addition{file: d.call.File, src: bindingOf(set, "src").Value, final: final, old: old}
	if body.Get("passthru") == nil {
		a.after = &set.Bindings[len(set.Bindings)-1]
	} else if !a.within(bindingOf(set, "passthru")) {
		return
	}
	for i := range f.pkg.Companions {
		of := &f.pkg.Companions[i]
		if !slices.ContainsFunc(r.Companions, func(c *Companion) bool { return c.Of == of }) {
			r.Addable = append(r.Addable, f.addable(r, of, a))
		}
	}
}

// within places an addition in a passthru that is set already, { … } or old.passthru // { … }, and reports whether
// the tag can be referred to there.
func (a *addition) within(passthru *nixexpr.Binding) bool {
	if passthru == nil {
		return false
	}
	e := passthru.Value
	for {
		switch v := e.(type) {
		case *nixexpr.Paren:
			e = v.X
		case *nixexpr.Binary:
			if v.Op != nixexpr.OpUpdate {
				return false
			}
			e = v.Y
		case *nixexpr.AttrSet:
			if len(v.Bindings) == 0 || unused(a.final) && !v.Rec {
				return false
			}
			a.after, a.inside = &v.Bindings[len(v.Bindings)-1], true
			return true
		default:
			return false
		}
	}
}

// overrideFunc takes the argument of overrideAttrs apart: the names of the final and the overridden attributes, and
// the set that it yields; nil when it is written in another way.
func overrideFunc(arg nixexpr.Expr) (final, old string, set *nixexpr.AttrSet) {
	var names []string
	for {
		switch e := arg.(type) {
		case *nixexpr.Paren:
			arg = e.X
		case *nixexpr.Lambda:
			if e.Formals != nil {
				return "", "", nil
			}
			names, arg = append(names, e.Arg), e.Body
		case *nixexpr.AttrSet:
			switch {
			case len(names) == 1:
				old = names[0]
			case len(names) == 2:
				final, old = names[0], names[1]
			}
			if unused(old) || e.Rec && bindingOf(e, old) != nil {
				return "", "", nil
			}
			return final, old, e
		default:
			return "", "", nil
		}
	}
}

// unused reports whether an argument's name says that nothing uses it.
func unused(name string) bool { return strings.HasPrefix(name, "_") || name == "" }

// bindingOf is the definition of a name in a set, or nil.
func bindingOf(set *nixexpr.AttrSet, name string) *nixexpr.Binding {
	for i := range set.Bindings {
		b := &set.Bindings[i]
		if b.Value != nil && len(b.Path) == 1 && b.Path[0].Expr == nil && b.Path[0].Name == name {
			return b
		}
	}
	return nil
}

// addition is where a companion is added, and in what style.
type addition struct {
	file       *nixexpr.File
	after      *nixexpr.Binding
	src        nixexpr.Expr // of the pin's own source
	final, old string       // names; the first may be missing
	inside     bool         // passthru is there already, and after is one of its attributes
}

// addable returns a companion whose slots add it: one for its tag, and one for its hash with the rest.
func (f *finder) addable(r *reading, of *CompanionSource, a *addition) *Companion {
	rec, tag := "rec ", of.VersionAttr
	if !unused(a.final) {
		rec, tag = "", a.final+".passthru."+of.VersionAttr
	}
	slot := func(field string, list ...string) SlotID {
		form := lines{a.file, a.after, list}
		e := a.file.InsertLines(a.after)
		return f.slots.add(
			Slot{Field: of.Name + " " + field, File: a.file.Name, Start: e.Start, End: e.End, form: form},
			a.after.Start())
	}
	fetch := a.fetch(of, tag)
	version := fmt.Sprintf("%s = \"%%s\";", of.VersionAttr)
	c := &Companion{Of: of, Pos: r.Pos}
	if a.inside {
		c.Refs = []SlotID{slot("tag", version)}
	} else {
		for i := range fetch {
			fetch[i] = "\t" + fetch[i]
		}
		fetch = append(fetch, "};")
		c.Refs = []SlotID{slot("tag", fmt.Sprintf("passthru = (%s.passthru or { }) // %s{", a.old, rec), "\t"+version)}
	}
	c.Hash = &Fetch{Role: CompanionSrc, Slot: slot("hash", fetch...), Had: Inherited{}, Ending: NoSlot}
	return c
}

// fetch is the definition of the companion's source, fetched as the pin's own source is: by the same function when
// that is fetchFromGitHub, else by the overridden package's fetch.
func (a *addition) fetch(of *CompanionSource, tag string) []string {
	fetcher, names := fmt.Sprintf("%s.passthru.%s.override", a.old, of.Attr), []string{"tag = " + tag + ";"}
	own, _ := a.src.(*nixexpr.Apply)
	if own == nil {
		own = &nixexpr.Apply{}
	}
	args, _ := own.Arg.(*nixexpr.AttrSet)
	if args != nil {
		if name := a.file.Text(own.Fn); name == "fetchFromGitHub" || strings.HasSuffix(name, ".fetchFromGitHub") {
			if bindingOf(args, "rev") != nil {
				names[0] = "rev = " + tag + ";"
			}
			fetcher = name
			names = append([]string{
				fmt.Sprintf("owner = %q;", of.Owners[0]), fmt.Sprintf("repo = %q;", of.Repo),
			}, names...)
		}
	}
	names = append(names, `hash = "%s";`)
	head := of.Attr + " = " + fetcher + " {"
	if args == nil || !strings.ContainsAny(a.file.Text(args), "\r\n") {
		return []string{head + " " + strings.Join(names, " ") + " };"}
	}
	list := []string{head}
	for _, name := range names {
		list = append(list, "\t"+name)
	}
	return append(list, "};")
}
