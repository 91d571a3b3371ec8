package pin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestUnusedSource tells a variable that nothing refers to, but perhaps itself, from one that another definition names.
func TestUnusedSource(t *testing.T) {
	for definitions, unused := range map[string]bool{
		`src = FETCH;`:                             true,
		`src = FETCH; other = x;`:                  true,
		`src = FETCH; inherit (x) lib;`:            true,
		`src = FETCH; inherit x;`:                  true,
		`src = { a = FETCH; b = src; };`:           true,
		`src = FETCH; other = src;`:                false,
		`src = FETCH; other = f { inherit src; };`: false,
		`src = FETCH; inherit (src) lib;`:          false,
	} {
		_, err := findIn(t.Context(), t, strings.Replace(`{ outputs = { x, f, ... }: let `+definitions+` in { }; }`,
			"FETCH", `f "https://github.com/ollama/ollama/archive/v0.32.13.tar.gz"`, 1))
		require.ErrorContains(t, err, "find pin: ", definitions)
		assert.Equal(t, unused, strings.Contains(err.Error(), "src fetches ollama/ollama, but nothing refers to it"),
			"%s: %v", definitions, err)
	}
}
