package nix

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Difference is what two closures of derivations do not share.
type Difference struct {
	Updated []Update
	Rebuilt []string // names on both sides whose derivations differ, because of their sources or of what they depend on
}

// Update is a derivation of which one side has another version than the other.
type Update struct {
	Name     string // without the version
	Old, New string // versions; "" when that side has none
}

// source returns the name of a source, "" of anything else.
func (u Update) source() string {
	if !strings.HasSuffix(u.Name, sourceOf) {
		return ""
	}
	return u.Name
}

// Closures reads closures of derivations, each derivation once.
type Closures struct {
	Read  func(path string) (*Derivation, error) // nil is ReadDerivation
	Limit int                                    // derivations read at most; 0 is 100,000 (NixOS has some thousands)
	known map[string]node                        // by path
}

// node is a derivation in a closure.
type node struct {
	label
	inputs []string
}

// Compare compares the closure of a derivation with that of another: nothing else changes between the
// two. It needs no Nix.
func (c *Closures) Compare(ctx context.Context, old, updated string) (Difference, error) {
	before, err := c.paths(ctx, old)
	if err != nil {
		return Difference{}, err
	}
	after, err := c.paths(ctx, updated)
	if err != nil {
		return Difference{}, err
	}
	return difference(c.only(before, after), c.only(after, before)), nil
}

// paths returns the paths of a closure.
func (c *Closures) paths(ctx context.Context, top string) (map[string]bool, error) {
	closure := map[string]bool{}
	queue := []string{top}
	for len(queue) > 0 {
		path := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if closure[path] {
			continue
		}
		closure[path] = true
		n, err := c.node(ctx, path)
		if err != nil {
			return nil, err
		}
		queue = append(queue, n.inputs...)
	}
	return closure, nil
}

// node returns what a derivation is, and what it needs.
func (c *Closures) node(ctx context.Context, path string) (node, error) {
	if n, ok := c.known[path]; ok {
		return n, nil
	}
	if err := ctx.Err(); err != nil {
		return node{}, fmt.Errorf("compare derivations: %w", err)
	}
	limit, read := c.Limit, c.Read
	if limit == 0 {
		limit = 100_000
	}
	if read == nil {
		read = func(path string) (*Derivation, error) { return ReadDerivation(ctx, path) }
	}
	if len(c.known) >= limit {
		return node{}, fmt.Errorf("compare derivations: more than %d", limit)
	}
	d, err := read(path)
	if err != nil {
		return node{}, err
	}
	if c.known == nil {
		c.known = map[string]node{}
	}
	c.known[path] = node{labelOf(path, d), slices.Collect(maps.Keys(d.InputDrvs))}
	return c.known[path], nil
}

// only returns the labels of the paths that the other set has not, sorted.
func (c *Closures) only(set, other map[string]bool) []label {
	var labels []label
	for path := range set {
		if !other[path] {
			labels = append(labels, c.known[path].label)
		}
	}
	slices.SortFunc(labels, label.compare)
	return labels
}

// label is what people call a derivation.
type label struct {
	full          string // its name, or of a source where it comes from
	name, version string // the parts of it that stay and that differ between versions
}

func (l label) compare(other label) int { return strings.Compare(l.full, other.full) }

// labelOf returns the label of a derivation. nixpkgs' fetchers name what they unpack "source".
func labelOf(path string, d *Derivation) label {
	full := derivationName(path)
	if full == sourceName {
		if repo, ref := d.origin(); repo != "" {
			return label{repo + " source " + ref, repo + sourceOf, ref}
		}
	}
	if parts := versioned.FindStringSubmatch(full); parts != nil {
		return label{full, parts[1] + parts[3], parts[2]}
	}
	return label{full, full, ""}
}

const (
	sourceName = "source"
	sourceOf   = " " + sourceName // ends the names of sources whose repository is known
)

// difference pairs labels: first equal ones, then those that differ in the version alone.
func difference(old, updated []label) Difference {
	var d Difference
	both := slices.Compact(common(old, updated))
	removed, added := versions(without(old, both)), versions(without(updated, both))
	for name, list := range removed {
		for i, version := range list {
			u := Update{Name: name, Old: version}
			if i < len(added[name]) {
				u.New = added[name][i]
			}
			d.Updated = append(d.Updated, u)
		}
	}
	for name, list := range added {
		for _, version := range list[min(len(removed[name]), len(list)):] {
			d.Updated = append(d.Updated, Update{Name: name, New: version})
		}
	}
	slices.SortFunc(d.Updated, func(a, b Update) int { // packages first
		return cmp.Or(strings.Compare(a.source(), b.source()), strings.Compare(a.Name, b.Name),
			strings.Compare(a.Old, b.Old), strings.Compare(a.New, b.New))
	})
	for _, l := range both {
		d.Rebuilt = append(d.Rebuilt, l.full)
	}
	return d.withoutOwnSources()
}

// withoutOwnSources counts the source of a package that has another version, too, to what is rebuilt.
func (d Difference) withoutOwnSources() Difference {
	own := func(u Update) bool {
		name, ok := strings.CutSuffix(u.Name, sourceOf)
		return ok && slices.Contains(d.Updated,
			Update{name, strings.TrimPrefix(u.Old, "v"), strings.TrimPrefix(u.New, "v")})
	}
	for _, u := range d.Updated {
		if own(u) {
			d.Rebuilt = append(d.Rebuilt, u.Name)
		}
	}
	slices.Sort(d.Rebuilt)
	d.Updated = slices.DeleteFunc(slices.Clone(d.Updated), own)
	return d
}

// common returns the labels that both sorted lists have.
func common(a, b []label) []label {
	var both []label
	for _, l := range a {
		if _, found := slices.BinarySearchFunc(b, l, label.compare); found {
			both = append(both, l)
		}
	}
	return both
}

// without returns the labels that are not in drop, which is sorted; each once.
func without(labels, drop []label) []label {
	var kept []label
	for _, l := range labels {
		if _, found := slices.BinarySearchFunc(drop, l, label.compare); !found {
			kept = append(kept, l)
		}
	}
	return slices.Compact(kept)
}

// versioned matches NAME-VERSION, with what may follow: "ollama-0.32.15-go-modules".
var versioned = regexp.MustCompile(`^(.+?)-([a-z]?[0-9][A-Za-z0-9._+~]*)((?:-[A-Za-z].*)?)$`)

// versions groups versions by what stays when they change.
func versions(labels []label) map[string][]string {
	byName := map[string][]string{}
	for _, l := range labels {
		byName[l.name] = append(byName[l.name], l.version)
	}
	return byName
}
