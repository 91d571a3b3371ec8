package resolve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// source is what the search must know of a source of the release.
type source struct {
	words map[string]word // by file
	files map[string]bool // that it has
}

// word is the word that a file holds.
type word struct {
	text    string // "" when it has another form
	missing bool   // there is no such file
}

// known reports whether the source is there.
func (s *source) known() bool { return len(s.files) > 0 }

// sourceOf returns what is known of a pin's new source.
func (s *state) sourceOf(p *Move) *source {
	if src := s.sources[p.source()]; src != nil {
		return src
	}
	return &source{}
}

// source returns the folder of the pin's new source, which lies in the store since its hash was found, and "" before.
func (p *Move) source() string {
	if h := p.hash(pin.Source); h != nil && h.found != nil && h.drv != nil && !h.Flat {
		return nix.FixedOutputPath(filepath.Dir(h.drv.Path), *h.found, h.drv.Name)
	}
	if len(p.Outputs) > 0 {
		return p.Outputs[0].SrcOut
	}
	return ""
}

// readSources reads the new sources that are in the store by now.
func (s *state) readSources(then weighed) (request, error) {
	var dirs []string
	for _, p := range s.pins {
		if dir := p.source(); s.sources[dir] == nil {
			dirs = pin.Union(dirs, []string{dir})
		}
	}
	if len(dirs) == 0 {
		return then.proceed(s, answer{})
	}
	s.phase = then
	return read{dirs}, nil
}

// read asks for what sources hold.
type read struct{ dirs []string }

func (r read) perform(ctx context.Context, d *driver) (answer, error) {
	a := answer{sources: map[string]*source{}}
	for _, dir := range r.dirs {
		if !d.Store.Has(dir, "go.mod") {
			continue
		}
		src := &source{words: map[string]word{}, files: map[string]bool{"go.mod": true}}
		for _, c := range d.Found.Package.Companions {
			text, err := d.Store.Word(ctx, dir, c.VersionFile, c.Tag)
			if err != nil {
				text = ""
			}
			src.words[c.VersionFile] = word{text, errors.Is(err, fs.ErrNotExist)}
		}
		for _, p := range d.pins {
			for _, helper := range slices.Concat(p.Helpers, d.Found.Package.Helpers) {
				src.files[helper] = d.Store.Has(dir, helper)
			}
		}
		a.sources[dir] = src
	}
	return a, ctx.Err()
}

// weighed goes on when the sources were read and the companions' commits are known.
type weighed struct {
	found int // hashes and tags
	then  interface {
		next(s *state, found int) (request, error)
	}
}

func (w weighed) proceed(s *state, a answer) (request, error) {
	known := map[string]*source{}
	maps.Copy(known, s.sources)
	maps.Copy(known, a.sources)
	s.sources = known
	if c := s.withoutCommit(); c != nil {
		c.sha = a.commit
	}
	w.found += s.moveCompanions()
	if c := s.withoutCommit(); c != nil {
		s.phase = w
		return tagCommit{c.Of, c.tag}, nil
	}
	return w.then.next(s, w.found)
}

// moveCompanions takes the tags of the companions from the new source, as soon as that is on disk, and returns how many
// it found.
func (s *state) moveCompanions() int {
	moved := 0
	for _, p := range s.pins {
		src := s.sourceOf(p)
		for _, c := range p.companions {
			if c.skip != "" || c.tag != "" || !src.known() {
				continue
			}
			switch w := src.words[c.Of.VersionFile]; {
			case w.missing:
				c.skip = fmt.Sprintf("release %s has no file %s", s.Release.Version, c.Of.VersionFile)
			case w.text == "":
				c.skip = fmt.Sprintf("%s of release %s holds no tag", c.Of.VersionFile, s.Release.Version)
			default:
				c.tag = w.text
				s.say(diag.Step, "%s: %s", c.Of.Name, c.tag)
			}
			if c.hash != nil {
				c.hash.state = wanted
			}
			moved++
		}
	}
	return moved
}

// withoutCommit returns a companion whose refs hold a commit that is to be asked for, or nil.
func (s *state) withoutCommit() *companion {
	for _, p := range s.pins {
		for _, c := range p.companions {
			if c.Commit && c.skip == "" && c.tag != "" && c.sha == "" {
				return c
			}
		}
	}
	return nil
}

// tagCommit asks for the commit of a companion's tag.
type tagCommit struct {
	of  *pin.CompanionSource
	tag string
}

func (r tagCommit) perform(ctx context.Context, d *driver) (answer, error) {
	sha, err := d.Upstream.TagCommit(ctx, r.of.Owners[0], r.of.Repo, r.tag)
	if err != nil {
		return answer{}, fmt.Errorf("read commit of %s %s: %w", r.of.Name, r.tag, err)
	}
	return answer{commit: sha}, nil
}

// describeSources notes what the new source asks for that a pin does not give it.
func (d *driver) describeSources(context.Context) error {
	for _, p := range d.pins {
		src := d.sourceOf(p)
		if p.hash(pin.ReleaseAsset) != nil || p.Input() != nil && p.Input().Provides || !src.known() {
			continue
		}
		for i := range d.Found.Package.Companions {
			c := &d.Found.Package.Companions[i]
			if tag := src.words[c.VersionFile].text; tag != "" && !p.has(c) {
				note := fmt.Sprintf("release %s is built with %s %s, which this pin does not fetch",
					d.Release.Version, c.Name, tag)
				if p.Overrides {
					note += "; the overridden package's is used, if it has one"
				}
				p.notes = append(p.notes, note)
			}
		}
		for _, helper := range p.Helpers {
			if !src.files[helper] {
				p.notes = append(p.notes, d.callsMissing(p, helper))
			}
		}
	}
	return nil
}
