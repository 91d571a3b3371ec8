package pin

import (
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// builder is a function that makes a derivation of a set of attributes.
type builder struct {
	name    *regexp.Regexp
	modules bool // it fetches the Go modules, by vendorHash
}

// builders are those that are known. Others are recognised by the set: a name, a version and a source. To support
// another one is to add a row.
var builders = []builder{
	{named(`buildGo\w*`), true},
	{named(`mkDerivation|goBuild`), false},
}

// builderNamed returns the builder of a name, or nil.
func builderNamed(name string) *builder {
	for i := range builders {
		if builders[i].name.MatchString(name) {
			return &builders[i]
		}
	}
	return nil
}

// fetcher is one way to get a source: the functions that do it, and how a call of them is read.
type fetcher struct {
	name *regexp.Regexp
	read func(f *finder, d *derivation, c fetchCall) source
}

// fetchers are the ways that are known; the first whose name matches counts. To support another one is to add
// a row.
var fetchers = []fetcher{
	{named(`override|overrideAttrs`), (*finder).readOldSource}, // old.src.override { tag; hash; }
	{named(`applyPatches|srcOnly`), (*finder).readSrc},         // of another source
	{named(`fetchFromGitHub\w*`), (*finder).readGitHub},
	{named(`fetchGit|fetchgit`), (*finder).readGit}, // a ref, and perhaps a hash
	{named(`fetchTree`), (*finder).readTree},
	{named(`fetch\w*|requireFile`), (*finder).readDownload}, // fetchurl, fetchzip, fetchTarball, …
}

func named(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }

// isFetch reports whether a name is that of a function that gets a source.
func isFetch(name string) bool { return strings.HasPrefix(name, "fetch") }

// isPatch reports whether a function gets a patch.
func isPatch(name string) bool { return strings.HasPrefix(name, "fetchpatch") }

// fetchCall is a call that may get a source.
type fetchCall struct {
	term *eval.Unknown
	name string     // of the function
	last eval.Value // the last argument
	args *eval.Set  // the last argument, when it is a set

	wraps int // in how many more functions a source may be wrapped
}

// source is what a derivation's src attribute says of where the source comes from.
type source struct {
	kind    sourceKind
	call    *eval.Unknown // the fetch; nil for an input
	args    *eval.Set     // of the fetch; nil when it has none
	url     *eval.Text    // of kind urlSource
	owner   string
	repo    string
	fetcher string
	input   *flakeInput
	beside  *eval.Set // what is known of it besides, where its outPath is one of several attributes; else nil
}

type sourceKind int

const (
	otherSource    sourceKind = iota // not the package's, as far as can be seen
	refSource                        // a ref and a hash
	urlSource                        // a URL of the package's repository
	gitSource                        // a ref, and perhaps a hash
	inputSource                      // a flake input
	forkSource                       // the package's repository name, another owner
	floatingSource                   // a URL that names no release
)

func (f *finder) readOldSource(d *derivation, c fetchCall) source {
	if c.args == nil || !f.isOldSource(d, c.term) {
		return source{}
	}
	return source{
		kind: refSource, call: c.term, args: c.args, fetcher: "fetchFromGitHub", owner: f.pkg.Owner(),
		repo: f.pkg.Repo,
	}
}

func (f *finder) readSrc(d *derivation, c fetchCall) source {
	if c.args == nil || c.args.Get("src") == nil || c.wraps == 0 {
		return source{}
	}
	return f.sourceWithin(d, f.prog.Value(c.args.Get("src")), c.wraps-1)
}

func (f *finder) readGitHub(d *derivation, c fetchCall) source {
	if c.args == nil {
		return f.readDownload(d, c)
	}
	s := source{call: c.term, args: c.args, fetcher: c.name}
	s.owner = f.coordinate(d, c.args.Get("owner"))
	s.repo = f.coordinate(d, c.args.Get("repo"))
	s.kind = f.repository(s.owner, s.repo, refSource)
	return s
}

func (f *finder) readGit(_ *derivation, c fetchCall) source { return f.readURLOf(c, gitSource) }

func (f *finder) readDownload(_ *derivation, c fetchCall) source { return f.readURLOf(c, urlSource) }

func (f *finder) readTree(_ *derivation, c fetchCall) source {
	s, kind := f.readURLOf(c, urlSource), ""
	if c.args != nil {
		kind, _ = f.constant(c.args.Get("type"))
	}
	if s.kind == urlSource && (kind == "git" || strings.HasPrefix(knownText(s.url), "git")) {
		s.kind = gitSource
	}
	return s
}

// readURLOf reads a fetch of a URL: its first one, where it has several.
func (f *finder) readURLOf(c fetchCall, kind sourceKind) source {
	s := source{call: c.term, args: c.args, fetcher: c.name}
	s.url, _ = c.last.(*eval.Text)
	if c.args != nil {
		if d := c.args.Get("url"); d != nil {
			s.url, _ = f.prog.Value(d).(*eval.Text)
		} else if d := c.args.Get("urls"); d != nil {
			if list, ok := f.prog.Value(d).(*eval.List); ok && len(list.Elems) > 0 {
				s.url, _ = f.prog.Value(list.Elems[0]).(*eval.Text)
			}
		}
	}
	if s.url == nil {
		return s
	}
	text := knownText(s.url)
	if f.pkg.Floating.MatchString(text) {
		s.kind = floatingSource
		return s
	}
	if m := githubURL.FindStringSubmatch(text); m != nil {
		s.owner, s.repo = m[1], m[2]
		s.kind = f.repository(s.owner, s.repo, kind)
	}
	return s
}
