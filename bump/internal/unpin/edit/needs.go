package edit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// maxNeeds bounds how many places a refusal names.
const maxNeeds = 12

// need is a place that stays and needs what goes.
type need struct {
	at   diag.Pos
	text string
}

// need notes a place that stays and needs what goes.
func (r *remover) need(f *nixexpr.File, n nixexpr.Node, format string, args ...any) {
	if made := (need{place(f, n), fmt.Sprintf(format, args...)}); !slices.Contains(r.needs, made) {
		r.needs = append(r.needs, made)
	}
}

// refusal is the error that names every place that needs what goes, nil when there is none.
func (r *remover) refusal() error {
	if len(r.needs) == 0 {
		return nil
	}
	slices.SortFunc(r.needs, func(a, b need) int {
		return cmp.Or(cmp.Compare(a.at.File, b.at.File), cmp.Compare(a.at.Line, b.at.Line),
			cmp.Compare(a.at.Column, b.at.Column), cmp.Compare(a.text, b.text))
	})
	var more []string
	for _, n := range r.needs[1:] {
		more = append(more, n.at.String()+": "+n.text)
	}
	text := strings.Join(append([]string{r.needs[0].text}, diag.Limit(more, maxNeeds)...), "; ")
	return diag.At(r.needs[0].at, "remove pin: "+text, "remove the override by hand")
}

// allGone notes what needs the literals of a pin that do not go. One that is not written in Nix is an error.
func (r *remover) allGone(files []*nixexpr.File, pin *Pin) error {
	for _, l := range pin.Literals {
		i := slices.IndexFunc(files, func(f *nixexpr.File) bool { return f.Name == l.File })
		if i < 0 {
			return diag.At(l.Pos, fmt.Sprintf("remove pin: the %s stands in a file that is not Nix", l.What),
				"remove the override and its values there by hand")
		}
		f, n := files[i], literal{l}
		if r.prunings[f].Gone(n) {
			continue
		}
		for _, use := range r.users(f, n, map[nixexpr.Node]bool{}) {
			if use == nixexpr.Node(n) {
				r.need(f, n, "the %s of the pin stands here as well", l.What)
			} else {
				r.need(f, use, "this needs the %s at %s", l.What, place(f, n))
			}
		}
	}
	return nil
}

// users are the places that stay and need a node: what refers to the variable of a let that it defines, and so on, or
// else the node.
func (r *remover) users(f *nixexpr.File, n nixexpr.Node, seen map[nixexpr.Node]bool) []nixexpr.Node {
	p := r.prunings[f]
	var list []nixexpr.Node
	defines := false
	nixexpr.Walk(f.Root, func(outer nixexpr.Node) bool {
		if n.Start() < outer.Start() || outer.End() < n.End() {
			return false
		}
		b, ok := outer.(*nixexpr.Binding)
		if !ok || b.Value == nil || b.Path[0].Expr != nil {
			return true
		}
		let, ok := p.Parent(b).(*nixexpr.Let)
		if !ok {
			return true
		}
		for _, use := range usesIn(let, b.Path[0].Name) {
			if p.Gone(use) || b.Start() <= use.Start() && use.End() <= b.End() {
				continue
			}
			defines = true
			if !seen[use] {
				seen[use] = true
				list = append(list, r.users(f, use, seen)...)
			}
		}
		return true
	})
	if !defines {
		return []nixexpr.Node{n}
	}
	return list
}

// literal is a Literal as a node.
type literal struct{ l Literal }

func (l literal) Start() int { return l.l.Start }
func (l literal) End() int   { return l.l.End }
