package bump

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
)

// findHashes makes the candidate and finds every hash in it.
func (j *job) findHashes(ctx context.Context, ws *workspace.Workspace) error {
	cand, err := newCandidate(ctx, j.tree, ws, j.files, j.found)
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
		someCurrent: len(j.plan.Pins) < len(j.found.Pins),
		pkg:         j.pkg, found: j.found, pins: newMoves(j.found, j.plan), rel: j.rel, cand: cand, probe: pr, gh: gh,
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
	j.nameOldVersion()
	j.followProviders()
	for _, where := range slices.Sorted(maps.Keys(pr.failed)) {
		j.warn("hash", "%s does not evaluate and was passed over: %s", where, pr.failed[where])
	}
	for _, p := range j.hashes.left {
		j.warn("hash", "%s: no output of the flake shows this pin of %s; it is left as it is", p.Pos, p.Version)
	}
	return j.refuseRetag()
}

// nameOldVersion makes the old version that of the pins that move: another one, that --attr leaves out or that
// no output shows, is none of anything that changes.
func (j *job) nameOldVersion() {
	var oldest version.Version
	for _, p := range append(slices.Clone(j.hashes.pins), j.hashes.along...) {
		if p.Version != "" && (oldest == "" || version.Compare(p.Version, oldest) < 0) {
			oldest = p.Version
		}
	}
	if oldest != "" {
		j.result.OldVersion = string(oldest)
	}
}

// refuseRetag stops when the hash of a version that is already pinned changed: upstream moved the
// tag, or the old hash was wrong.
func (j *job) refuseRetag() error {
	for _, p := range append(slices.Clone(j.hashes.pins), j.hashes.along...) {
		if p.Version != j.rel.version || j.found.Inconsistent(p.Pin) || p.torn {
			continue
		}
		for _, h := range p.allHashes() {
			old, written := h.Old()
			if h.got == nil || !written || h.Role == pin.Vendor || h.Role == pin.CompanionSrc || h.got.Equal(old) {
				continue
			}
			if j.opts.AcceptRetag {
				j.warn("hash", "the %s of %s changed: %s, now %s", h.slot.Field, p.Version, old.SRI(), h.got.SRI())
				continue
			}
			return diag.At(h.slot.Pos,
				fmt.Sprintf("verify: the %s of %s is %s, but %s is pinned: the release was tagged again, or the pinned hash was never right",
					h.slot.Field, p.Version, h.got.SRI(), old.SRI()),
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

// followProviders makes the release that a providing input turned out to have the one that is bumped to.
func (j *job) followProviders() {
	var v version.Version
	for _, p := range j.hashes.pins {
		shown := j.hashes.where[p]
		if in := p.Input(); in == nil || !in.Provides || len(shown) == 0 {
			return
		}
		var ok bool
		if v, ok = version.ParseRef(shown[0].Version); !ok {
			return
		}
	}
	if v == "" || v == j.rel.version {
		return
	}
	rel := &release{version: v}
	j.rel, j.hashes.rel = rel, rel
	j.result.NewVersion = string(v)
}
