package diag_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

func TestError(t *testing.T) {
	cause := errors.New("cause")
	e := diag.At(diag.Pos{File: "a.nix", Line: 3, Column: 7}, "find pin: nothing", "add one")
	assert.EqualError(t, e, "a.nix:3:7: find pin: nothing")
	assert.EqualError(t, &diag.Error{Text: "open flake: no"}, "open flake: no")
	assert.ErrorIs(t, &diag.Error{Err: cause}, cause)
}
