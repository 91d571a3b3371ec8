package bump

import (
	"context"
	"errors"
	"path/filepath"
	"sort"
)

// write replaces the files in the tree. All new contents are on disk, outside of the tree, before the
// first one is replaced; from then on there are renames only, and a failure in between puts back what
// was replaced. One file is always old or new; several are put in place by a process that outlives a kill of
// this one. Those that name the version come last: whatever a machine that crashes between two renames leaves
// still names the old version somewhere, so the next run finds the pin due and finishes.
func (j *job) write(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	shelves := j.shelves(ctx)
	removeStaged(shelves)
	staged := make([]*stagedFile, 0, len(j.changed))
	defer func() {
		for _, s := range staged {
			s.drop()
		}
	}()
	for _, f := range j.versionsLast() {
		s, err := stage(j.tree, f, shelves)
		if err != nil {
			return err
		}
		staged = append(staged, s)
	}
	if len(staged) > 1 {
		renameTogether(staged)
	}
	for i, s := range staged {
		if err := s.commit(); err != nil {
			for _, done := range staged[:i] {
				err = errors.Join(err, done.undo())
			}
			return s.failed(err)
		}
	}
	for _, s := range staged {
		syncDir(filepath.Dir(s.target))
		j.say(Step, "write", "%s", s.name)
	}
	j.result.Status = Bumped
	return nil
}

// versionsLast are the changed files, those that name a pin's version behind the others.
func (j *job) versionsLast() []changedFile {
	named := map[string]bool{}
	for _, p := range j.due {
		for _, t := range p.texts {
			named[t.file] = true
		}
		if p.input != nil && p.input.slot != nil {
			named[p.input.slot.file] = true
		}
	}
	files := append([]changedFile{}, j.changed...)
	sort.SliceStable(files, func(a, b int) bool { return !named[files[a].name] && named[files[b].name] })
	return files
}

// files are the files that a pin's literals stand in.
func (p *pin) files() map[string]bool {
	in := map[string]bool{}
	for _, t := range p.texts {
		in[t.file] = true
	}
	if p.commit != nil {
		in[p.commit.file] = true
	}
	for _, h := range p.allHashes() {
		in[h.slot.file] = true
	}
	for _, c := range p.companions {
		for _, s := range c.refs {
			in[s.file] = true
		}
	}
	return in
}

// alsoDue adds the pins that are spread over several files and share one with a pin that is due. They
// look current, but when pins hold each other's files a machine's crash between two renames may have left them with the
// new version and an old hash.
func alsoDue(all, due []*pin) []*pin {
	isDue, shared := map[*pin]bool{}, map[string]bool{}
	add := func(p *pin) {
		isDue[p] = true
		for file := range p.files() {
			shared[file] = true
		}
	}
	for _, p := range due {
		add(p)
	}
	for grown := len(due) > 0; grown; {
		grown = false
		for _, p := range all {
			files := p.files()
			if isDue[p] || len(files) < 2 {
				continue
			}
			for file := range files {
				p.torn = p.torn || shared[file]
			}
			if p.torn {
				add(p)
				due, grown = append(due, p), true
			}
		}
	}
	return due
}
