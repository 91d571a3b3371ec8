package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, flags, inputs string }{
		{"raise Options.Timeout", "raise --timeout", "raise the input timeout"},
		{
			"name it with Options.Repo=OWNER/NAME, and its API with Options.APIURL",
			"name it with --repo OWNER/NAME, and its API with --api-url",
			"name it with the input repo: OWNER/NAME, and its API with the input api-url",
		},
		{
			"use Options.Mode=DryRun or Options.Mode=Write", "use --dry-run or --no-pr",
			"use the input dry-run or the input no-pr",
		},
		{"see Options.NixArgs, which", "see the arguments after --, which", "see the input nix-args, which"},
		{"give (Options.NixArgs=--builders …)", "give (-- --builders …)", "give (the input nix-args: --builders …)"},
		{"Options.Dir=DIR, Options.Labels", "--flake DIR, --label", "the input flake: DIR, the input labels"},
		{"config.nixpkgs.Options.", "config.nixpkgs.Options.", "config.nixpkgs.Options."},
	} {
		assert.Equal(t, c.flags, asFlags(c.text))
		assert.Equal(t, c.inputs, asInputs(c.text))
	}
}

// Every option of a bump has a flag, but those that are no choice of whoever runs it.
func TestEveryOptionHasAFlag(t *testing.T) {
	t.Parallel()
	set := newSettings().flags()
	for _, field := range reflect.VisibleFields(reflect.TypeFor[bump.Options]()) {
		others := []string{
			"Mode", "NixArgs", "Env", "Progress", "Version", "BranchFolder", "Build", "Brief", "Unproposed",
		}
		if !slices.Contains(others, field.Name) {
			assert.NotNil(t, set.Lookup(flagName(field.Name)), field.Name)
		}
	}
	for _, flag := range modeFlag {
		assert.NotNil(t, set.Lookup(flag), flag)
	}
}

// Flags are this command's business: package bump names options, and every name is one.
func TestBumpNamesNoFlags(t *testing.T) {
	t.Parallel()
	var names []string
	for _, f := range inputFlags() {
		names = append(names, f.Name)
	}
	flag := regexp.MustCompile("--(" + strings.Join(names, "|") + `)\b`)
	quoted := regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`")
	bumpDir := filepath.Join(projectRoot(t), "bump")
	require.NoError(t, filepath.WalkDir(bumpDir, func(path string, entry os.DirEntry, err error) error {
		test := strings.HasSuffix(path, "_test.go") || strings.Contains(path, "bumptest")
		if err != nil || !strings.HasSuffix(path, ".go") || test {
			return err
		}
		text, err := os.ReadFile(path)
		for _, literal := range quoted.FindAllString(string(text), -1) {
			// nixos-rebuild has a --flake of its own
			ours := strings.Contains(literal, " ") && !strings.Contains(literal, "nixos-rebuild")
			assert.False(t, ours && flag.MatchString(literal), "%s: %s", path, literal)
			for _, part := range option.FindAllStringSubmatch(literal, -1) {
				_, ok := reflect.TypeFor[bump.Options]().FieldByName(part[1])
				assert.True(t, ok, "%s: %s", path, literal)
			}
		}
		return err
	}))
}
