package nix

import (
	"fmt"
	"strings"
)

// Kind tells failures apart. Callers branch on it, never on texts.
type Kind int

// The kinds.
const (
	Other            Kind = iota // none of the following
	NotInstalled                 // there is no nix
	NotStarted                   // the machine starts no more programs
	TooOld                       // Nix before 2.4
	OldForNixpkgs                // Nix before what a nixpkgs of the flake wants, which does not evaluate with it
	NoPseudoterminal             // the machine has none for a build
	NoFlakes                     // flakes are switched off
	BadArguments                 // Nix refuses an argument
	StoreUnavailable             // no store, no daemon, or no right to write
	NoSpace                      // a disk is full
	Canceled                     // the context was cancelled
	DeadlineExceeded             // the context's deadline passed
	Killed                       // Nix died of a signal that we did not send
	OutputTooLarge               // evaluation or command printed more than is kept
	Eval                         // the flake does not evaluate
	MissingAttribute             // the flake has no such attribute
	MissingFile                  // a file is not in the flake; git does not track it, perhaps
	LockStale                    // flake.lock would have to change
	HashInvalid                  // a hash in the flake is spelled wrong
	EvalFetch                    // a fetch during evaluation got another hash
	Fetch                        // a download failed
	Builder                      // a builder failed
	VendorEmpty                  // buildGoModule: nothing to vendor, vendorHash must be null
	VendorExists                 // buildGoModule: the source has a vendor folder, vendorHash must be null
	MissingOutput                // a builder ended well and left no output
	References                   // a fixed output names store paths
	BuildTimeout                 // Nix's own timeout or max-silent-time
	WrongSystem                  // no machine for the derivation's system
	HashMismatch                 // a fixed output has another hash; reported as Mismatch, too
	Dependency                   // something failed that Nix did not name
	numKinds
)

var kindNames = [numKinds]string{
	"other", "not installed", "not started", "too old", "old for nixpkgs", "no pseudoterminal", "no flakes",
	"bad arguments", "store unavailable", "no space", "canceled",
	"deadline exceeded", "killed", "output too large", "eval", "missing attribute", "missing file", "lock stale",
	"hash invalid", "eval fetch", "fetch", "builder", "vendor empty", "vendor exists", "missing output", "references",
	"build timeout", "wrong system", "hash mismatch", "dependency",
}

// String names the kind.
func (k Kind) String() string { return kindNames[k] }

// Position is a place in a Nix file as Nix names it: often a copy of the flake in the store.
type Position struct {
	File         string
	Line, Column int // from 1
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Failure is a run of Nix that failed.
type Failure struct {
	Kind       Kind
	Derivation string     // the .drv that failed; "" when none did
	Fetched    *Mismatch  // of EvalFetch: the two hashes, when Nix names them; they are of no derivation
	Text       string     // Nix's own words, one line, shortened; no store paths, no control characters
	Log        []string   // of a builder's failure: the line that tells why, if one does, and the last ones
	Positions  []Position // where, innermost first; may be empty
	Hint       string     // what to do; may be empty
	Err        error      // the cause on our side: of the context or of starting Nix
}

// Error is one line.
func (f *Failure) Error() string {
	text := f.Text
	if f.Derivation != "" && !strings.Contains(text, derivationName(f.Derivation)) {
		text = derivationName(f.Derivation) + ": " + text
	}
	if len(f.Positions) > 0 {
		text = fmt.Sprintf("%s (at %s)", text, withoutStore(f.Positions[0].String()))
	}
	if words := f.words(); words != "" {
		text += ": " + words
	}
	return "nix: " + text
}

// words is the line of Log that says most.
func (f *Failure) words() string {
	for _, line := range f.Log {
		if telling(line) != Other {
			return strings.TrimPrefix(line, "error: ")
		}
	}
	if len(f.Log) > 0 {
		return f.Log[len(f.Log)-1]
	}
	return ""
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// hints say what to do, by kind.
var hints = [numKinds]string{
	NotInstalled: "install Nix 2.4 or newer (https://nixos.org/download) and see that nix is in PATH",
	NotStarted:   "the machine is short of processes, memory or open files: see ulimit -a, and run again",
	TooOld:       "this program needs Nix 2.4 or newer: upgrade Nix",
	OldForNixpkgs: "the Nix of this machine is too old for the flake's nixpkgs: upgrade Nix, or pin a nixpkgs that " +
		"it can evaluate",
	NoPseudoterminal: "this machine gives builds no pseudoterminal, and the flake is not to blame: mount /dev/pts " +
		"with newinstance,ptmxmode=0666",
	NoFlakes:         "switch flakes on: experimental-features = nix-command flakes in nix.conf or NIX_CONFIG",
	BadArguments:     "see Options.NixArgs, which are given to every run of Nix",
	StoreUnavailable: "see that the Nix store and its daemon can be reached: nix store ping (nix store info)",
	NoSpace:          "free some space: nix-collect-garbage, or another TMPDIR",
	DeadlineExceeded: "raise Options.Timeout",
	Killed:           "the machine ran out of memory, or somebody killed Nix: run it again",
	OutputTooLarge:   "see what the flake prints when it is evaluated",
	Eval:             "see that the flake evaluates as it is, without the bump: nix flake show",
	MissingAttribute: "name the package's attribute with Options.Attr",
	MissingFile:      "git add the file: a flake in a git repository consists of the tracked files",
	LockStale:        "run nix flake lock, and commit flake.lock",
	HashInvalid:      "correct the hash, or put lib.fakeHash there",
	EvalFetch: "the content behind that URL changed, or its hash is wrong: see the input or fetcher that is " +
		"named",
	Fetch:         "see that the network, the proxy and the URL are right; private sources need a token or netrc",
	Builder:       "the whole log: nix log ",
	MissingOutput: "the whole log: nix log ",
	VendorEmpty:   "the sources vendor nothing: write vendorHash = null",
	VendorExists:  "the sources bring their vendor folder: write vendorHash = null",
	References:    "the output of a fixed-output derivation must not name store paths: see its build phases",
	BuildTimeout:  "raise Nix's timeout or max-silent-time, or run it again",
	WrongSystem:   "give Nix a builder of that system (Options.NixArgs=--builders …), or name another Options.Attr",
}
