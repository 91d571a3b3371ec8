package bump

import (
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// copier finds what else in a derivation says the pinned version.
type copier struct {
	f        *finder
	d        *derivation
	p        *pin
	versions []string
	nested   map[nixexpr.Node]bool // calls inside that make other packages
	file     *nixexpr.File         // that is read
	read     map[nixexpr.Expr]int  // conditions, and to which depth: however many variables lead to one, it is read once
}

// readCopies finds what else in the derivation says the pinned version: literal copies inside its own
// attributes and its own fetch, the guards around it, and the files of the source that its phases call.
func (f *finder) readCopies(d *derivation, p *pin, body *eval.Set) {
	c := &copier{f: f, d: d, p: p, versions: union([]string{p.version, p.refOf}, nil), nested: f.nestedIn(d, body), read: map[nixexpr.Expr]int{}}
	c.set(body)
	for _, s := range f.sources(d, body) {
		if s.args != nil && s.kind != sourceOther {
			c.set(s.args)
		}
	}
	if d.call.Node != nil {
		c.file = d.call.File
		c.guards(d.call.Node)
	}
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

// set collects the copies in the attributes of a set.
func (c *copier) set(s *eval.Set) {
	for _, name := range s.Names() {
		if def := s.Get(name); def.File != nil && def.Expr != nil {
			c.file = def.File
			c.in(def.Expr)
		}
	}
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

// ofItsOwn says whether a set is that of another source or package.
func ofItsOwn(s *nixexpr.AttrSet) bool {
	has := map[string]bool{}
	for i := range s.Bindings {
		for _, a := range s.Bindings[i].Path {
			has[a.Name] = true
		}
	}
	return has["hash"] || has["sha256"] || has["src"] || has["version"] && has["pname"]
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
			c.left(sl, "names a file")
		}
	}
}

// left notes a version that is not moved, and why.
func (c *copier) left(sl versionSlot, why string) {
	at := placeOf(c.file, sl.start)
	c.p.notes = union(c.p.notes, []string{fmt.Sprintf("the %s at %s:%d:%d %s and is left as it is", sl.old, at.file, at.line, at.column, why)})
}

// copies are the places of the version in one part of a string.
func (c *copier) copies(s *nixexpr.Str, part int) []versionSlot {
	at := eval.Literal{File: c.file.Name, Nix: c.file, Str: s, Part: part, Span: s.Span}
	var slots []versionSlot
	for _, v := range c.versions {
		slots = append(slots, literalSlots(at, v, "version copy")...)
	}
	return slots
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
				c.p.helpers = union(c.p.helpers, []string{helper})
			}
		}
		for _, sl := range c.copies(s, i) {
			switch {
			case comments.cover(sl.start):
			case sl.start < tails[i]:
				c.left(sl, "names a file")
			default:
				c.p.texts = append(c.p.texts, sl)
			}
		}
		for _, companion := range c.p.companions {
			// A companion's tag is too short to be looked for inside other text.
			if companion.left == "" && !companion.derived && len(s.Parts) == 1 && text == companion.old {
				companion.addRef(eval.Literal{File: c.file.Name, Nix: c.file, Str: s, Part: i, Span: s.Span}, companion.of.Name+" tag")
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

func (c *companionPin) addRef(at eval.Literal, field string) {
	start, end := contentSpan(at)
	s := versionSlot{version: c.old, slot: slot{field: field, file: at.File, at: at.Span.Start(), start: start, end: end, old: c.old}}
	for _, known := range c.refs {
		if known.key() == s.key() {
			return
		}
	}
	c.refs = append(c.refs, s)
}
