// Package nixhash reads and writes the hashes of fixed-output derivations in the spellings that Nix knows.
package nixhash

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Hash is a digest with its algorithm. Nix spells one digest in four ways; two hashes are the same
// when their bytes are, so nothing here compares spellings.
type Hash struct {
	Algo   string // "md5", "sha1", "sha256", "sha512" or "blake3"; "" in the zero value
	Digest []byte // as long as Algo says
}

// digestSizes gives the length of a digest in bytes. blake3 is experimental in Nix 2.30 and later.
var digestSizes = map[string]int{"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64, "blake3": 32}

// Base32Digits are the digits of Nix base32: e, o, u and t are left out.
const Base32Digits = "0123456789abcdfghijklmnpqrsvwxyz"

// Parse reads every spelling that Nix accepts:
//
//	sha256-<base64>        SRI, padded or not
//	sha256:<digits>        base16, base32 or base64, told apart by their length
//	<digits>               the same, when algo says which algorithm it is
//
// algo is the outputHashAlgo beside the hash, "" when there is none. Unlike Nix it refuses what stands
// after the padding: such text is a slip that Nix ignores silently.
func Parse(s, algo string) (Hash, error) {
	digits, named := s, algo
	sri := false
	if i := strings.IndexAny(s, "-:"); i >= 0 {
		named, digits, sri = s[:i], s[i+1:], s[i] == '-'
	}
	size, known := digestSizes[named]
	switch {
	case s == "":
		return Hash{}, fmt.Errorf("hash is empty")
	case named == "":
		return Hash{}, fmt.Errorf("hash %.100q does not say its algorithm", s)
	case !known:
		return Hash{}, fmt.Errorf("hash %.100q: unknown algorithm %.20q", s, named)
	case algo != "" && named != algo:
		return Hash{}, fmt.Errorf("hash %.100q should be %s", s, algo)
	}
	digest, ok := decodeDigits(digits, size, sri)
	if !ok {
		return Hash{}, fmt.Errorf("hash %.100q is not a %s digest of %d bytes", s, named, size)
	}
	return Hash{Algo: named, Digest: digest}, nil
}

// decodeDigits decodes one digest of size bytes; onlyBase64 is set for an SRI hash.
func decodeDigits(s string, size int, onlyBase64 bool) ([]byte, bool) {
	switch {
	case len(s) == base64.RawStdEncoding.EncodedLen(size):
		return decodeBase64(base64.RawStdEncoding, s, size)
	case len(s) == base64.StdEncoding.EncodedLen(size):
		return decodeBase64(base64.StdEncoding, s, size)
	case onlyBase64:
		return nil, false
	case len(s) == hex.EncodedLen(size):
		digest, err := hex.DecodeString(s)
		return digest, err == nil
	case len(s) == base32Len(size):
		return decodeBase32(s, size)
	}
	return nil, false
}

// decodeBase64 does not check the bits after the last byte, like Nix: placeholders such as BBBB…B=
// have some.
func decodeBase64(encoding *base64.Encoding, s string, size int) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") { // Go skips these
		return nil, false
	}
	digest, err := encoding.DecodeString(s)
	return digest, err == nil && len(digest) == size
}

func base32Len(size int) int { return (size*8-1)/5 + 1 }

// decodeBase32 reads Nix base32: five bits a digit, the last digit holds the lowest bits.
func decodeBase32(s string, size int) ([]byte, bool) {
	digest := make([]byte, size)
	for n := range len(s) {
		digit := strings.IndexByte(Base32Digits, s[len(s)-1-n])
		if digit < 0 {
			return nil, false
		}
		at, shift := n*5/8, n*5%8
		digest[at] |= byte(digit << shift)
		carry := byte(digit >> (8 - shift))
		if at+1 < size {
			digest[at+1] |= carry
		} else if carry != 0 {
			return nil, false
		}
	}
	return digest, true
}

// SRI is the one spelling that this program writes: "sha256-" and padded base64.
func (h Hash) SRI() string { return h.Algo + "-" + base64.StdEncoding.EncodeToString(h.Digest) }

// Base32 is the spelling of nix-prefetch-url and of Nix before 2.4, without the algorithm.
func (h Hash) Base32() string {
	size := len(h.Digest)
	if size == 0 {
		return ""
	}
	digits := make([]byte, base32Len(size))
	for i := range digits {
		n := len(digits) - 1 - i
		at, shift := n*5/8, n*5%8
		bits := int(h.Digest[at]) >> shift
		if at+1 < size {
			bits |= int(h.Digest[at+1]) << (8 - shift)
		}
		digits[i] = Base32Digits[bits&31]
	}
	return string(digits)
}

// String is SRI.
func (h Hash) String() string { return h.SRI() }

// Equal compares algorithm and bytes.
func (h Hash) Equal(other Hash) bool {
	return h.Algo == other.Algo && slices.Equal(h.Digest, other.Digest)
}

// Fake returns a sha256 hash that nothing has: 32 random bytes. A fixed output that carries it is
// built for certain, and Nix's complaint names the slot that it stands in.
func Fake() Hash {
	digest := make([]byte, digestSizes["sha256"])
	_, _ = rand.Read(digest) // never fails, says its documentation
	return Hash{Algo: "sha256", Digest: digest}
}
