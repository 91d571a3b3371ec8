package nix

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// rules tell the kind of an error by Nix's own words, from 2.3 to 2.34 and Lix. The first that matches
// counts. They are matched against the paragraph of the last "error:".
var rules = []struct {
	kind    Kind
	pattern *regexp.Regexp
}{
	{NoSpace, regexp.MustCompile(`No space left on device|Disk quota exceeded|database or disk is full`)},
	{HashMismatch, regexp.MustCompile(`hash mismatch in fixed-output derivation '` +
		`|fixed-output derivation produced path '`)},
	{EvalFetch, regexp.MustCompile(`hash mismatch in file downloaded from '|NAR hash mismatch in input '` +
		`|hash mismatch in input '`)},
	{HashInvalid, regexp.MustCompile(`invalid SRI hash|invalid character in Base(?:64|32)|invalid base-?(?:16|32|64)` +
		`|hash '[^']*' (?:has wrong length|does not include a type|should have type|has an? (?:invalid|unknown))` +
		`|empty hash requires explicit hash|unknown hash (?:algorithm|type)|hash algorithm '[^']*' is not` +
		`|invalid hash '`)},
	{Eval, regexp.MustCompile(`vendorHash is missing`)}, // a throw has no place in old Nix
	{NoPseudoterminal, regexp.MustCompile(`(?:opening|granting access to|unlocking|getting) pseudo-?terminal`)},
	{NoFlakes, regexp.MustCompile(
		`experimental (?:Nix )?feature '(?:flakes|nix-command)' is (?:disabled|not enabled)`)},
	{TooOld, regexp.MustCompile(`unrecogni[sz]ed flag '--(?:log-format|extra-experimental-features|no-eval-cache` +
		`|no-link)'|'(?:flake|eval)' is not a recogni[sz]ed command`)},
	{BadArguments, regexp.MustCompile(`unrecogni[sz]ed (?:flag|option) |is not a recogni[sz]ed (?:flag|command)` +
		`|flag '[^']*' requires|requires (?:an|\d+) argument|invalid value for|has invalid value` +
		`|is not a valid (?:machine|store|builder)|don't know how to open Nix store`)},
	{LockStale, regexp.MustCompile(`requires lock file changes but they're not allowed|cannot (?:update` +
		`|write) (?:unlocked|modified)|lock file .* (?:is|has) (?:unlocked|modified)`)},
	{MissingAttribute, regexp.MustCompile(`does not provide attribute` +
		`|attribute '[^']*' (?:in selection path '[^']*' )?(?:missing|not found)|does not have an attribute` +
		`|has no attribute`)},
	{MissingFile, regexp.MustCompile(`getting status of '[^']*(?:/[^/']+)': No such file|path '[^']*' does not exist` +
		`|is not tracked by Git|does not contain a '?/?flake\.nix|source tree referenced by '[^']*' does not contain` +
		`|file '[^']*' does not exist`)},
	{StoreUnavailable, regexp.MustCompile(`cannot (?:open connection to remote store|connect to (?:daemon|socket))`)},
	{Fetch, regexp.MustCompile(`unable to download '|HTTP error \d|[Cc]ould(?:n't| not) resolve host` +
		`|Failed to fetch git repository|program '[^']*git' failed|[Ff]ailed to connect` +
		`|[Cc]onnection (?:refused|timed out` +
		`|reset)|SSL (?:certificate|peer)|[Cc]annot (?:find Git revision|fetch)|error: cloning|unable to access '` +
		`|rate limit`)},
	{StoreUnavailable, regexp.MustCompile(`creating directory |opening lock file '|changing ownership` +
		`|build users? group|Read-only file system|is not a directory|Permission denied|Operation not permitted` +
		`|not (?:a )?trusted|cannot create symlink|the store .* (?:does not exist|is read-only)|database .* (?:cannot` +
		`|is) `)},
	{BuildTimeout, regexp.MustCompile(`timed out after \d+ seconds|after \d+ seconds of silence`)},
	{WrongSystem, regexp.MustCompile(`is required to build '|platform mismatch|[Rr]equired (?:system|feature)` +
		`|unable to start any build|required (?:system|features)`)},
	{References, regexp.MustCompile(`illegal path references in fixed-output|must not reference store paths` +
		`|is not allowed to refer to`)},
	{MissingOutput, regexp.MustCompile(`failed to produce output`)},
	{Dependency, regexp.MustCompile(`dependenc(?:y|ies) (?:of derivation '[^']*' )?(?:failed|couldn't be built)` +
		`|failed dependenc|build of '[^']*'(?:, '[^']*')* failed$|some outputs of '|build of resolved derivation`)},
	{Builder, regexp.MustCompile(`builder for '[^']*' failed|[Bb]uilder failed` +
		`|should be a non-executable regular file|[Cc]annot build '|build of '[^']*' on '[^']*' failed|build of '`)},
}

// logRules refine the failure of a builder by its last words. They are a builder's own, so they only
// choose among failures. Plain words, for every line of every builder is looked at.
var logRules = []struct {
	kind  Kind
	words []string
}{
	{VendorEmpty, []string{
		"vendor folder is empty, please set 'vendorHash = null;'",
		"vendor folder is empty, please set 'vendorSha256 = null;'",
	}},
	{VendorExists, []string{
		"vendor folder exists, please set 'vendorHash = null;'",
		"vendor folder exists, please set 'vendorSha256 = null;'",
	}},
	{NoSpace, []string{"No space left on device", "no space left on device"}},
	{Fetch, []string{
		"unable to download '", "curl: (", " from any mirror", "ould not resolve host", "unable to access '",
		"dial tcp", "no such host", "i/o timeout", "TLS handshake", "x509:",
		"404 Not Found", "500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Time",
	}},
}

// oldForNixpkgs matches how nixpkgs aborts with a Nix that is too old for it: one older than its lib/minver.nix, or,
// since 25.05, one without a feature of its lib/minfeatures.nix.
var oldForNixpkgs = regexp.MustCompile(`This version of Nixpkgs requires (?:Nix >= \d|an implementation of Nix with)`)

// evaluating tells the errors of the language, which have no common word: they have a place.
var evaluating = regexp.MustCompile(`(?m)^\s*(?:… )?(?:at .*:\d+:\d+|while (?:evaluating|calling))|--show-trace` +
	`|infinite recursion|stack overflow|max-call-depth|called (?:with|without)|undefined variable|syntax error` +
	`|cannot coerce|assertion .* failed|was expected|evaluation aborted with`)

var drvInText = regexp.MustCompile(`'([^'\n]+?\.drv)(?:[\^!][^']*)?'`)

// classify reads one error of Nix. logs gives the last lines of a derivation's builder.
func classify(m message, logs func(drv string) []string) *Failure {
	last := lastError(m.text)
	paragraph, _, _ := strings.Cut(strings.TrimLeft(last, "\n"), "\n\n")
	paragraph = quotedLine.ReplaceAllString(paragraph, "") // a builder's words
	f := &Failure{Kind: Other, Text: essence(m.text), Positions: positions(m)}
	for _, rule := range rules {
		if rule.pattern.MatchString(paragraph) {
			f.Kind = rule.kind
			break
		}
	}
	if f.Kind == Other && (len(f.Positions) > 0 || evaluating.MatchString(m.text)) {
		f.Kind = Eval
	}
	if f.Kind == Eval && oldForNixpkgs.MatchString(last) {
		f.Kind = OldForNixpkgs
	}
	if drv := drvInText.FindStringSubmatch(paragraph); drv != nil {
		f.Derivation = drv[1]
	}
	switch f.Kind {
	case EvalFetch:
		f.Fetched = parseFetched(last)
	case Builder, MissingOutput:
		f.Log = quotedLines(m.text)
		if len(f.Log) == 0 {
			f.Log = logs(f.Derivation)
		}
		refine(f)
	}
	f.Hint = hints[f.Kind]
	if strings.HasSuffix(f.Hint, " ") { // it ends with the derivation
		f.Hint += diag.Safe(f.Derivation)
	}
	if name := quotedFile.FindStringSubmatch(f.Text); f.Kind == MissingFile && name != nil {
		f.Hint = strings.Replace(f.Hint, "the file", name[1], 1)
	}
	if f.Kind == Fetch && strings.Contains(m.text, "rate limit") {
		f.Hint = "GitHub's rate limit is used up: set GITHUB_TOKEN, or access-tokens in nix.conf"
	}
	return f
}

// quotedFile matches a file of the flake that a message names, when a shell takes the name as it is.
var quotedFile = regexp.MustCompile(`'([A-Za-z0-9._+][A-Za-z0-9._+/-]*)'`)

// telling says which failure a line of a builder's log explains; Other when none.
func telling(line string) Kind {
	for _, rule := range logRules {
		for _, words := range rule.words {
			if strings.Contains(line, words) {
				return rule.kind
			}
		}
	}
	return Other
}

func refine(f *Failure) {
	for _, line := range f.Log {
		if kind := telling(line); kind != Other && f.Kind == Builder {
			f.Kind = kind
		}
	}
}

var quotedLine = regexp.MustCompile(`(?m)^\s*> (.*)$`)

// quotedLines takes the builder's log out of an error that quotes it.
func quotedLines(text string) []string {
	var lines []string
	for _, quoted := range quotedLine.FindAllStringSubmatch(text, -1) {
		lines = append(lines, logLine(quoted[1]))
	}
	return lines[max(0, len(lines)-keptLogLines):]
}

var placeInText = regexp.MustCompile(`(?m)\bat (/[^\n:]+):(\d+):(\d+)`)

// placeAtEnd is what Nix 2.34 writes behind the name of an event's file once more.
var placeAtEnd = regexp.MustCompile(`:\d+:\d+$`)

// maxPositions bounds the places of one error; its traces can be thousands.
const maxPositions = 16

// positions lists the places of an error, innermost first: that of the event, those below the last
// "error:" in their order, those above it backwards.
func positions(m message) []Position {
	var all []Position
	add := func(p Position) {
		p.File = placeAtEnd.ReplaceAllString(p.File, "")
		if len(all) < maxPositions && strings.HasPrefix(p.File, "/") {
			for _, known := range all {
				if known == p {
					return
				}
			}
			all = append(all, p)
		}
	}
	add(m.at)
	last := lastError(m.text)
	above := placeInText.FindAllStringSubmatch(m.text[:len(m.text)-len(last)], -1)
	for _, match := range placeInText.FindAllStringSubmatch(last, -1) {
		add(toPosition(match))
	}
	for i := len(above) - 1; i >= 0; i-- {
		add(toPosition(above[i]))
	}
	return all
}

func toPosition(match []string) Position {
	line, _ := strconv.Atoi(match[2])
	column, _ := strconv.Atoi(match[3])
	return Position{File: diag.Safe(match[1]), Line: line, Column: column}
}
