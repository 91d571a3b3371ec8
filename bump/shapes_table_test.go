package bump_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var shapeRow = regexp.MustCompile(`(?m)^\| ([SX][0-9]+) \|`)

// Every row of the table of shapes has a case, and no case proves a row that is not there.
func TestEveryShapeHasACase(t *testing.T) {
	table, err := os.ReadFile("../docs/shapes.md")
	require.NoError(t, err)
	proved := map[string]string{}
	for _, c := range shapeCases(t) {
		for _, shape := range c.shapes {
			proved[shape] = c.name
		}
	}
	rows := shapeRow.FindAllStringSubmatch(string(table), -1)
	require.NotEmpty(t, rows)
	for _, row := range rows {
		assert.Contains(t, proved, row[1], "a row without a case in testdata")
		delete(proved, row[1])
	}
	assert.Empty(t, proved, "cases of rows that the table does not have")
}
