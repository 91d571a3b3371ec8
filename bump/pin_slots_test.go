package bump

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
		require.Equal(t, known, parseHash(text) != nil, "%q", text)
	}
}

func TestVersionIn(t *testing.T) {
	for text, want := range map[string][]int{
		"0.32.13":                     {0},
		"v0.32.13":                    {1},
		"ollama-0.32.13.tgz":          {7},
		"'0.32.13' and \"0.32.13\"":   {1, 15},
		"0.32.13.":                    {0},
		"10.32.13":                    nil,
		"0.32.131":                    nil,
		"0.32.13.1":                   nil,
		"1.0.32.13":                   nil,
		"0.32.13-rc1":                 nil,
		"0.32.13-1":                   {0},
		"b0.32.13":                    nil,
		"dev0.32.13":                  nil,
		"releases/download/v0.32.13/": {19},
	} {
		require.Equal(t, want, versionIn(text, "0.32.13"), "%q", text)
	}
}

func TestCompareVersions(t *testing.T) {
	order := []string{"0.9.9", "0.32.2-rc10", "0.32.2", "0.33.0-rc0", "0.33.0-rc2", "0.33.0-rc10", "0.33.0", "1.0.0"}
	for i, a := range order {
		for j, b := range order {
			got := compareVersions(a, b)
			require.Equal(t, i < j, got < 0, "%s %s", a, b)
			require.Equal(t, i == j, got == 0, "%s %s", a, b)
		}
	}
}
