package bump

import (
	"context"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
)

// bench is a copy of the flake that Nix is asked about.
type bench struct {
	*probe.Bench // nil until it is opened
	flake        *flake
	ws           *workspace.Workspace
	runner       *nix.Runner
	stage        string // that runs Nix, for events
}

// newBench returns a bench that is not open yet.
func (r *run) newBench(f *flake) *bench { return &bench{flake: f} }

// openBench makes the copy, unless there is one, and takes what Nix does from now on for a stage's.
func (r *run) openBench(ctx context.Context, b *bench, stage string) (err error) {
	b.stage = stage
	if b.Bench != nil {
		return nil
	}
	if b.ws, err = workspace.Open(r.opts.Env); err != nil {
		return err
	}
	b.runner = &nix.Runner{
		Env:  append(slices.Clone(r.opts.Env), "TMPDIR="+b.ws.Temp()),
		Args: r.opts.NixArgs, Token: r.remote.Token(), TokenHost: r.remote.WebHost(),
		Progress: func(a nix.Activity) { r.nixProgress(b.stage, a) },
	}
	f := b.flake
	b.Bench, err = probe.Open(ctx, probe.Config{
		Tree: f.tree, Files: f.files, Found: f.found, Runner: b.runner, Workspace: b.ws, Attr: r.opts.Attr,
	})
	return err
}

// close removes the copy.
func (b *bench) close() { b.ws.Close() }

// nixProgress passes on what Nix does: commands and build logs for who wants every detail, the rest live.
func (r *run) nixProgress(stage string, a nix.Activity) {
	kind := Live
	if a.What == nix.Running || a.What == nix.Logging {
		kind = Detail
	}
	text := string(a.What) + " " + a.Text
	if a.What == nix.Logging {
		text = a.Text
	}
	r.send(Event{Stage: stage, Kind: kind, Text: text, Done: a.Done, Total: a.Total})
}
