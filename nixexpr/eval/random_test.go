package eval_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
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
		fmt.Sprintf("%s = %s{ %s = %s; %s = %s; }; ", name, r.one("", "rec "), keys[1], r.str(depth), keys[2],
			r.one(keys[0], keys[3], r.literal())),
	}
	if r.IntN(3) == 0 {
		parts = append(parts, fmt.Sprintf("%s = %s{ %s = %s; }; ", name, r.one("", "rec "), keys[3],
			r.one(keys[:3]...)))
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
	return "{ " + strings.Join(formals, ", ") + " }" + whole + ": " + r.within(names,
		func() string { return body(depth) })
}

// frames is a list of everything that an expression comes to in scopes and functions around it.
func (r *teller) frames(depth int) string {
	if depth <= 0 {
		return "[ " + r.atom(2) + " ]"
	}
	body := func(int) string { return "(" + r.frames(depth-1) + ")" }
	fn := func() string { return "(" + r.lambda(1, body) + ")" }
	switch r.IntN(8) {
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
		return "let s = { x = " + r.one("", "rec ") + "{ a = " + r.literal() + "; }; x." + r.one("b",
			"c.d") + " = " + body(0) + "; }; in s.x.b or s.x.c.d"
	}
	names, bindings := r.bindings(1, true)
	return r.within(names, func() string { return "(rec { " + bindings() + "x = " + body(0) + "; }).x" })
}

// A told is an expression that is a list, and the texts of its elements where they are known.
type told struct {
	src   string
	texts []string // "" where an element's is not known; no text of a teller is empty
}

// tell makes an expression and evaluates it; ok is false when no element is known.
func (r *teller) tell(ctx context.Context) (t told, ok bool) {
	r.count, r.scope = 0, nil
	t.src = r.frames(r.IntN(4))
	f, err := nixexpr.Parse("told.nix", []byte(t.src))
	if err != nil {
		return t, false
	}
	p := eval.NewProgram(ctx, []*nixexpr.File{f})
	list, isList := p.Value(p.Root(f)).(*eval.List)
	if !isList {
		return t, false
	}
	for _, d := range list.Elems {
		text := ""
		if v, isText := p.Value(d).(*eval.Text); isText {
			text, _ = v.String()
		}
		t.texts = append(t.texts, text)
		ok = ok || text != ""
	}
	return t, ok
}

// evaluate is what Nix says of expressions: nil and a message when one of them is an error.
func evaluate(t testing.TB, list []told) ([][]string, string) {
	t.Helper()
	var src bytes.Buffer
	src.WriteString("with { }; [\n")
	for _, it := range list {
		src.WriteString("(" + it.src + ")\n")
	}
	src.WriteString("]\n")
	home := t.TempDir()
	cmd := exec.Command("nix-instantiate", "--eval", "--strict", "--json", "-")
	cmd.Dir, cmd.Stdin = home, &src
	cmd.Env = append(os.Environ(), "HOME="+home, "NIX_STORE_DIR="+home+"/store", "NIX_STATE_DIR="+home+"/var",
		"NIX_LOG_DIR="+home+"/log", "NIX_CONF_DIR="+home+"/etc", "NIX_LOCALSTATE_DIR="+home+"/var")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		require.NotErrorIs(t, err, exec.ErrNotFound, "this test needs nix-instantiate on PATH; -short leaves it out")
		return nil, stderr.String()
	}
	var values [][]string
	if err := json.Unmarshal(stdout.Bytes(), &values); err != nil {
		return nil, err.Error()
	}
	return values, ""
}

// wrong calls report for the texts that Nix does not find; when Nix refuses the list, halves are asked. Where
// an expression has no value at all, any answer is as good as another.
func wrong(t testing.TB, list []told, report func(it told, i int, nix string)) {
	values, message := evaluate(t, list)
	switch {
	case message == "":
		for i, it := range list {
			for j, text := range it.texts {
				if text != "" && values[i][j] != text {
					report(it, j, values[i][j])
				}
			}
		}
	case len(list) > 1:
		wrong(t, list[:len(list)/2], report)
		wrong(t, list[len(list)/2:], report)
	}
}

// TestRandom compares the texts that are found in random expressions with those that Nix finds; NIXEXPR_RANDOM
// says in how many.
func TestRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("needs Nix")
	}
	count := 400
	if text := os.Getenv("NIXEXPR_RANDOM"); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	r := &teller{Rand: rand.New(rand.NewPCG(2, uint64(count)))}
	var answers []told
	for range count {
		if told, ok := r.tell(t.Context()); ok {
			answers = append(answers, told)
		}
	}
	for from := 0; from < len(answers); from += 1000 {
		wrong(t, answers[from:min(from+1000, len(answers))], func(it told, i int, nix string) {
			t.Errorf("%s\nelement %d is found to be %q, by Nix %q", it.src, i, it.texts[i], nix)
		})
	}
	t.Logf("%d of %d have an answer", len(answers), count)
	require.Greater(t, len(answers), count/3)
}
