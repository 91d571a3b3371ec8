package bump

import (
	"bytes"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// world is a system that a flake is read for. What a pin holds may differ from one to the other: a
// table of assets, say.
type world struct{ system string }

// systemWorlds are the systems to read the flake for: this machine's alone, unless its files tell
// systems apart.
func systemWorlds(files []*nixexpr.File) []world {
	worlds := []world{{nixSystem()}}
	for _, word := range []string{"isDarwin", "isLinux", "isAarch64", "isx86_64", ".system", "-linux"} {
		if !mention(files, word) {
			continue
		}
		for _, system := range otherSystems() {
			worlds = append(worlds, world{system})
		}
		break
	}
	return worlds
}

// otherSystems are those that people use, without this machine's.
func otherSystems() []string {
	systems := []string{"x86_64-linux", "aarch64-linux", "x86_64-darwin", "aarch64-darwin"}
	return slices.DeleteFunc(systems, func(s string) bool { return s == nixSystem() })
}

// mention says whether any of the files holds a text.
func mention(files []*nixexpr.File, text string) bool {
	for _, f := range files {
		if bytes.Contains(f.Src, []byte(text)) {
			return true
		}
	}
	return false
}

// assume gives names of nixpkgs that tell systems apart their values.
func (w world) assume(name string) eval.Value {
	is := func(yes bool) eval.Value {
		if yes {
			return &eval.Scalar{Text: "true"}
		}
		return &eval.Scalar{Text: "false"}
	}
	switch name {
	case "system", "currentSystem":
		return &eval.Text{Pieces: []eval.Piece{{Text: w.system}}}
	case "isDarwin":
		return is(strings.HasSuffix(w.system, "-darwin"))
	case "isLinux":
		return is(strings.HasSuffix(w.system, "-linux"))
	case "isAarch64":
		return is(strings.HasPrefix(w.system, "aarch64-"))
	case "isx86_64":
		return is(strings.HasPrefix(w.system, "x86_64-"))
	}
	return nil
}

// merge takes over what a world shows that the first one did not: pins of other systems, and
// the slots that another system has in the same pin.
func (f *finder) merge(other *finder) {
	f.foreign = append(f.foreign, other.foreign...)
	for _, p := range other.pins {
		f.share(p)
		known := f.pinAt(p)
		if known == nil {
			p.foreign, p.systems = true, []string{other.system}
			for _, h := range p.hashes {
				h.foreign = true
			}
			f.pins = append(f.pins, p)
			continue
		}
		known.absorb(p)
		if known.foreign {
			known.systems = append(known.systems, other.system)
		}
	}
	for _, r := range other.refused {
		f.refuse(r)
	}
}

// pinAt is the pin that is made by the same call: of several, which its arguments tell apart, the one with the
// same first slot.
func (f *finder) pinAt(p *pin) *pin {
	var same *pin
	key, _ := p.key()
	for _, known := range f.pins {
		if known.place != p.place || !known.sharesSlot(p) {
			continue
		}
		if k, _ := known.key(); k == key {
			return known
		}
		if same == nil {
			same = known
		}
	}
	return same
}

func (p *pin) sharesSlot(other *pin) bool {
	keys := map[slotKey]bool{}
	for _, t := range p.texts {
		keys[t.key()] = true
	}
	for _, t := range other.texts {
		if keys[t.key()] {
			return true
		}
	}
	return len(p.texts) == 0 || len(other.texts) == 0
}

// absorb adds the slots that only other has.
func (p *pin) absorb(other *pin) {
	p.fetches = append(p.fetches, other.fetches...)
	keys := map[slotKey]bool{}
	for _, h := range p.hashes {
		keys[h.slot.key()] = true
	}
	for _, h := range other.hashes {
		if !keys[h.slot.key()] && !h.inherited {
			h.foreign = true
			p.hashes = append(p.hashes, h)
		}
	}
	p.texts = append(p.texts, other.texts...)
	p.dedupe()
}
