package edit_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/unpin/edit"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// pinned is what the literals of a pin look like in the tests.
var pinned = regexp.MustCompile(`"(v?0\.32\.13|b10380|sha256-[A-Z]+)"`)

// pinOf makes a pin of every call of overrideAttrs whose argument, or what it names, sets a version.
func pinOf(f *nixexpr.File) edit.Pin {
	pin := edit.Pin{File: f, Attributes: []string{"llamaCppSrc", "llamaCppVersion"}}
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		call, ok := n.(*nixexpr.Apply)
		if !ok {
			return true
		}
		s, ok := call.Fn.(*nixexpr.Select)
		_, named := call.Arg.(*nixexpr.Ident)
		if ok && s.Path[len(s.Path)-1].Name == "overrideAttrs" &&
			(named || strings.Contains(f.Text(call.Arg), "version")) {
			pin.Calls = append(pin.Calls, call)
		}
		return true
	})
	for _, m := range pinned.FindAllStringSubmatchIndex(string(f.Src), -1) {
		pin.Literals = append(pin.Literals, edit.Literal{File: f.Name, Start: m[2], End: m[3], What: "literal"})
	}
	return pin
}

func plan(t *testing.T, src string) (*edit.Removal, string, error) {
	t.Helper()
	f, err := nixexpr.Parse("flake.nix", []byte(src))
	require.NoError(t, err)
	r, err := edit.Plan([]*nixexpr.File{f}, []edit.Pin{pinOf(f)})
	if err != nil {
		return nil, "", err
	}
	out, err := f.Apply(r.Edits["flake.nix"])
	require.NoError(t, err)
	trail, err := f.Apply(r.Trail["flake.nix"])
	require.NoError(t, err)
	for _, call := range pinOf(f).Calls {
		if !strings.Contains(string(out), "overrideAttrs") { // nothing of it is left
			assert.NotContains(t, string(trail), f.Text(call))
			assert.Contains(t, string(trail), edit.LaysTrail)
		}
	}
	return r, string(out), nil
}

const attrs = `version = "0.32.13"; src = prev.fetchFromGitHub { tag = "v0.32.13"; hash = "sha256-A"; }; ` +
	`vendorHash = "sha256-B";`

func TestPlan(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{
			"an overlay",
			"final: prev: {\n" +
				"  # newer than nixpkgs\n" +
				"  ollama = prev.ollama.overrideAttrs (old: {\n" +
				"    " + attrs + "\n" +
				"  });\n" +
				"\n" +
				"  other = 1;\n" +
				"}\n",
			"final: prev: {\n  other = 1;\n}\n",
		},
		{
			"an overlay that held only the pin",
			"final: prev: {\n  ollama = prev.ollama.overrideAttrs (old: {\n    " + attrs + "\n  });\n}\n",
			"final: prev: {\n}\n",
		},
		{
			"a package output",
			"{ packages.x.ollama = (pkgs.ollama.overrideAttrs (old: rec { " + attrs + " })); }",
			"{ packages.x.ollama = pkgs.ollama; }",
		},
		{
			"a module",
			"{ services.ollama.package = pkgs.ollama.overrideAttrs {\n  " + attrs + "\n}; }",
			"{ services.ollama.package = pkgs.ollama; }",
		},
		{
			"a list of packages",
			"[ pkgs.a (pkgs.ollama.overrideAttrs (old: { " + attrs + " })) pkgs.b ]",
			"[ pkgs.a pkgs.ollama pkgs.b ]",
		},
		{
			"final attributes",
			"final: prev: { ollama = prev.ollama.overrideAttrs (finalAttrs: old: { " +
				attrs + " }); a = 1; }",
			"final: prev: { a = 1; }",
		},
		{
			"variables",
			"final: prev:\n" +
				"let\n" +
				"  version = \"0.32.13\"; # the pin\n" +
				"  hash = \"sha256-A\";\n" +
				"  other = 1;\n" +
				"in\n" +
				"{\n" +
				"  ollama = prev.ollama.overrideAttrs (old: {\n" +
				"    inherit version;\n" +
				"    src = f { inherit hash; };\n" +
				"  });\n" +
				"  b = other;\n" +
				"}\n",
			"final: prev:\nlet\n  other = 1;\nin\n{\n  b = other;\n}\n",
		},
		{
			"variables of the binding",
			"final: prev: {\n" +
				"  ollama =\n" +
				"    let\n" +
				"      version = \"0.32.13\";\n" +
				"    in\n" +
				"    prev.ollama.overrideAttrs (old: {\n" +
				"      inherit version;\n" +
				"    });\n" +
				"  a = 1;\n" +
				"}\n",
			"final: prev: {\n  a = 1;\n}\n",
		},
		{
			"variables of a package output",
			"{\n" +
				"  ollama =\n" +
				"    let\n" +
				"      version = \"0.32.13\";\n" +
				"    in\n" +
				"    pkgs.ollama.overrideAttrs (old: {\n" +
				"      inherit version;\n" +
				"    });\n" +
				"}\n",
			"{\n  ollama = pkgs.ollama;\n}\n",
		},
		{
			"an override below stays",
			"final: prev: { ollama = (prev.ollama.override { acceleration = \"cuda\"; }).overrideAttrs (old: { " +
				attrs + " }); }",
			"final: prev: { ollama = prev.ollama.override { acceleration = \"cuda\"; }; }",
		},
		{
			"an override above stays",
			"final: prev: { ollama = (prev.ollama.overrideAttrs (old: { " +
				attrs + " })).override { acceleration = \"cuda\"; }; }",
			"final: prev: { ollama = prev.ollama.override { acceleration = \"cuda\"; }; }",
		},
		{
			"other attributes stay",
			"final: prev: {\n" +
				"  ollama = prev.ollama.overrideAttrs (old: {\n" +
				"    version = \"0.32.13\";\n" +
				"    # ours\n" +
				"    doCheck = false;\n" +
				"    vendorHash = \"sha256-B\";\n" +
				"  });\n" +
				"}\n",
			"final: prev: {\n" +
				"  ollama = prev.ollama.overrideAttrs (old: {\n" +
				"    # ours\n" +
				"    doCheck = false;\n" +
				"  });\n" +
				"}\n",
		},
		{
			"the old version may be read",
			"final: prev: { ollama = prev.ollama.overrideAttrs (final: old: { version = \"0.32.13\"; " +
				"meta = old.meta // { a " +
				"= old.version; }; }); }",
			"final: prev: { ollama = prev.ollama.overrideAttrs (final: old: { meta = old.meta // { a = old.version; " +
				"}; }); }",
		},
		{
			"a companion",
			"final: prev: { ollama = prev.ollama.overrideAttrs (old: { version = \"0.32.13\"; " +
				"passthru = (old.passthru or { }) // { llamaCppVersion = \"b10380\"; }; }); }",
			"final: prev: { }",
		},
		{
			"a dotted companion",
			"final: prev: { ollama = prev.ollama.overrideAttrs (old: { version = \"0.32.13\"; " +
				"passthru.llamaCppVersion = \"b10380\"; }); }",
			"final: prev: { }",
		},
		{
			"a companion among others",
			"final: prev: { ollama = prev.ollama.overrideAttrs (old: { version = \"0.32.13\"; " +
				"passthru = old.passthru // { ours = 1; llamaCppVersion = \"b10380\"; }; }); }",
			"final: prev: { ollama = prev.ollama.overrideAttrs (old: { " +
				"passthru = old.passthru // { ours = 1; }; }); }",
		},
		{
			"two variants",
			"final: prev: {\n" +
				"  ollama = prev.ollama.overrideAttrs { version = \"0.32.13\"; };\n" +
				"  ollama-cuda = prev.ollama-cuda.overrideAttrs { version = \"0.32.13\"; };\n" +
				"}\n",
			"final: prev: {\n}\n",
		},
		{
			"attributes that variants share",
			"final: prev:\n" +
				"let\n" +
				"  pin = old: {\n" +
				"    version = \"0.32.13\";\n" +
				"  };\n" +
				"in\n" +
				"{\n" +
				"  ollama = prev.ollama.overrideAttrs pin;\n" +
				"  ollama-cuda = prev.ollama-cuda.overrideAttrs pin;\n" +
				"}\n",
			"final: prev:\n{\n}\n",
		},
		{
			"a helper that variants share",
			"final: prev:\n" +
				"let\n" +
				"  bump = drv: drv.overrideAttrs (old: {\n" +
				"    version = \"0.32.13\";\n" +
				"  });\n" +
				"in\n" +
				"{\n" +
				"  ollama = bump prev.ollama;\n" +
				"  ollama-cuda = bump (prev.ollama-cuda);\n" +
				"  mine = [ (bump prev.x) ];\n" +
				"}\n",
			"final: prev:\n{\n  mine = [ prev.x ];\n}\n",
		},
		{
			"package overrides",
			"{ nixpkgs.config.packageOverrides = pkgs: { ollama = pkgs.ollama.overrideAttrs { version = \"0.32.13\"; " +
				"}; }; }", "{ nixpkgs.config.packageOverrides = pkgs: { }; }",
		},
		{
			"another name stays",
			"final: prev: { my-ollama = prev.ollama.overrideAttrs { version = \"0.32.13\"; }; }",
			"final: prev: { my-ollama = prev.ollama; }",
		},
		{
			"what is final is no base",
			"final: prev: { ollama = final.unstable.ollama.overrideAttrs { version = \"0.32.13\"; }; }",
			"final: prev: { ollama = final.unstable.ollama; }",
		},
		{
			"CRLF",
			"final: prev: {\r\n" +
				"\tollama = prev.ollama.overrideAttrs (old: {\r\n" +
				"\t\t" + attrs + "\r\n" +
				"\t});\r\n" +
				"\ta = 1;\r\n" +
				"}\r\n",
			"final: prev: {\r\n\ta = 1;\r\n}\r\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, got, err := plan(t, tt.src)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, []bool{!strings.Contains(got, "overrideAttrs")}, r.Whole)
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{
			"a variable of the set is needed", `{ o = p.o.overrideAttrs (old: rec { version = "0.32.13"; ` +
				`postPatch = "x ${version}"; }); }`,
			"flake.nix:1:75: remove pin: postPatch refers to an attribute of the pin",
		},
		{
			"a final attribute is needed", `{ o = p.o.overrideAttrs (fin: old: { version = "0.32.13"; ` +
				`postPatch = "x ${fin.version}"; }); }`,
			"flake.nix:1:76: remove pin: postPatch refers to an attribute of the pin",
		},
		{
			"a final attribute by name is needed", `{ o = p.o.overrideAttrs ({ version, ... }: old: { version = ` +
				`"0.32.13"; postPatch = version; }); }`,
			"flake.nix:1:84: remove pin: postPatch refers to an attribute of the pin",
		},
		{
			"a variable is needed", `let v = "0.32.13"; in { o = p.o.overrideAttrs (old: { version = v; x = v; }); }`,
			"flake.nix:1:72: remove pin: this needs the literal at flake.nix:1:10",
		},
		{
			"another package needs a variable", `let v = "0.32.13"; in { o = p.o.overrideAttrs (old: { version = v; ` +
				`}); x = v; }`, "flake.nix:1:76: remove pin: this needs the literal at flake.nix:1:10",
		},
		{
			"a check of the version", `{ o = p.o.overrideAttrs { version = "0.32.13"; }; test = "0.32.13"; }`,
			"flake.nix:1:59: remove pin: the literal of the pin stands here as well",
		},
		{
			"every place is named", `{ o = p.o.overrideAttrs (fin: old: rec { version = "0.32.13"; ` +
				`a = "x ${version}"; b = fin.version + version; }); }`,
			"flake.nix:1:72: remove pin: a refers to an attribute of the pin; " +
				"flake.nix:1:87: b refers to an attribute of the pin; " +
				"flake.nix:1:101: b refers to an attribute of the pin",
		},
		{
			"every place is named, through variables", `let v = "0.32.13"; tag = "v${v}"; url = [ tag v ]; in { ` +
				`o = p.o.overrideAttrs (old: { version = v; src = tag; }); x = url; y = [ tag ]; }`,
			"flake.nix:1:119: remove pin: this needs the literal at flake.nix:1:10; " +
				"flake.nix:1:130: this needs the literal at flake.nix:1:10",
		},
		{
			"a companion that another attribute takes from the final ones",
			`{ o = p.o.overrideAttrs (fin: old: { passthru = old.passthru // { ours = 1; ` +
				`llamaCppVersion = "b10380"; }; version = "0.32.13"; x = fin.passthru.llamaCppVersion; }); }`,
			"flake.nix:1:133: remove pin: this needs passthru.llamaCppVersion of the pin",
		},
		{
			"a companion that another one is made of",
			`{ o = p.o.overrideAttrs (old: { passthru = old.passthru // rec { ours = llamaCppVersion; ` +
				`llamaCppVersion = "b10380"; }; version = "0.32.13"; }); }`,
			"flake.nix:1:73: remove pin: ours refers to an attribute of the pin",
		},
		{
			"a helper that is handed on", `let b = d: d.overrideAttrs { version = "0.32.13"; }; in map b [ p.o ]`,
			"flake.nix:1:61: remove pin: b is not called here with the package that it overrides",
		},
		{
			"a helper of a set", `{ b = d: d.overrideAttrs { version = "0.32.13"; }; }`,
			"flake.nix:1:7: remove pin: the override is a function that other files may call",
		},
		{
			"computed attributes", `{ o = p.o.overrideAttrs (old: f { version = "0.32.13"; }); }`,
			"flake.nix:1:31: remove pin: the attributes are not written as one set",
		},
		{
			"attributes of another file", `{ pin }: { o = p.o.overrideAttrs pin; }`,
			"flake.nix:1:34: remove pin: the attributes are pin, which no let here defines",
		},
		{
			"no override", `buildGoModule { version = "0.32.13"; }`,
			"remove pin: it is not an override of nixpkgs' package",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := plan(t, tt.src)
			assert.EqualError(t, err, tt.want)
			var e *diag.Error
			require.ErrorAs(t, err, &e)
			assert.NotEmpty(t, e.Hint)
		})
	}
}

func TestPlanSaysWhatIsEmpty(t *testing.T) {
	r, _, err := plan(t, "final: prev: {\n  ollama = prev.ollama.overrideAttrs { version = \"0.32.13\"; };\n}\n")
	require.NoError(t, err)
	assert.Equal(t, []diag.Pos{{File: "flake.nix", Line: 1, Column: 14}}, r.Empty)
	r, _, err = plan(t, "final: prev: { a = 1; ollama = prev.ollama.overrideAttrs { version = \"0.32.13\"; }; }")
	require.NoError(t, err)
	assert.Empty(t, r.Empty)
}

func TestPlanRefusesLiteralsOfOtherFiles(t *testing.T) {
	f, err := nixexpr.Parse("flake.nix", []byte(`{ o = p.o.overrideAttrs { version = v; }; }`))
	require.NoError(t, err)
	pin := pinOf(f)
	pin.Literals = []edit.Literal{{
		File: "pin.json", Start: 3, End: 5, What: "version", Pos: diag.Pos{File: "pin.json", Line: 2, Column: 4},
	}}
	_, err = edit.Plan([]*nixexpr.File{f}, []edit.Pin{pin})
	assert.EqualError(t, err, "pin.json:2:4: remove pin: the version stands in a file that is not Nix")
}

// A package remembers the set that it comes from, its name there, and each .override, wherever it is written.
func TestTrail(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"a name of a set", `p.ollama.overrideAttrs PIN`, `(LAYS (p) "ollama" (p.ollama))`},
		{"a name of a set in a set", `p."x".ollama.overrideAttrs PIN`, `(LAYS (p."x") "ollama" (p."x".ollama))`},
		{"a variable", `ollama.overrideAttrs PIN`, `(LAYS (null) null (ollama))`},
		{"a computed name", `p.${n}.overrideAttrs PIN`, `(LAYS (null) null (p.${n}))`},
		{"a default", `(p.ollama or q).overrideAttrs PIN`, `((LAYS (null) null (p.ollama or q)))`},
		{
			"an override below", `(p.ollama.override { a = 1; }).overrideAttrs PIN`,
			`((LAYS (p) "ollama" (p.ollama)).override { a = 1; })`,
		},
		{
			"a variable of a let", `let x = p.ollama.override { a = 1; }; in x.overrideAttrs PIN`,
			`let x = (LAYS (p) "ollama" (p.ollama)).override { a = 1; }; in x`,
		},
		{
			"a helper", `let h = d: d.overrideAttrs PIN; in [ (h p.ollama) (h (p.cuda.override { })) ]`,
			`let h = d: d; in [ (h (LAYS (p) "ollama" (p.ollama))) (h ((LAYS (p) "cuda" (p.cuda)).override { })) ]`,
		},
		{
			"a variable of itself", `let x = x; in x.overrideAttrs PIN`,
			`let x = x; in x`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := "{ o = " + strings.ReplaceAll(tt.src, "PIN", `{ version = "0.32.13"; }`) + "; }"
			f, err := nixexpr.Parse("flake.nix", []byte(src))
			require.NoError(t, err)
			r, err := edit.Plan([]*nixexpr.File{f}, []edit.Pin{pinOf(f)})
			require.NoError(t, err)
			out, err := f.Apply(r.Trail["flake.nix"])
			require.NoError(t, err)
			got := strings.ReplaceAll(strings.ReplaceAll(string(out), edit.LaysTrail, "LAYS"), "\n", "")
			assert.Equal(t, "{ o = "+tt.want+"; }", got)
		})
	}
}

// Helpers that hand a package from one to the next, each several times, are as many ways as there are numbers.
func TestTrailThroughManyHelpers(t *testing.T) {
	src := strings.Builder{}
	src.WriteString("prev: let\n  h0 = x: x.overrideAttrs (old: { " + attrs + " });\n")
	const n = 24
	for i := 1; i < n; i++ {
		fmt.Fprintf(&src, "  h%d = x: [ (h%d x) (h%[2]d x) (h%[2]d x) (h%[2]d x) ];\n", i, i-1)
	}
	fmt.Fprintf(&src, "in h%d prev.ollama\n", n-1)
	f, err := nixexpr.Parse("flake.nix", []byte(src.String()))
	require.NoError(t, err)
	r, err := edit.Plan([]*nixexpr.File{f}, []edit.Pin{pinOf(f)})
	require.NoError(t, err)
	trail, err := f.Apply(r.Trail["flake.nix"])
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(trail), edit.LaysTrail))
	assert.Contains(t, string(trail), "(prev\n) \"ollama\" (prev.ollama\n)")
}
