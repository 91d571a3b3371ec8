package bump

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// usable says whether a release has what the pins need: a prebuilt one needs its assets, all there.
func (j *job) usable(r github.Release) bool {
	for _, p := range j.found.Pins {
		for _, h := range p.Fetches {
			if h.Role != pin.ReleaseAsset {
				continue
			}
			if a, err := matchAsset(r, path.Base(h.URL)); err == nil && a.State != "uploaded" && a.State != "" {
				return false
			}
			if len(r.Assets) == 0 {
				return false
			}
		}
	}
	return true
}

// matchAsset finds the asset of a name in a release; where the archive's kind changed
// (.tgz to .tar.zst), the only one of the same name otherwise.
func matchAsset(r github.Release, name string) (github.Asset, error) {
	var similar []github.Asset
	for _, a := range r.Assets {
		if a.Name == name {
			return a, nil
		}
		if pin.Stem(a.Name) == pin.Stem(name) {
			similar = append(similar, a)
		}
	}
	if len(similar) == 1 {
		return similar[0], nil
	}
	names := make([]string, 0, len(r.Assets))
	for _, a := range r.Assets {
		names = append(names, a.Name)
	}
	return github.Asset{}, fmt.Errorf("release %s has no asset %s: it has %s", r.Tag, name, strings.Join(limit(names, 20), ", "))
}

// assets looks the pins' release assets up: renamed ones become edits of the URL, and the digests that the
// release lists are the hashes of files that then need no download.
func (j *job) assets(ctx context.Context) error {
	for _, p := range j.hashes.pins {
		for _, h := range p.hashes {
			if h.Role != pin.ReleaseAsset || h.got != nil {
				continue
			}
			if err := j.asset(ctx, h); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *job) asset(ctx context.Context, h *hash) error {
	name := path.Base(h.URL)
	a, err := matchAsset(j.rel.Release, name)
	at := h.slot.Pos
	if err != nil {
		return diag.At(at, "find asset: "+err.Error(), "correct the URL by hand for this release")
	}
	if a.State != "uploaded" && a.State != "" {
		return diag.At(at, fmt.Sprintf("find asset: %s of release %s is not uploaded yet", a.Name, j.rel.Tag), "run again later")
	}
	if a.Name != name {
		if pin.Stem(name) == name {
			return diag.At(at, fmt.Sprintf("find asset: release %s has %s instead of %s: an archive, which the build would have to unpack", j.rel.Tag, a.Name, name),
				"correct the URL and the build by hand for this release")
		}
		if !h.rename(name, a.Name) {
			return diag.At(at, fmt.Sprintf("find asset: release %s has %s instead of %s, whose name is not written in one literal of the URL", j.rel.Tag, a.Name, name),
				"correct the URL by hand for this release")
		}
		j.warn("hash", "release %s has %s instead of %s: the URL is changed; check that the build unpacks it", j.rel.Tag, a.Name, name)
	}
	if h.Flat && a.Digest != "" {
		got, err := nix.ParseHash(a.Digest, "sha256")
		if err != nil {
			return diag.At(at, fmt.Sprintf("find asset: the digest of %s is unreadable: %v", a.Name, err), "")
		}
		h.got, h.from = &got, fromDigest
		return nil
	}
	if h.elsewhere && h.Flat {
		return j.prefetch(ctx, h, a.Name)
	}
	return nil
}

// Where hashes are from that no build of this flake gave.
const (
	fromDigest   = "the release's digest"
	fromPrefetch = "a download of the file"
	fromUnpack   = "the same fetch, built for this system"
)

// prefetch hashes a file for another system, whose own fetch cannot be built here, when the release lists no
// digest. The content of a file does not depend on who fetches it.
func (j *job) prefetch(ctx context.Context, h *hash, name string) error {
	j.say(Step, "hash", "download %s", name)
	got, err := j.hashes.probe.run.Prefetch(ctx,
		fmt.Sprintf("https://github.com/%s/releases/download/%s/%s", j.pkg.Upstream(), j.rel.Tag, name))
	if err != nil {
		return j.hashes.explain(err)
	}
	h.got, h.from = &got, fromPrefetch
	return nil
}

// rename changes the ending of the asset's name; it reports whether that is possible.
func (h *hash) rename(from, to string) bool {
	common := pin.Stem(from)
	if h.Ending == pin.NoSlot || !strings.HasPrefix(from, common) || !strings.HasPrefix(to, common) {
		return false
	}
	h.ending = strings.TrimPrefix(to, common)
	return true
}
