package nix

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"

	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
)

// FixedOutputPath is the store path of a recursive sha256 fixed output: where Nix keeps what a mismatch
// reported, too. storeDir is the store's folder, name the derivation's.
func FixedOutputPath(storeDir string, hash nixhash.Hash, name string) string {
	inner := fmt.Sprintf("source:%s:%s:%s:%s", hash.Algo, hex.EncodeToString(hash.Digest), storeDir, name)
	sum := sha256.Sum256([]byte(inner))
	// A store path's digest is the sum folded to 20 bytes.
	folded := make([]byte, 20)
	for i, b := range sum {
		folded[i%20] ^= b
	}
	return path.Join(storeDir, nixhash.Hash{Digest: folded}.Base32()+"-"+name)
}
