package resolve

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// download is the derivation of a download that promises a hash.
func download(path, url string, promised nixhash.Hash) *nix.Derivation {
	digest := hex.EncodeToString(promised.Digest)
	return &nix.Derivation{
		Path: path, Name: "source", System: "x86_64-linux", Builder: "bash", Args: []string{"-e"},
		Env:       map[string]string{"url": url, "outputHash": digest, "out": "/nix/store/" + digest},
		InputDrvs: map[string][]string{"/nix/store/curl.drv": {"out"}}, InputSrcs: []string{"/nix/store/builder.sh"},
		Outputs: map[string]nix.Output{"out": {HashAlgo: "r:sha256", Hash: digest}},
	}
}

func TestSameFetch(t *testing.T) {
	a := download("/nix/store/a.drv", "https://x", sum("a"))
	assert.True(t, sameFetch(a, download("/nix/store/b.drv", "https://x", sum("b"))), "only the hash differs")
	for name, change := range map[string]func(d *nix.Derivation){
		"name":            func(d *nix.Derivation) { d.Name = "other" },
		"system":          func(d *nix.Derivation) { d.System = "aarch64-linux" },
		"builder":         func(d *nix.Derivation) { d.Builder = "sh" },
		"arguments":       func(d *nix.Derivation) { d.Args = nil },
		"URL":             func(d *nix.Derivation) { d.Env["url"] = "https://y" },
		"one more":        func(d *nix.Derivation) { d.Env["postFetch"] = "x" },
		"sources":         func(d *nix.Derivation) { d.InputSrcs = nil },
		"derivations":     func(d *nix.Derivation) { d.InputDrvs = nil },
		"their outputs":   func(d *nix.Derivation) { d.InputDrvs["/nix/store/curl.drv"] = []string{"bin"} },
		"the hash's name": func(d *nix.Derivation) { d.Env["outputHashAlgo"] = "sha512" },
	} {
		b := download("/nix/store/b.drv", "https://x", sum("b"))
		change(b)
		assert.False(t, sameFetch(a, b), name)
	}
	assert.Equal(t, "https://x", a.Env["url"], "what is compared is left as it is")
	assert.Contains(t, a.Env, "outputHash")
}

func TestHashesOfTheSameFetchAreReused(t *testing.T) {
	known, wanted := given(pin.Source, "src hash"), looked(pin.Source, "src hash of the other")
	known.drv = download("/nix/store/a.drv", "https://x", known.fake)
	same := download("/nix/store/b.drv", "https://x", wanted.fake)
	closure := map[string]*nix.Derivation{
		known.drv.Path: known.drv, same.Path: same, "/nix/store/curl.drv": {Path: "/nix/store/curl.drv"},
		"/nix/store/c.drv": download("/nix/store/c.drv", "https://x", sum("nobody's")),
	}
	for _, tt := range []struct {
		name   string
		change func()
		undo   func()
	}{
		{"modules are made of a source", func() { known.Role = pin.Vendor }, func() { known.Role = pin.Source }},
		{"no derivation", func() { known.drv = nil }, func() { known.drv = closure["/nix/store/a.drv"] }},
		{
			"another fetch",
			func() { known.drv = download("/nix/store/a.drv", "https://y", known.fake) },
			func() { known.drv = closure["/nix/store/a.drv"] },
		},
		{"a companion's old tag", func() { wanted.state = waiting }, func() { wanted.state = 0 }},
	} {
		tt.change()
		assert.Zero(t, stateOf(moving(nil, known), moving(nil, wanted)).reuseSameFetch(closure), tt.name)
		assert.Nil(t, wanted.found, tt.name)
		tt.undo()
	}
	s := stateOf(moving(nil, looked(pin.Source, "x")), moving(nil, known), moving(nil, wanted))
	assert.Equal(t, 1, s.reuseSameFetch(closure))
	require.NotNil(t, wanted.found)
	assert.Equal(t, known.found.SRI(), wanted.found.SRI())
	assert.Same(t, same, wanted.drv)
	assert.Zero(t, stateOf(moving(nil, known), moving(nil, wanted)).reuseSameFetch(closure), "it is found already")
}

func TestPinsWaitForTheSameDownload(t *testing.T) {
	via := func(via string) *Move {
		h := looked(pin.Source, "src hash")
		h.Via = via
		return moving(nil, h)
	}
	found := via("x")
	hash := sum("x")
	found.hashes[0].found = &hash
	seen := map[string]bool{}
	assert.False(t, moving(nil, looked(pin.Vendor, "vendor hash")).waitsForSame(seen))
	assert.False(t, found.waitsForSame(seen))
	assert.False(t, via("").waitsForSame(seen))
	assert.False(t, via("").waitsForSame(seen))
	assert.False(t, via("x").waitsForSame(seen), "what is found is not downloaded in this round")
	assert.True(t, via("x").waitsForSame(seen))
	assert.False(t, via("y").waitsForSame(seen))
}

func TestMismatchesAreCounted(t *testing.T) {
	one, other := looked(pin.Source, "src hash"), looked(pin.Source, "src hash of the other")
	another := looked(pin.Source, "src hash of a third")
	drvs := map[string]*nix.Derivation{
		"/nix/store/a.drv": download("/nix/store/a.drv", "https://x", one.fake),
		"/nix/store/b.drv": download("/nix/store/b.drv", "https://x", other.fake),
		"/nix/store/c.drv": download("/nix/store/c.drv", "https://y", another.fake),
	}
	for _, d := range drvs {
		d.InputDrvs = nil
	}
	s := stateOf(moving([]string{"a"}, one), moving([]string{"b"}, other), moving([]string{"c"}, another))
	for i, path := range []string{"/nix/store/a.drv", "/nix/store/b.drv", "/nix/store/c.drv"} {
		s.pins[i].Outputs[0].SrcDrv = path
	}
	mismatch := func(path string, specified nixhash.Hash, got string, origin nix.Origin) nix.Mismatch {
		return nix.Mismatch{DrvPath: path, Specified: specified, Got: sum(got), Origin: origin}
	}
	a := answer{derivations: drvs, Answer: probe.Answer{Mismatches: []nix.Mismatch{
		mismatch("/nix/store/a.drv", one.fake, "imitated", nix.OriginNix),
		mismatch("/nix/store/a.drv", one.fake, "real", nix.OriginNix),
		mismatch("/nix/store/a.drv", one.fake, "guessed", nix.OriginUnmarked),
		mismatch("/nix/store/c.drv", another.fake, "printed", nix.OriginText),
		mismatch("/nix/store/c.drv", sum("old"), "old", nix.OriginNix),
		mismatch("/nix/store/d.drv", another.fake, "evil", nix.OriginNix),
	}}}
	n, err := s.acceptMismatches(a)
	require.NoError(t, err)
	assert.Equal(t, 2, n, "one is named, and one is the same fetch")
	assert.Equal(t, sum("real").SRI(), one.found.SRI(), "the last of the surest")
	assert.Equal(t, sum("real").SRI(), other.found.SRI())
	assert.Nil(t, another.found)
	another.state = waiting
	a.Mismatches = []nix.Mismatch{mismatch("/nix/store/c.drv", another.fake, "the old tag's", nix.OriginNix)}
	n, err = s.acceptMismatches(a)
	require.NoError(t, err)
	assert.Zero(t, n)
	fetch := &nix.Failure{Kind: nix.EvalFetch, Fetched: &nix.Mismatch{Specified: another.fake, Got: sum("fetched")}}
	assert.False(t, s.acceptEvalFetch(fetch), "it waits")
	another.state = wanted
	assert.False(t, s.acceptEvalFetch(nil))
	assert.False(t, s.acceptEvalFetch(&nix.Failure{}))
	assert.True(t, s.acceptEvalFetch(fetch))
	assert.Equal(t, fetched, another.state)
	assert.False(t, s.acceptEvalFetch(fetch), "it is found")
}
