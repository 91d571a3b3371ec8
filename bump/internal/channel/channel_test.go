package channel

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChannelOfTheInput(t *testing.T) {
	t.Parallel()
	const nixpkgs = `"locked": { "type": "github", "owner": "NixOS", "repo": "nixpkgs", "rev": ` +
		`"0000000000000000000000000000000000000000" }`
	node := func(original string) string { return `{ "original": ` + original + `, ` + nixpkgs + ` }` }
	github := func(ref string) string {
		return node(`{ "type": "github", "owner": "nixos", "repo": "nixpkgs", "ref": "` + ref + `" }`)
	}
	tarball := func(url string) string { return node(`{ "type": "tarball", "url": "` + url + `" }`) }
	one := func(original string) string {
		return `{ "root": "root", "nodes": { "root": { "inputs": { "nixpkgs": "n" } }, "n": ` + original + ` } }`
	}
	several := `{ "root": "r", "nodes": {
		"r": { "inputs": { "nixpkgs": "a", "stable": "b", "ours": "c", "same": ["ours", "nixpkgs"],
			"deep": ["ours", "same"], "loop": ["loop"] } },
		"a": ` + github("nixos-unstable") + `, "b": ` + github("nixos-25.11") + `,
		"c": { "inputs": { "nixpkgs": "d", "same": ["stable"] } }, "d": ` + github("nixos-24.11") + ` } }`
	only := `{ "root": "r", "nodes": { "r": { "inputs": { "pkgs": "a", "ours": "c" } }, "a": ` + github("nixos-25.11") +
		`, "c": { "original": { "type": "path" } } } }`
	for _, tt := range []struct {
		name, lock    string
		way           []string
		input, branch string
	}{
		{"the input called nixpkgs", several, nil, "nixpkgs", "nixos-unstable"},
		{"the only one", only, nil, "pkgs", "nixos-25.11"},
		{"another one", several, []string{"stable"}, "stable", "nixos-25.11"},
		{"that of an input", several, []string{"ours", "nixpkgs"}, "ours/nixpkgs", "nixos-24.11"},
		{"one that follows an input's", several, []string{"same"}, "ours/nixpkgs", "nixos-24.11"},
		{"one that follows one that follows", several, []string{"deep"}, "stable", "nixos-25.11"},
		{"one that follows itself", several, []string{"loop"}, "", ""},
		{"one that is not there", several, []string{"other"}, "", ""},
		{"no branch", one(node(`{ "type": "github", "owner": "NixOS", "repo": "nixpkgs" }`)), nil, "nixpkgs", "master"},
		{"a fork", one(node(`{ "type": "github", "owner": "me", "repo": "nixpkgs", "ref": "x" }`)), nil, "", ""},
		{"another server", one(node(`{ "type": "github", "host": "x.example", "owner": "NixOS", "repo": "nixpkgs", ` +
			`"ref": "x" }`)), nil, "", ""},
		{"a commit", one(node(`{ "type": "github", "owner": "NixOS", "repo": "nixpkgs", "rev": ` +
			`"0000000000000000000000000000000000000000" }`)), nil, "", ""},
		{
			"the registry", one(node(`{ "type": "indirect", "id": "nixpkgs", "ref": "nixos-unstable" }`)), nil,
			"nixpkgs", "nixos-unstable",
		},
		{
			"the registry's own branch", one(node(`{ "type": "indirect", "id": "nixpkgs" }`)), nil, "nixpkgs",
			"nixpkgs-unstable",
		},
		{
			"git", one(node(`{ "type": "git", "url": "https://github.com/NixOS/nixpkgs.git", "ref": "nixos-25.11" }`)),
			nil, "nixpkgs", "nixos-25.11",
		},
		{"git with a full name", one(node(`{ "type": "git", "url": "ssh://git@github.com/NixOS/nixpkgs", "ref": ` +
			`"refs/heads/nixos-25.11" }`)), nil, "nixpkgs", "nixos-25.11"},
		{
			"git from elsewhere", one(node(`{ "type": "git", "url": "https://x.example/NixOS/nixpkgs", "ref": "x" }`)),
			nil, "", "",
		},
		{
			"a channel", one(tarball("https://channels.nixos.org/nixos-25.11/nixexprs.tar.xz")), nil, "nixpkgs",
			"nixos-25.11",
		},
		{
			"a channel's old address", one(tarball("https://nixos.org/channels/nixpkgs-unstable/nixexprs.tar.xz")), nil,
			"nixpkgs", "nixpkgs-unstable",
		},
		{
			"an archive", one(tarball("https://github.com/NixOS/nixpkgs/archive/nixos-25.11.tar.gz")), nil, "nixpkgs",
			"nixos-25.11",
		},
		{
			"an archive with a full name",
			one(tarball("https://github.com/NixOS/nixpkgs/archive/refs/heads/release-25.11.tar.gz")), nil, "nixpkgs",
			"release-25.11",
		},
		{
			"an archive of a tag", one(tarball("https://github.com/NixOS/nixpkgs/archive/refs/tags/25.11.tar.gz")), nil,
			"", "",
		},
		{
			"an archive of a commit",
			one(tarball("https://github.com/NixOS/nixpkgs/archive/0000000000000000000000000000000000000000.tar.gz")),
			nil, "", "",
		},
		{
			"FlakeHub's unstable", one(tarball("https://flakehub.com/f/NixOS/nixpkgs/0.1")), nil, "nixpkgs",
			"nixos-unstable",
		},
		{
			"FlakeHub's release", one(tarball("https://flakehub.com/f/NixOS/nixpkgs/0.2511.%2A.tar.gz")), nil,
			"nixpkgs", "nixos-25.11",
		},
		{"another tarball", one(tarball("https://x.example/nixos-25.11/nixexprs.tar.xz")), nil, "", ""},
		{"no lock", `{}`, nil, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			lock, err := parse([]byte(tt.lock))
			require.NoError(t, err)
			got := lock.of(tt.way)
			if tt.branch == "" {
				assert.Empty(t, got.Branch)
				return
			}
			assert.Equal(t, Channel{tt.input, tt.branch}, got)
		})
	}
}
