package nixexpr_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The words that random sources are made of. They are put side by side with and without blanks.
var (
	exprWords = []string{
		"a", "b", "or", "x:", "{", "}", "[", "]", "(", ")", ";", "=", ".", ",", "?", "@", ":", "...", "inherit", "let",
		"in", "rec", "with",
		"assert", "if", "then", "else", "+", "-", "*", "/", "++", "//", "!", "==", "<", "<=", "&&", "||", "->", "1",
		".5", "1.", `"s"`,
		`"${`, `"`, "''", "${", "./p", "a/", "/b", "~/h", "<n>", "u:v", "# c\n", "/* c */", "__curPos", "{ a = 1; }",
		"{ a, b ? 1 }:", "a.b", "or c", "a = ", "a.b = ", "inherit a;", "\r", "\n", "'", "$", "\\",
	}
	textWords = []string{
		" ", "  ", "\n", "\n  ", "\n    ", "a", "b", "'", "''", "'''", "''$", `''\`, `''\n`, "$", "$$",
		"{", "}", "${a}", "\\", `\n`, `\"`, "\t", "\r", "\r\n", "/", "é",
	}
	pathWords = []string{
		"a", "/", "//", ".", "./", "../", "~/", "${a}", "<", ">", "-", "+", "_", "1", ":", " ", "b.c",
		"x:", "'",
	}
)

// randomSource is a few words in a frame.
func randomSource(r *rand.Rand) string {
	words, glue, open, closing := exprWords, " ", "", ""
	switch r.IntN(6) {
	case 0:
		words, glue, open, closing = textWords, "", "''", "''"
	case 1:
		words, glue, open, closing = textWords, "", `"`, `"`
	case 2:
		words, glue = pathWords, ""
	case 3:
		glue = ""
	case 4:
		open, closing = "{ a = ", "; }"
	}
	var out strings.Builder
	for range 1 + r.IntN(9) {
		out.WriteString(words[r.IntN(len(words))] + glue)
	}
	return open + out.String() + closing
}

// TestOracleRandom compares on random sources, NIXEXPR_RANDOM of them or a few.
func TestOracleRandom(t *testing.T) {
	count := 100
	if text := os.Getenv("NIXEXPR_RANDOM"); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	o := newOracle(t)
	r := rand.New(rand.NewPCG(1, uint64(count)))
	var accepted []subject
	refused := 0
	for i := range count {
		s := subject{fmt.Sprintf("random%d.nix", i), []byte(randomSource(r))}
		if tree, _ := understood(string(s.src)); tree != "" {
			accepted = append(accepted, s)
			continue
		}
		refused++
		if d := o.disagreement(s); d != "" {
			t.Errorf("%q: %s", s.src, d)
		}
	}
	o.agreeing(accepted, func(s subject, d string) { t.Errorf("%q: %s", s.src, d) })
	t.Logf("%d accepted, %d refused", len(accepted), refused)
}
