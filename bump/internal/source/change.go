package source

// Change is one file before and after a bump: what the diff and the result show, and what is written or proposed.
type Change struct {
	File     string // from the tree's root
	Old, New []byte
	Edits    []Edit // the values that are rewritten, in their order; none in flake.lock, which Nix writes
}

// Edit is one rewritten value.
type Edit struct {
	Line   int    `json:"line"`   // from 1
	Column int    `json:"column"` // in bytes, from 1, at the literal's opening quote
	Field  string `json:"field"`  // version, ref, src hash, vendor hash, …
	Old    string `json:"old"`
	New    string `json:"new"`
}
