package main

import (
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// helpHint is said where nothing better is known.
const helpHint = "see ollama-bump --help"

// suggestFor returns the hint for an argument that is none: people write a flag without its hyphens, and a folder.
func suggestFor(set *pflag.FlagSet, arg string) string {
	if set.Lookup(arg) != nil {
		return "did you mean --" + arg + "?"
	}
	if info, err := os.Stat(arg); err == nil && info.IsDir() {
		return "write --flake " + arg
	}
	return "a folder goes after --flake, arguments for Nix after --"
}

// suggestFlag returns the hint for a flag that does not exist: the one that was probably meant.
func suggestFlag(set *pflag.FlagSet, name string) string {
	best, least := "", 3 // more mistakes than two are another word
	set.VisitAll(func(f *pflag.Flag) {
		n := distance(bare(name), bare(f.Name))
		if n < least && n <= len(f.Name)/2 {
			best, least = f.Name, n
		}
	})
	if best == "" {
		return helpHint + "; arguments for Nix go after --"
	}
	return "did you mean --" + best + "?"
}

// bare drops what people confuse most: hyphens and underscores.
func bare(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}

// distance returns how many letters must be added, removed or replaced to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
