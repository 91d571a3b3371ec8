package pin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// TestComments asks of every X in a script whether it stands in a comment; x is outside of one.
func TestComments(t *testing.T) {
	for _, text := range []string{
		`''x # X''`,
		`''# X''`,
		"''\n# X\nx\n# X''",
		"''echo 'a # x' # X\n''",
		"''echo \"a # x\" # X\n''",
		"''echo \"it's # x\" # X\n''",
		"''echo \\' # X\n x''",
		"''echo 'a\n # x\n' # X\n''",
		"''# don't X\n x # X\n''",
		"''cat <<EOF\n don't x # X\nx\nEOF\nx # X''",
		"''cat <<EOF\na\ndon't # X\nEOF\necho 'a # x' # X\n''",
		"\"\n echo \\\"a # x\\\" # X\"",
		"''cat <<-'E O'\n x\n''",
		"''cat <<< a\n 'x # x' # X\n''",
		"''x#x;#X''",
		"''x ''${#x} ''' # X''",
		"''x ''\\n# X ''\\n x''",
		"''x ''\\t# X ''\\t X''",
		"''${a}# x ${b} # X''",
		"''x ''\\n# X''\\nx ''\\t# X''",
		`"x # x"`,
		"\"x # x\n # X\n x\"",
		"\"\n echo \\\"# x\\\" # X\"",
	} {
		f, err := nixexpr.Parse("t.nix", []byte(text))
		require.NoError(t, err, text)
		s, ok := f.Root.(*nixexpr.Str)
		require.True(t, ok, text)
		once := commentsIn(f, s)
		for i, c := range text {
			if c == 'x' || c == 'X' {
				require.Equal(t, c == 'X', once.cover(i), "%s at %d: %s", text, i, strings.TrimSpace(text[:i]))
				require.Equal(t, c == 'X', commentsIn(f, s).cover(i), "%s at %d, asked alone", text, i)
			}
		}
		if i := strings.IndexByte(text, 'x'); i >= 0 {
			require.False(t, once.cover(i), "%s at %d, asked again", text, i)
		}
	}
}
