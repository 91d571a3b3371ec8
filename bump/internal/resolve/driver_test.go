package resolve

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
)

// ended is a request in the middle of which the run ends.
type ended struct{ cancel context.CancelFunc }

func (r ended) perform(context.Context, *driver) (answer, error) {
	r.cancel()
	return answer{}, nil // without the derivations, which nobody could read any more
}

// The end of a run is what is said, not what could not be read because of it.
func TestEndOfTheRun(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	d := &driver{}
	assert.ErrorIs(t, d.follow(ctx, ended{cancel}, nil), context.Canceled)
}
