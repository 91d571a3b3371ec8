package resolve

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// here and there are the names of two systems' assets.
const here, there = "ollama-linux-amd64.tgz", "ollama-darwin.tgz"

// other is a system that is not this machine's.
func other() string { return pin.OtherSystems()[0] }

// prebuilt is a package that is fetched as it is, for the systems that a table of files has.
func prebuilt(fetcher, files string) string {
	return strings.NewReplacer("@here@", pin.System(), "@files@", files, "@fetch@", fetcher).Replace(
		`{ outputs = { self, nixpkgs }: {
	packages.@here@.default = nixpkgs.legacyPackages.@here@.callPackage ({ stdenv, @fetch@, system }: let
		version = "0.32.13";
		files = { @files@ };
	in stdenv.mkDerivation {
		pname = "ollama";
		inherit version;
		src = @fetch@ {
			url = "https://github.com/ollama/ollama/releases/download/v${version}/${files.${system}.name}";
			inherit (files.${system}) hash;
		};
	}) { };
}; }`)
}

// file is a row of the table.
func file(system, name string) string {
	return fmt.Sprintf("%s = { name = %q; hash = %q; };", system, name, sum("old "+name).SRI())
}

// both are the files of this system and another.
func both() string { return file(pin.System(), here) + file(other(), there) }

// asset is one of the release, with the digest of a text.
func asset(name, digest string) github.Asset {
	a := github.Asset{Name: name, State: "uploaded"}
	if digest != "" {
		a.Digest = "sha256:" + hex.EncodeToString(sum(digest).Digest)
	}
	return a
}

// values are the values of a solution, in the order of their places.
func values(r *replay, s *Solution) []string {
	var list []string
	for id := range r.found.Slots {
		if v, ok := s.State.Values[pin.SlotID(id)]; ok {
			list = append(list, v)
		}
	}
	return list
}

func TestDigestsOfTheReleaseNeedNoDownload(t *testing.T) {
	r := newReplay(t, prebuilt("fetchurl", both()), nil)
	r.assets = []github.Asset{asset(here, "a"), asset(there, "b")}
	s, err := r.hashes()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"0.32.15", sum("a").SRI(), sum("b").SRI()}, values(r, s))
	assert.True(t, s.Has(Digest))
	assert.False(t, s.Has(Nix) || s.Has(Download) || s.Has(SameFetch))
	for _, q := range r.asked {
		assert.Zero(t, q.Build, "it is looked at, and not built")
	}
}

// Without digests this system's file is built by Nix, and the other's is downloaded.
func TestReleaseWithoutDigests(t *testing.T) {
	r := newReplay(t, prebuilt("fetchurl", both()), nil)
	r.assets = []github.Asset{asset(here, ""), asset(there, "")}
	s, err := r.hashes()
	require.NoError(t, err)
	url := "https://github.com/ollama/ollama/releases/download/v0.32.15/" + there
	assert.Contains(t, values(r, s), sum(url).SRI())
	assert.True(t, s.Has(Nix) && s.Has(Download))
}

func TestAssetsThatCannotBeUsed(t *testing.T) {
	soon := asset(here, "a")
	soon.State = "starter"
	bad := asset(here, "")
	bad.Digest = "sha256:xyz"
	for want, a := range map[string]github.Asset{
		"is not uploaded yet":                                  soon,
		"the digest of ollama-linux-amd64.tgz is unreadable":   bad,
		"release v0.32.15 has no asset ollama-linux-amd64.tgz": asset("ollama-linux-riscv64.tgz", "a"),
	} {
		r := newReplay(t, prebuilt("fetchurl", both()), nil)
		r.assets = []github.Asset{a, asset(there, "b")}
		_, err := r.hashes()
		require.ErrorContains(t, err, want)
	}
}

func TestAssetThatIsPackedInAnotherWay(t *testing.T) {
	r := newReplay(t, prebuilt("fetchurl", both()), nil)
	r.assets = []github.Asset{asset("ollama-linux-amd64.tar.zst", "a"), asset(there, "b")}
	s, err := r.hashes()
	require.NoError(t, err)
	assert.Contains(t, strings.Join(values(r, s), " "), "tar.zst")
	assert.Contains(t, r.logged, "release v0.32.15 has ollama-linux-amd64.tar.zst instead of ollama-linux-amd64.tgz: "+
		"the URL is changed; check that the build unpacks it")
}

// archives is a package whose archives are unpacked. The derivation of the other system's says how it does that.
func archives(t *testing.T, env map[string]string) *replay {
	t.Helper()
	r := newReplay(t, prebuilt("fetchzip", both()), nil)
	r.assets = []github.Asset{asset(here, "a"), asset(there, "b")}
	for _, f := range r.found.Pins[0].Fetches {
		if f.Elsewhere {
			r.archive = int(f.Slot)
		}
	}
	r.change = func(_ int, q probe.Question, a *probe.Answer) {
		for _, o := range a.Outputs {
			if q.System != pin.System() {
				d := r.drvs[o.SrcDrv]
				d.Env["urls"], d.Env["postFetch"], d.Env["outputHash"] = "https://example.org/b", "unpack", o.Src
				for name, v := range env {
					d.Env[name] = v
				}
			}
		}
	}
	return r
}

func TestArchiveOfAnotherSystemIsUnpackedHere(t *testing.T) {
	r := archives(t, nil)
	s, err := r.hashes()
	require.NoError(t, err)
	assert.Contains(t, values(r, s), r.real(pin.SlotID(r.archive)).SRI())
	assert.True(t, s.Has(SameFetch) && s.Has(Nix))
	unpacks := 0
	for _, q := range r.asked {
		if q.Build.Unpack != nil {
			unpacks++
			assert.Equal(t, "unpack", q.Build.Unpack.PostFetch)
			assert.Equal(t, []string{"https://example.org/b"}, q.Build.Unpack.URLs)
		}
	}
	assert.Equal(t, 2, unpacks, "with a fake, and with what was found")
}

func TestArchiveOfAnotherSystemThatOnlyItCanUnpack(t *testing.T) {
	for want, env := range map[string]map[string]string{
		"differ in curlOpts":                            {"curlOpts": "--compressed"},
		"is not a fetch by nixpkgs' fetchzip":           {"__json": "{}"},
		"what is run after the download needs tools of": {"postFetch": "/nix/store/tool/bin/x"},
	} {
		_, err := archives(t, env).hashes()
		require.ErrorContains(t, err, "find asset: the hash of "+there+" is that of an unpacked archive for "+other())
		require.ErrorContains(t, err, want)
	}
	r := archives(t, nil)
	shown := r.change
	r.change = func(n int, q probe.Question, a *probe.Answer) {
		shown(n, q, a)
		if q.Build.Unpack != nil {
			a.Mismatches = nil
		}
	}
	_, err := r.hashes()
	require.ErrorContains(t, err, "no hash of it is in what Nix says")

	r = archives(t, nil)
	r.change = func(_ int, q probe.Question, a *probe.Answer) {
		if q.System != pin.System() {
			a.Outputs, a.NoneShown = nil, true
		}
	}
	_, err = r.hashes()
	require.ErrorContains(t, err, "no output of the flake for another system shows it")
}

// A pin that only another system has is seen in an evaluation for it.
func TestPinOfAnotherSystem(t *testing.T) {
	src := prebuilt("fetchurl", file(other(), there))
	r := newReplay(t, src, nil)
	r.assets = []github.Asset{asset(there, "b")}
	require.Equal(t, []string{other()}, r.found.Pins[0].Systems)
	s, err := r.hashes()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"0.32.15", sum("b").SRI()}, values(r, s))
	require.Len(t, r.asked, 1)
	assert.Equal(t, other(), r.asked[0].System)

	r = newReplay(t, src, func(_ int, _ probe.Question, a *probe.Answer) { a.Outputs = nil })
	r.assets = []github.Asset{asset(there, "b")}
	_, err = r.hashes()
	require.ErrorContains(t, err, "no output of the flake for "+other()+" shows ollama 0.32.15")

	r.change = func(_ int, _ probe.Question, a *probe.Answer) {
		a.Outputs, a.Failure = nil, &nix.Failure{Kind: nix.Eval, Text: "boom"}
	}
	_, err = r.hashes()
	require.ErrorContains(t, err, "explained: nix: boom")
}

// The folder of an archive is stripped or not, as the fetch says.
func TestFetchThatIsUnpacked(t *testing.T) {
	drv := &nix.Derivation{Name: "source", Path: "/nix/store/x.drv", Env: map[string]string{
		"urls": "https://example.org/a.zip https://example.org/b.zip", "postFetch": "unpack", "stripRoot": "1",
	}}
	u, err := unpackingOf(drv)
	require.NoError(t, err)
	assert.Equal(t, &probe.Unpacking{
		Name: "source", URLs: []string{"https://example.org/a.zip", "https://example.org/b.zip"}, PostFetch: "unpack",
		StripRoot: true,
	}, u)
	drv.Env["stripRoot"] = ""
	u, err = unpackingOf(drv)
	require.NoError(t, err)
	assert.False(t, u.StripRoot)
}
