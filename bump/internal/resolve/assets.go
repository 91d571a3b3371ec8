package resolve

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// assets looks the pins' release assets up: renamed ones become edits of the URL, and the digests that the
// release lists are the hashes of files that then need no download.
func (d *driver) assets(ctx context.Context) error {
	for _, p := range d.pins {
		for _, h := range p.hashes {
			if h.Role != pin.ReleaseAsset || h.found != nil {
				continue
			}
			if err := d.asset(ctx, h); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *driver) asset(ctx context.Context, h *hash) error {
	name := path.Base(h.URL)
	a, err := d.Release.Asset(name)
	at := h.slot.Pos
	if err != nil {
		return diag.At(at, "find asset: "+err.Error(), "correct the URL by hand for this release")
	}
	if a.State != "uploaded" && a.State != "" {
		return diag.At(at, fmt.Sprintf("find asset: %s of release %s is not uploaded yet", a.Name, d.Release.Tag),
			"run again later")
	}
	if a.Name != name {
		if pin.Stem(name) == name {
			return diag.At(at, fmt.Sprintf("find asset: release %s has %s instead of %s: an archive, which the build "+
				"would have to unpack", d.Release.Tag, a.Name, name),
				"correct the URL and the build by hand for this release")
		}
		if !h.rename(name, a.Name) {
			return diag.At(at, fmt.Sprintf("find asset: release %s has %s instead of %s, whose name is not written "+
				"in one literal of the URL", d.Release.Tag, a.Name, name),
				"correct the URL by hand for this release")
		}
		d.Log(diag.Warning, "release %s has %s instead of %s: the URL is changed; check that the build unpacks it",
			d.Release.Tag, a.Name, name)
	}
	if h.Flat && a.Digest != "" { // a digest is that of the file as it is, not of what is unpacked
		got, err := nixhash.Parse(a.Digest, "sha256")
		if err != nil {
			return diag.At(at, fmt.Sprintf("find asset: the digest of %s is unreadable: %v", a.Name, err),
				"run again later, or name another release with Options.To=X.Y.Z")
		}
		h.found, h.by = &got, Digest
		return nil
	}
	if h.elsewhere && h.Flat {
		return d.prefetch(ctx, h, a.Name)
	}
	return nil
}

// prefetch hashes a file for another system, whose own fetch cannot be built here, when the release lists no
// digest. The content of a file does not depend on who fetches it.
func (d *driver) prefetch(ctx context.Context, h *hash, name string) error {
	d.Log(diag.Step, "download %s", name)
	got, err := d.Store.Prefetch(ctx,
		fmt.Sprintf("https://github.com/%s/releases/download/%s/%s", d.Found.Package.Upstream(), d.Release.Tag, name))
	if err != nil {
		return d.Asker.Explain(ctx, err)
	}
	h.found, h.by = &got, Download
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
