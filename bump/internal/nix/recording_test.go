package nix

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recordings holds what real Nix said about testdata/nix-output/cases.nix, one archive a version, and
// what the documentation of other implementations says that they print.
const recordings = "../../../testdata/nix-output"

// What the fixed outputs of cases.nix contain, computed by nix hash, and what a forger says.
const (
	gotFlat   = "sha256-SLGinkTu/4FKvGJQ5DOVv4rIGCf1eRJhN4yxO2aZ438="
	gotTree   = "sha256-PaX/psaOTurJWzZg8XxkdE5SmMKMUxkhIii56Ntie8U="
	gotSlow   = "sha256-18IAkRiyClOJDiVG/7O1i20lrpygENdezljds/klAXg="
	gotA      = "sha256-ZC9jnmoT/hJWt2mz/0FE9wqQ0718VSOdPlkpQKJXNLg="
	gotB      = "sha256-wje5n2/dcM3w8BPP5ilFRT5SewSDrfasOi++obp3g9A="
	gotSource = "sha256-kSroYAFJbON8hkMldFB+c+LyPjS0P/E23kXAAb5x/s4="
	gotLong   = "sha512-bUS/lwvVwKG9lFxaG7nH2YHk2syocAOmEWMxaGAga4XUjP0dX1IwktZYoLclr/SHBeEpMrDU0Oe8gYXNzvQoBQ=="
	gotLie    = "sha256-VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU="
	nothing   = Kind(-1) // mismatches are all that went wrong
	modules   = "llama-0.9.1-go-modules "
	released  = "release.txt "
)

// recorded is what the reader must find in one case.
type recorded struct {
	kind Kind
	got  []string // "name hash" of the true complaints, in any order
}

var recordedCases = map[string]recorded{
	"flat":           {nothing, []string{released + gotFlat}},
	"tree":           {nothing, []string{modules + gotTree}},
	"long":           {nothing, []string{"tree512 " + gotLong}},
	"emptyHash":      {nothing, []string{"empty-hash " + gotTree}},
	"base32Hash":     {nothing, []string{"base32-hash " + gotTree}},
	"together":       {nothing, []string{released + gotFlat, modules + gotTree, "companion " + gotSlow}},
	"together-first": {nothing, []string{"companion " + gotSlow}},
	"together-jobs":  {nothing, []string{released + gotFlat, modules + gotTree, "companion " + gotSlow}},
	"two":            {nothing, []string{modules + gotTree, "companion " + gotSlow}},
	"sameName":       {nothing, []string{"source " + gotA, "source " + gotB}},
	"mixed":          {Builder, []string{modules + gotTree}},

	"spoofs.text":     {Builder, nil},
	"spoofs.quoted":   {nothing, []string{"spoof-quoted " + gotTree}},
	"spoofs.event":    {nothing, []string{"spoof-event " + gotTree}},
	"spoofs.rawEvent": {Builder, nil},
	"spoofs.trace":    {nothing, []string{"spoof-trace " + gotTree}},
	"spoofs.together": {Builder, []string{modules + gotTree}},
	"spoofs.throw":    {Eval, nil},

	"vendorEmpty":  {VendorEmpty, nil},
	"vendorExists": {VendorExists, nil},
	"exit3":        {Builder, nil},
	"chatty":       {Builder, nil},
	"signal":       {Builder, nil},
	"noOutput":     {MissingOutput, nil},
	"notFlat":      {Builder, nil},
	"references":   {nothing, []string{"references sha256-7zbz1Bq6xSKVLWFMQT/W0rP2d34gDAQbfxagYEgulpg="}},
	"full":         {NoSpace, nil},
	"foreign":      {WrongSystem, nil},
	"sleepy":       {BuildTimeout, nil},
	"silent":       {BuildTimeout, nil},
	"notFound":     {Fetch, nil},
	"refused":      {Fetch, nil},
	"noHost":       {Fetch, nil},

	"evalTarball":  {EvalFetch, nil},
	"evalFile":     {EvalFetch, nil},
	"evalTree":     {EvalFetch, nil},
	"evalNotFound": {Fetch, nil},

	"badChar":          {HashInvalid, nil},
	"short":            {HashInvalid, nil},
	"prefixOnly":       {HashInvalid, nil},
	"noAlgorithm":      {HashInvalid, nil},
	"unknownAlgorithm": {HashInvalid, nil},
	"otherAlgorithm":   {HashInvalid, nil},
	"nullHash":         {HashInvalid, nil},

	"vendorHashMissing":  {Eval, nil},
	"argumentMissing":    {Eval, nil},
	"undefinedAttribute": {MissingAttribute, nil},
	"recursion":          {Eval, nil},
	"fileMissing":        {MissingFile, nil},
	"flag":               {BadArguments, nil},

	"url": {nothing, []string{modules + gotTree}},
}

// recordedExceptions are versions that say it otherwise, with the reason.
var recordedExceptions = map[string]recorded{
	// references are looked at before the hash
	"nix-2.26.3/references": {References, nil},
	// several installables: one complaint is printed, until 2.23
	"nix-2.8.0/two": {nothing, []string{"companion " + gotSlow}},
	// no empty hash, no fetchTree yet
	"nix-2.3.7/emptyHash": {HashInvalid, nil},
	"nix-2.3.7/evalTree":  {MissingAttribute, nil},
}

// recordedFetches are what the evaluator got when it fetched; the synthetic ones use gotTree.
var recordedFetches = map[string]string{
	"evalFile": gotFlat, "evalTarball": gotSource, "evalTree": gotSource,
}

// recordedForgeries are the cases in which somebody says gotLie of tree's derivation in a way that is
// read, by format. It must be known for mere text.
var recordedForgeries = map[string]string{
	"spoofs.text":     "plain",
	"spoofs.quoted":   "plain",
	"spoofs.event":    "plain json",
	"spoofs.rawEvent": "plain json quoted",
	"spoofs.together": "plain json",
}

func TestRecordings(t *testing.T) {
	count := map[string]int{}
	for version, files := range recordedVersions(t) {
		for _, file := range files {
			t.Run(version+"/"+file.Name, func(t *testing.T) {
				checkRecording(t, version, file.Name, string(file.Data))
			})
			count[version]++
		}
	}
	t.Log(count)
	assert.GreaterOrEqual(t, len(count), 7)
}

// recordedVersions returns the recordings by implementation and version. The comment of each archive must list
// its recordings.
func recordedVersions(t testing.TB) map[string][]txtar.File {
	t.Helper()
	paths, err := filepath.Glob(recordings + "/*.txtar")
	require.NoError(t, err)
	versions := map[string][]txtar.File{}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		require.NoError(t, err)
		var names, listed []string
		for line := range strings.Lines(string(archive.Comment)) {
			name, _, _ := strings.Cut(line, "\t")
			listed = append(listed, name)
		}
		for _, file := range archive.Files {
			names = append(names, file.Name)
		}
		require.Equal(t, listed, names, path)
		versions[strings.TrimSuffix(filepath.Base(path), ".txtar")] = archive.Files
	}
	return versions
}

// via are the ways to a store that precede the name of a case.
var via = []string{"daemon-", "ssh-ng-", "ssh-"}

func checkRecording(t *testing.T, version, file, text string) {
	dot := strings.LastIndexByte(file, '.')
	name, format := file[:dot], file[dot+1:]
	salt := ""
	for _, way := range via {
		if rest, ok := strings.CutPrefix(name, way); ok {
			name, salt = rest, "-"+strings.TrimSuffix(way, "-")
		}
	}
	switch name {
	case "together-jobs":
		salt = "-jobs"
	case "rawEvent":
		name = "spoofs.rawEvent"
	}
	want, known := recordedCases[name]
	require.True(t, known, "no expectation for %s", name)
	if other, ok := recordedExceptions[version+"/"+name]; ok {
		want = other
	}

	log := newLogReader("nonce", nil)
	_, err := log.Write([]byte(text))
	require.NoError(t, err)
	log.Close()

	lies := false
	var got []string
	for _, m := range log.mismatches {
		if m.Got.SRI() == gotLie {
			lies = true
			assert.Less(t, m.Origin, OriginNix, "a forgery is believed")
			checkForgery(t, m, log.mismatches, want.got)
			continue
		}
		assert.Equal(t, format == "json", m.Origin > OriginText, "origin %s", m.Origin)
		got = append(got, strings.TrimSuffix(mismatchName(m), salt)+" "+m.Got.SRI())
	}
	slices.Sort(got)
	slices.Sort(want.got)
	assert.Equal(t, want.got, slices.Compact(got))
	if slices.Contains(strings.Fields(recordedForgeries[name]), format) && salt == "" {
		assert.True(t, lies, "the forgery is not even seen")
	}
	assert.Empty(t, log.traces, "a builder's trace is believed")
	checkRecordedFailure(t, want.kind, format, name, log)
	if want.kind == EvalFetch {
		fetched := log.failure().Fetched
		require.NotNil(t, fetched)
		got := recordedFetches[name]
		if strings.HasSuffix(version, "-synthetic") {
			got = gotTree
		}
		assert.Equal(t, got, fetched.Got.SRI())
	}
}

// checkForgery: what is said of a derivation that was not built is text, and the truth outweighs the rest.
func checkForgery(t *testing.T, lie Mismatch, all []Mismatch, truth []string) {
	got := surest(all, lie.DrvPath, lie.Specified)
	if slices.Contains(truth, modules+gotTree) && lie.Origin > OriginText {
		assert.Equal(t, gotTree, got.SRI())
	} else if lie.Origin == OriginText {
		assert.NotEqual(t, gotLie, got.SRI())
	}
}

func mismatchName(m Mismatch) string {
	if m.DrvPath != "" {
		return derivationName(m.DrvPath)
	}
	return derivationName(m.OutPath)
}

func checkRecordedFailure(t *testing.T, want Kind, format, name string, log *logReader) {
	f := log.failure()
	switch {
	case name == "spoofs.throw" && format != "json":
		assert.Nil(t, f) // these words are the same in a plain log
		return
	case want == nothing:
		assert.Nil(t, f)
		return
	}
	require.NotNil(t, f)
	assert.Equal(t, want.String(), f.Kind.String(), f.Text)
	assert.NotEmpty(t, f.Text)
	assert.LessOrEqual(t, len(f.Text), maxText)
	line := f.Error()
	assert.NotRegexp(t, "[\x00-\x1f\x7f]", line, "not one clean line")
	assert.NotRegexp(t, "/[0-9a-z]{32}-", line, "a store path")
	assert.NotContains(t, line, "show-trace")
	for _, kind := range []Kind{Fetch, VendorEmpty, EvalFetch, HashInvalid, WrongSystem, BuildTimeout, NoSpace} {
		if f.Kind == kind {
			assert.NotEmpty(t, f.Hint)
		}
	}
}

// A reader that gets its input in pieces reads the same.
func TestRecordingsInPieces(t *testing.T) {
	for version, files := range recordedVersions(t) {
		for _, file := range files {
			whole, pieces := newLogReader("", nil), newLogReader("", nil)
			_, _ = whole.Write(file.Data)
			for i := 0; i < len(file.Data); i += 7 {
				_, _ = pieces.Write(file.Data[i:min(i+7, len(file.Data))])
			}
			whole.Close()
			pieces.Close()
			require.Equal(t, fmt.Sprint(whole.mismatches, whole.failure()),
				fmt.Sprint(pieces.mismatches, pieces.failure()), "%s: %s", version, file.Name)
		}
	}
}
