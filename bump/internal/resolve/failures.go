package resolve

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// explain makes an error of a failure that ends the search: what it comes from, where that is known, or what Nix says
// of it, with a place.
func (s *state) explain(a answer) error {
	f := probe.Failed(a.Failure)
	for _, explain := range []func(answer, *nix.Failure) *diag.Error{
		tooOld, s.missingHelper, s.missingTag, s.olderCompanion, s.replacedPassthru,
	} {
		if f == nil {
			break
		}
		if e := explain(a, f); e != nil {
			e.Err = a.Failure
			return e
		}
	}
	return a.explained
}

// tooOld explains an evaluation that fails for this machine's Nix; nil for other failures.
func tooOld(a answer, f *nix.Failure) *diag.Error {
	if f.Kind != nix.OldForNixpkgs {
		return nil
	}
	return oldNix(cmp.Or(a.Last, "the flake"), f.Text)
}

// oldNix is the error for a Nix that is older than a nixpkgs of the flake allows. It has no place: no file of the flake
// is wrong.
func oldNix(where, text string) *diag.Error {
	return &diag.Error{
		Text: fmt.Sprintf("evaluate %s: this machine's Nix is too old for the flake's nixpkgs: %s", where, text),
		Hint: "run ollama-bump with a newer Nix, or pin a nixpkgs that this one can evaluate",
	}
}

// missingAttribute matches what Nix says of an attribute that a set does not have.
var missingAttribute = regexp.MustCompile(`^attribute '([^']+)' missing$`)

// replacedPassthru explains an evaluation that fails because passthru of an override has not what nixpkgs' recipe takes
// from it; nil for other failures.
func (s *state) replacedPassthru(_ answer, f *nix.Failure) *diag.Error {
	return s.passthruWithout(f.Text)
}

// passthruWithout is the error for a passthru that lacks the attribute which Nix misses, nil when it is not known to.
func (s *state) passthruWithout(text string) *diag.Error {
	m := missingAttribute.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	for _, p := range s.pins {
		if p.Passthru.File != "" {
			return diag.At(p.Passthru,
				"find package: passthru replaces that of nixpkgs' package here, and the attribute "+m[1]+" is missing",
				"write passthru = (old.passthru or { }) // { … }, where old is what overrideAttrs gives its function: "+
					"it keeps what nixpkgs' recipe takes from passthru")
		}
	}
	return nil
}

// knownToBreak is the error for an output that does not evaluate, nil where nobody knows more than Nix says of it.
func (s *state) knownToBreak() *diag.Error {
	for _, b := range s.broken {
		if b.Kind == nix.OldForNixpkgs {
			return oldNix(b.Where, b.Text)
		}
		if e := s.passthruWithout(b.Text); e != nil {
			return e
		}
	}
	return nil
}

// missingHelper explains a build that fails because it calls a file of the source that the new release
// has moved; nil for other failures. The builder's words only choose the message: that the file is not there
// is seen in the source.
func (s *state) missingHelper(_ answer, f *nix.Failure) *diag.Error {
	if f.Kind != nix.Builder {
		return nil
	}
	words := f.Text + "\n" + strings.Join(f.Log, "\n")
	for _, p := range s.pins {
		for _, helper := range s.Found.Package.Helpers {
			src := s.sourceOf(p)
			if strings.Contains(words, helper) && src.known() && !src.files[helper] {
				return p.error("find hashes: "+s.callsMissing(p, helper),
					"change that call in postPatch; where nixpkgs' package makes it, update the nixpkgs input or "+
						"override postPatch")
			}
		}
	}
	return nil
}

// callsMissing says that the build phases call a file that the release does not have, and which one it has instead.
func (s *state) callsMissing(p *Move, helper string) string {
	text := fmt.Sprintf("the build phases call %s, which release %s does not have", helper, s.Release.Version)
	for _, other := range s.Found.Package.Helpers {
		if s.sourceOf(p).files[other] {
			return text + "; it has " + other
		}
	}
	return text
}

// downloads returns the URLs that a derivation fetches.
func downloads(drv *nix.Derivation) []string {
	if drv == nil {
		return nil
	}
	return strings.Fields(drv.Env["urls"] + " " + drv.Env["url"])
}

// missingTag explains a download that fails because the ref names the release without the v of its tag; nil for other
// failures. What was to be downloaded is read from the derivation that failed.
func (s *state) missingTag(a answer, f *nix.Failure) *diag.Error {
	if f.Kind != nix.Fetch || f.Derivation == "" {
		return nil
	}
	drv, err := a.derivation(f.Derivation)
	if err != nil {
		return nil
	}
	for _, url := range downloads(drv) {
		for _, owner := range s.Found.Package.Owners {
			archive := fmt.Sprintf("https://github.com/%s/%s/archive/", owner, s.Found.Package.Repo)
			rest, ok := strings.CutPrefix(url, archive)
			if !ok || strings.TrimPrefix(rest, "refs/tags/") != string(s.Release.Version)+".tar.gz" {
				continue
			}
			v := s.Release.Version
			return s.ofSource(fmt.Sprintf("find hashes: %s does not exist: the tag of release %s is %s", url, v,
				v.Tag()), `write tag = "v${version}";`)
		}
	}
	return nil
}

// ofSource is an error about the source of the first pin that is not known yet.
func (s *state) ofSource(text, hint string) *diag.Error {
	for _, p := range s.pins {
		if h := p.hash(pin.Source); h != nil && h.missing() {
			return diag.At(h.slot.Pos, text, hint)
		}
	}
	return s.pins[0].error(text, hint)
}

// patchFails matches what tools say of a patch that does not fit.
var patchFails = regexp.MustCompile(`patch does not apply|patch failed|` +
	`[0-9]+ out of [0-9]+ hunks? FAILED|[Ff]ailed to apply`)

// misfit is a companion whose source a patch of the release does not fit.
type misfit struct {
	pin          *Move
	of           *pin.CompanionSource
	used, wanted string // tags
}

// misfits finds the pins whose build failed because a patch does not fit a companion; none for other failures. The
// builder's words only choose what is looked at.
func (s *state) misfits(a answer, f *nix.Failure) []misfit {
	if f.Kind != nix.Builder || !patchFails.MatchString(f.Text+"\n"+strings.Join(f.Log, "\n")) {
		return nil
	}
	var list []misfit
	for _, p := range s.pins {
		closure, err := closureOf(a.derivation, p)
		if err != nil || f.Derivation != "" && closure[f.Derivation] == nil {
			continue
		}
		for i := range s.Found.Package.Companions {
			c := &s.Found.Package.Companions[i]
			m := misfit{p, c, companionIn(closure, c), s.sourceOf(p).words[c.VersionFile].text}
			if own := p.companion(c); own != nil && m.used == "" {
				m.used = own.Old // a fork's, or it comes from elsewhere
			} else if m.used == "" {
				continue
			}
			if m.wanted != "" && m.used != m.wanted {
				list = append(list, m)
			}
		}
	}
	return list
}

// olderCompanion explains a build that fails because a patch does not fit the companion's source; nil for other
// failures.
func (s *state) olderCompanion(a answer, f *nix.Failure) *diag.Error {
	misfits := s.misfits(a, f)
	if len(misfits) == 0 {
		return nil
	}
	m := misfits[0]
	pinned, hint := m.pinnedBy()
	used := strings.TrimSpace(m.of.Name + " " + m.used)
	return m.pin.error(
		fmt.Sprintf("find hashes: the patches of release %s do not fit %s, which %s: the release is made for %s",
			s.Release.Version, used, pinned, m.wanted), hint)
}

// pinnedBy says what pins the companion that was used, and what to do.
func (m misfit) pinnedBy() (what, hint string) {
	attrs := fmt.Sprintf("passthru.%s and passthru.%s", m.of.Attr, m.of.VersionAttr)
	switch own := m.pin.companion(m.of); {
	case own != nil && own.skip != "":
		return fmt.Sprintf("is pinned at %s and was not moved (%s)", own.Pos, own.skip),
			fmt.Sprintf("write tag %s and its hash there", m.wanted)
	case own != nil && own.replaces == "":
		return fmt.Sprintf("is used here, although %s is pinned at %s", own.tag, own.Pos),
			"update the nixpkgs input: the recipe of this one takes no other " + m.of.Name
	case own != nil:
		return "is nixpkgs' own",
			fmt.Sprintf("update the nixpkgs input: its recipe does not take %s from an override yet", attrs)
	}
	return fmt.Sprintf("nixpkgs sets with %s; no other one can be added here, for %s", attrs,
			cmp.Or(m.pin.Unaddable, "it is not known where")),
		"update the nixpkgs input, or write into the override: " + m.of.Passthru(m.wanted)
}

// addCompanion adds the companion to the pins that have none, when a patch does not fit the one that the overridden
// package brings, and reports whether there was one. That the recipe takes it is proved as for every hash: where it
// does not, the patch fails once more.
func (s *state) addCompanion(a answer, f *nix.Failure) bool {
	added := false
	for _, m := range s.misfits(a, f) {
		for _, c := range m.pin.addable {
			if c.Of != m.of || m.pin.has(m.of) {
				continue
			}
			c.tag, c.replaces = m.wanted, m.used
			m.pin.companions = append(m.pin.companions, c)
			s.say(diag.Step, "%s: %s, in place of %s, which the overridden package brings", m.of.Name, m.wanted, m.used)
			added = true
		}
	}
	return added
}

// companionIn is the tag of the companion's source that is among derivations, "" when there is none.
func companionIn(closure map[string]*nix.Derivation, c *pin.CompanionSource) string {
	for _, drv := range ordered(closure) {
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
