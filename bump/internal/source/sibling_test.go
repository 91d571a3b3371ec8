package source

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFilesOfSiblingFlakes(t *testing.T) {
	t.Parallel()
	files := []string{
		"flake.nix", "shared/a.nix", "hosts/flake.nix", "hosts/gpu/flake.nix", "hosts/gpu/x/a.nix",
		"hosts/gpu/x/flake.nix", "hosts/tpu/flake.nix", "hosts/tpu/y/a.nix",
	}
	in := func(sub string) []string {
		s := &Set{Sub: sub, has: map[string]bool{}}
		for _, name := range files {
			s.has[name] = true
		}
		var siblings []string
		for _, name := range files {
			if s.Sibling(name) {
				siblings = append(siblings, name)
			}
		}
		return siblings
	}
	assert.Empty(t, in(""))
	assert.Empty(t, in("hosts"))
	assert.Equal(t, []string{"hosts/tpu/flake.nix", "hosts/tpu/y/a.nix"}, in("hosts/gpu"))
	assert.Equal(t, []string{"hosts/gpu/flake.nix", "hosts/gpu/x/a.nix", "hosts/gpu/x/flake.nix"}, in("hosts/tpu"))
}
