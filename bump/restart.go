package bump

import (
	"errors"
	"fmt"

	"github.com/nixtars/ollama-bump/bump/internal/decide"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
)

// A run starts over for two reasons, which are known only when much of the work is done: the base branch holds other
// files than the checkout (a *rebase), or the nixpkgs of a pin cannot build the release (a *decide.TooNew).

// start is where the stages begin, and what must not be worked out again when they begin once more.
type start struct {
	base      base
	tree      *source.Set // nil for Options.Dir
	toolchain decide.Toolchain
	checkouts []*workspace.Workspace // of the base branch
}

// base is the commit of the base branch that a proposal is worked out from.
type base struct {
	branch, commit string      // "" until the remote side was asked
	local          *source.Set // the files here; nil while the run is about them
	moves          int         // how often the branch moved meanwhile
}

// rebase asks to start the run over from another commit of the base branch.
type rebase struct {
	base
	tree *source.Set          // what that commit holds
	ws   *workspace.Workspace // holds the checkout; nil without one
	repo string               // OWNER/NAME
}

func (e *rebase) Error() string {
	return fmt.Sprintf("work from commit %.12s of %s", e.commit, e.branch)
}

// startOver reports whether err asks for another round, and moves the start there.
func (r *run) startOver(at *start, err error) bool {
	var other *rebase
	var lower *decide.TooNew
	switch {
	case errors.As(err, &other):
		at.base, at.tree, at.checkouts = other.base, other.tree, append(at.checkouts, other.ws)
		r.opts.Repo = other.repo
	case errors.As(err, &lower):
		at.toolchain = lower.Toolchain
	default:
		return false
	}
	r.warnings = nil
	return true
}

// close removes the checkouts of the base branch.
func (at *start) close() {
	for _, ws := range at.checkouts {
		ws.Close()
	}
}

// aboutBase adds to an error that it is about the base branch, where the files here are others.
func (at *start) aboutBase(err error) error {
	var e *Error
	if at.base.local == nil || !errors.As(err, &e) {
		return err
	}
	about := fmt.Sprintf("this is about branch %s, which differs from the files here", at.base.branch)
	said := *e
	if said.Hint != "" {
		about = said.Hint + "; " + about
	}
	said.Hint, said.Err = about, err
	return &said
}
