package replace

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump/internal/source"
)

// The named files come last, and the order is kept otherwise.
func TestLast(t *testing.T) {
	t.Parallel()
	var names []string
	changes := []source.Change{{File: "a"}, {File: "b"}, {File: "c"}, {File: "d"}}
	for _, c := range Last(changes, []string{"c", "a", "x"}) {
		names = append(names, c.File)
	}
	assert.Equal(t, []string{"b", "d", "a", "c"}, names)
	assert.Equal(t, "a", changes[0].File, "the list that was given stays")
}
