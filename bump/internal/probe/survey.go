package probe

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// isConfiguration reports whether an output is a configuration or lies in one.
func isConfiguration(where string) bool {
	family, _, ok := strings.Cut(where, ".")
	return ok && strings.HasSuffix(family, "Configurations")
}

func ofConfiguration(b Broken) bool { return isConfiguration(b.Where) }

// survey evaluates each configuration that a question is about by itself, all in one process, and adds those that do
// not evaluate to what is known to be broken.
func (b *Bench) survey(ctx context.Context, q Question, known []Broken) ([]Broken, error) {
	for _, k := range known {
		q.Skip = append(slices.Clone(q.Skip), k.Where)
	}
	req := b.request(q)
	req.Survey = pin.System()
	req.Families = slices.DeleteFunc(req.Families, func(f string) bool { return !isConfiguration(f + ".") })
	if err := b.prepare(ctx, req); err != nil {
		return nil, err
	}
	report, err := b.run.Check(ctx, b.flakeRef(), b.nonce)
	if err != nil {
		return nil, err
	}
	return append(known, failed(report, q.State)...), nil
}

// failed are the groups of a survey that were begun and not ended, and that an attempt would pass over for what Nix
// says. What else ended one is for an attempt to meet: a hash of the state that is to be found, say, or a Nix that was
// killed. Nix reports errors in the order of the groups.
func failed(report nix.CheckReport, state State) []Broken {
	var begun []string
	passed := map[string]bool{}
	for _, text := range report.Traces {
		var l line
		if json.Unmarshal([]byte(text), &l) != nil {
			continue
		}
		if l.Group != "" {
			begun = append(begun, l.Group)
		}
		passed[l.Passed] = true
	}
	begun = slices.DeleteFunc(begun, func(where string) bool { return passed[where] })
	var list []Broken
	for i, fail := range report.Failures[:min(len(begun), len(report.Failures))] {
		if Evaluation(fail) && !state.fetches(fail) {
			list = append(list, Broken{begun[i], fail.Kind, fail.Text})
		}
	}
	return list
}
