package bump

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// verify does what Options.Verify asks for beyond the hashes, which the last round of the resolver has
// proved: they build, and every output that shows a pin carries them.
func (j *job) verify(ctx context.Context) error {
	r := j.hashes
	j.stage = "verify"
	r.describeSource(ctx)
	var shown []string
	built, listed, unpacked := false, false, false
	for _, p := range append(slices.Clone(r.pins), r.along...) {
		for _, info := range r.where[p] {
			shown = union(shown, []string{info.Where})
			if info.Drv != "" {
				j.checked(info.Where, text.Evaluated)
			} else {
				j.unchecked(info.Where, "only that its version and hashes are the new ones")
			}
		}
		for _, h := range p.allHashes() {
			built = built || h.got != nil && h.from == "" && !h.dropped
			listed = listed || h.from == fromDigest
			unpacked = unpacked || h.from == fromUnpack
		}
	}
	if len(shown) > 0 {
		j.verified("version %s and the new hashes show in `%s`", j.rel.version, strings.Join(limit(shown, 12), "`, `"))
	}
	if built {
		j.verified("every fixed output builds with the hash that is written here; each hash was found with a fake one in its place")
	}
	if listed {
		j.verified("hashes of release assets are the digests that the release lists; the files were not downloaded")
	}
	if unpacked {
		j.verified("hashes of unpacked archives for other systems were found by the same fetch, built for %s", pin.System())
	}
	switch j.opts.Verify {
	case VerifyEval:
		return j.verifyEval(ctx)
	case VerifyBuild:
		if err := j.verifyEval(ctx); err != nil {
			return err
		}
		return j.verifyBuild(ctx)
	}
	return nil
}

// checked records how far an output was checked; the strongest level counts.
func (j *job) checked(attr string, level text.Level) {
	checks := j.rep.Proof.Checks
	for i := range checks {
		if checks[i].Attr == attr {
			if checks[i].Level != text.Ran && checks[i].Level != text.Built {
				checks[i].Level = level
			}
			return
		}
	}
	j.rep.Proof.Checks = append(checks, text.Check{Attr: attr, Level: level})
}

// unchecked records that an output was not checked, and why.
func (j *job) unchecked(attr, why string) {
	if !slices.ContainsFunc(j.rep.Proof.Checks, func(c text.Check) bool { return c.Attr == attr }) {
		j.rep.Proof.Checks = append(j.rep.Proof.Checks, text.Check{Attr: attr, Level: text.Unchecked, Why: why})
	}
}

func (j *job) verified(format string, args ...any) {
	j.rep.Proof.Facts = append(j.rep.Proof.Facts, fmt.Sprintf(format, args...))
}

// verifyEval evaluates every configuration of the flake.
func (j *job) verifyEval(ctx context.Context) error {
	r := j.hashes
	if err := r.probe.prepare(ctx); err != nil {
		return err
	}
	out, err := r.probe.eval(ctx, "configurations")
	if err != nil {
		return r.explain(err)
	}
	var names map[string][]string
	if err := json.Unmarshal(out, &names); err != nil {
		return fmt.Errorf("verify: read configurations: %w", err)
	}
	for _, kind := range families {
		for _, name := range names[kind] {
			j.say(Step, "verify", "evaluate %s.%s", kind, name)
			broken, err := j.evalConfiguration(ctx, configuration{kind, name})
			switch {
			case err != nil:
				return err
			case broken:
				j.warn("verify", "%s.%s does not evaluate, with the bump or without it", kind, name)
			default:
				j.checked(kind+"."+name, text.Evaluated)
			}
		}
	}
	return nil
}

// eval evaluates an attribute of the probe flake.
func (p *probe) eval(ctx context.Context, attr string) ([]byte, error) {
	return p.run.Eval(ctx, "path:"+filepath.Dir(p.path("flake.nix"))+"#"+attr)
}

// evalConfiguration evaluates one configuration. Broken is one that the flake as it stands does not
// evaluate either: that is not the bump's doing.
func (j *job) evalConfiguration(ctx context.Context, c configuration) (broken bool, err error) {
	r := j.hashes
	r.probe.req.Configuration = &c
	defer func() { r.probe.req.Configuration = nil }()
	if err := r.probe.prepare(ctx); err != nil {
		return false, err
	}
	_, failed := r.probe.eval(ctx, "configuration")
	if failed == nil {
		return false, nil
	}
	if f := asFailure(failed); f == nil || !evaluation(f.Kind) {
		return false, r.explain(failed)
	}
	now, err := r.values()
	if err == nil {
		err = r.cand.apply(nil)
	}
	if err == nil {
		err = r.cand.commit(ctx)
	}
	if err != nil {
		return false, err
	}
	_, before := r.probe.eval(ctx, "configuration")
	if err := r.cand.apply(now); err != nil {
		return false, err
	}
	if before != nil {
		return true, r.cand.commit(ctx)
	}
	failed = r.explain(failed)
	return false, &Error{
		Text: fmt.Sprintf("verify: %s.%s evaluates as it is, but not with %s %s: %v", c.Kind, c.Name, j.pkg.Name, j.rel.version, failed),
		Hint: "correct it for the new release, or leave this check out with Options.Verify=hashes", Err: failed,
	}
}

// verifyBuild builds the packages and asks each for its version. The program is upstream's: it runs as the builder of
// a derivation, under what Nix isolates builds with, and no token is near it.
func (j *job) verifyBuild(ctx context.Context) error {
	r := j.hashes
	for i, p := range r.pins {
		if len(r.where[p]) == 0 {
			continue
		}
		where := r.where[p][0].Where
		j.say(Step, "verify", "build %s", where)
		if _, err := r.probe.round(ctx, []int{i}, "package"); err != nil {
			return r.explain(err)
		}
		said, err := r.probe.run.BuilderLog(ctx, r.probe.outputsOf(r.probe.programDrv))
		if err != nil {
			e := p.error(fmt.Sprintf("verify: run %s --version of %s: %v", j.pkg.Program, where, err), "the package builds but does not run here")
			e.Err = err
			return e
		}
		says := version.Find(strings.Join(said, "\n"))
		if says != j.rel.version {
			return p.error(fmt.Sprintf("verify: %s of %s says version %q, not %s", j.pkg.Program, where, says, j.rel.version),
				"see the ldflags that set the version")
		}
		j.checked(where, text.Ran)
		j.verified("%s --version of %s says %s", j.pkg.Program, where, says)
	}
	return nil
}
