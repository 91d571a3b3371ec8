package diag_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

func TestError(t *testing.T) {
	cause := errors.New("cause")
	e := diag.At(diag.Pos{File: "a.nix", Line: 3, Column: 7}, "find pin: nothing", "add one")
	assert.EqualError(t, e, "a.nix:3:7: find pin: nothing")
	assert.EqualError(t, &diag.Error{Text: "open flake: no"}, "open flake: no")
	assert.ErrorIs(t, &diag.Error{Err: cause}, cause)
}

func TestLogKeepsWarnings(t *testing.T) {
	var got []diag.Event
	l := diag.NewLog(func(e diag.Event) { got = append(got, e) })
	l.Say(diag.Step, "pin", "found %d\n::x", 1)
	l.Warn("hash", "passed over")
	assert.Equal(t, []string{"passed over"}, l.Warnings())
	require.Len(t, got, 2)
	assert.Equal(t, "found 1 ::x", got[0].Text)
	assert.Equal(t, diag.Warning, got[1].Kind)
	diag.NewLog(nil).Warn("pin", "nobody listens")
	var none *diag.Log
	none.Warn("pin", "x")
	assert.Empty(t, none.Warnings())
}
