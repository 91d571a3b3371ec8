package pin

import (
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// copier finds what else in a derivation says the pinned version.
type copier struct {
	f        *finder
	d        *derivation
	r        *reading
	versions []version.Version
	nested   map[nixexpr.Node]bool // calls inside that make other packages
	file     *nixexpr.File         // that is read
	guarding bool                  // a condition around the pin is read
	holds    bool                  // that condition must hold for the pin to have an effect, else it must not
	outside  bool                  // what is read is no part of the derivation: only a companion's tag moves there
	// conditions, and to which depth: however many variables lead to one, it is read once
	read map[nixexpr.Expr]int
}

// readCopies finds what else in the derivation says the pinned version: literal copies inside its own
// attributes and its own fetch, the guards around it, and the files of the source that its phases call.
func (f *finder) readCopies(d *derivation, r *reading, body *eval.Set) {
	c := f.copiesIn(d, r, body)
	c.set(body)
	for _, s := range f.sources(d, body) {
		if s.args != nil && s.kind != otherSource {
			c.set(s.args)
		}
	}
	if d.call.Node != nil {
		c.file = d.call.File
		c.guards(d.call.Node)
	}
}

// copiesIn returns a function that looks for copies in a derivation's attributes.
func (f *finder) copiesIn(d *derivation, r *reading, body *eval.Set) *copier {
	c := &copier{f: f, d: d, r: r, nested: f.nestedIn(d, body), read: map[nixexpr.Expr]int{}}
	for _, v := range Union([]string{string(r.Version), string(r.ref)}) {
		c.versions = append(c.versions, version.Version(v))
	}
	return c
}

// nestedIn are the calls inside a derivation that make packages of their own.
func (f *finder) nestedIn(d *derivation, body *eval.Set) map[nixexpr.Node]bool {
	nested := map[nixexpr.Node]bool{}
	for _, name := range body.Names() {
		f.prog.Reach(f.prog.Value(body.Get(name)), func(o *eval.Unknown) bool {
			if o == d.old {
				return false
			}
			inner := f.derivation(o)
			if inner == nil {
				return true
			}
			if base, ok := inner.base.(*eval.Unknown); ok && d.old != nil && base.Root() == d.old {
				return true // old.goModules.overrideAttrs is still this package's
			}
			if o.Node != nil {
				nested[o.Node] = true
			}
			return false
		})
	}
	return nested
}

// set collects the copies in the attributes of a set. A hash that names the version is a placeholder, and what
// passthru holds reaches neither the derivation nor meta.
func (c *copier) set(s *eval.Set) {
	for _, name := range s.Names() {
		if hashAttr.MatchString(name) {
			continue
		}
		if def := s.Get(name); def.File != nil && def.Expr != nil {
			c.file, c.outside = def.File, name == "passthru"
			c.in(def.Expr)
		}
	}
	c.outside = false
}

// in collects the copies in one expression. What is another package's, or another source's, does not move
// without that one's hash; what names a file of the flake does not move without the file.
func (c *copier) in(e nixexpr.Expr) {
	nixexpr.Walk(e, func(n nixexpr.Node) bool {
		if c.nested[n] {
			return false
		}
		switch n := n.(type) {
		case *nixexpr.AttrSet:
			return !ofItsOwn(n)
		case *nixexpr.Path:
			return false
		case *nixexpr.Binary:
			return !c.compares(n) && !c.extends(n)
		case *nixexpr.Apply:
			return !c.compares(n) && !c.appends(n)
		case *nixexpr.Str:
			c.inString(n)
		}
		return true
	})
}

// ofItsOwn reports whether a set is that of another source or package.
func ofItsOwn(s *nixexpr.AttrSet) bool {
	has, hashed := map[string]bool{}, false
	for i := range s.Bindings {
		for _, a := range s.Bindings[i].Path {
			has[a.Name] = true
			hashed = hashed || hashAttr.MatchString(a.Name)
		}
	}
	return has["src"] || has["version"] && has["pname"] || hashed
}

// extends handles what is added to a path: ./patches + "/fix-X.patch".
func (c *copier) extends(n *nixexpr.Binary) bool {
	s, ok := n.Y.(*nixexpr.Str)
	if !ok || n.Op != nixexpr.OpAdd {
		return false
	}
	switch startOf(c.file, n.X) {
	case startText:
		return false
	case startUnknown:
		if len(s.Parts) == 0 || s.Parts[0].Expr != nil || !strings.HasPrefix(c.file.Text(s.Parts[0]), "/") {
			return false
		}
	}
	c.in(n.X)
	c.leave(s)
	return true
}

// appends handles a name below a path that a function makes of both: lib.path.append ./patches "fix-X.patch".
func (c *copier) appends(n *nixexpr.Apply) bool {
	s, ok := n.Arg.(*nixexpr.Str)
	fn, call := n.Fn.(*nixexpr.Apply)
	if !ok || !call || startOf(c.file, fn.Arg) != startPath {
		return false
	}
	c.leave(s)
	return true
}

// leave says of the copies in a string that names a file that they are left.
func (c *copier) leave(s *nixexpr.Str) {
	for i, part := range s.Parts {
		if part.Expr != nil {
			continue
		}
		for _, sl := range c.copies(s, i) {
			c.keep(sl, "names a file")
		}
	}
}

// keep notes a version that is not moved, and why.
func (c *copier) keep(s Slot, why string) {
	c.r.Notes = Union(c.r.Notes,
		[]string{fmt.Sprintf("the %s at %s %s and is left as it is", s.Old, posIn(c.file, s.Start), why)})
}

// literal is one part of a string.
func (c *copier) literal(s *nixexpr.Str, part int) eval.Literal {
	return eval.Literal{File: c.file.Name, Nix: c.file, Str: s, Part: part, Span: s.Span}
}

// copies are the places of the version in one part of a string.
func (c *copier) copies(s *nixexpr.Str, part int) []Slot {
	var list []Slot
	if c.f.prog.Interrupted() {
		return nil
	}
	for _, v := range c.versions {
		list = append(list, placesIn(c.literal(s, part), v, copyField)...)
	}
	return list
}

// move makes a copy one of the pin's literals.
func (c *copier) move(s Slot, at int) {
	c.r.Versions = append(c.r.Versions, c.f.slots.add(s, at))
}

func (c *copier) inString(s *nixexpr.Str) {
	tails, comments := c.fileTails(s), commentsIn(c.file, s)
	for i, part := range s.Parts {
		if part.Expr != nil {
			continue
		}
		text := c.file.Text(part)
		for _, helper := range c.f.pkg.Helpers {
			if strings.Contains(text, helper) {
				c.r.Helpers = Union(c.r.Helpers, []string{helper})
			}
		}
		for _, copied := range c.copies(s, i) {
			switch {
			case c.f.prog.Interrupted():
				return
			case c.outside, comments.cover(copied.Start):
			case copied.Start < tails[i]:
				c.keep(copied, "names a file")
			default:
				c.move(copied, s.Start())
			}
		}
		for _, companion := range c.r.Companions {
			// A companion's tag is too short to be looked for inside other text.
			if companion.Skip == "" && !companion.Derived && len(s.Parts) == 1 && text == companion.Old {
				id := c.f.slots.content(c.literal(s, i), companion.Old, companion.Of.tag())
				companion.Refs = unique(append(companion.Refs, id))
			}
		}
	}
}

const (
	wordStarts = " \t\r\n\"'`=:,;()<>"
	wordEnds   = " \t\r\n\"'`,;()<>"
)

// fileTails are, for each part of a string, up to where it goes on a path that an interpolation before it
// begins: of "${./patches}/fix-X.patch" all of the second.
func (c *copier) fileTails(s *nixexpr.Str) []int {
	tails := make([]int, len(s.Parts))
	inside, word := false, ""
	for i, part := range s.Parts {
		if part.Expr == nil {
			text := c.file.Text(part)
			end := strings.IndexAny(text, wordEnds)
			if inside {
				tails[i] = part.End()
				if end >= 0 {
					tails[i] = part.Start() + end
				}
			}
			inside = inside && end < 0
			word += text
			word = word[strings.LastIndexAny(word, wordStarts)+1:]
			continue
		}
		follows := i+1 < len(s.Parts) && s.Parts[i+1].Expr == nil && strings.HasPrefix(c.file.Text(s.Parts[i+1]), "/")
		if !inside && !strings.Contains(word, "/") {
			start := startOf(c.file, part.Expr)
			inside = start == startPath || start == startUnknown && follows
		}
	}
	return tails
}
