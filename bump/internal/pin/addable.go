package pin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// offerCompanions adds the slots of the companions that an override does not have, and that the recipe which it
// overrides takes from the final passthru. Where they cannot be written safely there are none, and the pin says why.
func (f *finder) offerCompanions(d *derivation, r *reading, body *eval.Set) {
	in := r.Input()
	if d.base == nil || !f.isPackage(d.base) || r.prebuilt || in != nil && in.Provides {
		return
	}
	var missing []*CompanionSource
	for i := range f.pkg.Companions {
		of := &f.pkg.Companions[i]
		if !slices.ContainsFunc(r.Companions, func(c *Companion) bool { return c.Of == of }) {
			missing = append(missing, of)
		}
	}
	if len(missing) == 0 {
		return
	}
	a, why := f.additionTo(d, body)
	if a != nil && a.replaced != nil {
		r.Passthru = posIn(a.file, a.replaced.Start())
	}
	if r.Unaddable = why; why != "" {
		return
	}
	for _, of := range missing {
		r.Addable = append(r.Addable, f.addable(r, of, a))
	}
}

// addition is where companions are added, and in what style.
type addition struct {
	file     *nixexpr.File
	tree     *nixexpr.Pruning
	after    *nixexpr.Binding // that they follow
	at       placement
	rec      bool             // the names of the set around them can be used
	own      *nixexpr.Apply   // the fetch of the pin's own source, when the companion can be fetched alike; else nil
	old      string           // what the overridden attributes are called
	final    string           // what the final ones are called; "" when they have no name
	constant []nixexpr.Edit   // that give the overridden ones a name
	call     *nixexpr.Apply   // of overrideAttrs
	within   *nixexpr.AttrSet // the override's attributes
	replaced *nixexpr.Binding // passthru = { … }, which has nothing of the overridden one; else nil
}

// placement says where in an override's attributes a companion is added.
type placement int

const (
	newPassthru    placement = iota // in a passthru that is added, too
	insidePassthru                  // in passthru = { … }
	besidePassthru                  // behind passthru.x = …
)

// additionTo works out where companions are added to an override; why says what is in the way.
func (f *finder) additionTo(d *derivation, body *eval.Set) (a *addition, why string) {
	call, ok := d.call.Node.(*nixexpr.Apply)
	if !ok || d.call.File == nil {
		return nil, "the call of overrideAttrs is not written out"
	}
	file, fns, tail := f.overrideArg(d)
	set := lastSet(tail)
	if file == nil || set == nil || len(set.Bindings) == 0 {
		return nil, "the attributes of the override are not written out as a set"
	}
	a = &addition{file: file, tree: file.Prune(), call: call, within: set}
	if why := a.locate(body.Get("passthru") != nil); why != "" {
		return nil, why
	}
	if len(fns) == 2 && !unused(fns[0].Arg) && a.binder(fns[0].Arg) == nixexpr.Node(fns[0]) {
		a.final = fns[0].Arg
	}
	a.own = f.ownFetch(d, body, a)
	if a.at != newPassthru && a.own != nil {
		return a, ""
	}
	if d.call.File != file {
		a.call = nil
	}
	if !a.nameOld(fns) {
		return nil, "the override has no name for what it overrides"
	}
	return a, ""
}

// overrideArg takes the argument of overrideAttrs apart: the functions that it is, of final and overridden attributes
// or of these alone, and the expression that they yield.
func (f *finder) overrideArg(d *derivation) (file *nixexpr.File, fns []*nixexpr.Lambda, tail nixexpr.Expr) {
	switch v := f.prog.Value(d.call.Arg).(type) {
	case *eval.Func:
		e := nixexpr.Expr(v.Lambda)
		for len(fns) < 2 {
			fn, ok := nixexpr.Unparen(e).(*nixexpr.Lambda)
			if !ok {
				break
			}
			fns, e = append(fns, fn), fn.Body
		}
		return v.File, fns, e
	case *eval.Set:
		hops := d.call.Arg.Trail()
		return hops[len(hops)-1].File, nil, hops[len(hops)-1].Expr
	}
	return nil, nil, nil
}

// lastSet is the set that an expression yields, or the last one that it is put together of; nil when it is written in
// another way.
func lastSet(e nixexpr.Expr) *nixexpr.AttrSet {
	for {
		switch v := e.(type) {
		case *nixexpr.Paren:
			e = v.X
		case *nixexpr.Let:
			e = v.Body
		case *nixexpr.With:
			e = v.Body
		case *nixexpr.Assert:
			e = v.Body
		case *nixexpr.Binary:
			if v.Op != nixexpr.OpUpdate {
				return nil
			}
			e = v.Y
		case *nixexpr.AttrSet:
			return v
		default:
			return nil
		}
	}
}

// locate finds the place in the override's attributes, of which passthru is one already or not.
func (a *addition) locate(isSet bool) (why string) {
	if !isSet {
		a.after = &a.within.Bindings[len(a.within.Bindings)-1]
		return ""
	}
	for i := range a.within.Bindings {
		b := &a.within.Bindings[i]
		if b.Value == nil || b.Path[0].Name != "passthru" {
			continue
		}
		if len(b.Path) > 1 {
			a.after, a.at, a.rec = b, besidePassthru, a.within.Rec
			continue
		}
		set := lastSet(b.Value)
		if set == nil || len(set.Bindings) == 0 || nixexpr.Unparen(b.Value) != nixexpr.Expr(set) && !updates(b.Value) {
			return "its passthru is not written out as a set"
		}
		a.after, a.at, a.rec = &set.Bindings[len(set.Bindings)-1], insidePassthru, set.Rec
		if !updates(b.Value) {
			a.replaced = b
		}
	}
	if a.after == nil {
		return "its passthru is set elsewhere"
	}
	return ""
}

// updates reports whether an expression is X // Y.
func updates(e nixexpr.Expr) bool {
	b, ok := nixexpr.Unparen(e).(*nixexpr.Binary)
	return ok && b.Op == nixexpr.OpUpdate
}

// ownFetch is the fetch of the pin's own source, when it is fetchFromGitHub and that name means the same where the
// companion is added; else nil.
func (f *finder) ownFetch(d *derivation, body *eval.Set, a *addition) *nixexpr.Apply {
	for _, s := range f.sources(d, body) {
		if s.call == nil || s.call.File != a.file {
			continue
		}
		own, ok := s.call.Node.(*nixexpr.Apply)
		if !ok {
			continue
		}
		name, root := a.file.Text(own.Fn), rootOf(own.Fn)
		if _, set := own.Arg.(*nixexpr.AttrSet); !set || root == "" ||
			name != "fetchFromGitHub" && !strings.HasSuffix(name, ".fetchFromGitHub") {
			continue
		}
		inside := a.within.Start() <= own.Start() && own.End() <= a.within.End()
		if there := binderAt(a.tree, own, root); there == a.binder(root) && (there != nil || inside) {
			return own
		}
	}
	return nil
}

// rootOf is the variable that a path of attributes begins with, "" for any other expression.
func rootOf(e nixexpr.Expr) string {
	switch e := e.(type) {
	case *nixexpr.Ident:
		return e.Name
	case *nixexpr.Select:
		if id, ok := e.Set.(*nixexpr.Ident); ok && e.Default == nil &&
			!slices.ContainsFunc(e.Path, func(a nixexpr.Attr) bool { return a.Expr != nil }) {
			return id.Name
		}
	}
	return ""
}

// addable returns a companion whose slots add it.
func (f *finder) addable(r *reading, of *CompanionSource, a *addition) *Companion {
	c := &Companion{Of: of, Pos: r.Pos}
	for _, e := range a.constant {
		c.Refs = append(c.Refs, f.slots.add(Slot{
			Field: argument, File: a.file.Name, Start: e.Start, End: e.End, Old: string(a.file.Src[e.Start:e.End]),
			form: constant{e},
		}, e.Start))
	}
	for _, p := range a.pieces(of) {
		e := a.file.InsertLines(a.after)
		field := of.tag()
		if p.hash {
			field = of.hash()
		}
		id := f.slots.add(Slot{
			Field: field, File: a.file.Name, Start: e.Start, End: e.End, form: lines{a.file, a.after, p.lines},
		}, a.after.Start())
		if p.hash {
			c.Hash = &Fetch{Role: CompanionSrc, Slot: id, Had: Inherited{}, Ending: NoSlot}
		} else {
			c.Refs = append(c.Refs, id)
		}
	}
	return c
}

// piece is lines that are added with one value in them: the companion's tag, or its hash.
type piece struct {
	hash  bool
	lines []string
}

// pieces are what is added for a companion.
func (a *addition) pieces(of *CompanionSource) []piece {
	version, src := of.VersionAttr, of.Attr
	tag := version
	switch {
	case a.final != "":
		tag = a.final + ".passthru." + version
	case a.at == besidePassthru && a.rec && a.binder("passthru") == nixexpr.Node(a.within):
		tag = "passthru." + version
	case a.at == besidePassthru, a.at == insidePassthru && !a.rec:
		tag = ""
	}
	if a.at == besidePassthru {
		version, src = "passthru."+version, "passthru."+src
	}
	list := append([]piece{{lines: []string{version + ` = "%s";`}}}, a.fetch(of, src, tag)...)
	if a.at != newPassthru {
		return list
	}
	for i := range list {
		for k := range list[i].lines {
			list[i].lines[k] = "\t" + list[i].lines[k]
		}
	}
	rec := ""
	if a.final == "" {
		rec = "rec "
	}
	first, last := &list[0], &list[len(list)-1]
	first.lines = append([]string{fmt.Sprintf("passthru = (%s.passthru or { }) // %s{", a.old, rec)}, first.lines...)
	last.lines = append(last.lines, "};")
	return list
}

// fetch is the definition of the companion's source, fetched as the pin's own source is: by the same function when that
// is fetchFromGitHub, else by the overridden package's fetch. Without a name for the tag it stands there once more.
func (a *addition) fetch(of *CompanionSource, src, tag string) []piece {
	fetcher, ref, names := a.old+".passthru."+of.Attr+".override", "tag", []string(nil)
	multi := false
	if a.own != nil {
		args := a.own.Arg.(*nixexpr.AttrSet)
		if bindingOf(args, "rev") != nil {
			ref = "rev"
		}
		fetcher = a.file.Text(a.own.Fn)
		names = []string{fmt.Sprintf("owner = %q;", of.Owners[0]), fmt.Sprintf("repo = %q;", of.Repo)}
		multi = strings.ContainsAny(a.file.Text(args), "\r\n")
	}
	head, hash := src+" = "+fetcher+" {", `hash = "%s";`
	if tag != "" && !multi {
		names = append(names, ref+" = "+tag+";", hash)
		return []piece{{true, []string{head + " " + strings.Join(names, " ") + " };"}}}
	}
	list := []string{head}
	for _, name := range names {
		list = append(list, "\t"+name)
	}
	if tag != "" {
		return []piece{{true, append(list, "\t"+ref+" = "+tag+";", "\t"+hash, "};")}}
	}
	return []piece{{false, append(list, "\t"+ref+` = "%s";`)}, {true, []string{"\t" + hash, "};"}}}
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
