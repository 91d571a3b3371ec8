package bump

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/resolve"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/verify"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
)

// openBench makes the copy of the flake that Nix is asked about, unless there is one.
func (j *job) openBench(ctx context.Context) (err error) {
	if j.bench != nil {
		return nil
	}
	if j.ws, err = workspace.Open(j.opts.Env); err != nil {
		return err
	}
	j.runner = &nix.Runner{
		Env: append(slices.Clone(j.opts.Env),
			"TMPDIR="+j.ws.Temp()), Args: j.opts.NixArgs, Token: j.token(), TokenHost: webHost(j.opts.APIURL),
		Progress: j.nixProgress,
	}
	j.bench, err = probe.Open(ctx,
		probe.Config{Tree: j.tree, Files: j.files, Found: j.found, Runner: j.runner, Workspace: j.ws, Attr: j.opts.Attr})
	return err
}

// findHashes finds every hash of the plan, in a copy of the flake.
func (j *job) findHashes(ctx context.Context) error {
	j.stage = "hash"
	if err := j.openBench(ctx); err != nil {
		return err
	}
	upstream, err := j.upstream()
	if err != nil {
		return err
	}
	j.hashes, err = resolve.Hashes(ctx, resolve.Job{
		Found: j.found, Plan: j.plan, Release: j.rel, HasAttr: j.opts.Attr != "",
		Asker: j.bench, Upstream: upstream, Store: probe.Store{Runner: j.runner}, Log: j.logFor("hash"),
		Shown: j.checkToolchain(ctx),
	})
	if err != nil {
		return err
	}
	j.nameOldVersion()
	shown := make([]shownPin, 0, len(j.hashes.Moves))
	for _, p := range j.hashes.Moves {
		shown = append(shown, shownPin{p.Pin, p.Outputs})
	}
	j.states = j.noteStates(shown)
	for _, b := range j.hashes.Broken {
		j.warn("hash", "%s does not evaluate and was passed over: %s", b.Where, b.Text)
	}
	for _, p := range j.hashes.Left {
		j.warn("hash", "%s: no output of the flake shows this pin of %s; it is left as it is", p.Pos, p.Version)
	}
	if v := j.hashes.Version; v != j.rel.Version { // an input provides another one
		j.rel, j.result.NewVersion = &release.Release{Version: v}, string(v)
	}
	return j.refuseRetag()
}

// nameOldVersion makes the old version that of the pins that move: another one, that Options.Attr leaves out or that
// no output shows, is none of anything that changes.
func (j *job) nameOldVersion() {
	var oldest version.Version
	for _, p := range slices.Concat(j.hashes.Moves, j.hashes.Along) {
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
	for _, r := range j.hashes.Retags(j.found) {
		if !j.opts.AcceptRetag {
			return diag.At(r.Slot.Pos,
				fmt.Sprintf("verify: the %s of %s is %s, but %s is pinned: the release was tagged again, or the pinned hash was "+
					"never right",
					r.Slot.Field, r.Version, r.New.SRI(), r.Old.SRI()),
				"look at what changed upstream; take the new hash with Options.AcceptRetag")
		}
		j.warn("hash", "the %s of %s changed: %s, now %s", r.Slot.Field, r.Version, r.Old.SRI(), r.New.SRI())
	}
	return nil
}

// verify does what Options.Verify asks for beyond the hashes.
func (j *job) verify(ctx context.Context) error {
	j.stage = "verify"
	check := verify.Check{
		Bench: j.bench, Package: j.pkg, Solution: j.hashes, Log: j.logFor("verify"),
		Level: map[VerifyLevel]verify.Level{VerifyEval: verify.Eval, VerifyBuild: verify.Build}[j.opts.Verify],
		Build: j.opts.Build,
	}
	var err error
	if j.rep.Proof, err = check.Run(ctx); err != nil {
		return err
	}
	// What the bump changes is for whoever reviews a pull request; other runs do without, where no evaluation of
	// every configuration was asked for.
	if j.opts.Mode == Propose || j.opts.Verify != VerifyHashes {
		j.rep.Effect = check.Effect(ctx, &j.rep.Proof)
	}
	j.result.Verified = verifiedOf(j.rep.Proof)
	return nil
}

// verifiedOf lists what was checked of each output.
func verifiedOf(proof text.Proof) []Verified {
	var list []Verified
	for _, c := range proof.Checks {
		v := Verified{Attr: c.Attr, System: proof.System, Level: string(c.Level)}
		if parts := strings.Split(c.Attr, "."); len(parts) > 2 && (parts[0] == "packages" || parts[0] == "legacyPackages") {
			v.System = parts[1]
		}
		list = append(list, v)
	}
	return list
}

// logFor returns what a stage below tells people with.
func (j *job) logFor(stage string) func(EventKind, string, ...any) {
	return func(kind EventKind, format string, args ...any) {
		if kind == Warning {
			j.warn(stage, format, args...)
			return
		}
		j.say(kind, stage, format, args...)
	}
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
