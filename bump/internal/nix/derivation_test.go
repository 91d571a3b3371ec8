package nix

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const tinyDerivation = `Derive([("out","/s/o-x","r:sha256",` +
	`"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")],` +
	`[("/s/b.drv",["out"]),("/s/c.drv",["dev","out"])],["/s/src"],"x86_64-linux","/bin/sh",` +
	`["-c","a \"b\"\n\\\t"],[("k","v\r"),("name","x")])`

func TestParseDerivation(t *testing.T) {
	path := "/s/" + strings.Repeat("0", 32) + "-x-1.0.drv"
	d, err := parseDerivation(path, tinyDerivation)
	require.NoError(t, err)
	hash, recursive, ok := d.FixedOutput()
	assert.True(t, ok && recursive)
	assert.Equal(t, "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", hash.SRI())
	assert.Equal(t, "x-1.0", d.Name)
	assert.Equal(t, map[string][]string{"/s/b.drv": {"out"}, "/s/c.drv": {"dev", "out"}}, d.InputDrvs)
	assert.Equal(t, []string{"/s/src"}, d.InputSrcs)
	assert.Equal(t, []string{"-c", "a \"b\"\n\\\t"}, d.Args)
	assert.Equal(t, map[string]string{"k": "v\r", "name": "x"}, d.Env)
}

func TestParseDynamicDerivation(t *testing.T) {
	d, err := parseDerivation("/s/x.drv",
		`DrvWithVersion("xp-dyn-drv",[("out","","","")],`+
			`[("/s/b.drv",(["out"],[("out",["lib"])])),("/s/c.drv",["out"])],`+
			`[],"x","y",[],[])`)
	require.NoError(t, err)
	assert.Equal(t, map[string][]string{"/s/b.drv": {"out"}, "/s/c.drv": {"out"}}, d.InputDrvs)
	_, _, ok := d.FixedOutput()
	assert.False(t, ok)
}

func TestParseDerivationRefuses(t *testing.T) {
	for cut := range len(tinyDerivation) {
		_, err := parseDerivation("/s/x.drv", tinyDerivation[:cut])
		require.ErrorIs(t, err, errDerivation, cut)
	}
	for what, text := range map[string]string{
		"more after it": tinyDerivation + " ",
		"nested deeply": `DrvWithVersion("x",[],[("b",` + strings.Repeat(`([],[("o",`, 1000),
		"another term":  `Destroy([])`,
	} {
		_, err := parseDerivation("/s/x.drv", text)
		require.ErrorIs(t, err, errDerivation, what)
	}
	_, err := ReadDerivation(t.Context(), filepath.Join(t.TempDir(), "absent.drv"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestFixedOutputKinds(t *testing.T) {
	const hex256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for algo, want := range map[string]struct{ recursive, ok bool }{
		"sha256": {false, true}, "r:sha256": {true, true}, "text:sha256": {false, true}, "sha1": {false, false}, "": {
			false,
			false,
		},
	} {
		d := Derivation{Outputs: map[string]Output{"out": {HashAlgo: algo, Hash: hex256}}}
		_, recursive, ok := d.FixedOutput()
		assert.Equal(t, want.recursive, recursive, algo)
		assert.Equal(t, want.ok, ok, algo)
	}
	floating := Derivation{Outputs: map[string]Output{"out": {HashAlgo: "r:sha256"}}}
	_, _, ok := floating.FixedOutput()
	assert.False(t, ok, "content addressed, but not known beforehand")
}

func TestClosure(t *testing.T) {
	drvs := map[string][]string{"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": nil, "e": {"e"}, "broken": {"gone"}}
	reads := map[string]int{}
	read := func(path string) (*Derivation, error) {
		reads[path]++
		inputs, ok := drvs[path]
		if !ok {
			return nil, errors.New("reading " + path)
		}
		d := &Derivation{Path: path, InputDrvs: map[string][]string{}}
		for _, input := range inputs {
			d.InputDrvs[input] = []string{"out"}
		}
		return d, nil
	}
	closure, err := Closure(read, "a", "e")
	require.NoError(t, err)
	assert.Len(t, closure, 5)
	assert.Equal(t, map[string]int{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}, reads)
	_, err = Closure(read, "broken")
	require.ErrorContains(t, err, "reading gone")
}

// The closure of a real derivation holds what Nix says it does.
func TestClosureOfNix(t *testing.T) {
	r, dir := testRunner(t)
	url := writeFlake(t, dir, `rec {
    src = fod "src" "`+fakeOne+`" "echo \"quoted\" > $out # \\ backslash";
    modules = run "modules" "echo > $out" { inherit src; text = "a\nb\t\"c\" \${d}"; };
    all = run "all" "echo > $out" { inherit modules src; };
    path = all.drvPath;
  }`)
	out, err := r.Eval(t.Context(), url+"#path")
	require.NoError(t, err)
	read := func(path string) (*Derivation, error) { return ReadDerivation(t.Context(), path) }
	closure, err := Closure(read, strings.Trim(string(out), `"`))
	require.NoError(t, err)
	names := map[string]*Derivation{}
	for _, d := range closure {
		names[d.Name] = d
	}
	require.Len(t, names, 3)
	hash, recursive, ok := names["src"].FixedOutput()
	assert.True(t, ok && recursive)
	assert.Equal(t, fakeOne, hash.SRI())
	assert.Equal(t, "a\nb\t\"c\" ${d}", names["modules"].Env["text"])
}

func FuzzReadDerivation(f *testing.F) {
	f.Add(tinyDerivation)
	f.Add(`DrvWithVersion("xp-dyn-drv",[("out","","","")],` +
		`[("/s/b.drv",(["out"],[("out",["lib"])]))],[],"x","y",[],[])`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDerivation("/s/x.drv", text)
		if err == nil && !strings.HasPrefix(text, "Dr") && !strings.HasPrefix(text, "De") {
			t.Fatal("read from something else")
		}
		if err == nil {
			d.FixedOutput()
		}
	})
}

// A run that ended reads no more derivations.
func TestReadDerivationHearsItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.drv")
	require.NoError(t, os.WriteFile(path, []byte(tinyDerivation), 0o644))
	_, err := ReadDerivation(t.Context(), path)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = ReadDerivation(ctx, path)
	require.ErrorIs(t, err, context.Canceled)
}
