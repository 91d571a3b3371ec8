package resolve

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// The last question leaves out what the first one showed enough of: a machine without the pin, and one that showed the
// fakes. Where the pin was seen first, it is proved.
func TestConfigurationsThatNeedNoSecondLook(t *testing.T) {
	machines := []string{"nixosConfigurations.a", "nixosConfigurations.b", "nixosConfigurations.c"}
	fleet := func(_ int, q probe.Question, a *probe.Answer) {
		a.Looked = machines
		first := a.Outputs[0]
		a.Outputs = nil
		for i, machine := range machines {
			if where := machine + ".pkgs.ollama"; !slices.Contains(q.Skip, machine) {
				o := first
				o.Where = where
				if len(q.Whole) > 0 {
					o.Drv = o.ModDrv
				}
				if i == 0 {
					o.Pins, o.Version = nil, "0.31.0"
				}
				a.Outputs = append(a.Outputs, o)
			}
		}
	}
	s, r, err := hashes(t, flake(vendored), fleet)
	require.NoError(t, err)
	require.Len(t, r.asked, 3)
	assert.Empty(t, r.asked[0].Skip)
	assert.Empty(t, r.asked[1].Skip, "one output is asked for")
	assert.Equal(t, []string{machines[0], machines[2]}, r.asked[2].Skip)
	require.Len(t, s.Moves[0].Outputs, 2)
	assert.Equal(t, machines[1]+".pkgs.ollama", s.Moves[0].Outputs[0].Where)
	assert.Equal(t, sum("src hash").SRI(), s.Moves[0].Outputs[0].Src)
	assert.Equal(t, machines[2]+".pkgs.ollama", s.Moves[0].Outputs[1].Where, "what is left out still shows the pin")

	// A hash that was added later says nothing about the others.
	_, r, err = hashes(t, flake(""), fleet)
	require.NoError(t, err)
	assert.Equal(t, []string{machines[0]}, r.asked[len(r.asked)-1].Skip)
}

// A service that runs another package is reported, once.
func TestServiceThatRunsAnotherPackage(t *testing.T) {
	_, r, err := hashes(t, flake(vendored), func(_ int, _ probe.Question, a *probe.Answer) {
		a.Outputs = append(a.Outputs, probe.Output{
			Where:   "nixosConfigurations.a.config.services.ollama.package",
			Version: "0.1.0",
		})
	})
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(strings.Join(r.logged, "\n"), "is another package, version 0.1.0"))
}

// A source that is fetched while Nix evaluates has no derivation: its fake is in the failure.
func TestSourceFetchedInTheEvaluation(t *testing.T) {
	fetched := func(specified func(q probe.Question) nixhash.Hash) change {
		return func(n int, q probe.Question, a *probe.Answer) {
			if n == 1 {
				a.Outputs, a.Mismatches = nil, nil
				a.Failure = &nix.Failure{Kind: nix.EvalFetch, Text: "got another hash", Fetched: &nix.Mismatch{
					Specified: specified(q), Got: sum("src hash"),
				}}
			}
		}
	}
	s, r, err := hashes(t, flake(vendored), fetched(func(q probe.Question) nixhash.Hash {
		h, err := nixhash.Parse(q.Pins[0].Marks[0], "sha256")
		require.NoError(t, err)
		return h
	}))
	require.NoError(t, err)
	assert.Equal(t, sum("src hash").SRI(), valueOf(r, s, "src hash"))
	_, _, err = hashes(t, flake(vendored), fetched(func(probe.Question) nixhash.Hash { return sum("the flake's own") }))
	require.ErrorContains(t, err, "explained: nix: got another hash")
}

// An error of Nix without a place in the flake is placed at the pin whose package fails.
func TestPackageThatShowsThePinAndFails(t *testing.T) {
	r := newReplay(t, flake(vendored), func(_ int, _ probe.Question, a *probe.Answer) {
		a.Mismatches, a.Built, a.Last = nil, false, a.Outputs[0].Where
		a.Failure = &nix.Failure{Kind: nix.Eval, Text: "no patch for this release"}
	})
	r.explained = &diag.Error{Text: "run nix: no patch", Hint: "see the log"}
	_, err := r.hashes()
	var e *diag.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "flake.nix:1:64: find package: packages."+pin.System()+".p0 does not evaluate: no patch for "+
		"this release",
		e.Error())
	assert.Equal(t, "see the log", e.Hint)

	r.explained = &diag.Error{Pos: diag.Pos{File: "ollama.nix", Line: 7, Column: 1}, Text: "run nix: no patch"}
	_, err = r.hashes()
	require.EqualError(t, err, "ollama.nix:7:1: run nix: no patch", "Nix knows the place")
}

// What a configuration throws is caught as long as another output may show the pin; then it is asked for.
func TestConfigurationThatIsAskedWhyItFails(t *testing.T) {
	_, r, err := hashes(t, flake(vendored), func(_ int, q probe.Question, a *probe.Answer) {
		a.Outputs, a.Mismatches = nil, nil
		a.Failure, a.NoneShown = &nix.Failure{Kind: nix.Eval, Text: "nothing"}, true
		if q.Strict {
			a.NoneShown, a.Last = false, "nixosConfigurations.a"
			a.Failure = &nix.Failure{Kind: nix.Eval, Text: "The option `services.olama' does not exist. Definition " +
				"values: …"}
		}
	})
	require.ErrorContains(t, err, "nixosConfigurations.a does not evaluate: The option `services.olama' does not exist")
	var e *diag.Error
	require.ErrorAs(t, err, &e)
	assert.Contains(t, e.Hint, "correct the option")
	assert.True(t, r.asked[len(r.asked)-1].Strict)
}

// halfMoved is an output that takes its version from the pin and keeps a hash of its own.
func halfMoved(before string) change {
	return func(_ int, q probe.Question, a *probe.Answer) {
		o := probe.Output{Where: "packages.x.ollama-cuda", Pname: "ollama", Version: "0.32.15", Src: sum("own").SRI()}
		if len(q.State.Values) == 0 {
			o.Version, o.Src = before, sum("own").SRI()
		}
		a.Outputs = append(a.Outputs, o)
	}
}

func TestOutputThatWouldBeHalfMoved(t *testing.T) {
	_, _, err := hashes(t, flake(vendored), halfMoved("0.32.13"))
	require.ErrorContains(t, err, "verify: packages.x.ollama-cuda gets version 0.32.15 from this pin, but keeps "+
		"the hash "+
		sum("own").SRI()+" of 0.32.13")
	_, r, err := hashes(t, flake(vendored), halfMoved("0.32.15"))
	require.NoError(t, err, "it was at the release before")
	assert.Empty(t, r.asked[len(r.asked)-1].State)
}

// What the flake's own settings forbid is quoted, when it was so before.
func TestPackageThatSettingsForbid(t *testing.T) {
	_, r, err := hashes(t, flake(vendored), func(_ int, q probe.Question, a *probe.Answer) {
		if len(q.Whole) > 0 {
			a.Outputs[0].Drv = ""
		}
		if len(q.Build.Package) > 0 {
			a.Failure = &nix.Failure{Kind: nix.Eval, Text: "has an unfree license"}
		}
	})
	require.NoError(t, err)
	assert.Contains(t, r.logged, "packages."+pin.System()+".p0 does not evaluate with the flake's own settings, "+
		"with the "+
		"bump or without it: has an unfree license")
}

// A tag that was moved shows in the hash of the version that is pinned already.
func TestHashThatChangedUnderTheSameVersion(t *testing.T) {
	current := strings.Replace(flake(vendored), "0.32.13", "0.32.15", 1)
	r := newReplay(t, current, nil)
	job := r.job()
	job.Plan = r.found.Plan("0.32.15", pin.Policy{All: true})
	s, err := Hashes(t.Context(), job, r.tools())
	require.NoError(t, err)
	tags := s.Retags(r.found)
	require.Len(t, tags, 1, "a vendorHash may change for other reasons")
	assert.Equal(t, pin.SrcHash, tags[0].Slot.Field)
	assert.Equal(t, sum("old"), tags[0].Old)
	assert.Equal(t, sum("src hash"), tags[0].New)
}

// two are pins of one version, of which an output shows the first.
func two(second string) string {
	return `{ outputs = { nixpkgs, ... }: let version = "0.32.13"; in { packages.x86_64-linux = {
	ollama = nixpkgs.ollama.overrideAttrs {
		inherit version;
		src = nixpkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}";
			hash = "` + sum("old").SRI() + `"; };
		vendorHash = "` + sum("old vendor").SRI() + `";
	};
	other = ` + second + `; }; }; }`
}

// hidden leaves the second pin out of every answer.
func hidden(_ int, _ probe.Question, a *probe.Answer) {
	a.Outputs = a.Outputs[:1]
	a.Mismatches = nil
}

// onlyFirst leaves out of every answer what is not the first pin's.
func onlyFirst(n int, q probe.Question, a *probe.Answer) {
	mismatches := a.Mismatches
	hidden(n, q, a)
	for _, m := range mismatches {
		if d := a.Outputs[0]; m.DrvPath == d.SrcDrv || m.DrvPath == d.ModDrv {
			a.Mismatches = append(a.Mismatches, m)
		}
	}
}

func TestPinThatSharesAVersionAndDoesNotShow(t *testing.T) {
	src := two(`nixpkgs.ollama-cuda.overrideAttrs { inherit version; src = nixpkgs.fetchFromGitHub {
		owner = "ollama"; repo = "ollama"; tag = "v${version}"; hash = "` + sum("old cuda").SRI() + `"; }; }`)
	r := newReplay(t, src, nil)
	r.change = onlyFirst
	require.Len(t, r.found.Pins, 2)
	_, err := r.hashes()
	require.ErrorContains(t, err, "the version 0.32.13 of this src hash moves, but no output of the flake shows "+
		"the package")

	// A release's file has its hash in the list of digests; without one it is downloaded.
	url := "https://github.com/ollama/ollama/releases/download/v0.32.15/" + here
	for digest, want := range map[string]nixhash.Hash{"a": sum("a"), "": sum(url)} {
		r2 := newReplay(t, two(`nixpkgs.stdenv.mkDerivation { pname = "ollama"; inherit version;
			src = nixpkgs.fetchurl { url = "https://github.com/ollama/ollama/releases/download/v${version}/`+here+`";
			hash = "`+sum("old bin").SRI()+`"; }; }`), nil)
		r2.change, r2.assets = r.change, append(r2.assets, asset(here, digest))
		s, err := r2.hashes()
		require.NoError(t, err)
		require.Len(t, s.Along, 1)
		assert.Contains(t, values(r2, s), want.SRI())
		r2.assets = nil
		_, err = r2.hashes()
		require.ErrorContains(t, err, "has no asset "+here)
	}
}

// What is made of one literal moves together or not at all, however it is connected.
func TestPinThatSharesALiteralAndDoesNotShow(t *testing.T) {
	bin := `nixpkgs.stdenv.mkDerivation { pname = "ollama"; inherit version; src = nixpkgs.fetchurl {
		url = "https://github.com/ollama/ollama/releases/download/v${other}/` + here + `";
		hash = "` + sum("old bin").SRI() + `"; }; }`
	const stale = "the version 0.32.13 of this src hash moves, but no output of the flake shows the package"
	for what, tt := range map[string]struct {
		second, third string
		err           string
	}{
		"through another": {
			second: bin, err: stale,
			third: `nixpkgs.ollama-cuda.overrideAttrs { version = other; src = nixpkgs.fetchFromGitHub {
				owner = "ollama"; repo = "ollama"; tag = "v${other}"; hash = "` + sum("old cuda").SRI() + `"; }; }`,
		},
		"its modules' hash": {
			second: `nixpkgs.ollama-cuda.overrideAttrs { version = other; src = nixpkgs.fetchFromGitHub {
				owner = "ollama"; repo = "ollama"; tag = "v${other}"; hash = "` + sum("old cuda").SRI() + `"; };
				vendorHash = "` + sum("old vendor").SRI() + `"; }`, err: stale,
		},
		"nothing": {
			second: `nixpkgs.ollama-cuda.overrideAttrs { version = other; src = nixpkgs.fetchFromGitHub {
				owner = "ollama"; repo = "ollama"; tag = "v${other}"; hash = "` + sum("old cuda").SRI() + `"; }; }`,
		},
	} {
		t.Run(what, func(t *testing.T) {
			vendor := `"` + sum("old vendor").SRI() + `"`
			src := strings.ReplaceAll(two(tt.second), "vendorHash = "+vendor, "vendorHash = vendor")
			src = strings.Replace(src, "let ", `let other = "0.32.13"; vendor = `+vendor+"; ", 1)
			if tt.third != "" {
				src = strings.Replace(src, "other = nixpkgs", "third = "+tt.third+";\n\tother = nixpkgs", 1)
			}
			r := newReplay(t, src, onlyFirst)
			r.assets = append(r.assets, asset(here, "a"))
			s, err := r.hashes()
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Len(t, s.Unshown, 1)
			assert.Empty(t, s.Along)
		})
	}
}
