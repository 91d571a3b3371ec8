// Package nix runs Nix and reads what it says.
//
// # What it runs
//
// A Runner starts one process for each call, with --log-format internal-json (Nix 2.4 and later), flakes
// switched on, no link to the result and no lock file written. The process leads a session of its own:
// when the context ends it gets SIGTERM with all its children, and SIGKILL after Runner.Grace. The same
// happens when this program is killed. Nothing that Nix prints is kept without a bound.
//
// # What it reads
//
// internal-json is a line for each event, after "@nix ". These count:
//
//	msg, level 0, "error: …"     an error; Nix's own carry raw_msg, too
//	msg, "trace: NONCE …"        the output of the evaluation, if no build runs at that moment
//	msg, "warning: …"            a warning
//	start/stop, type 105         a build, with its derivation and the machine
//	result, type 101             a line that its builder printed
//	result, type 105             progress of a download, in bytes
//	result, type 109             a hash mismatch (Determinate Nix)
//
// Lines that are no events are read as Nix's plain log: an error begins with "error:" (before 2.4 with a
// few fixed phrases) and goes on with indented lines.
//
// A hash mismatch is, in colours or without, with any indentation,
//
//	hash mismatch in fixed-output derivation 'DRV':
//	  specified: HASH           (wanted: until 2.3, which names the output, not the .drv)
//	  got:       HASH
//
// and among these lines Lix adds a likely URL and both paths. Nix 2.0 and 2.1 say it in one sentence.
// Through a remote builder the first line begins with "build of 'DRV' on 'HOST' failed: ".
//
// # What is not believed
//
// A builder can print all of this; Nix passes lines that begin with "@nix " on as events of its own, but
// without raw_msg. What a daemon or a remote builder reports has no raw_msg either. Hence Mismatch.Origin.
// No origin makes a hash right: a caller takes one only when the derivation is among those that it
// evaluated (see Closure), when the specified hash is the fake one that it had put there (see Fake), and
// when the next run builds with the hash it got.
//
// Exit codes say nothing here: a mismatch is 102, 1 or 100, by version, command and daemon.
package nix
