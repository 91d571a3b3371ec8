package pin

import (
	"runtime"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// A target is the Nix system under which the flake is evaluated. What a pin holds may differ from one to the
// other: a table of assets, say.
type target struct{ system string }

// System is this machine as Nix names it.
func System() string {
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i686"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	return arch + "-" + runtime.GOOS
}

// OtherSystems are those that people use, without this machine's.
func OtherSystems() []string {
	systems := []string{"x86_64-linux", "aarch64-linux", "x86_64-darwin", "aarch64-darwin"}
	return slices.DeleteFunc(systems, func(s string) bool { return s == System() })
}

// targets are the systems to evaluate files for: this machine's alone, unless they tell systems apart.
func targets(files []*nixexpr.File) []target {
	list := []target{{System()}}
	for _, word := range []string{"isDarwin", "isLinux", "isAarch64", "isx86_64", ".system", "-linux"} {
		if mention(files, word) {
			for _, system := range OtherSystems() {
				list = append(list, target{system})
			}
			break
		}
	}
	return list
}

// external gives names of nixpkgs that tell systems apart their values.
func (t target) external(name string) eval.Value {
	is := func(yes bool) eval.Value {
		if yes {
			return &eval.Scalar{Text: "true"}
		}
		return &eval.Scalar{Text: "false"}
	}
	switch name {
	case "system", "currentSystem":
		return &eval.Text{Pieces: []eval.Piece{{Text: t.system}}}
	case "isDarwin":
		return is(strings.HasSuffix(t.system, "-darwin"))
	case "isLinux":
		return is(strings.HasSuffix(t.system, "-linux"))
	case "isAarch64":
		return is(strings.HasPrefix(t.system, "aarch64-"))
	case "isx86_64":
		return is(strings.HasPrefix(t.system, "x86_64-"))
	}
	return nil
}
