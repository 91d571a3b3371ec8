package resolve

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// downloads returns the URLs that a derivation fetches.
func downloads(drv *nix.Derivation) []string {
	if drv == nil {
		return nil
	}
	return strings.Fields(drv.Env["urls"] + " " + drv.Env["url"])
}

// missingTag explains a download that fails because the ref names the release without the v of its tag; nil for other
// failures. What was to be downloaded is read from the derivation that failed.
func (r *resolver) missingTag(f *nix.Failure) *diag.Error {
	if f.Kind != nix.Fetch || f.Derivation == "" {
		return nil
	}
	drv, err := r.Store.Derivation(f.Derivation)
	if err != nil {
		return nil
	}
	for _, url := range downloads(drv) {
		for _, owner := range r.Found.Package.Owners {
			archive := fmt.Sprintf("https://github.com/%s/%s/archive/", owner, r.Found.Package.Repo)
			rest, ok := strings.CutPrefix(url, archive)
			if !ok || strings.TrimPrefix(rest, "refs/tags/") != string(r.rel.Version)+".tar.gz" {
				continue
			}
			return r.ofSource(fmt.Sprintf("find hashes: %s does not exist: the tag of release %s is %s", url, r.rel.Version, r.rel.Version.Tag()),
				`write tag = "v${version}";`)
		}
	}
	return nil
}

// ofSource is an error about the source of the first pin that is not known yet.
func (r *resolver) ofSource(text, hint string) *diag.Error {
	for _, p := range r.pins {
		if h := p.hash(pin.Source); h != nil && h.missing() {
			return diag.At(h.slot.Pos, text, hint)
		}
	}
	return r.pins[0].error(text, hint)
}

// patchFails matches what tools say of a patch that does not fit.
var patchFails = regexp.MustCompile(`patch does not apply|patch failed|[0-9]+ out of [0-9]+ hunks? FAILED|[Ff]ailed to apply`)

// misfit is a companion whose source a patch of the release does not fit.
type misfit struct {
	pin          *Move
	of           *pin.CompanionSource
	used, wanted string // tags
}

// misfits finds the pins whose build failed because a patch does not fit a companion; none for other failures. The
// builder's words only choose what is looked at.
func (r *resolver) misfits(ctx context.Context, f *nix.Failure) []misfit {
	if f.Kind != nix.Builder || !patchFails.MatchString(f.Text+"\n"+strings.Join(f.Log, "\n")) {
		return nil
	}
	var list []misfit
	for _, p := range r.pins {
		closure, err := r.closureOf(p)
		if err != nil || f.Derivation != "" && closure[f.Derivation] == nil {
			continue
		}
		for i := range r.Found.Package.Companions {
			c := &r.Found.Package.Companions[i]
			wanted, err := r.Store.Word(ctx, r.source(p), c.VersionFile, c.Tag)
			used := companionIn(closure, c)
			if err == nil && used != "" && used != wanted {
				list = append(list, misfit{p, c, used, wanted})
			}
		}
	}
	return list
}

// olderCompanion explains a build that fails because a patch does not fit the companion's source; nil for other
// failures.
func (r *resolver) olderCompanion(f *nix.Failure) *diag.Error {
	for _, m := range r.misfits(context.Background(), f) {
		return m.pin.error(
			fmt.Sprintf("find hashes: the patches of release %s do not fit %s %s, which is used here: the release is made "+
				"for %s", r.rel.Version, m.of.Name, m.used, m.wanted),
			fmt.Sprintf("update the nixpkgs input, or set %s with tag %s in the override's passthru (nixpkgs since August "+
				"2026)", m.of.Attr, m.wanted))
	}
	return nil
}

// addCompanion adds the companion to the pins that have none, when a patch does not fit the one that the overridden
// package brings, and reports whether there was one. That the recipe takes it is proved as for every hash: where it
// does not, the patch fails once more.
func (r *resolver) addCompanion(ctx context.Context, f *nix.Failure) bool {
	added := false
	for _, m := range r.misfits(ctx, f) {
		for _, c := range m.pin.Addable {
			if c.Of != m.of || m.pin.has(m.of) {
				continue
			}
			m.pin.companions = append(m.pin.companions,
				&companion{Companion: c, tag: m.wanted, hash: r.added(c.Hash), replaces: m.used})
			r.Log(diag.Step, "%s: %s, in place of %s, which the overridden package brings", m.of.Name, m.wanted, m.used)
			added = true
		}
	}
	return added
}

// added begins the search for a hash that is added to the file; pins that share its place share it.
func (r *resolver) added(f *pin.Fetch) *hash {
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			if h.Slot == f.Slot {
				return h
			}
		}
	}
	return &hash{Fetch: f, slot: r.Found.Slot(f.Slot), fake: r.Fake()}
}

// companionIn is the tag of the companion's source that is among derivations, "" when there is none.
func companionIn(closure map[string]*nix.Derivation, c *pin.CompanionSource) string {
	for _, drv := range closure {
		for _, url := range downloads(drv) {
			for _, owner := range c.Owners {
				rest, ok := strings.CutPrefix(url, fmt.Sprintf("https://github.com/%s/%s/archive/", owner, c.Repo))
				tag := strings.TrimSuffix(strings.TrimPrefix(rest, "refs/tags/"), ".tar.gz")
				if ok && c.Tag.MatchString(tag) {
					return tag
				}
			}
		}
	}
	return ""
}
