package bump

import (
	"errors"

	"github.com/nixtars/ollama-bump/bump/internal/decide"
	"github.com/nixtars/ollama-bump/bump/internal/propose"
)

// A run starts over for two reasons, which are known only when much of the work is done: the base branch holds other
// files than the checkout (a *propose.Rebase), or the nixpkgs of a pin cannot build the release (a *decide.TooNew).

// start is where the stages begin, and what must not be worked out again when they begin once more.
type start struct {
	base      propose.Base
	toolchain decide.Toolchain
}

// startOver reports whether err asks for another round, and moves the start there.
func (r *run) startOver(at *start, err error) bool {
	var other *propose.Rebase
	var lower *decide.TooNew
	switch {
	case errors.As(err, &other):
		at.base.Close()
		at.base, r.remote.Repo = other.Base, other.Repo
	case errors.As(err, &lower):
		at.toolchain = lower.Toolchain
	default:
		return false
	}
	r.warnings = nil
	return true
}
