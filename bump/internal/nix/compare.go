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

// Closures reads closures of derivations, each derivation once.
type Closures struct {
	Read  func(path string) (*Derivation, error) // nil is ReadDerivation
	Limit int                                    // derivations read at most; 0 is 100,000 (NixOS has some thousands)
	known map[string][]string                    // the inputs of a derivation
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
	return difference(only(before, after), only(after, before)), nil
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
		inputs, err := c.inputs(ctx, path)
		if err != nil {
			return nil, err
		}
		queue = append(queue, inputs...)
	}
	return closure, nil
}

func (c *Closures) inputs(ctx context.Context, path string) ([]string, error) {
	if inputs, ok := c.known[path]; ok {
		return inputs, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("compare derivations: %w", err)
	}
	limit, read := c.Limit, c.Read
	if limit == 0 {
		limit = 100_000
	}
	if read == nil {
		read = func(path string) (*Derivation, error) { return ReadDerivation(ctx, path) }
	}
	if len(c.known) >= limit {
		return nil, fmt.Errorf("compare derivations: more than %d", limit)
	}
	d, err := read(path)
	if err != nil {
		return nil, err
	}
	if c.known == nil {
		c.known = map[string][]string{}
	}
	c.known[path] = slices.Collect(maps.Keys(d.InputDrvs))
	return c.known[path], nil
}

// only returns the names of the paths that the other set has not, sorted.
func only(set, other map[string]bool) []string {
	var names []string
	for path := range set {
		if !other[path] {
			names = append(names, derivationName(path))
		}
	}
	slices.Sort(names)
	return names
}

// difference pairs names: first equal ones, then those that differ in the version alone.
func difference(old, updated []string) Difference {
	var d Difference
	d.Rebuilt = slices.Compact(common(old, updated))
	removed, added := versions(without(old, d.Rebuilt)), versions(without(updated, d.Rebuilt))
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
	slices.SortFunc(d.Updated, func(a, b Update) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Old, b.Old), strings.Compare(a.New, b.New))
	})
	return d
}

// common returns the names that both sorted lists have.
func common(a, b []string) []string {
	var both []string
	for _, name := range a {
		if _, found := slices.BinarySearch(b, name); found {
			both = append(both, name)
		}
	}
	return both
}

// without returns the names that are not in drop, which is sorted; each once.
func without(names, drop []string) []string {
	var kept []string
	for _, name := range names {
		if _, found := slices.BinarySearch(drop, name); !found {
			kept = append(kept, name)
		}
	}
	return slices.Compact(kept)
}

// versioned matches NAME-VERSION, with what may follow: "ollama-0.32.15-go-modules".
var versioned = regexp.MustCompile(`^(.+?)-([a-z]?[0-9][A-Za-z0-9._+~]*)((?:-[A-Za-z].*)?)$`)

// versions groups names by what stays when the version changes.
func versions(names []string) map[string][]string {
	byName := map[string][]string{}
	for _, name := range names {
		key, version := name, ""
		if parts := versioned.FindStringSubmatch(name); parts != nil {
			key, version = parts[1]+parts[3], parts[2]
		}
		byName[key] = append(byName[key], version)
	}
	return byName
}
