package source

// Change is one file before and after a bump: what the diff shows, and what is written or proposed.
type Change struct {
	File     string // from the tree's root
	Old, New []byte
}
