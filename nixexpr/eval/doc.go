// Package eval evaluates Nix expressions symbolically: it follows a value from where it is used to
// the literals that it is made of, across definitions, function calls and files.
//
// # What is known
//
// A [Program] is a set of files that import one another. What they define is known; everything else
// (flake inputs, nixpkgs, the arguments of a caller outside) is an [Unknown] term that keeps what was
// selected from it and what it was called with. A string is a list of pieces, each with the [Literal]
// that it stands in, so that whoever knows the value of an expression also knows what to edit.
//
// Nothing is read from disk, nothing is built, and no builtin is run but import, toString, fromJSON,
// fromTOML, head, map, mapAttrs and replaceStrings. [Program.Intrinsic] gives meaning to other functions.
//
// # Optimism
//
// Where something unknown might say otherwise, what is written counts: a default for a parameter that no
// caller is known for, an attribute that an unknown set on the right of a // might define again, the first
// of several withs, the builtin that has the name of a function, an assertion's body. An answer is therefore
// a hypothesis for callers that prove it by evaluation with Nix; where nothing unknown is involved it is the
// value that Nix finds, which the tests show by comparing the two.
//
// # Cost
//
// Every step of an evaluation, and every element that it copies, is paid from one budget, and the context
// of the program is heard on the way. When the budget is spent or the context is done, what is left is
// unknown, and [Program.Err] says so.
package eval
