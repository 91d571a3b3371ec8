package pin

import (
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// The attributes of a pin that hold a hash, in the order in which they are looked for.
var (
	hashAttrs   = []string{"hash", "sha256", "outputHash", "narHash"} // of a fetch
	vendorAttrs = []string{"vendorHash", "vendorSha256"}              // of the Go modules
)

// hashAttr matches the names of all attributes that hold a hash: those above, and those of every other fixed output
// that people write.
var hashAttr = regexp.MustCompile(`^(hash|md5|sha1|sha256|sha512|imageDigest)$|(Hash|Sha256|Sha512)$`)

// first returns the definition of the first attribute that a set has; nil when it has none, or is nil itself.
func first(set *eval.Set, names ...string) *eval.Def {
	if set == nil {
		return nil
	}
	for _, name := range names {
		if d := set.Get(name); d != nil {
			return d
		}
	}
	return nil
}

// fakeNames are nixpkgs' placeholders for a hash.
var fakeNames = regexp.MustCompile(`^fake(Hash|Sha256|Sha512)$`)

// hashAt is where a hash is written.
type hashAt struct {
	slot SlotID
	had  Had // Written or Blank
	// use is where a hash is used that is written somewhere else and named there, hash = todo; say. It is the
	// slot of a placeholder that others have, too.
	use SlotID
}

// hash reads a hash attribute: a literal in any spelling, or a placeholder.
func (f *finder) hash(d *eval.Def, field Field) (hashAt, error) {
	h := hashAt{use: NoSlot, had: Blank{}}
	var err error
	switch v := f.prog.Value(d).(type) {
	case *eval.Text:
		if h.slot, err = f.slots.whole(v, field); err != nil {
			return hashAt{}, err
		}
		if old, ok := parseHash(f.slots.all[h.slot].Old); ok {
			h.had = Written{old}
		}
	case *eval.Unknown:
		if v.Fn != nil || !fakeNames.MatchString(v.Name) {
			return hashAt{}, errNoLiteral
		}
		h.slot, err = f.slots.expression(d, field, v.Name)
	case *eval.Scalar:
		if v.Text != "null" {
			return hashAt{}, errNoLiteral
		}
		h.slot, err = f.slots.expression(d, field, v.Text)
	default:
		return hashAt{}, errNoLiteral
	}
	if err == nil && len(d.Trail()) > 1 && d.Binding != nil && d.Expr != nil && d.Binding.Value == d.Expr {
		h.use = f.slots.quoted(d, field, f.slots.all[h.slot].Old)
	}
	return h, err
}

// parseHash reads a hash in any spelling; ok is false when it is none, or a placeholder: one character again
// and again, which is what people type and no source hashes to.
func parseHash(text string) (h nixhash.Hash, ok bool) {
	text = strings.TrimSpace(text)
	digits := strings.TrimRight(text[strings.IndexAny(text, "-:")+1:], "=")
	if digits == "" || strings.Trim(digits, digits[:1]) == "" {
		return nixhash.Hash{}, false
	}
	for _, algo := range []string{"sha256", ""} {
		if h, err := nixhash.Parse(text, algo); err == nil {
			return h, true
		}
	}
	return nixhash.Hash{}, false
}
