package eval_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// FuzzVisit evaluates whatever parses: no source may make evaluation panic or go on without end.
func FuzzVisit(f *testing.F) {
	for _, src := range []string{
		`let f = { v, w ? "2" }@a: a.v + w; in f { v = "1"; }`,
		`let s = { a.b = "1"; } // { a.c = x: x; }; in with s; [ a.b (a.c s) ]`,
		`rec { inherit ({ v = "1"; }) v; x = "v${v}"; y = if c then x else v; }`,
		`{ a, b ? a, ... }: import ./f.nix (map (x: x.${b} or a) [ { } a ])`,
		`let { body = y: y y; }`,
		`let o = x: x x; in o o`,
		`let a = b; b = a; in a.b or (a // b)`,
		`builtins.fromJSON (builtins.readFile ./d.json) |> (p: p.x)`,
		`let x = [ "a" ] ++ x; in "${toString x}" + ./. + "/${x}"`,
		`assert x ? a.b; { "${x}" = 1; ${y}.z = 2; }.z`,
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		file, err := nixexpr.Parse("f.nix", []byte(src))
		if err != nil {
			return
		}
		slow := time.AfterFunc(4*time.Second, func() { panic("slow: " + strconv.Quote(src)) })
		defer slow.Stop()
		p := eval.NewProgram(t.Context(), []*nixexpr.File{file})
		addJSON(p, "d.json", `{ "x": [ "1", { "y": null } ] }`)
		p.Visit(func(u *eval.Unknown) {
			u.Callee()
			u.Root()
		}, file)
	})
}
