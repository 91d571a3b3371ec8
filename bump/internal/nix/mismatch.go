package nix

import (
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
)

// Mismatch is Nix's complaint that a fixed output has another hash than was promised.
type Mismatch struct {
	DrvPath   string       // the .drv; "" when Nix is older than 2.4 and names OutPath only
	OutPath   string       // the output, of Nix before 2.4
	Specified nixhash.Hash // what the derivation promised, normalised by Nix
	Got       nixhash.Hash // what came out
	Origin    Origin
}

// Origin says how sure it is that Nix itself complained. A builder can print anything, and Nix passes
// some of it on as its own events.
type Origin int

// The origins, from the weakest.
const (
	// OriginText is text that anybody may have written: a line of a plain log, an event about a
	// derivation that Nix was not building, the words of an evaluation.
	OriginText Origin = iota
	// OriginUnmarked is an event about a derivation that Nix was building, without the mark of Nix's own
	// errors, as a daemon and a remote builder send it. Other builders ran at that moment, and each of
	// them can imitate it.
	OriginUnmarked
	// OriginNix is an error of Nix itself about a derivation that it was building: it bears the mark, or
	// no other builder ran that could have printed it.
	OriginNix
)

// String names the origin for messages.
func (o Origin) String() string { return [...]string{"text", "unmarked", "nix"}[o] }

// The first line of the complaint, since Nix 2.2. Through a remote builder it stands in the middle of
// a line. A quoted builder's log ("> …", "name> …") is not Nix's own.
var (
	mismatchHead = regexp.MustCompile(`hash mismatch in fixed-output derivation '([^'\n]+)':\s*$`)
	quotedLog    = regexp.MustCompile(`^\s*[^\s']*> `)
	// the lines below it: wanted until 2.3, specified since; Lix adds URL and paths
	mismatchLine = regexp.MustCompile(`^\s*(specified|wanted|got|likely URL|expected path|got path):\s*(\S*)`)
	// what precedes all that when the build ran on another machine
	remoteHead = regexp.MustCompile(`build of '([^'\n]+\.drv)' on '([^'\n]+)' failed: `)
	// Nix 2.0 and 2.1 say it in one line, in base32 without the algorithm
	mismatchOld = regexp.MustCompile(`fixed-output derivation produced path '([^'\n]+)' with (\w+) hash '([^'\n]+)' ` +
		`instead of the expected hash '([^'\n]+)'`)
)

// parseMismatch reads a message, free of colours, whose first line is the complaint.
func parseMismatch(text string) (Mismatch, bool) {
	first, rest, _ := strings.Cut(text, "\n")
	if quotedLog.MatchString(first) {
		return Mismatch{}, false
	}
	if old := mismatchOld.FindStringSubmatch(first); old != nil {
		return newMismatch(old[1], old[2]+":"+old[4], old[2]+":"+old[3])
	}
	head := mismatchHead.FindStringSubmatch(first)
	if head == nil {
		return Mismatch{}, false
	}
	specified, got := hashLines(rest)
	m, ok := newMismatch(head[1], specified, got)
	if remote := remoteHead.FindStringSubmatch(first); remote != nil && m.DrvPath == "" {
		m.DrvPath = remote[1] // a remote Nix 2.3
	}
	return m, ok
}

// hashLines reads the lines below a complaint.
func hashLines(rest string) (specified, got string) {
	for line := range strings.SplitSeq(rest, "\n") {
		field := mismatchLine.FindStringSubmatch(line)
		if field == nil {
			break
		}
		switch field[1] {
		case "specified", "wanted":
			specified = field[2]
		case "got":
			got = field[2]
		}
	}
	return specified, got
}

var (
	// fetchedHead begins the evaluator's complaint about builtins.fetchurl and fetchTarball.
	fetchedHead = regexp.MustCompile(`hash mismatch in file downloaded from '[^'\n]+':?[ \t]*\n`)
	// fetchedTree is that about builtins.fetchTree and flake inputs; "but" since 2.24.
	fetchedTree = regexp.MustCompile(`hash mismatch in input '[^'\n]+'[^'\n]*, expected '([^'\n]+)',? (?:but )?got ` +
		`'([^'\n]+)'`)
)

// parseFetched reads the evaluator's complaint, which is about no derivation; nil when it is none.
func parseFetched(text string) *Mismatch {
	var specified, got string
	if tree := fetchedTree.FindStringSubmatch(text); tree != nil {
		specified, got = tree[1], tree[2]
	} else if head := fetchedHead.FindStringIndex(text); head != nil {
		specified, got = hashLines(text[head[1]:])
	}
	m, ok := newMismatch("", specified, got)
	if !ok {
		return nil
	}
	return &m
}

func newMismatch(path, specified, got string) (Mismatch, bool) {
	m := Mismatch{DrvPath: path}
	if !strings.HasSuffix(path, ".drv") {
		m.DrvPath, m.OutPath = "", path
	}
	var errSpecified, errGot error
	m.Specified, errSpecified = nixhash.Parse(specified, "")
	m.Got, errGot = nixhash.Parse(got, "")
	return m, errSpecified == nil && errGot == nil
}

// addMismatch keeps one entry per complaint, that of the best origin.
func addMismatch(all []Mismatch, m Mismatch) []Mismatch {
	for i, known := range all {
		if known.DrvPath == m.DrvPath && known.OutPath == m.OutPath &&
			known.Specified.Equal(m.Specified) && known.Got.Equal(m.Got) {
			all[i].Origin = max(known.Origin, m.Origin)
			return all
		}
	}
	if len(all) == maxMismatches {
		return all
	}
	return append(all, m)
}

// maxMismatches bounds what a builder that prints complaints can make us keep.
const maxMismatches = 1000
