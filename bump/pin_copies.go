package bump

import (
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// readCopies finds what else in the derivation says the pinned version: literal copies inside its own
// attributes, the guards around it, and the files of the source that its phases call.
func (f *finder) readCopies(d *derivation, p *pin, body *nixexpr.Set) {
	versions := []string{p.version}
	if p.refOf != p.version && p.refOf != "" {
		versions = append(versions, p.refOf)
	}
	for _, name := range body.Names() {
		def := body.Get(name)
		if def.File == nil || def.Expr == nil {
			continue
		}
		f.copiesIn(p, def.File, def.Expr, versions)
	}
	if d.call.Node != nil {
		f.guards(p, d.call.File, d.call.Node)
	}
}

// copiesIn collects the copies in one attribute's expression. A set with a hash of its own is
// another source's: its URL does not move without its hash.
func (f *finder) copiesIn(p *pin, file *nixexpr.File, e nixexpr.Expr, versions []string) {
	nixexpr.Walk(e, func(n nixexpr.Node) bool {
		switch n := n.(type) {
		case *nixexpr.AttrSet:
			return !hasHash(n)
		case *nixexpr.Str:
			f.copiesInString(p, file, n, versions)
		}
		return true
	})
}

func hasHash(s *nixexpr.AttrSet) bool {
	for i := range s.Bindings {
		for _, a := range s.Bindings[i].Path {
			if a.Name == "hash" || a.Name == "sha256" {
				return true
			}
		}
	}
	return false
}

func (f *finder) copiesInString(p *pin, file *nixexpr.File, s *nixexpr.Str, versions []string) {
	for i, part := range s.Parts {
		if part.Expr != nil {
			continue
		}
		at := nixexpr.Literal{File: file.Name, Nix: file, Str: s, Part: i, Span: s.Span}
		text := file.Text(part)
		for _, helper := range f.pkg.Helpers {
			if strings.Contains(text, helper) {
				p.helpers = union(p.helpers, []string{helper})
			}
		}
		for _, v := range versions {
			if v == "" {
				continue
			}
			for _, sl := range literalSlots(at, v, "version copy") {
				if !inShellComment(file, s, sl.start) {
					p.texts = append(p.texts, sl)
				}
			}
		}
		for _, c := range p.companions {
			// A companion's tag is too short to be looked for inside other text.
			if c.left == "" && !c.derived && len(s.Parts) == 1 && text == c.old {
				c.addRef(at, c.of.Name+" tag")
			}
		}
	}
}

func (c *companionPin) addRef(at nixexpr.Literal, field string) {
	start, end := contentSpan(at)
	s := versionSlot{version: c.old, slot: slot{field: field, file: at.File, at: at.Span.Start(), start: start, end: end, old: c.old}}
	for _, known := range c.refs {
		if known.key() == s.key() {
			return
		}
	}
	c.refs = append(c.refs, s)
}

// inShellComment says whether an offset in a string stands behind a # that begins a word: a comment
// of the shell script that the string is.
func inShellComment(file *nixexpr.File, s *nixexpr.Str, offset int) bool {
	line := string(file.Src[s.Start():offset])
	if i := strings.LastIndexByte(line, '\n'); i >= 0 {
		line = line[i+1:]
	} else if !s.Indented {
		return false
	}
	for i := 0; i < len(line); i++ {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t' || line[i-1] == '\'') {
			return true
		}
	}
	return false
}

// guards finds the conditions around a pin that compare with the pinned version: asserts, and
// conditionals such as versionOlder prev.ollama.version "X".
func (f *finder) guards(p *pin, file *nixexpr.File, call nixexpr.Node) {
	nixexpr.Walk(file.Root, func(n nixexpr.Node) bool {
		if n.Start() > call.Start() || n.End() < call.End() {
			return false
		}
		var cond nixexpr.Expr
		switch n := n.(type) {
		case *nixexpr.Assert:
			cond = n.Cond
		case *nixexpr.If:
			cond = n.Cond
		}
		if cond == nil || call.Start() < cond.End() {
			return true
		}
		nixexpr.Walk(cond, func(c nixexpr.Node) bool {
			if s, ok := c.(*nixexpr.Str); ok && len(s.Parts) == 1 && s.Parts[0].Expr == nil && file.Text(s.Parts[0]) == p.version {
				at := nixexpr.Literal{File: file.Name, Nix: file, Str: s, Span: s.Span}
				p.texts = append(p.texts, literalSlots(at, p.version, "guard")...)
			}
			return true
		})
		return true
	})
}
