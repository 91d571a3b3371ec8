// Package nixexpr reads the Nix language as Nix 2.34 does and changes literals in it without
// changing anything else.
//
// # Source
//
// The rules are those of src/libexpr/lexer.l and parser.y of Nix 2.34. The tests give the same
// sources to nix-instantiate and compare the verdict, the tree and the value of every string.
//
// # Tokens
//
// The longest match wins, as in any lex: a/b is a path, a:b a URI, a-b a name, 1.5 a float and
// <a> a search path; x:x is a URI too, and no function. [File.Tokens] tile the source, with
// blanks and comments; a string or path is several tokens, for it may hold expressions.
//
//	name      [a-zA-Z_][a-zA-Z0-9_'-]*, but for if then else assert with let in rec inherit or
//	integer   [0-9]+, at most 9223372036854775807; a minus sign is an operator
//	float     (([1-9][0-9]*\.[0-9]*)|(0?\.[0-9]+))([Ee][+-]?[0-9]+)?, as C's strtod takes it
//	path      starts with path characters and a slash, /a or ~/a, and goes on while path
//	          characters, slashes and ${…} touch each other; it must not end in a slash, and
//	          two slashes in a row are allowed only before a ${…}
//	comment   # to the end of the line; /* to the first */
//	line end  LF, CR LF or CR; in "…" all of them mean LF, in ''…'' they stay what they are
//
// Any byte may stand in strings and comments, UTF-8 or not, but for NUL, which may stand in
// comments only. (To Nix a NUL elsewhere is the end of the file, so that what follows would be
// ignored; and Nix lets it pass behind a backslash. We refuse both.)
//
// # Strings
//
//	"…"    \n \r \t are a line feed, carriage return and tab, a backslash and any other byte
//	       is that byte; $${ is no interpolation
//	''…''  ''$ is $, ''' is '', ''\n ''\r ''\t as above, ''\ and any other byte is that byte;
//	       $${ is no interpolation
//
// From the second kind the indentation that all lines share is stripped. Only spaces are
// indentation; lines of nothing but spaces do not count, and neither does what follows an
// escape or interpolation on its line; a last line of spaces is dropped.
//
// # Grammar
//
// From the tightest to the loosest, and as [Op] lists them:
//
//	a.b.c, a.b or c             the default is itself a selection
//	f x                         left associative
//	- x
//	x ? a.b
//	x ++ y                      right associative
//	x * y, x / y                left associative
//	x + y, x - y                left associative
//	! x
//	x // y                      right associative
//	x < y, <=, >, >=            not associative
//	x == y, x != y              not associative
//	x && y                      left associative
//	x || y                      left associative
//	x -> y                      right associative
//	x |> f, f <| x              left and right associative; not to be mixed
//	x: y, { a, b ? c, ... } @ args: y, with x; y, assert x; y, let … in y, if x then y else z
//
// The last ones take everything behind them and need parentheses as operands. The word or is a
// name where an attribute name is expected, and directly behind an expression it is an argument
// of it: f or a is (f or) a, and [ f or ] has one element.
//
// As in Nix, a set may not define a name twice, after definitions of the same name that are all
// sets, or paths into one, have been merged: { a.b = 1; a = { c = 2; }; } is fine. Names that
// are computed do not take part; let and inherit do not allow them. A function may not have
// two arguments of one name.
//
// # What is not decided
//
// Nothing is evaluated, and no name is looked up to parse: a free name, which nix-instantiate
// --parse refuses, is fine. The pipe operators need no experimental feature. URIs, absolute
// paths and old forms such as let { … } give no warning.
//
// # Limits
//
// At most [MaxDepth] expressions may be open at a time, the tree may be [MaxHeight] high, and a
// source may have 2 GB; beyond, there is an error. Time and memory are linear in the source. A
// tree with its tokens takes less than 15 bytes for each byte of a source of 100 kB or more, and is
// there three times as fast as nix-instantiate parses; BENCHMARKS.md has the figures.
//
// # Edits
//
// A tree is never changed. An [Edit] replaces bytes of the source; [File.Apply] makes edits and
// proves that every token outside of them stays what it is.
package nixexpr
