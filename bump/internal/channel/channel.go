// Package channel finds the branch of nixpkgs that an input of a flake follows, and what is at its head.
package channel

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// A Channel is an input of the flake that follows a branch of nixpkgs.
type Channel struct {
	Input  string // as nix flake update takes it: nixpkgs, or other/nixpkgs
	Branch string // "" when it follows none that is known
}

// lock is what flake.lock says of the flake's inputs.
type lock struct {
	Root  string `json:"root"`
	Nodes map[string]struct {
		Inputs   map[string]json.RawMessage `json:"inputs"`
		Original reference                  `json:"original"`
		Locked   reference                  `json:"locked"`
	} `json:"nodes"`
}

// reference is how an input is named in a lock file.
type reference struct{ Type, Owner, Repo, Ref, Rev, URL, ID, Host string }

func parse(src []byte) (*lock, error) {
	l := &lock{}
	if err := json.Unmarshal(src, l); err != nil {
		return nil, fmt.Errorf("parse flake.lock: %w", err)
	}
	return l, nil
}

// of is the channel that an input follows, by the way from the flake to it. Where the way is not known it is the
// input called nixpkgs, or the only one that follows a channel.
func (l *lock) of(way []string) Channel {
	if len(way) > 0 {
		return l.at(way)
	}
	if c := l.at([]string{"nixpkgs"}); c.Branch != "" {
		return c
	}
	only := Channel{}
	for name := range l.Nodes[l.Root].Inputs {
		switch c := l.at([]string{name}); {
		case c.Branch == "":
		case only.Branch != "":
			return Channel{}
		default:
			only = c
		}
	}
	return only
}

func (l *lock) at(way []string) Channel {
	way, node := l.follow(way, 0)
	n, ok := l.Nodes[node]
	if !ok {
		return Channel{}
	}
	return Channel{strings.Join(way, "/"), branchOf(n.Original, n.Locked)}
}

// maxFollows bounds how many inputs follow each other.
const maxFollows = 32

// follow returns the node that a way leads to, and the way on which no input follows another one; "" for none.
func (l *lock) follow(way []string, depth int) (straight []string, node string) {
	node = l.Root
	for _, name := range way {
		raw := l.Nodes[node].Inputs[name]
		var next string
		var other []string
		switch {
		case json.Unmarshal(raw, &next) == nil:
			straight, node = append(straight[:len(straight):len(straight)], name), next
		case json.Unmarshal(raw, &other) == nil && len(other) > 0 && depth < maxFollows:
			straight, node = l.follow(other, depth+1)
		default:
			return nil, ""
		}
	}
	return straight, node
}

const nixpkgsRepo = "NixOS/nixpkgs"

var (
	// Of a channel, and of a branch's archive on GitHub: https://nixos.org/channels/nixos-25.11/nixexprs.tar.xz.
	channelURL = regexp.MustCompile(
		`^https://(?:channels\.nixos\.org|nixos\.org/channels)/([a-z0-9.-]+)(?:/nixexprs\.tar\.[a-z0-9]+)?/?$`)
	archiveURL = regexp.MustCompile(
		`(?i:^https://github\.com/NixOS/nixpkgs)/(?:archive|tarball)/(?:refs/heads/)?` +
			`([A-Za-z0-9./_-]+?)(?:\.tar\.gz|\.zip)?$`)
	// FlakeHub numbers its releases of unstable 0.1.N, and those of 25.11 0.2511.N.
	flakehubURL = regexp.MustCompile(
		`^https://(?:api\.)?flakehub\.com/f/NixOS/nixpkgs/0\.([0-9]{4}|1)(?:\.(?:\*|%2[Aa]|x|[0-9]+))?(?:\.tar\.gz)?$`)
	gitURL = regexp.MustCompile(`(?i:^(?:https|ssh|git)://(?:git@)?github\.com/NixOS/nixpkgs(?:\.git)?/?$)`)
)

// branchOf is the branch of nixpkgs that an input follows, "" when it follows none, or something else.
func branchOf(original, locked reference) string {
	branch := ""
	switch isNixpkgs := func(r reference) bool {
		return r.Type == "github" && r.Host == "" && strings.EqualFold(r.Owner+"/"+r.Repo, nixpkgsRepo)
	}; {
	case original.Rev != "":
		return ""
	case isNixpkgs(original):
		branch = original.Ref
		if branch == "" {
			branch = "master"
		}
	case original.Type == "indirect" && original.ID == "nixpkgs" && isNixpkgs(locked):
		branch = original.Ref
		if branch == "" {
			branch = "nixpkgs-unstable" // as the registry has it
		}
	case original.Type == "git" && gitURL.MatchString(original.URL):
		branch = original.Ref
		if branch == "" {
			branch = "master"
		}
	case original.Type == "tarball":
		branch = branchOfURL(original.URL)
	}
	branch = strings.TrimPrefix(branch, "refs/heads/")
	if version.IsObjectID(branch) || strings.HasPrefix(branch, "refs/") {
		return ""
	}
	return branch
}

// branchOfURL is the branch whose newest state a tarball's URL gives, "" for none.
func branchOfURL(url string) string {
	if m := channelURL.FindStringSubmatch(url); m != nil {
		return m[1]
	}
	if m := archiveURL.FindStringSubmatch(url); m != nil {
		return m[1]
	}
	switch m := flakehubURL.FindStringSubmatch(url); {
	case m == nil:
		return ""
	case m[1] == "1":
		return "nixos-unstable"
	default:
		return "nixos-" + m[1][:2] + "." + m[1][2:]
	}
}
