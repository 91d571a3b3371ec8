package nix

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// store returns a reader of derivations that are written as "PATH: INPUT INPUT".
func store(lines ...string) func(string) (*Derivation, error) {
	drvs := map[string]*Derivation{}
	path := func(name string) string {
		return "/nix/store/" + strings.Repeat(name[:1], 32) + name[1:] + ".drv"
	}
	for _, line := range lines {
		name, inputs, _ := strings.Cut(line, ":")
		d := &Derivation{InputDrvs: map[string][]string{}}
		for _, input := range strings.Fields(inputs) {
			d.InputDrvs[path(input)] = []string{"out"}
		}
		drvs[path(name)] = d
	}
	return func(p string) (*Derivation, error) {
		if d := drvs[p]; d != nil {
			return d, nil
		}
		return nil, errors.New("no " + p)
	}
}

// The first letter of a name stands for the digest.
func TestCompare(t *testing.T) {
	read := store(
		"1-system-25.11: 1-etc 1-ollama-0.32.13 0-glibc-2.40",
		"1-etc: 1-ollama-0.32.13",
		"1-ollama-0.32.13: 1-ollama-0.32.13-go-modules 1-source 0-glibc-2.40 0-old-1.0",
		"1-ollama-0.32.13-go-modules: 1-source",
		"1-source:",
		"0-glibc-2.40:",
		"0-old-1.0:",
		"2-system-25.11: 2-etc 2-ollama-0.32.15 0-glibc-2.40",
		"2-etc: 2-ollama-0.32.15",
		"2-ollama-0.32.15: 2-ollama-0.32.15-go-modules 2-source 0-glibc-2.40 0-cmake",
		"2-ollama-0.32.15-go-modules: 2-source",
		"2-source:",
		"0-cmake: 0-glibc-2.40",
	)
	c := &Closures{Read: read}
	top := func(digest string) string { return "/nix/store/" + strings.Repeat(digest, 32) + "-system-25.11.drv" }
	d, err := c.Compare(t.Context(), top("1"), top("2"))
	require.NoError(t, err)
	assert.Equal(t, Difference{
		Updated: []Update{
			{
				"cmake",
				"",
				"",
			}, {"old", "1.0", ""}, {"ollama", "0.32.13", "0.32.15"}, {"ollama-go-modules", "0.32.13", "0.32.15"},
		},
		Rebuilt: []string{"etc", "source", "system-25.11"},
	}, d)
	d, err = c.Compare(t.Context(), top("1"), top("1"))
	require.NoError(t, err)
	assert.Equal(t, Difference{}, d)
}

func TestCompareIsBounded(t *testing.T) {
	endless := func(path string) (*Derivation, error) {
		return &Derivation{InputDrvs: map[string][]string{path + "x": nil}}, nil
	}
	_, err := (&Closures{Read: endless, Limit: 1000}).Compare(t.Context(), "/a", "/b")
	require.ErrorContains(t, err, "more than 1000")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = (&Closures{Read: endless}).Compare(ctx, "/a", "/b")
	require.ErrorIs(t, err, context.Canceled)
}

func TestVersions(t *testing.T) {
	for name, want := range map[string]string{
		"ollama-0.32.15":             "ollama 0.32.15",
		"ollama-0.32.15-go-modules":  "ollama-go-modules 0.32.15",
		"llama-cpp-b10488":           "llama-cpp b10488",
		"python3.13-numpy-2.3.4":     "python3.13-numpy 2.3.4",
		"nixos-system-desk-25.11pre": "nixos-system-desk 25.11pre",
		"unit-ollama.service":        "unit-ollama.service ",
		"source":                     "source ",
		"cuda12.8-cudart-12.8.90":    "cuda12.8-cudart 12.8.90",
	} {
		l := labelOf("/nix/store/"+strings.Repeat("0", 32)+"-"+name+".drv", &Derivation{})
		assert.Equal(t, want, fmt.Sprintf("%s %s", l.name, l.version))
	}
}
