package bump

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
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
			tag, err := foreign.Word(ctx, src, c.Of.VersionFile, c.Of.Tag)
			switch {
			case ctx.Err() != nil:
				return moved, ctx.Err()
			case foreign.Missing(err):
				c.skip = fmt.Sprintf("release %s has no file %s", r.rel.version, c.Of.VersionFile)
			case err != nil:
				c.skip = fmt.Sprintf("%s of release %s holds no tag", c.Of.VersionFile, r.rel.version)
			default:
				if err := r.moveCompanion(ctx, c, tag); err != nil {
					return moved, err
				}
			}
			if c.hash != nil {
				c.hash.waits = false
			}
			moved++
		}
	}
	return moved, nil
}

func (r *resolver) moveCompanion(ctx context.Context, c *companion, tag string) error {
	c.tag = tag
	r.log(Step, "%s: %s", c.Of.Name, tag)
	if !c.Commit {
		return nil
	}
	sha, err := r.gh.TagCommit(ctx, c.Of.Owners[0], c.Of.Repo, tag)
	if err != nil {
		return fmt.Errorf("read commit of %s %s: %w", c.Of.Name, tag, err)
	}
	c.sha = sha
	return nil
}

// describeSource notes what the new source asks for that a pin does not give it.
func (r *resolver) describeSource(ctx context.Context) {
	for _, p := range r.pins {
		src := r.source(p)
		if p.hash(pin.ReleaseAsset) != nil || p.Input() != nil && p.Input().Provides || src == "" {
			continue
		}
		for i := range r.pkg.Companions {
			c := &r.pkg.Companions[i]
			tag, err := foreign.Word(ctx, src, c.VersionFile, c.Tag)
			if err == nil && !p.has(c) {
				note := fmt.Sprintf("release %s is built with %s %s, which this pin does not fetch", r.rel.version, c.Name, tag)
				if p.Overrides {
					note += "; the overridden package's is used, if it has one"
				}
				p.notes = append(p.notes, note)
			}
		}
		for _, helper := range p.Calls {
			if !foreign.Has(src, helper) {
				p.notes = append(p.notes, fmt.Sprintf("the build phases call %s, which release %s does not have%s", helper, r.rel.version, r.otherHelper(p)))
			}
		}
	}
}

// missingHelper explains a build that fails because it calls a file of the source that the new release
// has moved; nil for other failures. The builder's words only choose the message: that the file is not there
// is seen in the source.
func (r *resolver) missingHelper(f *nix.Failure) *Error {
	if f.Kind != nix.Builder {
		return nil
	}
	words := f.Text + "\n" + strings.Join(f.Log, "\n")
	for _, p := range r.pins {
		for _, helper := range r.pkg.Helpers {
			src := r.source(p)
			if strings.Contains(words, helper) && src != "" && !foreign.Has(src, helper) {
				return p.error(fmt.Sprintf("find hashes: the build phases call %s, which release %s does not have%s", helper, r.rel.version, r.otherHelper(p)),
					"change that call in postPatch; where nixpkgs' package makes it, update the nixpkgs input or override postPatch")
			}
		}
	}
	return nil
}

func (r *resolver) otherHelper(p *move) string {
	for _, helper := range r.pkg.Helpers {
		if src := r.source(p); src != "" && foreign.Has(src, helper) {
			return "; it has " + helper
		}
	}
	return ""
}

func (p *move) has(of *pin.CompanionSource) bool {
	for _, c := range p.companions {
		if c.Of == of {
			return true
		}
	}
	return false
}

// moveInputs updates the lock nodes of the flake inputs that the pins' sources come from, in the candidate.
func (r *resolver) moveInputs(ctx context.Context) error {
	done := map[string]bool{}
	for _, p := range r.pins {
		if p.Input() == nil || done[p.Input().Name] {
			continue
		}
		done[p.Input().Name] = true
		now, err := r.values()
		if err != nil {
			return err
		}
		if err := r.cand.apply(now); err != nil {
			return err
		}
		r.log(Step, "lock input %s at %s", p.Input().Name, r.rel.version)
		if err := r.cand.commit(ctx); err != nil {
			return err
		}
		if err := r.probe.run.UpdateLock(ctx, filepath.Dir(r.cand.abs(r.cand.tree.InFlake("flake.nix"))), p.Input().Name); err != nil {
			return r.explain(err)
		}
		if err := r.cand.readLock(ctx); err != nil {
			return err
		}
	}
	return nil
}

// relock takes back what was locked for pins that turned out to be left as they are: the inputs of the others are
// locked once more, from the flake.lock of the tree.
func (r *resolver) relock(ctx context.Context) error {
	used := map[string]bool{}
	for _, p := range r.pins {
		if p.Input() != nil {
			used[p.Input().Name] = true
		}
	}
	stale := false
	for _, p := range r.left {
		stale = stale || p.Input() != nil && !used[p.Input().Name]
	}
	if !stale {
		return nil
	}
	if err := r.cand.restoreLock(ctx); err != nil {
		return err
	}
	return r.moveInputs(ctx)
}

// unexplained is the error of a build that failed with nothing but other derivations' mismatches.
func (r *resolver) unexplained(rep *nix.BuildReport) error {
	if rep == nil || len(rep.Mismatches) == 0 {
		return &Error{Text: "find hashes: Nix built nothing and does not say why", Hint: "run again with -v"}
	}
	m := rep.Mismatches[0]
	text := fmt.Sprintf("find hashes: %s has the hash %s instead of %s, which is not one of this pin's", filepath.Base(m.DrvPath), m.Got.SRI(), m.Specified.SRI())
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			if h.got != nil && h.got.Equal(m.Specified) {
				return diag.At(h.slot.Pos,
					fmt.Sprintf("find hashes: the %s is not the same twice: first %s, then %s", h.slot.Field, h.got.SRI(), m.Got.SRI()),
					"what is fetched changed in between; run again")
			}
		}
	}
	return &Error{Text: text, Hint: "correct that hash in the flake first"}
}

// commits asks for the commit of the new tag, where a pin names the old one's, and refuses
// a commit that is not a release's.
func (r *resolver) commits(ctx context.Context) error {
	for _, p := range r.pins {
		id, ok := p.Commit()
		if !ok {
			continue
		}
		now := r.found.Slot(id)
		old, err := r.gh.TagCommit(ctx, r.pkg.Owner(), r.pkg.Repo, p.Version.Tag())
		var missing *github.NotFound
		if err != nil && !errors.As(err, &missing) {
			return fmt.Errorf("read commit of %s: %w", p.Version.Tag(), err)
		}
		if old != now.Old {
			return diag.At(now.Pos, fmt.Sprintf("find pin: commit %.12s is not that of release %s", now.Old, p.Version.Tag()),
				`it may be a pull request's or a fork's; pin a release: tag = "v${version}";`)
		}
		if r.commit == "" {
			if r.commit, err = r.gh.TagCommit(ctx, r.pkg.Owner(), r.pkg.Repo, r.rel.Tag); err != nil {
				return fmt.Errorf("read commit of %s: %w", r.rel.Tag, err)
			}
		}
	}
	return nil
}
