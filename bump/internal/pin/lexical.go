package pin

import (
	"regexp"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// What an expression is, as far as its own file tells without its being evaluated: enough for the conditions
// around a pin, and for strings that name files.

// lexicalDepth is how many variables are followed.
const lexicalDepth = 8

// variable is the expression that a variable of the same file stands for; nil for a parameter and
// whatever else is not written there.
func variable(file *nixexpr.File, id *nixexpr.Ident) nixexpr.Expr {
	var found nixexpr.Expr
	around(file, id, func(n nixexpr.Node) {
		if b, ok := nixexpr.Binds(n, id.Name); ok {
			if found = nil; b != nil && len(b.Path) == 1 {
				found = b.Value
			}
		}
	})
	return found
}

// around visits the nodes that a node stands in, from the outermost to the node itself.
func around(file *nixexpr.File, node nixexpr.Node, visit func(nixexpr.Node)) {
	nixexpr.Walk(file.Root, func(n nixexpr.Node) bool {
		if !contains(n, node) {
			return false
		}
		visit(n)
		return true
	})
}

// resolved is an expression without the parentheses around it and the variables before it.
func resolved(file *nixexpr.File, e nixexpr.Expr) nixexpr.Expr {
	for range lexicalDepth {
		switch n := e.(type) {
		case *nixexpr.Paren:
			e = n.X
		case *nixexpr.Let:
			e = n.Body
		case *nixexpr.Ident:
			value := variable(file, n)
			if value == nil {
				return e
			}
			e = value
		default:
			return e
		}
	}
	return e
}

// calleeOf is the last name of the function that a call calls, and the call's arguments.
func calleeOf(e nixexpr.Expr) (name string, args []nixexpr.Expr) {
	for {
		switch n := e.(type) {
		case *nixexpr.Apply:
			args = append([]nixexpr.Expr{n.Arg}, args...)
			e = n.Fn
		case *nixexpr.Select:
			return n.Path[len(n.Path)-1].Name, args
		case *nixexpr.Ident:
			return n.Name, args
		default:
			return "", args
		}
	}
}

// start is what a text begins with.
type start int

const (
	startUnknown start = iota
	startText
	startPath // a file of the flake, or in the store
)

// textAttr is an attribute of packages and sources that holds text.
var textAttr = regexp.MustCompile(`^(version|p?name|owner|repo|rev|tag|url|homepage)$`)

// startOf says what the text of an expression begins with.
func startOf(file *nixexpr.File, e nixexpr.Expr) start {
	return startWithin(file, e, lexicalDepth)
}

func startWithin(file *nixexpr.File, e nixexpr.Expr, depth int) start {
	if depth == 0 {
		return startUnknown
	}
	switch n := resolved(file, e).(type) {
	case *nixexpr.Path, *nixexpr.SearchPath:
		return startPath
	case *nixexpr.URI:
		return startText
	case *nixexpr.Str:
		if len(n.Parts) > 0 && n.Parts[0].Expr != nil {
			return startWithin(file, n.Parts[0].Expr, depth-1)
		}
		return startText
	case *nixexpr.Binary:
		if n.Op == nixexpr.OpAdd {
			return startWithin(file, n.X, depth-1)
		}
	case *nixexpr.Select:
		if textAttr.MatchString(n.Path[len(n.Path)-1].Name) {
			return startText
		}
	case *nixexpr.Ident:
		if textAttr.MatchString(n.Name) {
			return startText
		}
	case *nixexpr.Apply:
		switch name, args := calleeOf(n); name {
		case "placeholder":
			return startText
		case "toString":
			return startWithin(file, args[0], depth-1)
		}
	}
	return startUnknown
}
