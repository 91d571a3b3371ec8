// Package release decides which release a pin moves to. It asks nobody: what there is, what time it is and
// what is wanted are arguments.
package release
