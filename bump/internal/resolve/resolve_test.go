package resolve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// replay answers the questions of a bump as Nix does, from what the fixed outputs really hash to. It keeps the
// questions, and lets a test change the answers.
type replay struct {
	t       *testing.T
	files   *pin.Files
	found   *pin.Found
	drvs    map[string]*nix.Derivation
	sources map[string]string // files of the new source
	asked   []probe.Question
	change  change
	locked  []string
	assets  []github.Asset
	logged  []string

	explained       error  // what an error of Nix is explained as; nil for its own words
	consumer        string // an output that is made with the packages; then no package is one
	changeConsumers func(q probe.ConsumerQuestion, list []probe.Consumer)
	archive         int // slot of the archive that is unpacked as another system does
}

// change changes the nth answer, from 1.
type change func(n int, q probe.Question, a *probe.Answer)

func sum[S ~string](text S) nixhash.Hash {
	digest := sha256.Sum256([]byte(text))
	return nixhash.Hash{Algo: "sha256", Digest: digest[:]}
}

// real is what a slot's fixed output hashes to.
func (r *replay) real(id pin.SlotID) nixhash.Hash { return sum(r.found.Slot(id).Field) }

// derivation is that of a fixed output with the hash that stands in its slot.
func (r *replay) derivation(id pin.SlotID, promised nixhash.Hash, inputs ...string) string {
	name := strings.ReplaceAll(string(r.found.Slot(id).Field), " ", "-")
	path := fmt.Sprintf("/nix/store/%032x-%s.drv", promised.Digest[:16], name)
	d := &nix.Derivation{
		Path: path, Name: name, Env: map[string]string{"slot": fmt.Sprint(id)}, InputDrvs: map[string][]string{},
		Outputs: map[string]nix.Output{"out": {HashAlgo: "r:sha256", Hash: hex.EncodeToString(promised.Digest)}},
	}
	for _, input := range inputs {
		d.InputDrvs[input] = []string{"out"}
	}
	r.drvs[path] = d
	return path
}

// value is the hash that stands in a slot, or the old one.
func value(t *testing.T, s probe.State, f *pin.Fetch) nixhash.Hash {
	t.Helper()
	text, ok := s.Values[f.Slot]
	if !ok {
		old, _ := f.Old()
		return old
	}
	h, err := nixhash.Parse(text, "sha256")
	require.NoError(t, err)
	return h
}

func (r *replay) Ask(_ context.Context, q probe.Question) (probe.Answer, error) {
	r.asked = append(r.asked, q)
	a := probe.Answer{NixVersion: "2.34.8", Built: true}
	switch {
	case q.Build.Derivation != "":
		a.Built = r.build(&a, q.Build.Derivation)
	case q.Build.Unpack != nil:
		a.UnpackDrv = r.unpacked(q.Build.Unpack)
		a.Built = r.build(&a, a.UnpackDrv)
	case r.consumer != "":
		a.Failure, a.NoneShown = &nix.Failure{Kind: nix.Eval, Text: "no output shows it"}, true
	default:
		for i, p := range r.found.Pins {
			if p.Systems == nil || slices.Contains(p.Systems, q.System) {
				a.Outputs = append(a.Outputs, r.output(q, i, p, &a))
			}
		}
	}
	if r.change != nil {
		r.change(len(r.asked), q, &a)
	}
	return a, nil
}

// output is a pin's package. What the question builds of it is built, up to the first hash that is wrong.
func (r *replay) output(q probe.Question, i int, p *pin.Pin, a *probe.Answer) probe.Output {
	o := probe.Output{Where: fmt.Sprintf("packages.%s.p%d", q.System, i), Pname: "ollama"}
	for _, id := range p.Versions {
		o.Version = q.State.Values[id]
	}
	pkg := &nix.Derivation{
		Path: fmt.Sprintf("/nix/store/%032d-ollama.drv", i), InputDrvs: map[string][]string{},
		Outputs: map[string]nix.Output{},
		Env:     map[string]string{"pname": "ollama"},
	}
	var built []string
	for _, f := range p.Fetches {
		if f.Elsewhere == (q.System == pin.System()) {
			continue
		}
		h := value(r.t, q.State, f)
		if f.Inherited() && q.State.Values[f.Slot] == "" {
			h = sum("inherited")
		}
		drv := r.derivation(f.Slot, h, built...) // the modules are made of the source
		built = append(built, drv)
		pkg.InputDrvs[drv] = []string{"out"}
		if f.Role == pin.Vendor {
			o.Mod, o.ModDrv = h.SRI(), drv
		} else {
			o.Src, o.SrcDrv, o.SrcOut = h.SRI(), drv, "/nix/store/src"
		}
	}
	for _, pp := range q.Pins {
		marked := slices.Contains(pp.Marks, o.Src) || slices.Contains(pp.Marks, o.Mod)
		if marked || len(pp.Marks) == 0 && pp.Version == o.Version {
			o.Pins = append(o.Pins, pp.ID)
		}
	}
	for _, c := range slices.Concat(p.Companions, p.Addable) {
		if c.Hash != nil && (!c.Hash.Inherited() || q.State.Values[c.Hash.Slot] != "") {
			drv := r.derivation(c.Hash.Slot, value(r.t, q.State, c.Hash))
			r.drvs[drv].Env["urls"] = "https://github.com/ggml-org/llama.cpp/archive/refs/tags/b1.tar.gz"
			pkg.InputDrvs[drv] = []string{"out"}
		}
	}
	if q.Depth == probe.Packages || slices.Contains(q.Whole, o.Where) {
		o.Drv = pkg.Path
		r.drvs[o.Drv] = pkg
	}
	for _, id := range o.Pins {
		for _, drv := range built {
			if slices.Contains(q.Build.Fixed, id) && !r.build(a, drv) {
				a.Built = false
				break
			}
		}
	}
	return o
}

// build builds a fixed output, and reports whether its hash is right.
func (r *replay) build(a *probe.Answer, path string) bool {
	d := r.drvs[path]
	for input := range d.InputDrvs {
		if !r.build(a, input) {
			return false
		}
	}
	slot, err := strconv.Atoi(d.Env["slot"])
	if err != nil {
		return true // nothing that the flake pins
	}
	promised, _, _ := d.FixedOutput()
	got := r.real(pin.SlotID(slot))
	if promised.Equal(got) || promised.Equal(sum("inherited")) {
		return true
	}
	a.Mismatches = append(a.Mismatches, nix.Mismatch{
		DrvPath: path, Specified: promised, Got: got,
		Origin: nix.OriginNix,
	})
	return false
}

// unpacked is the derivation of an archive that is unpacked here as another system does.
func (r *replay) unpacked(u *probe.Unpacking) string {
	h, err := nixhash.Parse(u.Hash, "sha256")
	require.NoError(r.t, err)
	path := r.derivation(pin.SlotID(r.archive), h)
	r.drvs[path].Env["urls"], r.drvs[path].Env["postFetch"] = strings.Join(u.URLs, " "), u.PostFetch
	return path
}

// Consumers are made with the packages of all pins.
func (r *replay) Consumers(ctx context.Context, q probe.ConsumerQuestion) ([]probe.Consumer, error) {
	var list []probe.Consumer
	if r.consumer == "" || !slices.Contains(q.Families, strings.Split(r.consumer, ".")[0]) {
		return nil, nil
	}
	for i, p := range r.found.Pins {
		o := r.output(probe.Question{State: q.State, System: pin.System(), Depth: probe.Packages}, i, p,
			&probe.Answer{})
		drv := fmt.Sprintf("/nix/store/%032d-image.drv", i)
		r.drvs[drv] = &nix.Derivation{
			Path: drv, InputDrvs: map[string][]string{o.Drv: {"out"}},
			Outputs: map[string]nix.Output{},
		}
		list = append(list, probe.Consumer{Where: r.consumer, Drv: drv})
	}
	if r.changeConsumers != nil {
		r.changeConsumers(q, list)
	}
	return list, nil
}

func (r *replay) Lock(_ context.Context, _ probe.State, input string) ([]byte, error) {
	r.locked = append(r.locked, input)
	return []byte("locked " + input), nil
}

func (r *replay) Explain(_ context.Context, err error) error {
	if r.explained != nil {
		return r.explained
	}
	return fmt.Errorf("explained: %w", err)
}

func (r *replay) TagCommit(_ context.Context, owner, repo, tag string) (string, error) {
	if tag == "v0.0.0" {
		return "", fmt.Errorf("%s: %w", tag, fs.ErrNotExist)
	}
	return fmt.Sprintf("%x", sum(owner + repo + tag).Digest[:20]), nil
}

func (r *replay) Derivation(_ context.Context, path string) (*nix.Derivation, error) {
	if d := r.drvs[path]; d != nil {
		return d, nil
	}
	return nil, os.ErrNotExist
}

func (r *replay) Word(_ context.Context, _, name string, form *regexp.Regexp) (string, error) {
	text, ok := r.sources[name]
	if !ok {
		return "", os.ErrNotExist
	}
	if !form.MatchString(text) {
		return "", errors.New("no word")
	}
	return text, nil
}

func (r *replay) Has(_, name string) bool { _, ok := r.sources[name]; return ok }

func (r *replay) Prefetch(_ context.Context, url string) (nixhash.Hash, error) { return sum(url), nil }

// flake is a package with attributes, beside its version and source.
func flake(attrs string) string {
	return `{ outputs = { nixpkgs, ... }: { packages.x86_64-linux.ollama = nixpkgs.ollama.overrideAttrs (old: rec {
		version = "0.32.13";
		src = nixpkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}";
			hash = "` + sum("old").SRI() + `"; };
		` + attrs + `
	}); }; }`
}

// llama is llama.cpp beside the pin.
var llama = ` postPatch = "cp ${nixpkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; tag = "b1";
	hash = "` + sum("old llama").SRI() + `"; }} .";`

var vendored = `vendorHash = "` + sum("old vendor").SRI() + `";`

// hashes resolves the hashes of a flake that goes to 0.32.15.
func hashes(t *testing.T, src string, change change) (*Solution, *replay, error) {
	t.Helper()
	r := newReplay(t, src, change)
	s, err := r.hashes()
	return s, r, err
}

func (r *replay) hashes() (*Solution, error) {
	s, err := Hashes(r.t.Context(), r.job(), r.tools())
	if err == nil {
		for id, v := range s.State.Values {
			assert.NotContains(r.t, v, "fake", r.found.Slot(id).Field)
		}
	}
	return s, err
}

// newReplay finds the pins of a flake that is to go to 0.32.15.
func newReplay(t *testing.T, src string, change change) *replay {
	t.Helper()
	file, err := nixexpr.Parse("flake.nix", []byte(src))
	require.NoError(t, err)
	files := &pin.Files{Flake: "flake.nix", Nix: map[string]*nixexpr.File{"flake.nix": file}}
	found, err := pin.Find(t.Context(), files, &pin.Ollama)
	require.NoError(t, err)
	return &replay{
		t: t, files: files, found: found, change: change, drvs: map[string]*nix.Derivation{},
		sources: map[string]string{"go.mod": "", "LLAMA_CPP_VERSION": "b10488"},
	}
}

func (r *replay) job() Job {
	return Job{
		Found: r.found, Plan: r.found.Plan("0.32.15", pin.Policy{Branches: true}),
		Release: &release.Release{Version: "0.32.15", Release: github.Release{Tag: "v0.32.15", Assets: r.assets}},
	}
}

func (r *replay) tools() Tools {
	fakes := 0
	return Tools{
		Asker: r, Upstream: r, Store: r,
		Log: func(_ diag.EventKind, format string, args ...any) {
			r.logged = append(r.logged, fmt.Sprintf(format, args...))
		},
		Fake: func() nixhash.Hash { fakes++; return sum(fmt.Sprint("fake ", fakes)) },
	}
}

// valueOf is the value that a solution gives a field.
func valueOf(r *replay, s *Solution, field pin.Field) string {
	for id, v := range s.State.Values {
		if r.found.Slot(id).Field == field {
			return v
		}
	}
	return ""
}

func TestEachRoundFindsAHash(t *testing.T) {
	s, r, err := hashes(t, flake(vendored), nil)
	require.NoError(t, err)
	assert.Equal(t, "0.32.15", valueOf(r, s, "version"))
	assert.Equal(t, sum("src hash").SRI(), valueOf(r, s, "src hash"))
	assert.Equal(t, sum("vendor hash").SRI(), valueOf(r, s, "vendor hash"))
	require.Len(t, r.asked, 3)
	assert.NotEqual(t, r.asked[0].Pins[0].Marks[0], r.asked[0].Pins[0].Marks[1], "a fake for each")
	assert.Empty(t, r.asked[0].Only)
	assert.Equal(t, []string{"packages." + pin.System() + ".p0"}, r.asked[1].Only,
		"outputs are known after the first question")
	assert.Empty(t, r.asked[1].Whole)
	assert.Equal(t, r.asked[1].Only, r.asked[2].Whole, "with all hashes the package is evaluated as a whole")
	assert.True(t, s.Has(Nix))
	assert.False(t, s.Has(Digest))
	assert.Empty(t, s.Retags(r.found))
	assert.Equal(t, "2.34.8", s.NixVersion)
}

func TestOnlyMismatchesOfTheEvaluatedDerivationCount(t *testing.T) {
	for name, change := range map[string]func(*nix.Mismatch){
		"text of a builder": func(m *nix.Mismatch) { m.Origin = nix.OriginText },
		"another derivation": func(m *nix.Mismatch) {
			m.DrvPath = "/nix/store/" + strings.Repeat("0",
				32) + "-evil.drv"
		},
		"a hash that nobody gave": func(m *nix.Mismatch) { m.Specified = sum("evil") },
	} {
		_, r, err := hashes(t, flake(vendored), func(_ int, _ probe.Question, a *probe.Answer) {
			for i := range a.Mismatches {
				change(&a.Mismatches[i])
			}
		})
		require.ErrorContains(t, err, "which is not one of this pin's", name)
		assert.Len(t, r.asked, 1, name)
	}
}

func TestTheSurestMismatchCounts(t *testing.T) {
	s, r, err := hashes(t, flake(vendored), func(_ int, _ probe.Question, a *probe.Answer) {
		if len(a.Mismatches) > 0 {
			imitated := a.Mismatches[0]
			imitated.Got, imitated.Origin = sum("evil"), nix.OriginUnmarked
			a.Mismatches = append(a.Mismatches, imitated)
		}
	})
	require.NoError(t, err)
	assert.Equal(t, sum("src hash").SRI(), valueOf(r, s, "src hash"))
}

func TestSourceThatChanges(t *testing.T) {
	_, _, err := hashes(t, flake(vendored), func(n int, _ probe.Question, a *probe.Answer) {
		if n == 2 {
			a.Mismatches = []nix.Mismatch{{
				DrvPath: a.Outputs[0].SrcDrv, Specified: sum("src hash"), Got: sum("other"),
				Origin: nix.OriginNix,
			}}
		}
	})
	require.ErrorContains(t, err, "flake.nix:4:11: find hashes: the src hash differs between two downloads")
}

func TestInheritedVendorHash(t *testing.T) {
	s, r, err := hashes(t, flake(""), func(_ int, q probe.Question, a *probe.Answer) {
		for i := range a.Mismatches { // what the overridden package brings still fits
			if a.Mismatches[i].Got.Equal(sum("vendor hash")) {
				a.Mismatches[i].Got = sum("inherited")
			}
		}
		for _, v := range q.State.Values {
			if v == sum("inherited").SRI() {
				a.Built, a.Mismatches = true, nil
			}
		}
	})
	require.NoError(t, err)
	assert.Empty(t, valueOf(r, s, "vendor hash"), "it is not added")
	s, r, err = hashes(t, flake(""), nil)
	require.NoError(t, err)
	assert.Equal(t, sum("vendor hash").SRI(), valueOf(r, s, "vendor hash"), "it is added")
}

func TestEditsWithoutEffect(t *testing.T) {
	for want, change := range map[string]func(*probe.Output){
		"is still version 0.32.13 after the edit": func(o *probe.Output) { o.Version = "0.32.13" },
		"not the one that is pinned here":         func(o *probe.Output) { o.Src = sum("evil").SRI() },
		"ignores the vendorHash":                  func(o *probe.Output) { o.Mod = sum("evil").SRI() },
	} {
		_, _, err := hashes(t, flake(vendored), func(_ int, _ probe.Question,
			a *probe.Answer,
		) {
			change(&a.Outputs[0])
		})
		require.ErrorContains(t, err, want)
	}
}

func TestNoOutputShowsThePin(t *testing.T) {
	_, _, err := hashes(t, flake(vendored), func(_ int, _ probe.Question, a *probe.Answer) {
		a.Outputs[0].Pins, a.Outputs[0].Version = nil, "0.32.13"
		a.Broken = []probe.Broken{{Where: "overlays.b", Text: "boom"}, {Where: "overlays.a", Text: "bang"}}
		a.Failure, a.NoneShown = &nix.Failure{Kind: nix.Eval, Text: "nothing"}, true
	})
	require.ErrorContains(t, err,
		"no output of the flake shows ollama 0.32.15 after the edit; tried packages."+pin.System()+
			".p0 (0.32.13); overlays.a does not evaluate: bang; overlays.b does not evaluate: boom")
	_, _, err = hashes(t, flake(vendored), func(_ int, _ probe.Question, a *probe.Answer) {
		a.Outputs = nil
		a.Broken = []probe.Broken{{
			Where: "packages.x", Kind: nix.WrongSystem, Text: "a 'aarch64-linux' with features {} is required",
		}}
		a.Failure, a.NoneShown = &nix.Failure{Kind: nix.Eval, Text: "nothing"}, true
	})
	require.ErrorContains(t, err, "packages.x can only be built on aarch64-linux")
}

func TestBrokenOutputsAreNotAskedForAgain(t *testing.T) {
	s, r, err := hashes(t, flake(vendored), func(n int, _ probe.Question, a *probe.Answer) {
		if n == 1 {
			a.Broken = []probe.Broken{{Where: "overlays.broken", Text: "boom"}}
		}
	})
	require.NoError(t, err)
	assert.Empty(t, r.asked[0].Skip)
	assert.Equal(t, []string{"overlays.broken"}, r.asked[1].Skip)
	assert.Equal(t, "overlays.broken", s.Broken[0].Where)
}

func TestPackageThatTheBumpBreaks(t *testing.T) {
	breaks := func(before string) func(int, probe.Question, *probe.Answer) {
		return func(_ int, q probe.Question, a *probe.Answer) {
			switch {
			case len(q.State.Values) == 0:
				a.Outputs[0].Drv = before
			case len(q.Whole) > 0:
				a.Outputs[0].Drv = ""
			}
		}
	}
	_, _, err := hashes(t, flake(vendored), breaks("/nix/store/old.drv"))
	require.ErrorContains(t, err, "evaluates as it is, but not with ollama 0.32.15")
	_, r, err := hashes(t, flake(vendored), breaks(""))
	require.NoError(t, err, "it did not evaluate before either")
	assert.Equal(t, probe.State{}, r.asked[3].State, "the flake as it stands")
}

func TestCompanionFollowsTheRelease(t *testing.T) {
	s, r, err := hashes(t, flake(vendored+llama), nil)
	require.NoError(t, err)
	assert.Equal(t, "b10488", valueOf(r, s, "llama.cpp tag"))
	assert.Equal(t, sum("llama.cpp hash").SRI(), valueOf(r, s, "llama.cpp hash"))
	assert.Equal(t, []Companion{{Pos: s.Moves[0].Companions()[0].Pos, Name: "llama.cpp", Old: "b1", New: "b10488"}},
		s.Moves[0].Companions())
	depths := map[probe.Depth]int{}
	for _, q := range r.asked {
		depths[q.Depth]++
	}
	assert.Positive(t, depths[probe.Packages], "only the package's build phases use it")
}

func TestInputsAreLocked(t *testing.T) {
	s, r, err := hashes(t, `{
		inputs.ollama-src = { url = "github:ollama/ollama/v0.32.13"; flake = false; };
		outputs = { nixpkgs, ollama-src, ... }: { packages.x86_64-linux.ollama = nixpkgs.ollama.overrideAttrs {
			version = "0.32.13"; src = ollama-src; `+vendored+` }; }; }`, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"ollama-src"}, r.locked)
	assert.Equal(t, "locked ollama-src", string(s.State.Lock))
	assert.Equal(t, "0.32.15", valueOf(r, s, "input URL"))
}

func TestCommitOfTheRelease(t *testing.T) {
	commit := func(version string) string { return fmt.Sprintf("%x", sum("ollamaollama" + version).Digest[:20]) }
	pinned := strings.Replace(flake(vendored), `tag = "v${version}"`, `rev = "%s"`, 1)
	s, r, err := hashes(t, fmt.Sprintf(pinned, commit("v0.32.13")), nil)
	require.NoError(t, err)
	assert.Equal(t, commit("v0.32.15"), valueOf(r, s, "ref"))
	_, _, err = hashes(t, fmt.Sprintf(pinned, commit("v0.32.12")), nil)
	require.ErrorContains(t, err, "is not that of release v0.32.13")
}

func TestRoundsAreBounded(t *testing.T) {
	_, r, err := hashes(t, flake(vendored), func(n int, _ probe.Question, a *probe.Answer) {
		a.Outputs[0].SrcDrv = ""
		a.Failure = nil
		for i := range a.Mismatches {
			a.Mismatches[i].Got = sum(fmt.Sprint(n))
		}
	})
	require.Error(t, err)
	assert.LessOrEqual(t, len(r.asked), maxRounds)
}
