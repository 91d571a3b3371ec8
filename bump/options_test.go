package bump_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
)

// A look that removes a pin would be no look.
func TestCheckAndUnpinExcludeEachOther(t *testing.T) {
	_, err := bump.Run(t.Context(), bump.Options{Mode: bump.Check, Unpin: true, Dir: t.TempDir()})
	var usage *bump.UsageError
	assert.ErrorAs(t, err, &usage)
	assert.NoError(t, bump.Options{Unpin: true}.Check())
	assert.NoError(t, bump.Options{Mode: bump.Check}.Check())
}

// The documentation lists the fields that a template may name, all of them and in their order.
func TestTemplateFieldsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/output.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(doc), "\n| field | holds |\n")
	require.True(t, ok)
	table, _, _ = strings.Cut(table, "\n\n")
	var documented, fields []string
	for _, row := range strings.Split(table, "\n")[1:] {
		_, row, _ = strings.Cut(row, "| ")
		names, _, _ := strings.Cut(row, " |")
		for _, name := range regexp.MustCompile("`\\.([A-Za-z]+)`").FindAllStringSubmatch(names, -1) {
			documented = append(documented, name[1])
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[bump.TemplateData]()) {
		fields = append(fields, field.Name)
	}
	assert.Equal(t, fields, documented)
}
