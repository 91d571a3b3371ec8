package bump

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// sources are the flake's files that pins may stand in.
type sources struct {
	nix     map[string]*nixexpr.File
	data    map[string][]byte // JSON
	links   map[string]string // symbolic links to the place that they mean
	outside []*Error          // files that speak of the package, behind links that Nix does not follow
}

// findPins reads the flake and finds every pin in it. No pin is an error that names the nearest misses.
func (j *job) findPins(ctx context.Context) error {
	var err error
	if j.tree, err = openTree(ctx, j.opts.Dir, j.opts.Env); err != nil {
		return err
	}
	if j.opts.Mode == Write {
		unlock, err := j.tree.lock()
		if err != nil {
			return err
		}
		j.unlock = unlock
	}
	if err := j.readSources(ctx); err != nil {
		return err
	}
	roots := j.sources.relevant(j.pkg.Name)
	for _, w := range systemWorlds(roots) {
		prog := nixexpr.NewProgram(j.programFiles())
		for name, data := range j.sources.data {
			prog.AddData(name, data)
		}
		for name, target := range j.sources.links {
			prog.AddLink(name, target)
		}
		prog.Assume = w.assume
		f := findPins(prog, j.pkg, j.tree.flakeFile("flake.nix"), roots)
		f.system = w.system
		if prog.Exhausted() {
			j.warn("pin", "the flake is too intertwined to be read to its end; a pin may be missed")
		}
		if j.finder != nil {
			j.finder.merge(f)
			continue
		}
		j.finder = f
		if len(f.pins) == 0 && !mention(roots, "/releases/download/") {
			break // another system would show no more
		}
	}
	j.finder.settle()
	j.finder.refused = append(j.finder.refused, j.sources.outside...)
	if len(j.finder.pins) == 0 {
		return j.noPin()
	}
	for _, p := range j.finder.pins {
		j.say(Detail, "pin", "%s:%d:%d: %s %s", p.file, p.line, p.column, j.pkg.Name, p.version)
	}
	for _, r := range j.finder.refused {
		if r.Hint != "" {
			j.warn("pin", "%s", r.Error())
		}
	}
	return nil
}

// programFiles are the files that may be imported.
func (j *job) programFiles() []*nixexpr.File {
	files := make([]*nixexpr.File, 0, len(j.sources.nix))
	for _, f := range j.sources.nix {
		files = append(files, f)
	}
	return files
}

// readSources reads and parses the files. One that does not parse matters when it is flake.nix or
// speaks of the package.
func (j *job) readSources(ctx context.Context) error {
	j.sources = sources{nix: map[string]*nixexpr.File{}, data: map[string][]byte{}, links: map[string]string{}}
	for _, name := range j.tree.files {
		if j.link(name) {
			continue
		}
		isNix, isJSON := strings.HasSuffix(name, ".nix"), strings.HasSuffix(name, ".json")
		if !isNix && !isJSON || j.tree.inSibling(name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		src, err := j.tree.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			j.warn("pin", "%s is not read: %v", name, err)
			continue
		}
		if isJSON {
			j.sources.data[name] = src
			continue
		}
		f, err := nixexpr.Parse(name, src)
		if err == nil {
			j.sources.nix[name] = f
			continue
		}
		if name == j.tree.flakeFile("flake.nix") || strings.Contains(strings.ToLower(string(src)), j.pkg.Name) {
			return syntaxError(err)
		}
		j.say(Detail, "pin", "%s is not read: %v", name, err)
	}
	return nil
}

func syntaxError(err error) error {
	var se *nixexpr.SyntaxError
	if errors.As(err, &se) {
		return &Error{File: se.File, Line: se.Line, Column: se.Column, Text: "parse: " + se.Msg, Hint: "correct the file; Nix does not read it either", Err: err}
	}
	return fmt.Errorf("parse: %w", err)
}

// findRelease asks for the release to go to and picks the pins that are behind it.
func (j *job) findRelease(ctx context.Context) error {
	upstream, err := j.upstream()
	if err != nil {
		return err
	}
	oldest := ""
	for _, p := range j.finder.pins {
		if p.version != "" && (oldest == "" || compareVersions(p.version, oldest) < 0) {
			oldest = p.version
		}
	}
	j.say(Step, "release", "pinned: %s %s", j.pkg.Name, cmp.Or(oldest, j.finder.pins[0].label))
	j.rel, err = selectRelease(ctx, upstream, j.pkg, j.opts, oldest, j.usable)
	if err != nil {
		return err
	}
	j.result.OldVersion, j.result.NewVersion = cmp.Or(oldest, j.finder.pins[0].label), j.rel.version
	if err := j.refuseDowngrade(); err != nil {
		return err
	}
	j.due = j.pinsDue()
	if len(j.due) == 0 {
		newest := j.result.OldVersion
		for _, p := range j.finder.pins {
			if compareVersions(p.version, newest) > 0 {
				newest = p.version
			}
		}
		j.result.NewVersion = newest
		j.say(Step, "release", "%s %s is current", j.pkg.Name, newest)
		return nil
	}
	j.say(Step, "release", "%s %s -> %s", j.pkg.Name, oldest, j.rel.version)
	return nil
}

// refuseDowngrade keeps --to from going below what is pinned unless that is wanted, and from naming a
// release to what follows a branch.
func (j *job) refuseDowngrade() error {
	if j.opts.To == "" {
		return nil
	}
	for _, p := range j.finder.pins {
		if p.follows() {
			return p.error(fmt.Sprintf("select release: the input %s names no release (%s), so it cannot go to %s", p.input.name, p.input.url, j.rel.version),
				fmt.Sprintf("write github:%s/%s/v%s in the input's URL", j.pkg.Owner, j.pkg.Repo, j.rel.version))
		}
		if p.version != "" && compareVersions(j.rel.version, p.version) < 0 && !j.opts.AllowDowngrade {
			return p.error(fmt.Sprintf("select release: %s is lower than the pinned %s", j.rel.version, p.version), "allow it with --allow-downgrade")
		}
	}
	return nil
}

// pinsDue are the pins that are not at the release yet, or that lack a hash. A pin beyond the
// newest release is current.
func (j *job) pinsDue() []*pin {
	var due []*pin
	for _, p := range j.finder.pins {
		order := -1
		if p.version != "" {
			order = compareVersions(p.version, j.rel.version)
		}
		switch {
		case j.opts.Mode == Check && p.follows() && !p.placeholder():
			j.warn("release", "%s:%d:%d: the input %s names no release: only a bump sees whether its branch moved", p.file, p.line, p.column, p.input.name)
		case j.opts.Force, p.placeholder(), p.inconsistent(), order < 0, order > 0 && j.opts.To != "":
			due = append(due, p)
		}
	}
	return alsoDue(j.finder.pins, due)
}

// inconsistent says whether the pin's own literals name different versions.
func (p *pin) inconsistent() bool {
	for _, t := range p.texts {
		if t.version != p.version {
			return true
		}
	}
	return p.input != nil && p.input.slot != nil && p.input.slot.version != p.version
}
