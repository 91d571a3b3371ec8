package resolve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// tags are the commits of the repository's tags; the others are none, or cannot be asked for.
type tags struct {
	commits map[string]string
	err     error
}

func (u tags) TagCommit(_ context.Context, _, _, tag string) (string, error) {
	if commit, ok := u.commits[tag]; ok {
		return commit, nil
	}
	return "", u.err
}

// A commit that is kept beside a tag moves with it, when it is that tag's. The commit that a source is fetched by must
// be the release's.
func TestCommitsOfTags(t *testing.T) {
	old, now, foreign := strings.Repeat("a", 40), strings.Repeat("b", 40), strings.Repeat("c", 40)
	beside := strings.Replace(flake(vendored), "src = nixpkgs", `src = { revision = "%s"; outPath = nixpkgs`, 1)
	beside = strings.Replace(beside, `"; };`, `"; }; };`, 1)
	source := strings.Replace(flake(vendored), `tag = "v${version}"`, `rev = "%s"`, 1)
	both, offline := map[string]string{"v0.32.13": old, "v0.32.15": now}, errors.New("offline")
	for name, test := range map[string]struct {
		src, commit string
		tags        tags
		want        string // what stands there then
		err         string
	}{
		"beside a tag": {src: beside, commit: old, tags: tags{commits: both}, want: now},
		"beside another tag": {
			src: beside, commit: foreign, tags: tags{commits: both}, want: "commit cccccccccccc is not that of release",
		},
		"beside a tag that is gone": {
			src: beside, commit: old, tags: tags{err: fs.ErrNotExist},
			want: "commit aaaaaaaaaaaa is not that of release",
		},
		"beside a tag, offline": {
			src: beside, commit: old, tags: tags{err: offline}, err: "read commit of v0.32.13: offline",
		},
		"beside a tag, and the new one is gone": {
			src: beside, commit: old, tags: tags{commits: map[string]string{"v0.32.13": old}, err: fs.ErrNotExist},
			err: "read commit of v0.32.15: file does not exist",
		},
		"of a source": {src: source, commit: old, tags: tags{commits: both}, want: now},
		"of no release": {
			src: source, commit: foreign, tags: tags{commits: both}, err: "is not that of release v0.32.13",
		},
		"of a source that is gone": {
			src: source, commit: old, tags: tags{err: fs.ErrNotExist}, err: "is not that of release v0.32.13",
		},
		"of a source, offline": {
			src: source, commit: old, tags: tags{err: offline}, err: "read commit of v0.32.13: offline",
		},
		"of a source, and the new one is gone": {
			src: source, commit: old, tags: tags{commits: map[string]string{"v0.32.13": old}, err: fs.ErrNotExist},
			err: "read commit of v0.32.15: file does not exist",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReplay(t, fmt.Sprintf(test.src, test.commit), nil)
			tools := r.tools()
			tools.Upstream = test.tags
			s, err := Hashes(t.Context(), r.job(), tools)
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			if test.want == now {
				assert.Equal(t, now, valueOf(r, s, "ref"))
				return
			}
			assert.Contains(t, strings.Join(r.logged, "\n"), test.want)
			assert.NotContains(t, values(r, s), now)
		})
	}
}

// An input that cannot be fetched at the new version is named where its version is written.
func TestInputThatCannotBeLocked(t *testing.T) {
	input := func(name string, slot pin.SlotID) *Move {
		p := moving(nil)
		p.Origin = &pin.Input{Name: name, Slot: slot, URL: "git+https://git.example.org/ollama"}
		return p
	}
	d := &driver{state: *stateOf(moving(nil), input("src", pin.NoSlot), input("other", 3), input("src", 4))}
	d.Release.Tag = "v0.32.15"
	failed := func(kind nix.Kind) error {
		return &diag.Error{Text: "cannot fetch", Err: &nix.Failure{Kind: kind, Text: "404"}}
	}
	err := d.inputError("src", failed(nix.Fetch))
	require.EqualError(t, err, "flake.nix:5:1: lock input src: cannot fetch")
	var e *diag.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "see that git+https://git.example.org/ollama can be reached and has v0.32.15; a mirror may be "+
		"behind", e.Hint)

	placed := failed(nix.Fetch).(*diag.Error)
	placed.Pos = diag.Pos{File: "flake.nix", Line: 1, Column: 1}
	for _, err := range []error{failed(nix.Eval), placed, &nix.Failure{Kind: nix.Fetch}, errors.New("offline")} {
		assert.Same(t, err, d.inputError("src", err))
	}
	err = failed(nix.Fetch)
	assert.Same(t, err, d.inputError("gone", err))
}

func TestOldestOfWhatMoves(t *testing.T) {
	of := func(versions ...version.Version) (list []*Move) {
		for _, v := range versions {
			list = append(list, &Move{Pin: &pin.Pin{Pinned: pin.Pinned{Version: v}}})
		}
		return list
	}
	for want, s := range map[version.Version]Solution{
		"":        {Moves: of(""), Unshown: of("0.32.1")},
		"0.32.9":  {Moves: of("0.32.10", "0.32.9", "", "0.32.11")},
		"0.32.8":  {Moves: of("", "0.32.10"), Along: of("0.32.8")},
		"0.32.10": {Moves: of("0.32.10"), Along: of("0.32.11")},
	} {
		assert.Equal(t, want, s.Oldest())
	}
}

// A version is mentioned where it stays: not in what moves, nor in a pin that is reported by itself.
func TestMentionsOfOldVersions(t *testing.T) {
	r := newReplay(t, two(`nixpkgs.ollama-cuda.overrideAttrs { version = "0.32.13"; src = nixpkgs.fetchFromGitHub {
		owner = "ollama"; repo = "ollama"; tag = "v0.32.13"; hash = "`+sum("old cuda").SRI()+`"; }; };
	notes = [ "0.32.13" "0.32.15" ]`), nil)
	require.Len(t, r.found.Pins, 2)
	first, second := &Move{Pin: r.found.Pins[0]}, &Move{Pin: r.found.Pins[1]}
	mentions := func(s Solution, names ...string) []Mention {
		return s.Mentions(t.Context(), r.files, r.found, names)
	}
	lines := func(n ...int) (list []string) {
		for _, line := range n {
			list = append(list, fmt.Sprintf("flake.nix:%d", line))
		}
		return list
	}
	s := Solution{Moves: []*Move{first, second}, Version: "0.32.15"}
	assert.Equal(t, []Mention{{"0.32.13", lines(10)}}, mentions(s, "flake.nix"), "of each version once")
	assert.Empty(t, mentions(s, "other.nix"))
	assert.Empty(t, mentions(s))
	s.Version = "0.32.13"
	assert.Empty(t, mentions(s, "flake.nix"), "it is the new one")
	s = Solution{Moves: []*Move{first}, Along: []*Move{second}, Version: "0.32.15"}
	assert.Equal(t, []Mention{{"0.32.13", lines(10)}}, mentions(s, "flake.nix"))
	s = Solution{Moves: []*Move{first}, Unshown: []*Move{second}, Version: "0.32.15"}
	assert.Equal(t, []Mention{{"0.32.13", lines(10)}}, mentions(s, "flake.nix"))
	s = Solution{Moves: []*Move{first}, Version: "0.32.15"}
	assert.Equal(t, []Mention{{"0.32.13", lines(8, 9, 10)}}, mentions(s, "flake.nix"))
}
