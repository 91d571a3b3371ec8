package nix

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What only the machine is to blame for is not taken for a fault of the flake.
func TestFaultsOfTheMachine(t *testing.T) {
	for _, c := range []struct {
		text string
		kind Kind
		hint string
	}{
		{
			"error: opening pseudoterminal master: No such file or directory", NoPseudoterminal,
			"the flake is not to blame: mount /dev/pts",
		},
		{"error: unlocking pseudoterminal: Inappropriate ioctl for device", NoPseudoterminal, "mount /dev/pts"},
		{
			"error:\n       … while evaluating the file\n\n       error: evaluation aborted with the following error " +
				"message: '\n\n       This version of Nixpkgs requires Nix >= 2.18, please upgrade:\n'",
			OldForNixpkgs, "the Nix of this machine is too old for the flake's nixpkgs",
		},
		{ // nixpkgs before 18.03
			"error: evaluation aborted with the following error message: ‘This version of Nixpkgs requires Nix >= " +
				"1.10, please upgrade! See https://nixos.org/wiki/How_to_update’",
			OldForNixpkgs, "upgrade Nix",
		},
		{ // since 25.05
			"error:\n       … while calling the 'abort' builtin\n\n         at " +
				"/nix/store/abc-source/default.nix:4:3:\n\n" +
				"       error: evaluation aborted with the following error message: '\n       This version of " +
				"Nixpkgs requires " +
				"an implementation of Nix with the following features:\n       - `builtins.nixVersion` reports at " +
				"least 2.18\n\n       Your are evaluating with Nix 2.8.0, please upgrade:\n\n'",
			OldForNixpkgs, "upgrade Nix",
		},
		{"error: unrecognised flag '--extra-experimental-features'", TooOld, "needs Nix 2.4 or newer"},
	} {
		f := classify(message{text: c.text}, func(string) []string { return nil })
		assert.Equal(t, c.kind.String(), f.Kind.String(), c.text)
		assert.Contains(t, f.Hint, c.hint, c.text)
	}
}
