package nixhash

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	const (
		sri    = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" // of nothing
		base16 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		base32 = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73" // by nix hash to-base32
		base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	)
	for _, test := range []struct{ what, text, algo string }{
		{"SRI", sri, ""},
		{"SRI without padding", strings.TrimRight(sri, "="), ""},
		{"SRI beside its algorithm", sri, "sha256"},
		{"base16 with a colon", "sha256:" + base16, ""},
		{"base16 in capitals", "sha256:" + strings.ToUpper(base16), ""},
		{"base32 with a colon", "sha256:" + base32, ""},
		{"base64 with a colon", "sha256:" + base64, ""},
		{"bare base16", base16, "sha256"},
		{"bare base32", base32, "sha256"},
		{"bare base64", base64, "sha256"},
		{"bare base64 without padding", strings.TrimRight(base64, "="), "sha256"},
	} {
		t.Run(test.what, func(t *testing.T) {
			hash, err := Parse(test.text, test.algo)
			require.NoError(t, err)
			assert.Equal(t, sri, hash.SRI())
			assert.Equal(t, base32, hash.Base32())
			assert.Equal(t, base16, hex.EncodeToString(hash.Digest))
		})
	}
}

func TestParseRefuses(t *testing.T) {
	const sri = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	for _, test := range []struct{ what, text, algo, message string }{
		{"nothing", "", "sha256", `hash is empty`},
		{"no algorithm", strings.Repeat("0", 64), "", `does not say its algorithm`},
		{"unknown algorithm", "sha3-AAAA", "", `unknown algorithm "sha3"`},
		{"another algorithm", sri, "sha512", `should be sha512`},
		{"prefix only", "sha256-", "", `is not a sha256 digest of 32 bytes`},
		{"too short", "sha256-AAAA", "", `is not a sha256 digest`},
		{"text after the padding", sri + " x", "", `is not a sha256 digest`},
		{"a blank before", " " + sri, "", `unknown algorithm " sha256"`},
		{"a line break within", strings.Replace(sri, "HBSa", "HBS\n", 1), "", `is not a sha256 digest`},
		{"two padding signs", sri + "=", "", `is not a sha256 digest`},
		{"a letter base32 lacks", "sha256:" + strings.Repeat("0", 51) + "e", "", `is not a sha256 digest`},
		{"base32 above 256 bits", "sha256:" + "z" + strings.Repeat("0", 51), "", `is not a sha256 digest`},
		{"base16 in SRI", "sha256-" + strings.Repeat("0", 64), "", `is not a sha256 digest`},
		{"X-runs", "sha256-" + strings.Repeat("X", 60), "", `is not a sha256 digest`},
		{"a long text is cut", strings.Repeat("9", 5000), "sha256", `is not a sha256 digest`},
	} {
		t.Run(test.what, func(t *testing.T) {
			hash, err := Parse(test.text, test.algo)
			require.ErrorContains(t, err, test.message)
			assert.True(t, hash.Equal(Hash{}))
			assert.Less(t, len(err.Error()), 300)
		})
	}
}

func TestHashEqualComparesBytes(t *testing.T) {
	placeholder, err := Parse("sha256-"+strings.Repeat("B", 43)+"=", "") // its last bits are lost
	require.NoError(t, err)
	normal, err := Parse(placeholder.SRI(), "")
	require.NoError(t, err)
	assert.True(t, placeholder.Equal(normal))
	assert.False(t, placeholder.Equal(Hash{Algo: "sha512", Digest: placeholder.Digest}))
	assert.False(t, Fake().Equal(Fake()))
	fake, err := Parse(Fake().SRI(), "")
	require.NoError(t, err)
	assert.Len(t, fake.Digest, 32)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "sha256-", "sha512:00", "sha256-" + strings.Repeat("A", 43) + "=", "sha256:" + strings.Repeat("0", 52),
		"md5-AAAAAAAAAAAAAAAAAAAAAA==", strings.Repeat("f", 40),
	} {
		f.Add(s, "")
		f.Add(s, "sha1")
	}
	f.Fuzz(func(t *testing.T, s, algo string) {
		hash, err := Parse(s, algo)
		if err != nil {
			return
		}
		for _, spelling := range []string{
			hash.SRI(), hash.Algo + ":" + hash.Base32(),
			hash.Algo + ":" + hex.EncodeToString(hash.Digest),
		} {
			again, err := Parse(spelling, hash.Algo)
			if err != nil || !again.Equal(hash) {
				t.Fatalf("%q is %v, but %q is %v (%v)", s, hash, spelling, again, err)
			}
		}
	})
}
