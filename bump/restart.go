package bump

import (
	"errors"

	"github.com/nixtars/ollama-bump/bump/internal/decide"
	"github.com/nixtars/ollama-bump/bump/internal/propose"
)

// A run starts over for two reasons, which are known only when much of the work is done: the base branch holds other
// files than the checkout (a *propose.Rebase), or what was selected cannot be had, for the nixpkgs of a pin does not
// build it or another nixpkgs does not provide it (a *decide.Again).

// start is where the stages begin, and what must not be worked out again when they begin once more.
type start struct {
	base      propose.Base
	evaluated decide.Evaluated
}

// startOver reports whether err asks for another round, and moves the start there.
func (r *run) startOver(at *start, err error) bool {
	var other *propose.Rebase
	var again *decide.Again
	switch {
	case errors.As(err, &other):
		at.base.LeaveFor(other.Base)
		*at, r.remote.Repo = start{base: other.Base}, other.Repo // its nixpkgs may be another one
	case errors.As(err, &again):
		at.evaluated = again.Evaluated
	default:
		return false
	}
	r.warnings = nil
	return true
}
