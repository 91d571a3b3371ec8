package pin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseHash(t *testing.T) {
	const real = "sha256-YDR25HsZDjEmTXeeG1honfEgrZCSizuyoVNdtrnBBBo="
	for text, known := range map[string]bool{
		real:                         true,
		strings.TrimRight(real, "="): true,
		" " + real:                   true,
		real[len("sha256-"):]:        true,
		"603476e47b190e31264d779e1b58689df120ad90928b3bb2a1535db6b9c1041a":                                true,
		"sha256:603476e47b190e31264d779e1b58689df120ad90928b3bb2a1535db6b9c1041a":                         true,
		"sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==": true,
		"sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=":                                             false,
		"sha256-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=":                                             false,
		"sha256-XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX=":                                             false,
		"sha256-xxxx": false,
		"0000000000000000000000000000000000000000000000000000000000000000": false,
		"0000000000000000000000000000000000000000000000000000":             false,
		"":        false,
		"sha256-": false,
		"TODO":    false,
	} {
		require.Equal(t, known, isHash(text), "%q", text)
	}
}

func isHash(text string) bool {
	_, ok := parseHash(text)
	return ok
}
