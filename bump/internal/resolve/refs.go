package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// commits asks for the commit of the new tag, where a pin names the old one's, and refuses
// a commit that is not a release's.
func (d *driver) commits(ctx context.Context) error {
	for _, p := range d.pins {
		id, ok := p.Commit()
		if !ok {
			continue
		}
		now := d.Found.Slot(id)
		of := d.Found.Package
		old, err := d.Upstream.TagCommit(ctx, of.Owner(), of.Repo, p.Version.Tag())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read commit of %s: %w", p.Version.Tag(), err)
		}
		if old != now.Old {
			return diag.At(now.Pos, fmt.Sprintf("find pin: commit %.12s is not that of release %s", now.Old,
				p.Version.Tag()), `it may be a pull request's or a fork's; pin a release: tag = "v${version}";`)
		}
		if err := d.newCommit(ctx); err != nil {
			return err
		}
	}
	return nil
}

// newCommit asks for the commit of the new tag, once.
func (d *driver) newCommit(ctx context.Context) (err error) {
	of := d.Found.Package
	if d.commit != "" {
		return nil
	}
	if d.commit, err = d.Upstream.TagCommit(ctx, of.Owner(), of.Repo, d.Release.Tag); err != nil {
		return fmt.Errorf("read commit of %s: %w", d.Release.Tag, err)
	}
	return nil
}

// revisions asks for the commit of the new tag, where the old one's is kept beside the tag. One that is another tag's,
// or none, is left: nothing fetches by it.
func (d *driver) revisions(ctx context.Context) error {
	for _, p := range d.pins {
		for _, id := range p.Revisions {
			now, of := d.Found.Slot(id), d.Found.Package
			old, err := d.Upstream.TagCommit(ctx, of.Owner(), of.Repo, p.Version.Tag())
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("read commit of %s: %w", p.Version.Tag(), err)
			}
			if old != now.Old {
				d.Log(diag.Warning, "%s: commit %.12s is not that of release %s; it is left as it is", now.Pos, now.Old,
					p.Version.Tag())
				continue
			}
			if err := d.newCommit(ctx); err != nil {
				return err
			}
			p.revisions = append(p.revisions, id)
		}
	}
	return nil
}

// inputs are the flake inputs that the sources of pins come from.
func inputs(pins []*Move) []string {
	var names []string
	for _, p := range pins {
		if in := p.Input(); in != nil {
			names = pin.Union(names, []string{in.Name})
		}
	}
	return names
}

// moveInputs moves the lock nodes of the inputs that the pins' sources come from.
func (d *driver) moveInputs(ctx context.Context) error {
	for _, name := range inputs(d.pins) {
		values, err := d.candidate()
		if err != nil {
			return err
		}
		d.Log(diag.Step, "lock input %s at %s", name, d.Release.Version)
		if d.lock, err = d.Asker.Lock(ctx, values, name); err != nil {
			return d.inputError(name, d.Asker.Explain(ctx, err))
		}
	}
	return nil
}

// inputError adds to the error of a fetch which input could not be locked at the new version: a mirror may be behind.
func (d *driver) inputError(name string, err error) error {
	var e *diag.Error
	fail := probe.Failed(err)
	if fail == nil || fail.Kind != nix.Fetch || !errors.As(err, &e) || e.File != "" {
		return err
	}
	for _, p := range d.pins {
		if in := p.Input(); in != nil && in.Name == name && in.Slot != pin.NoSlot {
			return &diag.Error{
				Pos: d.Found.Slot(in.Slot).Pos, Text: fmt.Sprintf("lock input %s: %s", name, e.Text), Err: err,
				Hint: fmt.Sprintf("see that %s can be reached and has %s; a mirror may be behind", in.URL,
					d.Release.Tag),
			}
		}
	}
	return err
}

// provided is the version that the bump goes to: that of the release, or, where inputs provide the packages, the one
// that they turned out to have.
func (s *state) provided() version.Version {
	var v version.Version
	for _, p := range s.pins {
		in := p.Input()
		if in == nil || !in.Provides || len(p.Outputs) == 0 {
			return s.Release.Version
		}
		var ok bool
		if v, ok = version.ParseRef(p.Outputs[0].Version); !ok {
			return s.Release.Version
		}
	}
	return cmp.Or(v, s.Release.Version)
}
