package pin

import (
	"slices"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// conditional are nixpkgs' functions whose first argument decides whether the last one counts.
var conditional = []string{
	"mkIf", "optionalAttrs", "optional", "optionals", "optionalString", "throwIf", "throwIfNot", "warnIf", "warnIfNot",
}

// guards finds the conditions around a call that compare the overridden package's version with the pinned one: they
// say from when on the pin is not needed, and move along. Whatever else a condition compares with the same
// text stays, and is reported.
func (c *copier) guards(call nixexpr.Node) {
	around(c.file, call, func(n nixexpr.Node) {
		var cond nixexpr.Expr
		holds := true
		switch n := n.(type) {
		case *nixexpr.Assert:
			cond = n.Cond
		case *nixexpr.If:
			cond, holds = n.Cond, call.Start() < n.Then.End()
		case *nixexpr.Apply:
			if name, args := calleeOf(n); len(args) > 1 && slices.Contains(conditional, name) {
				cond, holds = args[0], name != "throwIf" && name != "warnIf"
			}
		}
		if cond != nil && call.Start() >= cond.End() {
			c.guarding, c.holds = true, holds
			c.condition(cond, lexicalDepth)
			c.guarding = false
		}
	})
}

// bytesPerStep is how much of a file is looked through, for the definition of a variable, for one step of the
// program's budget.
const bytesPerStep = 100

// condition reads a condition: what it is put together of, variables followed.
func (c *copier) condition(e nixexpr.Expr, depth int) {
	if depth <= c.read[e] || !c.f.prog.Pay(1+len(c.file.Src)/bytesPerStep) {
		return
	}
	c.read[e] = depth
	e = resolved(c.file, e)
	if c.compares(e) {
		return
	}
	switch n := e.(type) {
	case *nixexpr.Unary:
		c.holds = c.holds != (n.Op == nixexpr.OpNot)
		c.condition(n.X, depth-1)
		c.holds = c.holds != (n.Op == nixexpr.OpNot)
	case *nixexpr.Binary:
		c.condition(n.X, depth-1)
		c.condition(n.Y, depth-1)
	case *nixexpr.If:
		c.condition(n.Cond, depth-1)
		c.condition(n.Then, depth-1)
		c.condition(n.Else, depth-1)
	case *nixexpr.Apply:
		_, args := calleeOf(n)
		for _, arg := range args {
			c.condition(arg, depth-1)
		}
	case *nixexpr.Str:
		c.stays(n)
	}
}

// compares handles an expression that compares something with the pinned version.
func (c *copier) compares(e nixexpr.Expr) bool {
	how, sides := comparison(e)
	if len(sides) != 2 {
		return false
	}
	found := false
	for i, side := range sides {
		s, ok := resolved(c.file, side).(*nixexpr.Str)
		if !ok || !c.isVersion(s) {
			continue
		}
		switch {
		case !c.isBaseVersion(sides[1-i]):
			c.stays(s)
		case c.guarding && needsBase(how, i, c.holds):
			// Moved, the pin would have no effect, or the evaluation would end there.
			for _, copied := range c.copies(s, 0) {
				c.keep(copied, "decides whether this pin has an effect: it is compared with nixpkgs' own version,")
			}
		default:
			for _, guard := range placesIn(c.literal(s, 0), c.r.Version, guardField) {
				c.move(guard, s.Start())
			}
		}
		found = true
	}
	return found
}

// comparison takes a comparison of versions apart: how it compares, and what.
func comparison(e nixexpr.Expr) (how string, sides []nixexpr.Expr) {
	switch n := e.(type) {
	case *nixexpr.Binary:
		switch n.Op {
		case nixexpr.OpEqual:
			return "==", []nixexpr.Expr{n.X, n.Y}
		case nixexpr.OpNotEqual:
			return "!=", []nixexpr.Expr{n.X, n.Y}
		}
	case *nixexpr.Apply:
		switch name, args := calleeOf(n); name {
		case "versionOlder", "versionAtLeast", "compareVersions":
			return name, args
		}
	}
	return "", nil
}

// needsBase reports whether a comparison of nixpkgs' own version with the pinned one, which is written on a side of it,
// demands that nixpkgs has reached that version, when the comparison must hold or must not.
func needsBase(how string, side int, holds bool) bool {
	switch how {
	case "==":
		return holds
	case "!=":
		return !holds
	case "versionOlder":
		return (side == 0) == holds
	case "versionAtLeast":
		return (side == 1) == holds
	}
	return false
}

// isVersion reports whether a string is the pinned version, and nothing else.
func (c *copier) isVersion(s *nixexpr.Str) bool {
	return len(s.Parts) == 1 && s.Parts[0].Expr == nil && c.r.Version != "" &&
		c.file.Text(s.Parts[0]) == string(c.r.Version)
}

// stays reports a string of a condition that is not moved, unless it is the pin's own literal.
func (c *copier) stays(s *nixexpr.Str) {
	if !c.isVersion(s) {
		return
	}
	for _, id := range c.r.Versions {
		if c.f.slots.all[id].Pos == posIn(c.file, s.Start()) {
			return
		}
	}
	for _, copied := range c.copies(s, 0) {
		c.keep(copied, "is compared with something other than the overridden package's version")
	}
}

// isBaseVersion reports whether an expression is the version of the package that is overridden.
func (c *copier) isBaseVersion(e nixexpr.Expr) bool {
	switch n := resolved(c.file, e).(type) {
	case *nixexpr.Select:
		last := len(n.Path) - 1
		if n.Path[last].Name != "version" {
			return false
		}
		if last > 0 {
			return c.isBaseName(n.Path[last-1].Name)
		}
		return c.isBase(n.Set)
	case *nixexpr.Apply:
		name, args := calleeOf(n)
		return name == "getVersion" && len(args) == 1 && c.isBase(args[0])
	}
	return false
}

// isBase reports whether an expression is the package that is overridden.
func (c *copier) isBase(e nixexpr.Expr) bool {
	switch n := resolved(c.file, e).(type) {
	case *nixexpr.Ident:
		return c.isBaseName(n.Name) || n.Name == c.d.oldName()
	case *nixexpr.Select:
		return c.isBaseName(n.Path[len(n.Path)-1].Name)
	}
	return false
}

func (c *copier) isBaseName(name string) bool {
	return name != "" && (name == c.r.base || c.f.pkg.isVariant(name))
}

// oldName is what an override calls the attributes that it overrides; "" when it does not name them.
func (d *derivation) oldName() string {
	if d.old == nil || d.call.Arg == nil {
		return ""
	}
	l, _ := nixexpr.Unparen(d.call.Arg.Expr).(*nixexpr.Lambda)
	if l == nil {
		return ""
	}
	if inner, two := l.Body.(*nixexpr.Lambda); two {
		return inner.Arg
	}
	return l.Arg
}
