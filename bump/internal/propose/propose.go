// Package propose makes the pull request of a bump: it finds out where to, whether anything is left to propose, and
// whether the base branch holds the files that the bump was worked out from. Package github does the rest.
package propose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
)

const (
	// BranchPrefix begins the names of our branches.
	BranchPrefix = "ollama-bump/"
	// Refs may stand in front of a branch's name.
	Refs = "refs/heads/"
)

// Options say how to propose.
type Options struct {
	Base   string // "" is the repository's default branch
	Branch string // "" is BranchPrefix, Folder and the version
	Folder string // a part of the default branch; may be ""
	Attr   string // the proposal is for this attribute; "" is the flake

	Labels, Reviewers, Assignees []string
	Draft, AutoMerge             bool
	Recreate                     bool // propose again what somebody closed
	Force                        bool // what is proposed already settles nothing
}

// Job is a flake whose bump is proposed.
type Job struct {
	Remote  Remote
	Options Options
	Package string // its name
	Tree    *source.Set
	Files   *pin.Files // of the tree
	Say     func(e diag.Event)
}

// Work is a bump that is to be proposed.
type Work struct {
	OldVersion, Version string

	Removes  bool     // the pins are removed, and Version is what nixpkgs has without them
	Redo     bool     // a merged pull request for Version does not settle it
	Security bool     // it fixes a vulnerability
	Pinned   []string // the files that the pins to move stand in
	Changes  []source.Change
	Texts    text.Texts
}

func (j Job) say(kind diag.EventKind, stage, format string, args ...any) {
	j.Say(diag.Event{Stage: stage, Kind: kind, Text: fmt.Sprintf(format, args...)})
}

// Standing asks the remote side, before any Nix runs, whether there is anything left to propose. When there is not, it
// returns how the proposal stands, else the base that it is to be made on. The error may be a *Rebase.
func (j Job) Standing(ctx context.Context, at Base, w Work) (*github.Outcome, Base, error) {
	c, p, st, err := j.standing(ctx, w)
	if err != nil {
		return nil, at, err
	}
	if st.Rights != nil {
		return nil, at, st.Rights
	}
	// What is proposed already is settled, unless the hashes are wanted anew.
	if out, done := st.Final(); done && !(j.Options.Force && st.State == github.Ours) {
		return &out, at, nil
	}
	at, err = j.fromBase(ctx, at, c, p, st.Base, st.Commit)
	return nil, at, err
}

// Settled asks the remote side whether a run would have nothing left to do: it returns how the proposal stands, or nil.
// Unlike Standing it needs no right to write.
func (j Job) Settled(ctx context.Context, w Work) (*github.Outcome, error) {
	_, _, st, err := j.standing(ctx, w)
	if err != nil {
		return nil, err
	}
	if out, done := st.Final(); done {
		return &out, nil
	}
	return nil, nil
}

// standing asks how the proposal stands.
func (j Job) standing(ctx context.Context, w Work) (*github.Client, github.Proposal, github.Standing, error) {
	c, p, err := j.proposal(ctx, w)
	if err != nil {
		return nil, p, github.Standing{}, err
	}
	for _, name := range w.files() {
		src, err := j.Tree.Read(ctx, name)
		if err != nil {
			return nil, p, github.Standing{}, fmt.Errorf("read %s: %w", name, err)
		}
		p.Files = append(p.Files, github.File{Path: name, Old: src})
	}
	st, err := c.Standing(ctx, p)
	if err != nil {
		err = inScope(p, err)
	}
	return c, p, st, err
}

// Propose makes the pull request. Nothing in the checkout changes. The error may be a *Rebase. A pull request that is
// there but unfinished comes with an error; the next run finishes it.
func (j Job) Propose(ctx context.Context, at Base, w Work) (github.Outcome, error) {
	c, p, err := j.proposal(ctx, w)
	if err != nil {
		return github.Outcome{}, err
	}
	p.Ignore = func(name string) bool { return ignores(j.Files, name) }
	p.Title, p.Message, p.Body = w.Texts.Title, w.Texts.Message, w.Texts.Body
	for _, c := range w.Changes {
		p.Files = append(p.Files, github.File{Path: c.File, Old: c.Old, New: c.New})
	}
	for {
		p.BaseCommit = at.commit
		j.say(diag.Step, "propose", "%s/%s: %s", p.Owner, p.Repo, p.Title)
		out, err := c.Propose(ctx, p)
		var moved *github.BaseMoved
		if !errors.As(err, &moved) || at.moves >= maxMoves {
			return out, inScope(p, err)
		}
		at.moves++
		j.say(diag.Step, "pin", "branch %s has moved, in %s", moved.Base, moved.Path)
		if at, err = j.fromBase(ctx, at, c, p, moved.Base, moved.To); err != nil {
			return github.Outcome{}, err
		}
	}
}

// proposal returns the client for a proposal, and the proposal without its content.
func (j Job) proposal(ctx context.Context, w Work) (*github.Client, github.Proposal, error) {
	owner, repo, err := j.Remote.repository(ctx, j.Tree)
	if err != nil {
		return nil, github.Proposal{}, err
	}
	if j.Remote.Token() == "" {
		return nil, github.Proposal{}, &diag.Error{
			Text: "propose: no token: neither GITHUB_TOKEN nor GH_TOKEN is set",
			Hint: "set GITHUB_TOKEN to a token with contents: write and pull-requests: write, or use " +
				"Options.Mode=DryRun or Options.Mode=Write", Err: ErrNoToken,
		}
	}
	c, err := j.Remote.target()
	o := j.Options
	return c, github.Proposal{
		Owner: owner, Repo: repo, Base: o.Base, Branch: o.branch(w), BranchPrefix: BranchPrefix,
		Package: j.Package, OldVersion: w.OldVersion, Version: w.Version, Removal: w.Removes, Scope: j.scope(),
		Labels: o.labels(w.Security), Reviewers: o.Reviewers, Assignees: o.Assignees,
		Draft: o.Draft, AutoMerge: o.AutoMerge, Recreate: o.Recreate, Redo: w.Redo,
		RebaseBox: text.RebaseBox,
	}, err
}

// ErrNoToken is the cause of the error of a proposal without a token.
var ErrNoToken = errors.New("no token")

// files returns the names of the files that the pins to move stand in, and of those that change.
func (w Work) files() []string {
	files := slices.Clone(w.Pinned)
	for _, c := range w.Changes {
		files = append(files, c.File)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// branch returns the branch that the options name, or "" for the default one.
func (o Options) branch(w Work) string {
	if o.Branch == "" && o.Folder != "" {
		return BranchPrefix + o.Folder + "/" + w.leaf()
	}
	return o.Branch
}

// leaf returns the last part of the default branch.
func (w Work) leaf() string {
	if w.Removes {
		return "unpin"
	}
	return w.Version
}

// labels returns those of the options, and one for a bump that fixes a vulnerability.
func (o Options) labels(fixes bool) []string {
	if !fixes || slices.Contains(o.Labels, "security") {
		return o.Labels
	}
	return append(slices.Clone(o.Labels), "security")
}

// Try says how to try a proposal without a checkout, of the outputs that show it. When it is not known where it will
// be, the command is missing.
func (j Job) Try(ctx context.Context, w Work, shown []string) text.Try {
	t := text.Try{Rebase: true}
	owner, repo, err := j.Remote.repository(ctx, j.Tree)
	if err != nil || j.Remote.WebHost() != publicHost {
		return t
	}
	t.Repository, t.Folder = owner+"/"+repo, j.Tree.Sub
	if t.Branch = strings.TrimPrefix(j.Options.branch(w), Refs); t.Branch == "" {
		t.Branch = BranchPrefix + w.leaf()
	}
	prefix := "packages." + pin.System() + "."
	for _, where := range shown {
		name, ok := strings.CutPrefix(where, prefix)
		if ok && (t.Attr == "" || name == j.Package) {
			t.Attr = name
		}
	}
	return t
}
