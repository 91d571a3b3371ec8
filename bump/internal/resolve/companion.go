package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// moveCompanions reads the tags of the companions from the new source, as soon as that is on disk,
// and returns how many it found. What the pins should know of the new source is noted on the way.
func (r *resolver) moveCompanions(ctx context.Context) (int, error) {
	moved := 0
	for _, p := range r.pins {
		for _, c := range p.companions {
			if c.skip != "" || c.tag != "" {
				continue
			}
			src := r.source(p)
			if src == "" {
				continue
			}
			tag, err := r.Store.Word(ctx, src, c.Of.VersionFile, c.Of.Tag)
			switch {
			case ctx.Err() != nil:
				return moved, ctx.Err()
			case foreign.Missing(err):
				c.skip = fmt.Sprintf("release %s has no file %s", r.rel.Version, c.Of.VersionFile)
			case err != nil:
				c.skip = fmt.Sprintf("%s of release %s holds no tag", c.Of.VersionFile, r.rel.Version)
			default:
				if err := r.moveCompanion(ctx, c, tag); err != nil {
					return moved, err
				}
			}
			if c.hash != nil {
				c.hash.state = wanted
			}
			moved++
		}
	}
	return moved, nil
}

func (r *resolver) moveCompanion(ctx context.Context, c *companion, tag string) error {
	c.tag = tag
	r.Log(diag.Step, "%s: %s", c.Of.Name, tag)
	if !c.Commit {
		return nil
	}
	sha, err := r.Upstream.TagCommit(ctx, c.Of.Owners[0], c.Of.Repo, tag)
	if err != nil {
		return fmt.Errorf("read commit of %s %s: %w", c.Of.Name, tag, err)
	}
	c.sha = sha
	return nil
}

// describeSources notes what the new source asks for that a pin does not give it.
func (r *resolver) describeSources(ctx context.Context) {
	for _, p := range r.pins {
		src := r.source(p)
		if p.hash(pin.ReleaseAsset) != nil || p.Input() != nil && p.Input().Provides || src == "" {
			continue
		}
		for i := range r.Found.Package.Companions {
			c := &r.Found.Package.Companions[i]
			tag, err := r.Store.Word(ctx, src, c.VersionFile, c.Tag)
			if err == nil && !p.has(c) {
				note := fmt.Sprintf("release %s is built with %s %s, which this pin does not fetch", r.rel.Version, c.Name, tag)
				if p.Overrides {
					note += "; the overridden package's is used, if it has one"
				}
				p.notes = append(p.notes, note)
			}
		}
		for _, helper := range p.Calls {
			if !r.Store.Has(src, helper) {
				p.notes = append(p.notes,
					fmt.Sprintf("the build phases call %s, which release %s does not have%s", helper, r.rel.Version, r.otherHelper(p)))
			}
		}
	}
}

// missingHelper explains a build that fails because it calls a file of the source that the new release
// has moved; nil for other failures. The builder's words only choose the message: that the file is not there
// is seen in the source.
func (r *resolver) missingHelper(f *nix.Failure) *diag.Error {
	if f.Kind != nix.Builder {
		return nil
	}
	words := f.Text + "\n" + strings.Join(f.Log, "\n")
	for _, p := range r.pins {
		for _, helper := range r.Found.Package.Helpers {
			src := r.source(p)
			if strings.Contains(words, helper) && src != "" && !r.Store.Has(src, helper) {
				return p.error(fmt.Sprintf("find hashes: the build phases call %s, which release %s does not have%s", helper,
					r.rel.Version, r.otherHelper(p)),
					"change that call in postPatch; where nixpkgs' package makes it, update the nixpkgs input or override postPatch")
			}
		}
	}
	return nil
}

func (r *resolver) otherHelper(p *Move) string {
	for _, helper := range r.Found.Package.Helpers {
		if src := r.source(p); src != "" && r.Store.Has(src, helper) {
			return "; it has " + helper
		}
	}
	return ""
}

// moveInputs moves the lock nodes of the flake inputs that the pins' sources come from.
func (r *resolver) moveInputs(ctx context.Context) error {
	done := map[string]bool{}
	for _, p := range r.pins {
		in := p.Input()
		if in == nil || done[in.Name] {
			continue
		}
		done[in.Name] = true
		state, err := r.state()
		if err != nil {
			return err
		}
		r.Log(diag.Step, "lock input %s at %s", in.Name, r.rel.Version)
		if r.lock, err = r.Asker.Lock(ctx, state, in.Name); err != nil {
			return r.explain(err)
		}
	}
	return nil
}

// relock takes back what was locked for pins that turned out to be left as they are: the inputs of the others are
// locked once more, from the flake's own lock file.
func (r *resolver) relock(ctx context.Context) error {
	used := map[string]bool{}
	for _, p := range r.pins {
		if in := p.Input(); in != nil {
			used[in.Name] = true
		}
	}
	for _, p := range r.unshown {
		if in := p.Input(); in != nil && !used[in.Name] {
			r.lock = nil
			return r.moveInputs(ctx)
		}
	}
	return nil
}

// explain turns what Nix says into an error with a place.
func (r *resolver) explain(err error) error {
	if f := probe.Failed(err); f != nil {
		for _, explain := range []func(*nix.Failure) *diag.Error{r.missingHelper, r.missingTag, r.olderCompanion} {
			if e := explain(f); e != nil {
				e.Err = err
				return e
			}
		}
	}
	return r.Asker.Explain(err)
}

// provided is the version that the bump goes to: that of the release, or, where inputs provide the packages, the one that
// they turned out to have.
func (r *resolver) provided() version.Version {
	var v version.Version
	for _, p := range r.pins {
		in := p.Input()
		if in == nil || !in.Provides || len(p.Outputs) == 0 {
			return r.rel.Version
		}
		var ok bool
		if v, ok = version.ParseRef(p.Outputs[0].Version); !ok {
			return r.rel.Version
		}
	}
	return cmp.Or(v, r.rel.Version)
}

// commits asks for the commit of the new tag, where a pin names the old one's, and refuses
// a commit that is not a release's.
func (r *resolver) commits(ctx context.Context) error {
	for _, p := range r.pins {
		id, ok := p.Commit()
		if !ok {
			continue
		}
		now := r.Found.Slot(id)
		old, err := r.Upstream.TagCommit(ctx, r.Found.Package.Owner(), r.Found.Package.Repo, p.Version.Tag())
		var missing *github.NotFound
		if err != nil && !errors.As(err, &missing) {
			return fmt.Errorf("read commit of %s: %w", p.Version.Tag(), err)
		}
		if old != now.Old {
			return diag.At(now.Pos, fmt.Sprintf("find pin: commit %.12s is not that of release %s", now.Old, p.Version.Tag()),
				`it may be a pull request's or a fork's; pin a release: tag = "v${version}";`)
		}
		if r.commit == "" {
			if r.commit, err = r.Upstream.TagCommit(ctx, r.Found.Package.Owner(), r.Found.Package.Repo, r.rel.Tag); err != nil {
				return fmt.Errorf("read commit of %s: %w", r.rel.Tag, err)
			}
		}
	}
	return nil
}
