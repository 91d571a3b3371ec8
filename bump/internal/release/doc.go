// Package release decides which release a pin moves to: what there is, what time it is and what is wanted are
// arguments. Only Select asks somebody, a Lister.
package release
