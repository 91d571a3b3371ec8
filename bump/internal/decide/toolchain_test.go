package decide

import (
	"cmp"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// Where nothing is known of one of the two Go versions, nothing is held back, and a note says so.
func TestUnknownGoIsNoted(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t)
	s.AddRelease("ollama", "ollama", githubtest.Release{Tag: "v0.32.15"})
	upstream, err := github.New(github.Options{BaseURL: s.URL})
	require.NoError(t, err)
	var notes []string
	d := decider{Job{Found: &pin.Found{Package: &pin.Ollama}}, Tools{
		Upstream: upstream, GoLines: GoLines{}, Log: func(kind diag.EventKind, format string, args ...any) {
			assert.Equal(t, diag.Detail, kind)
			notes = append(notes, fmt.Sprintf(format, args...))
		},
	}}
	for range 2 { // the second time it is not asked for again
		wants, err := d.newerGo(t.Context(), "0.32.15", probe.Recipe{Go: "1.25.0"})
		require.NoError(t, err)
		assert.Empty(t, wants)
	}
	wants, err := d.newerGo(t.Context(), "0.32.15", probe.Recipe{})
	require.NoError(t, err)
	assert.Empty(t, wants)
	assert.Equal(t, []string{
		"0.32.15 has no go.mod: any version of Go is accepted",
		"the Go version that this recipe builds with is not known: it has no passthru.go",
	}, notes)
}

// Pins that have a nixpkgs each are built by the weaker one, whichever is looked at first.
func TestToolchainsOfSeveralPins(t *testing.T) {
	t.Parallel()
	older, newer := Toolchain{goVersion: "1.24.9"}, Toolchain{goVersion: "1.25.8"}
	bound, lower := Toolchain{below: "0.30.0", why: "no llama.cpp"}, Toolchain{below: "0.23.0", why: "no Vulkan"}
	for _, c := range []struct{ a, b, want Toolchain }{
		{Toolchain{}, Toolchain{}, Toolchain{}},
		{older, Toolchain{}, older},
		{older, newer, older},
		{bound, Toolchain{}, bound},
		{bound, lower, lower},
		{older, bound, Toolchain{"1.24.9", "0.30.0", "no llama.cpp"}},
	} {
		assert.Equal(t, c.want, c.a.and(c.b))
		assert.Equal(t, c.want, c.b.and(c.a))
	}
}

// Which version another nixpkgs provides is known once it was evaluated. Where it may not be taken the pin stays.
func TestProvidedVersion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, comment string
		options       Options
		provided      string
		why           string
	}{
		{"anything may be taken", "", Options{}, "0.32.13", ""},
		{"the newest is skipped, but not provided", "", Options{Skip: release.Skips{"0.32.15"}}, "0.32.13", ""},
		{
			"what is provided is skipped", "",
			Options{Skip: release.Skips{"0.32.13"}},
			"0.32.13",
			"0.32.13 is not taken: it is skipped",
		},
		{"an older one is allowed and provided", "hold <0.32.14", Options{}, "0.32.13", ""},
		{
			"an older one is allowed, but not provided", "hold <0.32.13",
			Options{},
			"0.32.13",
			"0.32.13 is not taken: held by # ollama-bump: hold <0.32.13",
		},
		{"what is provided is old enough", "", Options{MinAge: 7 * day}, "0.32.13", ""},
		{
			"what is provided is too young", "",
			Options{MinAge: 7 * day},
			"0.32.14",
			"0.32.14 is not taken: it is too new until 2026-11-23 12:00 UTC",
		},
		{
			"what is provided is no release that is listed", "",
			Options{MinAge: 7 * day},
			"0.31.1",
			"0.31.1 is not taken: its age is unknown",
		},
	} {
		f, err := nixexpr.Parse("flake.nix", []byte(`{
  inputs.newer.url = "github:NixOS/nixpkgs/master";
  outputs = { self, nixpkgs, newer }: {
    # ollama-bump: `+cmp.Or(tt.comment, "hold until 2020-01-01")+`
    packages.x86_64-linux.ollama = newer.legacyPackages.x86_64-linux.ollama.overrideAttrs (old: {
      vendorHash = "sha256-CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA=";
    });
  };
}`))
		require.NoError(t, err)
		files := &pin.Files{Flake: "flake.nix", Nix: map[string]*nixexpr.File{"flake.nix": f}}
		found, err := pin.Find(t.Context(), files, &pin.Ollama)
		require.NoError(t, err)
		require.Len(t, found.Pins, 1)
		job := Job{Options: tt.options, Files: files, Found: found, Now: clock}
		tools := Tools{Upstream: newest(), GoLines: GoLines{}, Log: func(diag.EventKind, string, ...any) {}}
		sel, err := Select(t.Context(), job, tools)
		require.NoError(t, err)
		require.Empty(t, sel.Held, tt.name)
		gate := Gate(t.Context(), job, tools, sel)
		err = gate(found.Pins[0], []probe.Output{{Where: "packages.x86_64-linux.ollama", Version: tt.provided}})
		if tt.why == "" {
			require.NoError(t, err, tt.name)
			continue
		}
		var again *Again
		require.ErrorAs(t, err, &again, tt.name)
		job.Evaluated = again.Evaluated
		sel, err = Select(t.Context(), job, tools)
		require.NoError(t, err)
		assert.Equal(t, found.Pins, sel.Held, tt.name)
		if len(sel.Decision.Passed) == 0 {
			assert.Equal(t, tt.why, sel.Waiting, tt.name)
		}
		assert.Equal(t, map[string]string{found.Pins[0].String(): tt.why}, again.kept, tt.name)
	}
}
