package bump

import (
	"context"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
)

// findHashes makes the candidate and finds every hash in it.
func (j *job) findHashes(ctx context.Context, ws *workspace.Workspace) error {
	cand, err := newCandidate(ctx, j.tree, ws, j.sources)
	if err != nil {
		return err
	}
	runner := &nix.Runner{
		Env: append(slices.Clone(j.opts.Env), "TMPDIR="+ws.Temp()), Args: j.opts.NixArgs, Token: j.token(), TokenHost: webHost(j.opts.APIURL),
		Progress: j.nixProgress,
	}
	j.stage = "hash"
	pr, err := newProbe(runner, cand, j.pkg, j.opts)
	if err != nil {
		return err
	}
	gh, err := j.upstream()
	if err != nil {
		return err
	}
	j.hashes = &resolver{
		someCurrent: len(j.due) < len(j.finder.pins),
		pkg:         j.pkg, pins: j.due, rel: j.rel, cand: cand, probe: pr, gh: gh,
		log: func(kind EventKind, format string, args ...any) {
			if kind == Warning {
				j.warn("hash", format, args...)
				return
			}
			j.say(kind, "hash", format, args...)
		},
	}
	if err := j.hashes.commits(ctx); err != nil {
		return err
	}
	if err := j.assets(ctx); err != nil {
		return err
	}
	if err := j.hashes.resolve(ctx); err != nil {
		return err
	}
	if err := j.takeAlong(ctx); err != nil {
		return err
	}
	j.due = j.hashes.pins
	j.followCarriers()
	for where, text := range pr.failed {
		j.warn("hash", "%s does not evaluate and was passed over: %s", where, text)
	}
	for _, p := range j.hashes.left {
		j.warn("hash", "%s:%d:%d: no output of the flake shows this pin of %s; it is left as it is", p.file, p.line, p.column, p.version)
	}
	return j.refuseRetag()
}

// refuseRetag stops when the hash of a version that is already pinned changed: upstream moved the
// tag, or the old hash was wrong.
func (j *job) refuseRetag() error {
	for _, p := range j.due {
		if p.version != j.rel.version || p.inconsistent() || p.torn {
			continue
		}
		for _, h := range p.allHashes() {
			if h.got == nil || h.old == nil || h.role == roleVendor || h.role == roleCompanion || h.got.Equal(*h.old) {
				continue
			}
			if j.opts.AcceptRetag {
				j.warn("hash", "the %s of %s changed: %s, now %s", h.slot.field, p.version, h.old.SRI(), h.got.SRI())
				continue
			}
			return placeOfSlot(j.hashes.cand, h.slot).error(
				fmt.Sprintf("verify: the %s of %s is %s, but %s is pinned: the release was tagged again, or the pinned hash was never right",
					h.slot.field, p.version, h.got.SRI(), h.old.SRI()),
				"look at what changed upstream; take the new hash with Options.AcceptRetag")
		}
	}
	return nil
}

// nixProgress passes on what Nix does: commands and build logs for who wants every detail, the rest live.
func (j *job) nixProgress(a nix.Activity) {
	kind := Live
	if a.What == nix.Running || a.What == nix.Logging {
		kind = Detail
	}
	text := string(a.What) + " " + a.Text
	if a.What == nix.Logging {
		text = a.Text
	}
	j.send(Event{Stage: j.stage, Kind: kind, Text: text, Done: a.Done, Total: a.Total})
}
