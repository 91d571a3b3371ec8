package nixexpr_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// A teller makes expressions that Nix can evaluate, mostly. A name tells what it stands for: a, b, c and d are
// strings, m and n strings that are one of these names, p and q booleans, s and t sets, f and g functions of
// strings, h functions of sets. The same few names everywhere make them hide one another.
type teller struct {
	*rand.Rand
	count int
	scope []string // names that are there, as a rule
}

var (
	strNames, keyNames, boolNames = []string{"a", "b", "c", "d"}, []string{"m", "n"}, []string{"p", "q"}
	setNames, fnNames, takerNames = []string{"s", "t"}, []string{"f", "g"}, []string{"h"}
	allNames                      = []string{"a", "b", "c", "d", "a", "b", "m", "n", "p", "q", "s", "t", "f", "g", "h"}
)

func (r *teller) one(of ...string) string { return of[r.IntN(len(of))] }

// known is a name of a kind, one of the scope if it can be.
func (r *teller) known(kind []string) string {
	var there []string
	for _, name := range r.scope {
		if strings.Contains(" "+strings.Join(kind, " ")+" ", " "+name+" ") {
			there = append(there, name)
		}
	}
	if len(there) == 0 || r.IntN(12) == 0 {
		return ""
	}
	return r.one(there...)
}

// within makes something in a scope of more names.
func (r *teller) within(names []string, make func() string) string {
	old := r.scope
	r.scope = append(append([]string{}, old...), names...)
	defer func() { r.scope = old }()
	return make()
}

// value is an expression of the kind that a name stands for.
func (r *teller) value(name string, depth int) string {
	switch name {
	case "m", "n":
		return `"` + r.one(strNames...) + `"`
	case "p", "q":
		return r.boolean()
	case "s", "t":
		return r.set(depth - 1)
	case "f", "g":
		return "(" + r.lambda(depth-1, r.str) + ")"
	case "h":
		return "(" + r.taker(depth-1, r.one("...", ""), r.str) + ")"
	}
	return r.str(depth - 1)
}

func (r *teller) boolean() string {
	if name := r.known(boolNames); name != "" && r.IntN(2) == 0 {
		return name
	}
	return r.one("true", "false")
}

// key is an attribute name: a plain or a computed one.
func (r *teller) key() string {
	if r.IntN(5) > 0 {
		return r.one(strNames...)
	}
	if name := r.known(keyNames); name != "" {
		return "${" + name + "}"
	}
	return `${"` + r.one(strNames...) + `" + ""}`
}

// literal is a text that no other literal has.
func (r *teller) literal() string {
	r.count++
	return fmt.Sprintf(`"%d."`, r.count)
}

func (r *teller) str(depth int) string {
	if depth <= 0 {
		if name := r.known(strNames); name != "" && r.IntN(4) > 0 {
			return name
		}
		return r.literal()
	}
	depth--
	switch r.IntN(14) {
	case 0:
		return `"` + r.one("v", "") + "${" + r.str(depth) + `}"`
	case 1:
		return "(" + r.str(depth) + " + " + r.str(depth) + ")"
	case 2, 3:
		return "(" + r.scoped(depth, r.str) + ")"
	case 4:
		return "(if " + r.boolean() + " then " + r.str(depth) + " else " + r.str(depth) + ")"
	case 5, 6:
		return r.operand(depth) + "." + r.key() + " or " + r.atom(depth)
	case 7:
		return r.operand(depth) + ".s." + r.key() + " or " + r.atom(depth)
	case 8:
		return "(" + r.fn(fnNames, depth) + " " + r.atom(depth) + ")"
	case 9:
		return "(" + r.fn(takerNames, depth) + " " + r.operand(depth) + ")"
	case 10:
		return "(builtins.mapAttrs (a: b: a + b) " + r.operand(depth) + ")." + r.key() + " or " + r.literal()
	case 11:
		return "(assert true; " + r.str(depth) + ")"
	case 12:
		return "(if " + r.operand(depth) + " ? " + r.key() + " then " + r.str(depth) + " else " + r.str(depth) + ")"
	}
	return r.str(0)
}

func (r *teller) atom(depth int) string { return "(" + r.str(depth) + ")" }

// operand is a set that something is selected from.
func (r *teller) operand(depth int) string {
	if name := r.known(setNames); name != "" && r.IntN(3) > 0 {
		return name
	}
	return "(" + r.set(depth) + ")"
}

func (r *teller) fn(kind []string, depth int) string {
	if name := r.known(kind); name != "" && r.IntN(4) > 0 {
		return name
	}
	return r.value(kind[0], depth)
}

func (r *teller) set(depth int) string {
	if depth <= 0 {
		if name := r.known(setNames); name != "" && r.IntN(3) > 0 {
			return name
		}
		return "{ " + r.one(strNames...) + " = " + r.literal() + "; }"
	}
	depth--
	switch r.IntN(8) {
	case 0, 1:
		return "(" + r.set(depth) + " // " + r.set(depth) + ")"
	case 2:
		return "(if " + r.boolean() + " then " + r.set(depth) + " else " + r.set(depth) + ")"
	case 3:
		return "(" + r.scoped(depth, r.set) + ")"
	case 4:
		names, bindings := r.bindings(depth, true)
		return r.within(names, func() string { return "rec { " + bindings() + "}" })
	}
	_, bindings := r.bindings(depth, true)
	return "{ " + bindings() + "}"
}

// bindings are the names of some bindings, and these. Only the parser of Nix tells for sure which of them merge.
func (r *teller) bindings(depth int, computed bool) ([]string, func() string) {
	var names []string
	taken := map[string]bool{}
	for range 1 + r.IntN(4) {
		if name := r.one(allNames...); !taken[name] {
			taken[name] = true
			names = append(names, name)
		}
	}
	return names, func() string {
		var b strings.Builder
		for _, name := range names {
			switch {
			case (name == "s" || name == "t") && r.IntN(2) == 0:
				b.WriteString(r.merged(name, depth))
			case slices.Contains(r.scope, name) && r.IntN(4) == 0:
				fmt.Fprintf(&b, "inherit %s; ", name)
			case r.IntN(8) == 0:
				fmt.Fprintf(&b, "inherit (%s) %s; ", r.operand(depth), name)
			default:
				fmt.Fprintf(&b, "%s = %s; ", name, r.value(name, depth))
			}
		}
		if computed && r.IntN(5) == 0 {
			if name := r.one("a", "b", "s", "t"); !taken[name] && (name == "a" || name == "b") {
				fmt.Fprintf(&b, `${"%s" + ""} = %s; `, name, r.str(depth))
			} else if !taken[name] {
				fmt.Fprintf(&b, `${"%s" + ""}.%s = %s; `, name, r.one(strNames...), r.str(depth))
			}
		}
		return b.String()
	}
}

// merged are two definitions of one set.
func (r *teller) merged(name string, depth int) string {
	keys := append([]string{}, strNames...)
	r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	parts := []string{
		fmt.Sprintf("%s.%s = %s; ", name, keys[0], r.str(depth)),
		fmt.Sprintf("%s = %s{ %s = %s; %s = %s; }; ", name, r.one("", "rec "), keys[1], r.str(depth), keys[2], r.one(keys[0], keys[3], r.literal())),
	}
	if r.IntN(3) == 0 {
		parts = append(parts, fmt.Sprintf("%s = %s{ %s = %s; }; ", name, r.one("", "rec "), keys[3], r.one(keys[:3]...)))
	}
	r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return strings.Join(parts, "")
}

// scoped is something in a let or a with.
func (r *teller) scoped(depth int, body func(int) string) string {
	switch r.IntN(5) {
	case 0, 1:
		return "with " + r.operand(depth) + "; " + r.within(strNames, func() string { return body(depth) })
	case 2:
		names, bindings := r.bindings(depth, false)
		return r.within(names, func() string { return "let { " + bindings() + "body = " + body(depth) + "; }" })
	}
	names, bindings := r.bindings(depth, false)
	return r.within(names, func() string { return "let " + bindings() + "in " + body(depth) })
}

func (r *teller) lambda(depth int, body func(int) string) string {
	arg := r.one(strNames...)
	return arg + ": " + r.within([]string{arg}, func() string { return body(depth) })
}

// taker is a function of a set; with an ellipsis it takes any.
func (r *teller) taker(depth int, ellipsis string, body func(int) string) string {
	names := []string{"a", "b", "c"}[:1+r.IntN(3)]
	var formals []string
	for _, name := range names {
		if ellipsis == "" && r.IntN(4) == 0 {
			formals = append(formals, name)
			continue
		}
		formals = append(formals, name+" ? "+r.within(names, func() string { return r.atom(depth - 1) }))
	}
	if ellipsis != "" {
		formals = append(formals, ellipsis)
	}
	whole := r.one("", " @ t")
	if whole != "" {
		names = append(names[:len(names):len(names)], "t")
	}
	return "{ " + strings.Join(formals, ", ") + " }" + whole + ": " + r.within(names, func() string { return body(depth) })
}

// frames is a list of everything that the marked expression comes to.
func (r *teller) frames(depth int) string {
	if depth <= 0 {
		return "[ «" + r.atom(2) + "» ]"
	}
	body := func(int) string { return "(" + r.frames(depth-1) + ")" }
	fn := func() string { return "(" + r.lambda(1, body) + ")" }
	switch r.IntN(12) {
	case 0, 1, 2:
		return r.scoped(2, body)
	case 3:
		return fn() + " " + r.atom(1)
	case 4:
		return "(" + r.taker(1, "...", body) + ") " + r.operand(2)
	case 5:
		return "let f = " + fn() + "; in f " + r.atom(1) + " ++ f " + r.atom(1)
	case 6:
		return "let h = (" + r.taker(1, "...", body) + "); in h " + r.operand(1) + " ++ h " + r.operand(1)
	case 7:
		return "builtins.concatLists (map " + fn() + " [ " + r.atom(1) + " " + r.atom(0) + " ])"
	case 8:
		return "(builtins.head [ " + fn() + " ]) " + r.atom(1)
	case 9:
		return "let s = { x = " + r.one("", "rec ") + "{ a = " + r.literal() + "; }; x." + r.one("b", "c.d") + " = " + body(0) + "; }; in s.x.b or s.x.c.d"
	case 10:
		return "{ __functor = self: " + fn() + "; } " + r.atom(1)
	}
	names, bindings := r.bindings(1, true)
	return r.within(names, func() string { return "(rec { " + bindings() + "x = " + body(0) + "; }).x" })
}

// A told is an expression of which Lookup says that it is text.
type told struct {
	src, text string
	alone     bool // nothing stands around it that may be an error itself, or more than one value
}

// tell makes an expression and asks Lookup; ok is false when that gives no answer or the expression is none.
func (r *teller) tell() (told, bool) {
	r.count, r.scope = 0, nil
	marked := r.frames(r.IntN(4))
	before, rest, _ := strings.Cut(marked, "«")
	expr, after, _ := strings.Cut(rest, "»")
	t := told{src: before + expr + after, alone: before == "[ "}
	f, err := nixexpr.Parse("told.nix", []byte(t.src))
	if err != nil {
		return t, false
	}
	var found nixexpr.Expr
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		if e, ok := n.(nixexpr.Expr); ok && found == nil && n.Start() == len(before) && n.End() == len(before)+len(expr) {
			found = e
		}
		return found == nil
	})
	got, err := nixexpr.NewProgram([]*nixexpr.File{f}).Lookup(f, found)
	if err != nil {
		return t, false
	}
	for _, piece := range got.Pieces {
		t.text += piece.Text
	}
	return t, true
}

// refusal matches what Nix says of what Lookup is to refuse as well. Other errors mean that the expression has no
// value, as in assert s ? a; "1" where s needs itself: "1" is then the only one that it may have.
var refusal = regexp.MustCompile(`called with|already defined|while a set was expected|assertion`)

// evaluate is what Nix says of expressions: nil and a message when one of them is an error.
func (o *oracle) evaluate(list []told) ([][]string, string) {
	var src bytes.Buffer
	src.WriteString("with { }; [\n")
	for _, t := range list {
		src.WriteString("(" + t.src + ")\n")
	}
	src.WriteString("]\n")
	cmd := exec.Command("nix-instantiate", "--eval", "--strict", "--json", "-")
	cmd.Dir, cmd.Env, cmd.Stdin = o.dir, o.env, &src
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, stderr.String()
	}
	var values [][]string
	if err := json.Unmarshal(stdout.Bytes(), &values); err != nil {
		return nil, err.Error()
	}
	return values, ""
}

// wrong calls report for the answers that Nix does not give; when Nix refuses the list, halves are asked.
func (o *oracle) wrong(list []told, report func(t told, nix string)) {
	values, message := o.evaluate(list)
	switch {
	case message == "":
		for i, t := range list {
			for _, v := range values[i] {
				if v != t.text {
					report(t, strconv.Quote(v))
					break
				}
			}
		}
	case len(list) == 1:
		if list[0].alone && refusal.MatchString(message) {
			report(list[0], message)
		}
	default:
		o.wrong(list[:len(list)/2], report)
		o.wrong(list[len(list)/2:], report)
	}
}

// TestLookupRandom compares the answers of Lookup to random expressions with those of Nix; NIXEXPR_RANDOM
// says to how many. Where Lookup gives none, that is fine, but most have one.
func TestLookupRandom(t *testing.T) {
	count := 1200
	if text := os.Getenv("NIXEXPR_RANDOM"); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	o := newOracle(t)
	r := &teller{Rand: rand.New(rand.NewPCG(2, uint64(count)))}
	var answers []told
	for range count {
		if told, ok := r.tell(); ok {
			answers = append(answers, told)
		}
	}
	for from := 0; from < len(answers); from += 1000 {
		o.wrong(answers[from:min(from+1000, len(answers))], func(it told, nix string) {
			t.Errorf("%s\nLookup says %q, Nix %s", it.src, it.text, nix)
		})
	}
	t.Logf("%d of %d have an answer", len(answers), count)
	require.Greater(t, len(answers), count/3)
}
