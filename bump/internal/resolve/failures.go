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

// olderCompanion explains a build that fails because a patch does not fit the companion's source; nil for other
// failures. The builder's words only choose the message.
func (r *resolver) olderCompanion(f *nix.Failure) *diag.Error {
	if f.Kind != nix.Builder || !patchFails.MatchString(f.Text+"\n"+strings.Join(f.Log, "\n")) {
		return nil
	}
	closure, err := r.closure()
	if err != nil {
		return nil
	}
	for _, p := range r.pins {
		for i := range r.Found.Package.Companions {
			c := &r.Found.Package.Companions[i]
			wanted, err := r.Store.Word(context.Background(), r.source(p), c.VersionFile, c.Tag)
			used := companionIn(closure, c)
			if err != nil || used == "" || used == wanted {
				continue
			}
			return p.error(
				fmt.Sprintf("find hashes: the patches of release %s do not fit %s %s, which is used here: the release is made for %s", r.rel.Version, c.Name, used, wanted),
				fmt.Sprintf("update the nixpkgs input, or set %s with tag %s in the override's passthru (nixpkgs since August 2026)", c.Attr, wanted))
		}
	}
	return nil
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
