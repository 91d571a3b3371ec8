// Package text writes what people read of a bump: the title and body of its pull request, the message of
// its commit, and the diff. It takes plain values, and takes all of them for hostile.
package text

// Report is everything that the pull request's body, the step summary and the terminal say of a
// bump: plain values, still as hostile as upstream made them; whoever renders defuses.
type Report struct {
	Package    string // "ollama"
	Upstream   string // OWNER/NAME that the releases are read from, "ollama/ollama"
	OldVersion string // without v; the lowest, when pins differed
	NewVersion string
	ReleaseURL string

	Changes    []Change // every literal rewritten
	Companions []Companion
	Verified   []string // sentences: what was proved, "`.src` and `.goModules` build with …"
	Warnings   []string // sentences: what a reader should know (pins left alone, forks, …)
	Notes      []ReleaseNote
	NixVersion string // "2.34.8"
	System     string // "x86_64-linux"
	Tool       string // "ollama-bump 1.2.3"
}

// Redact replaces every text of r by what hide makes of it. Once rendered, a secret may be escaped so that
// nobody finds it.
func (r *Report) Redact(hide func(string) string) {
	for i := range r.Changes {
		c := &r.Changes[i]
		c.File, c.Old, c.New = hide(c.File), hide(c.Old), hide(c.New)
	}
	for i := range r.Companions {
		c := &r.Companions[i]
		c.Name, c.Old, c.New, c.Why = hide(c.Name), hide(c.Old), hide(c.New), hide(c.Why)
	}
	for i := range r.Notes {
		n := &r.Notes[i]
		n.URL, n.Body = hide(n.URL), hide(n.Body)
	}
	for _, list := range [][]string{r.Verified, r.Warnings} {
		for i := range list {
			list[i] = hide(list[i])
		}
	}
	r.ReleaseURL = hide(r.ReleaseURL)
}

// Change is one rewritten literal.
type Change struct {
	File  string // from the repository's root
	Line  int
	Field string // "version", "ref", "src hash", "vendor hash", "llama.cpp tag", …
	Old   string
	New   string
}

// Companion is another source that should move with the package.
type Companion struct {
	Name     string // "llama.cpp"
	Old, New string
	Moved    bool
	Why      string // when not moved
}

// ReleaseNote is what upstream wrote of one release.
type ReleaseNote struct {
	Version string // without v
	URL     string
	Body    string // Markdown, hostile
}
