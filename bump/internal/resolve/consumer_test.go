package resolve

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// consumed is a flake whose package is no output: an image that is made with it is one.
func consumed(t *testing.T, attrs string, change change) *replay {
	t.Helper()
	r := newReplay(t, flake(attrs), change)
	r.consumer = "packages." + pin.System() + ".image"
	return r
}

func TestConsumersShowWhatNoPackageShows(t *testing.T) {
	r := consumed(t, vendored, nil)
	s, err := r.hashes()
	require.NoError(t, err)
	assert.Equal(t, sum("src hash").SRI(), valueOf(r, s, "src hash"))
	assert.Equal(t, sum("vendor hash").SRI(), valueOf(r, s, "vendor hash"))
	require.Len(t, s.Moves, 1)
	require.Len(t, s.Moves[0].Outputs, 1)
	assert.Equal(t, r.consumer, s.Moves[0].Outputs[0].Where)
	assert.Equal(t, sum("vendor hash").SRI(), s.Moves[0].Outputs[0].Mod, "the last look is one at the real hashes")
	var built []string
	for _, q := range r.asked {
		if q.Build.Derivation != "" {
			built = append(built, r.drvs[q.Build.Derivation].Name)
		}
	}
	assert.Equal(t, []string{"vendor-hash", "vendor-hash", "vendor-hash"}, built, "for each hash, and for the proof")
}

func TestConsumersInALaterFamily(t *testing.T) {
	r := consumed(t, vendored, nil)
	r.consumer = "nixosConfigurations.host"
	s, err := r.hashes()
	require.NoError(t, err)
	assert.Equal(t, "nixosConfigurations.host", s.Moves[0].Outputs[0].Where)
}

func TestConsumersWithAnInheritedHash(t *testing.T) {
	r := consumed(t, "", nil)
	s, err := r.hashes()
	require.NoError(t, err)
	assert.Equal(t, sum("src hash").SRI(), valueOf(r, s, "src hash"))
	assert.Equal(t, sum("vendor hash").SRI(), valueOf(r, s, "vendor hash"), "its modules are those of the source")
}

// Of what is made with a source the package is what has its name, whatever else there is.
func TestPackageInAClosure(t *testing.T) {
	made := func(pname string, of ...string) *nix.Derivation {
		d := &nix.Derivation{Env: map[string]string{"pname": pname}, InputDrvs: map[string][]string{}}
		for _, input := range of {
			d.InputDrvs[input] = []string{"out"}
		}
		return d
	}
	s, o := stateOf(), probe.Output{SrcDrv: "src", ModDrv: "mod"}
	closure := map[string]*nix.Derivation{
		"a": made("unpacked", "src"), "b": made("ollama", "src", "mod"), "c": made("wrapped", "mod"),
		"d": made("ollama", "other"),
	}
	assert.Equal(t, "b", s.madeWith(closure, o))
	closure["b"].Env["pname"] = "ollama-cuda"
	assert.Equal(t, "c", s.madeWith(closure, o), "the last of those that it may be")
	delete(closure, "c")
	assert.Equal(t, "b", s.madeWith(closure, o))
	assert.Empty(t, s.madeWith(map[string]*nix.Derivation{"d": closure["d"]}, o))
}

func TestConsumersThatFail(t *testing.T) {
	boom := &nix.Failure{Kind: nix.Fetch, Text: "boom"}
	for want, change := range map[string]change{
		"explained: nix: boom": func(_ int, q probe.Question, a *probe.Answer) {
			if q.Build.Derivation != "" {
				a.Mismatches, a.Failure = nil, boom
			}
		},
		"no dependency of packages." + pin.System() + ".image needs what is missing": func(_ int, q probe.Question,
			a *probe.Answer,
		) {
			if q.Build.Derivation != "" {
				a.Mismatches, a.Built = nil, true
			}
		},
	} {
		_, err := consumed(t, vendored, change).hashes()
		require.ErrorContains(t, err, want)
	}

	r := consumed(t, vendored, nil)
	r.changeConsumers = func(_ probe.ConsumerQuestion, list []probe.Consumer) {
		list[0].Drv, list[0].Failure = "", boom
	}
	_, err := r.hashes()
	require.ErrorContains(t, err, "no output of the flake shows ollama 0.32.15")
}

// What the last look shows must be made with what was found.
func TestConsumerThatIgnoresAHash(t *testing.T) {
	r := consumed(t, vendored, nil)
	r.changeConsumers = func(q probe.ConsumerQuestion, list []probe.Consumer) {
		for _, v := range q.State.Values {
			if v == sum("vendor hash").SRI() {
				r.drvs[list[0].Drv].InputDrvs = map[string][]string{}
			}
		}
	}
	_, err := r.hashes()
	require.ErrorContains(t, err, "is not built with the vendor hash that is pinned here")
}

func TestConsumersThatSettingsForbid(t *testing.T) {
	r := consumed(t, vendored, nil)
	r.changeConsumers = func(q probe.ConsumerQuestion, list []probe.Consumer) {
		list[0].Refused = true
		if q.Strict {
			list[0].Failure = &nix.Failure{Kind: nix.Eval, Text: "unfree"}
		}
	}
	_, err := r.hashes()
	require.NoError(t, err)
	assert.Contains(t, r.logged[len(r.logged)-1], "does not evaluate with the flake's own settings")
}

// Of pins that no package shows beside others, those that an image is made with move, and the others are left.
func TestConsumersBesideAPackage(t *testing.T) {
	cuda := func(name string) string {
		return `nixpkgs.ollama-` + name + `.overrideAttrs { version = "0.32.13"; src = nixpkgs.fetchFromGitHub {
			owner = "ollama"; repo = "ollama"; tag = "v0.32.13"; hash = "` + sum("old "+name).SRI() + `"; };
			vendorHash = "` + sum("old modules of "+name).SRI() + `"; }`
	}
	r := newReplay(t, two(cuda("cuda")+";\n\tthird = "+cuda("rocm")), nil)
	require.Len(t, r.found.Pins, 3)
	r.consumer = "packages." + pin.System() + ".image"
	r.change = func(_ int, q probe.Question, a *probe.Answer) {
		if q.Build.Derivation == "" {
			*a = probe.Answer{NixVersion: a.NixVersion, Built: true}
			a.Outputs = []probe.Output{r.output(q, 0, r.found.Pins[0], a)}
		}
	}
	r.changeConsumers = func(_ probe.ConsumerQuestion, list []probe.Consumer) { list[2].Drv = "" }
	s, err := r.hashes()
	require.NoError(t, err)
	require.Len(t, s.Moves, 2)
	assert.Same(t, r.found.Pins[0], s.Moves[0].Pin)
	assert.Same(t, r.found.Pins[1], s.Moves[1].Pin)
	assert.False(t, s.Moves[0].Consumed)
	assert.True(t, s.Moves[1].Consumed)
	require.Len(t, s.Unshown, 1)
	assert.Same(t, r.found.Pins[2], s.Unshown[0].Pin)
	for _, h := range s.Moves[1].hashes {
		assert.False(t, h.missing())
	}
}

// The file of a release is known by its hash where one pin alone brings it in.
func TestFileOfOnePinAlone(t *testing.T) {
	known := given(pin.ReleaseAsset, "asset hash")
	one, other := moving(nil, known), moving(nil, looked(pin.Source, "src hash"), given(pin.Source, "vendor hash"))
	s := stateOf(one, other)
	assert.True(t, s.onlyOf(one, known))
	assert.False(t, s.onlyOf(one, given(pin.Source, "asset hash")))
	for _, group := range []*[]*Move{&s.pins, &s.elsewhere, &s.unshown, &s.along} {
		*group = append(*group, &Move{Pin: one.Pin, hashes: one.hashes})
		assert.True(t, s.onlyOf(one, known), "it is the same pin's")
		*group = append(*group, moving(nil, given(pin.ReleaseAsset, "asset hash")))
		assert.False(t, s.onlyOf(one, known))
		*group = (*group)[:len(*group)-1]
	}
	one.Fetches = []*pin.Fetch{{Had: pin.Blank{}}, {Had: pin.Written{Hash: sum("another")}}}
	assert.True(t, s.onlyOf(one, known))
	one.Fetches = append(one.Fetches, &pin.Fetch{Had: pin.Written{Hash: *known.found}})
	assert.False(t, s.onlyOf(one, known), "the flake has it already")
}
