package nixexpr_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// A literal is a string of some file, with everything interpolated replaced by "<>".
type literal struct {
	where string
	src   string
	value string // what we say that it is
}

// literals are the strings of the subjects that parse.
func literals(subjects []subject) []literal {
	var found []literal
	for _, s := range subjects {
		f, err := nixexpr.Parse(s.name, s.src)
		if err != nil {
			continue
		}
		nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
			if str, ok := n.(*nixexpr.Str); ok && utf8.ValidString(f.Text(str)) {
				found = append(found, literalOf(f, str))
			}
			return true
		})
	}
	return found
}

func literalOf(f *nixexpr.File, s *nixexpr.Str) literal {
	lit := literal{where: f.Position(s.Start()).String(), src: f.Text(s)}
	if len(s.Parts) == 0 {
		return lit
	}
	var src, value strings.Builder
	src.Write(f.Src[s.Start():s.Parts[0].Start()])
	for i, text := range f.PartTexts(s) {
		if s.Parts[i].Expr != nil {
			src.WriteString(`${"<>"}`)
			value.WriteString("<>")
			continue
		}
		src.WriteString(f.Text(&s.Parts[i]))
		value.WriteString(text)
	}
	src.Write(f.Src[s.Parts[len(s.Parts)-1].End():s.End()])
	lit.src, lit.value = src.String(), value.String()
	return lit
}

// eval is the values of strings, as Nix sees them.
func (o *oracle) eval(t testing.TB, list []literal) []string {
	t.Helper()
	var src strings.Builder
	src.WriteString("[\n")
	for _, lit := range list {
		src.WriteString(lit.src + "\n")
	}
	src.WriteString("]")
	cmd := exec.Command("nix-instantiate", "--eval", "--strict", "--json", "-")
	cmd.Dir, cmd.Env = o.dir, o.env
	cmd.Stdin = strings.NewReader(src.String())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var values []string
	require.NoError(t, json.Unmarshal(out, &values))
	require.Len(t, values, len(list))
	return values
}

// TestOracleText compares the values of all strings, of the grammar cases and of the corpus.
func TestOracleText(t *testing.T) {
	o := newOracle(t)
	var subjects []subject
	for _, c := range grammarCases(t) {
		subjects = append(subjects, subject{c.topic + "/" + c.name, []byte(c.src)})
	}
	if root := os.Getenv("NIXEXPR_CORPUS"); root != "" {
		subjects = append(subjects, corpus(t, root)...)
	}
	all := literals(subjects)
	const batch = 2000
	for i := 0; i < len(all); i += batch {
		list := all[i:min(i+batch, len(all))]
		for j, value := range o.eval(t, list) {
			assert.Equal(t, value, list[j].value, "%s: %q", list[j].where, list[j].src)
		}
	}
	t.Logf("Nix %s and we agree on %d strings", o.version, len(all))
}
