package release

import (
	"fmt"
	"path"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// usable reports whether a release has what pins need: a prebuilt one needs its assets, all there.
func usable(r github.Release, pins []*pin.Pin) bool {
	for _, p := range pins {
		for _, f := range p.Fetches {
			if f.Role != pin.ReleaseAsset {
				continue
			}
			a, err := assetOf(r, path.Base(f.URL))
			if err == nil && !uploaded(a) || len(r.Assets) == 0 {
				return false
			}
		}
	}
	return true
}

// uploaded reports whether an asset is all there.
func uploaded(a github.Asset) bool { return a.State == "uploaded" || a.State == "" }

// Asset finds the asset of a name; where the archive's kind changed (.tgz to .tar.zst), the only one of the same
// name otherwise.
func (r *Release) Asset(name string) (github.Asset, error) { return assetOf(r.Release, name) }

func assetOf(r github.Release, name string) (github.Asset, error) {
	var similar []github.Asset
	var names []string
	for _, a := range r.Assets {
		if a.Name == name {
			return a, nil
		}
		if pin.Stem(a.Name) == pin.Stem(name) {
			similar = append(similar, a)
		}
		names = append(names, a.Name)
	}
	if len(similar) == 1 {
		return similar[0], nil
	}
	return github.Asset{}, fmt.Errorf("release %s has no asset %s: it has %s", r.Tag, name,
		strings.Join(diag.Limit(names, 20), ", "))
}
