package bump

import (
	"cmp"
	"context"
	"fmt"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// findRelease asks for the release to go to and picks the pins that are behind it.
func (j *job) findRelease(ctx context.Context) error {
	upstream, err := j.upstream()
	if err != nil {
		return err
	}
	oldest := ""
	for _, p := range j.finder.pins {
		if p.version != "" && (oldest == "" || version.Compare(p.version, oldest) < 0) {
			oldest = p.version
		}
	}
	j.say(Step, "release", "pinned: %s %s", j.pkg.Name, cmp.Or(oldest, j.finder.pins[0].label))
	j.say(Step, "release", "asking %s", apiHost(j.opts.UpstreamAPIURL))
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
			if version.Compare(p.version, newest) > 0 {
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

// refuseDowngrade keeps Options.To from going below what is pinned unless that is wanted, and from naming a
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
		if p.version != "" && version.Compare(j.rel.version, p.version) < 0 && !j.opts.AllowDowngrade {
			return p.error(fmt.Sprintf("select release: %s is lower than the pinned %s", j.rel.version, p.version), "allow it with Options.AllowDowngrade")
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
			order = version.Compare(p.version, j.rel.version)
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
