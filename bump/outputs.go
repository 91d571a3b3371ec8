package bump

import (
	"context"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/unpin"
)

// Outputs returns the packages of this system that Options.Attr can name: those that show a pin as the flake stands.
// Nothing is built, and no configuration is evaluated.
func Outputs(ctx context.Context, o Options) ([]string, error) {
	o.Attr = ""
	r, err := newRun(o)
	if err != nil {
		return nil, err
	}
	all, err := r.outputs(ctx)
	return all, r.redactedError(withHint(err))
}

func (r *run) outputs(ctx context.Context) ([]string, error) {
	at := &start{}
	defer func() { at.base.Close() }()
	f, err := r.open(ctx, at)
	if err != nil {
		return nil, err
	}
	defer f.close()
	b := r.newBench(f)
	defer b.close()
	if err := r.openBench(ctx, b, "pin"); err != nil {
		return nil, err
	}
	q := unpin.Question(f.found)
	q.All = true
	q.Skip = []string{"overlays", "nixosConfigurations", "darwinConfigurations", "homeConfigurations"}
	a, err := b.Ask(ctx, q)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, o := range a.Outputs {
		if len(o.Pins) > 0 && strings.Contains(o.Where, "ackages.") && !slices.Contains(all, o.Where) {
			all = append(all, o.Where)
		}
	}
	return all, nil
}
