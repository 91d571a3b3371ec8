package nixexpr_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// An oracle asks the nix-instantiate on PATH how it parses.
type oracle struct {
	version *version.Version
	dir     string // empty; what paths are relative to
	env     []string
}

func newOracle(t testing.TB) *oracle {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Nix; -short leaves it out")
	}
	home := t.TempDir()
	o := &oracle{dir: t.TempDir()}
	o.env = append(os.Environ(), "HOME="+home, "NIX_STORE_DIR="+home+"/store", "NIX_STATE_DIR="+home+"/var",
		"NIX_LOG_DIR="+home+"/log", "NIX_CONF_DIR="+home+"/etc", "NIX_LOCALSTATE_DIR="+home+"/var",
		"NIX_CONFIG=extra-experimental-features = pipe-operators\nbuild-users-group =\nsubstituters =\n")
	out, err := exec.Command("nix-instantiate", "--version").Output()
	require.NoError(t, err, "this test needs nix-instantiate on PATH")
	words := strings.Fields(string(out))
	o.version, err = version.NewVersion(words[len(words)-1])
	require.NoError(t, err)
	return o
}

// parse is what Nix prints for a source; nil when it refuses it.
func (o *oracle) parse(src []byte) (tree []byte, message string) {
	cmd := exec.Command("nix-instantiate", "--parse", "-")
	cmd.Dir, cmd.Env = o.dir, o.env
	cmd.Stdin = bytes.NewReader(src)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, stderr.String()
	}
	return stdout.Bytes(), ""
}

// wrap makes a source an expression in which no name is free.
func wrap(src []byte) []byte {
	return join(`with {}; (`, string(src), "\n)")
}

func join(parts ...string) []byte { return []byte(strings.Join(parts, "")) }

// A subject is a source that Nix is asked about.
type subject struct {
	name string
	src  []byte
}

// disagreement is "" when Nix and the parser agree on the subject: both refuse it, or the
// tree that we print is to Nix what the source is.
func (o *oracle) disagreement(s subject) string {
	f, err := nixexpr.Parse(s.name, s.src)
	want, message := o.parse(wrap(s.src))
	switch {
	case err != nil && want == nil:
		return ""
	case err != nil:
		return "Nix accepts it, we say " + err.Error()
	case want == nil:
		return "we accept it, Nix says " + message
	}
	got, message := o.parse(wrap(f.Print(f.Root)))
	if got == nil {
		return "Nix refuses the printed tree: " + message
	}
	if !o.same(want, got) {
		return "Nix reads the source as\n" + string(want) + "and the printed tree as\n" + string(got)
	}
	return ""
}

// same compares what Nix prints. Nix 2.8 prints attributes in the order in which their names
// lie in its memory, and so only what is printed can be compared, not the order.
func (o *oracle) same(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	unordered := func(tree []byte) []string {
		pieces := strings.FieldsFunc(string(tree), func(r rune) bool { return strings.ContainsRune(" ;{}", r) })
		slices.Sort(pieces)
		return pieces
	}
	return o.before("2.9") && slices.Equal(unordered(a), unordered(b))
}

// before reports whether the Nix that is asked is older than a version.
func (o *oracle) before(v string) bool {
	return o.version.LessThan(version.Must(version.NewVersion(v)))
}

// agreeing asks about many subjects in one go, which is much faster than one by one. When
// the answer is no, halves are asked.
func (o *oracle) agreeing(subjects []subject, report func(subject, string)) {
	if len(subjects) == 0 {
		return
	}
	if len(subjects) == 1 {
		if d := o.disagreement(subjects[0]); d != "" {
			report(subjects[0], d)
		}
		return
	}
	var sources, printed []string
	for _, s := range subjects {
		f, err := nixexpr.Parse(s.name, s.src)
		if err != nil {
			break
		}
		sources = append(sources, "("+string(s.src)+"\n)")
		printed = append(printed, string(f.Print(f.Root)))
	}
	if len(sources) == len(subjects) {
		want, _ := o.parse(join("with {}; [", strings.Join(sources, "\n"), "]"))
		got, _ := o.parse(join("with {}; [", strings.Join(printed, "\n"), "]"))
		if want != nil && got != nil && o.same(want, got) {
			return
		}
	}
	half := len(subjects) / 2
	o.agreeing(subjects[:half], report)
	o.agreeing(subjects[half:], report)
}

// A difference is a source about which Nix and we do not agree, on purpose.
type difference struct {
	name   string // of the grammar case, or the end of the path of a corpus file
	before string // Nix versions before this one; "" for all
	reason string
}

func (o *oracle) known(name string, known []difference) (reason string, ok bool) {
	for _, d := range known {
		if strings.HasSuffix(name, d.name) && (d.before == "" || o.before(d.before)) {
			return d.reason, true
		}
	}
	return "", false
}

// The reasons of the differences.
const (
	nulReason = "Nix lets NUL bytes pass in strings, though no value can hold one"
	nulLater  = "later versions refuse NUL bytes in strings, as we do"
	pipes     = "the pipe operators came with Nix 2.24"
	oneLevel  = "sets that are defined twice were merged only one level deep"
)

// grammarDifferences are the differences for testdata/grammar.
var grammarDifferences = []difference{
	{"bytes/escaped NUL", "", nulReason},
	{"bytes/NUL in a string", "2.26", nulLater},
	{"bytes/NUL that begins a string", "2.26", nulLater},
	{"bytes/NUL in an indented string", "2.26", nulLater},
	{"bytes/NUL after a dollar", "2.26", nulLater},
	{"merging/deep", "2.26", oneLevel},
	{"merging/deep sets", "2.26", oneLevel},
	{"merging/merged before, merged again", "2.26", oneLevel},
	{"pipes/right", "2.24", pipes},
	{"pipes/right twice", "2.24", pipes},
	{"pipes/left", "2.24", pipes},
	{"pipes/left twice", "2.24", pipes},
	{"pipes/mixed with parentheses", "2.24", pipes},
	{"pipes/looser than implication", "2.24", pipes},
	{"pipes/in a lambda", "2.24", pipes},
	{"pipes/no blanks", "2.24", pipes},
	{"pipes/search path is not one", "2.24", pipes},
}

func TestOracleGrammar(t *testing.T) {
	o := newOracle(t)
	var accepted []subject
	for _, c := range grammarCases(t) {
		s := subject{c.topic + "/" + c.name, []byte(c.src)}
		if reason, ok := o.known(s.name, grammarDifferences); ok {
			assert.NotEmpty(t, o.disagreement(s), "%s: Nix and we agree, though %s", s.name, reason)
		} else if c.tree != "" {
			accepted = append(accepted, s)
		} else {
			assert.Empty(t, o.disagreement(s), "%s: %q", s.name, s.src)
		}
	}
	o.agreeing(accepted, func(s subject, d string) { t.Errorf("%s: %q: %s", s.name, s.src, d) })
}

// corpusDifferences are the differences for public files: tests of Nix and Lix, mostly.
var corpusDifferences = []difference{
	{"lang/eval-fail-string-nul-1.nix", "2.26", nulLater},
	{"lang/eval-fail-string-nul-2.nix", "2.26", nulLater},
	{"lang/nul_bytes/in.nix", "2.26", nulLater},
	{"lang/parser-merge-attrs/in-deep.nix", "2.26", oneLevel},
	{"device-configs/nix-server-configuration.nix", "2.26", oneLevel}, // of somebody's machine
}

// knownInCorpus is known for a public file; the pipe operators are too many to list.
func (o *oracle) knownInCorpus(s subject) (reason string, ok bool) {
	if f, err := nixexpr.Parse(s.name, s.src); err == nil && o.before("2.24") {
		for i := range f.Tokens {
			if kind := f.Kind(i); kind == "'<|'" || kind == "'|>'" {
				return pipes, true
			}
		}
	}
	return o.known(s.name, corpusDifferences)
}

// TestOracleCorpus compares on every .nix file below the directory NIXEXPR_CORPUS, by default
// the files of this repository.
func TestOracleCorpus(t *testing.T) {
	root := os.Getenv("NIXEXPR_CORPUS")
	if root == "" {
		root = ".."
	}
	o := newOracle(t)
	subjects := corpus(t, root)
	agreed := len(subjects)
	report := func(s subject, d string) {
		agreed--
		if reason, ok := o.knownInCorpus(s); ok {
			t.Logf("%s: known difference: %s", s.name, reason)
			return
		}
		t.Errorf("%s: %s", s.name, d)
	}
	const batch = 32
	for i := 0; i < len(subjects); i += batch {
		o.agreeing(subjects[i:min(i+batch, len(subjects))], report)
	}
	t.Logf("Nix %s and we agree on %d of %d files", o.version, agreed, len(subjects))
}

// corpus is every .nix file below a directory.
func corpus(t testing.TB, root string) []subject {
	t.Helper()
	var subjects []subject
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || filepath.Ext(path) != ".nix" {
			return err
		}
		src, err := os.ReadFile(path)
		subjects = append(subjects, subject{path, src})
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, subjects, "no .nix file below %s", root)
	return subjects
}
