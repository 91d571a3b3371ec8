package nixexpr_test

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// nixPlace is where a message of Nix points.
var nixPlace = regexp.MustCompile(`at (?:«stdin»|\(string\)|\(stdin\)):(\d+):(\d+):`)

// The reasons why we point to a place behind that of Nix.
const (
	theByte = "Nix points to the text, we to the byte in it"
	theName = "Nix points to the let, function or path, we to the name in it"
)

// laterThanNix are the grammar cases for which some version of Nix points to a place before ours.
var laterThanNix = map[string]string{
	"bytes/NUL in a string":                 theByte,
	"bytes/NUL that begins a string":        theByte,
	"bytes/NUL in an indented string":       theByte,
	"bytes/NUL after a dollar":              theByte,
	"dynamic_attributes/in let":             theName,
	"dynamic_attributes/in let in a string": theName,
	"dynamic_attributes/two pieces in let":  theName,
	"lambdas/duplicate of the name":         theName,
	"lambdas/duplicate of the name behind":  theName,
	"merging/path twice":                    theName,
	"merging/path twice in a merged set":    theName,
	"merging/deep path twice":               theName,
	"merging/inherit in a merged set":       theName,
	"merging/merged before, clash above":    theName,
}

// TestOracleErrors compares where errors are: we point to the place of Nix or to one before it,
// which is nearer to the cause. Versions before 2.26 often point to the start of something
// larger; there it is only counted that this is so for few.
func TestOracleErrors(t *testing.T) {
	o := newOracle(t)
	compared, behind := 0, 0
	for _, c := range grammarCases(t) {
		name := c.topic + "/" + c.name
		_, err := nixexpr.Parse("x.nix", []byte(c.src))
		tree, message := o.parse([]byte(c.src + "\n"))
		place := nixPlace.FindStringSubmatch(message)
		if err == nil || tree != nil || place == nil {
			continue
		}
		var ours *nixexpr.SyntaxError
		require.ErrorAs(t, err, &ours)
		line, _ := strconv.Atoi(place[1])
		column, _ := strconv.Atoi(place[2])
		later := ours.Line > line || ours.Line == line && ours.Column > column
		compared++
		if later {
			behind++
		}
		if _, known := laterThanNix[name]; !known && !o.before("2.26") {
			assert.False(t, later, "%s: %q: Nix points to %d:%d, we say %s", name, c.src, line, column, ours)
		}
	}
	t.Logf("%d places compared, %d are behind those of Nix %s", compared, behind, o.version)
	assert.Greater(t, compared, 200)
	assert.Less(t, behind, 30)
}
