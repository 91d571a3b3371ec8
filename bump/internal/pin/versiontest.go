package pin

import (
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// versionTest is a test of a package that names the version which the package is to say.
type versionTest struct {
	diag.Pos // of the call that makes the package
	version  *eval.Def
}

// noteVersionTest notes a call of testers.testVersion.
func (f *finder) noteVersionTest(o *eval.Unknown) {
	name, args := o.Callee()
	if name != "testVersion" || len(args) != 1 {
		return
	}
	set, ok := f.prog.Value(args[0]).(*eval.Set)
	if !ok || set.Get("package") == nil || set.Get("version") == nil {
		return
	}
	if tested, ok := f.prog.Value(set.Get("package")).(*eval.Unknown); ok && tested.Node != nil {
		f.facts.tests = append(f.facts.tests, versionTest{callPos(tested), set.Get("version")})
	}
}

// readVersionTests adds the versions that tests of the pins expect: they move with the pin.
func (f *finder) readVersionTests(g *groups) {
	for _, t := range f.facts.tests {
		text, ok := f.prog.Value(t.version).(*eval.Text)
		if !ok {
			continue
		}
		for _, r := range g.pins {
			if said, known := text.String(); r.Pos != t.Pos || !known || version.Version(said) != r.Version {
				continue
			}
			if ids, err := f.slots.inText(text, r.Version, copyField); err == nil {
				r.Versions = unique(append(r.Versions, ids...))
			}
		}
	}
}
