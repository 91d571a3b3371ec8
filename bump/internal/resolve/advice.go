package resolve

import "strings"

// advice says what to do about an evaluation that fails, by what Nix or nixpkgs says. The words only choose the hint.
var advice = []struct{ words, hint string }{
	{
		"attribute 'currentSystem' missing",
		"the flake asks for the machine it runs on: give Nix --impure with Options.NixArgs=--impure",
	},
	{"in pure eval", "the flake needs what pure evaluation forbids: give Nix --impure with Options.NixArgs=--impure"},
	{
		"either `rev` or `tag`",
		"the source that is overridden has the other one: write rev = null; beside the tag, or the ref under that name",
	},
	{"refusing to evaluate", "allow it in the config of the nixpkgs that the package comes from, as nixpkgs says"},
	{"release branches that correspond to", "use the two inputs' branches of the same release, as it says"},
	{
		"' does not exist. Definition values", // of an option; a file does not exist either
		"correct the option: as long as it is set, nothing of this configuration evaluates",
	},
	{"is not of type", "correct the option's value: as long as it is wrong, nothing of this configuration evaluates"},
	{"Failed assertions", "correct the configuration, as its assertion says"},
}

// advise returns the hint for what does not evaluate, or other.
func advise(text, other string) string {
	for _, a := range advice {
		if strings.Contains(text, a.words) {
			return a.hint
		}
	}
	return other
}
