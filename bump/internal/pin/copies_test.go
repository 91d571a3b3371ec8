package pin

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// aroundPin is a flake with a pin in a context, which says PIN where it stands, with further attributes.
func aroundPin(context, attrs string) string {
	const hash = "sha256-YDR25HsZDjEmTXeeG1honfEgrZCSizuyoVNdtrnBBBo="
	return `{ outputs = { self, nixpkgs }: let inherit (nixpkgs) pkgs lib; in { packages.` + System() + `.default = ` +
		strings.ReplaceAll(context, "PIN", `(pkgs.ollama.overrideAttrs (old: rec {
			version = "⟦0.32.13⟧";
			src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}"; hash = "`+hash+`"; };
			`+attrs+` }))`) + `; }; }`
}

// requireVersions finds the one pin of a flake, and requires that the places of its version are those that are
// marked, ⟦0.32.13⟧, and that its notes contain the words of note, or that there is none.
func requireVersions(t *testing.T, marked, note string) {
	t.Helper()
	src := strings.NewReplacer("⟦", "", "⟧", "").Replace(marked)
	var want []int
	for at := 0; ; {
		before, rest, ok := strings.Cut(marked[at:], "⟦")
		if !ok {
			break
		}
		at += len(before) + len("⟦")
		want = append(want, at-len("⟦")*(2*len(want)+1))
		at += strings.Index(rest, "⟧") + len("⟧")
	}
	file, err := nixexpr.Parse("flake.nix", []byte(src))
	require.NoError(t, err)
	files := &Files{Flake: "flake.nix", Nix: map[string]*nixexpr.File{"flake.nix": file}}
	found, err := Find(t.Context(), files, &Ollama)
	require.NoError(t, err)
	require.Len(t, found.Pins, 1)
	var got []int
	for _, id := range found.Pins[0].Versions {
		got = append(got, found.Slot(id).Start)
	}
	slices.SortFunc(got, cmp.Compare)
	assert.Equal(t, want, got, "%q", pieces(src, got))
	notes := strings.Join(found.Pins[0].Notes, "\n")
	if note == "" {
		assert.Empty(t, notes)
	}
	assert.Contains(t, notes, note)
}

// pieces shows what stands at places.
func pieces(src string, at []int) (list []string) {
	for _, i := range at {
		list = append(list, src[max(i-20, 0):i+len("0.32.13")])
	}
	return list
}

func TestGuards(t *testing.T) {
	const (
		decides = "decides whether this pin has an effect"
		other   = "is compared with something other"
	)
	for _, tt := range []struct{ name, context, note string }{
		{"older", `if lib.versionOlder pkgs.ollama.version "⟦0.32.13⟧" then PIN else pkgs.ollama`, ""},
		{"at least", `if lib.versionAtLeast pkgs.ollama.version "⟦0.32.13⟧" then pkgs.ollama else PIN`, ""},
		{"compared", `if builtins.compareVersions "⟦0.32.13⟧" pkgs.ollama.version > 0 then PIN else pkgs.ollama`, ""},
		{"another function", `if lib.f pkgs.ollama.version "0.32.13" then PIN else pkgs.ollama`, other},
		{"equal", `if pkgs.ollama.version == "0.32.13" then PIN else pkgs.ollama`, decides},
		{"equal, on the left", `if "0.32.13" == pkgs.ollama.version then PIN else pkgs.ollama`, decides},
		{"equal, for the others", `if pkgs.ollama.version == "⟦0.32.13⟧" then pkgs.ollama else PIN`, ""},
		{"not equal", `if pkgs.ollama.version != "⟦0.32.13⟧" then PIN else pkgs.ollama`, ""},
		{"negated", `if !(pkgs.ollama.version == "⟦0.32.13⟧") then PIN else pkgs.ollama`, ""},
		{"negated twice", `if !(!(pkgs.ollama.version == "0.32.13")) then PIN else pkgs.ollama`, decides},
		{"beside what is negated", `if !x && pkgs.ollama.version == "0.32.13" then PIN else pkgs.ollama`, decides},
		{
			"on the left of another condition",
			`if pkgs.ollama.version == "0.32.13" || x then PIN else pkgs.ollama`, decides,
		},
		{"a minus", `if -x == 1 || pkgs.ollama.version == "0.32.13" then PIN else pkgs.ollama`, decides},
		{"a cycle", `let a = a || x; in if a || pkgs.ollama.version == "0.32.13" then PIN else pkgs.ollama`, decides},
		{
			"a cycle on the right",
			`let a = x || a; in if a || pkgs.ollama.version == "0.32.13" then PIN else pkgs.ollama`, decides,
		},
		{
			"a cycle of what is negated",
			`let a = !(!a); in if a || pkgs.ollama.version == "0.32.13" then PIN else pkgs.ollama`, decides,
		},
		{
			"a cycle of a condition",
			`let a = if a then x else x; in if a || pkgs.ollama.version == "0.32.13" then PIN else pkgs.ollama`,
			decides,
		},
		{
			"a cycle of its branches",
			`let a = if x then a else x; in if a || pkgs.ollama.version == "0.32.13" then PIN else pkgs.ollama`,
			decides,
		},
		{
			"a cycle of the other branch",
			`let a = if x then x else a; in if a || pkgs.ollama.version == "0.32.13" then PIN else pkgs.ollama`,
			decides,
		},
		{
			"a cycle of a call",
			`let a = x a; in if a || pkgs.ollama.version == "0.32.13" then PIN else pkgs.ollama`, decides,
		},
		{"an assertion", `assert pkgs.ollama.version == "0.32.13"; PIN`, decides},
		{"an assertion of a call", `assert lib.assertMsg (pkgs.ollama.version == "0.32.13") "x"; PIN`, decides},
		{"an error if it is", `lib.throwIf (pkgs.ollama.version == "⟦0.32.13⟧") "x" PIN`, ""},
		{"an error unless it is", `lib.throwIfNot (pkgs.ollama.version == "0.32.13") "x" PIN`, decides},
		{"a warning if it is", `lib.warnIf (pkgs.ollama.version == "⟦0.32.13⟧") "x" PIN`, ""},
		{"a warning unless it is", `lib.warnIfNot (pkgs.ollama.version == "0.32.13") "x" PIN`, decides},
		{
			"a condition of a condition",
			`if (if x then true else pkgs.ollama.version == "0.32.13") then PIN else pkgs.ollama`, decides,
		},
		{
			"in its branch",
			`if (if x then pkgs.ollama.version == "0.32.13" else true) then PIN else pkgs.ollama`, decides,
		},
		{
			"in its condition",
			`if (if pkgs.ollama.version == "0.32.13" then y else z) then PIN else pkgs.ollama`, decides,
		},
		{
			"a variable",
			`let old = lib.versionOlder pkgs.ollama.version "⟦0.32.13⟧"; in if old then PIN else pkgs.ollama`, "",
		},
		{
			"a variable of the version",
			`let v = "⟦0.32.13⟧"; in if lib.versionOlder pkgs.ollama.version v then PIN else pkgs.ollama`,
			"",
		},
		{
			"a variable of the package",
			`let p = pkgs.ollama; in if lib.versionOlder p.version "⟦0.32.13⟧" then PIN else p`, "",
		},
		{
			"a variable that is hidden",
			`let v = pkgs.ollama.version == "0.32.13"; in (v: if v then PIN else pkgs.ollama) true`,
			"",
		},
		{
			"a variable that a set hides",
			`let v = true; in (rec { v = pkgs.ollama.version == "0.32.13"; p = if v then PIN else pkgs.ollama; }).p`,
			decides,
		},
		{
			"a variable that an argument set hides",
			`let v = pkgs.ollama.version == "0.32.13"; in ({ v, w }: if v then PIN else pkgs.ollama) { v = true; ` +
				`w = 1; }`, "",
		},
		{
			"a variable beside one of the name of its part",
			`let v = pkgs.ollama.version == "0.32.13"; w.v = 1; in if v then PIN else pkgs.ollama`,
			decides,
		},
		{
			"the version of a variant",
			`if lib.versionOlder pkgs.ollama-cuda.version "⟦0.32.13⟧" then PIN else pkgs.ollama`, "",
		},
		{"by a function", `if lib.versionOlder (lib.getVersion pkgs.ollama) "⟦0.32.13⟧" then PIN else pkgs.ollama`, ""},
		{
			"the function of another",
			`if lib.versionOlder (lib.getVersion pkgs.other) "0.32.13" then PIN else pkgs.ollama`, other,
		},
		{"another attribute", `if lib.versionOlder pkgs.ollama.name "0.32.13" then PIN else pkgs.ollama`, other},
		{"the version of another", `if pkgs.other.version == "0.32.13" then PIN else pkgs.ollama`, other},
		{"another version", `if lib.versionOlder pkgs.ollama.version "0.32.12" then PIN else pkgs.ollama`, ""},
		{"longer text", `if x == "0.32.13-rc1" then PIN else pkgs.ollama`, ""},
		{"a list", `if lib.elem x [ "0.32.13" ] then PIN else pkgs.ollama`, ""},
		{"not around the pin", `let x = if pkgs.other.version == "0.32.13" then 1 else 2; in PIN`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) { requireVersions(t, aroundPin(tt.context, ""), tt.note) })
	}
}

func TestCopies(t *testing.T) {
	const file = "names a file"
	for _, tt := range []struct{ name, attrs, note string }{
		{"text", `postPatch = "echo ⟦0.32.13⟧ v⟦0.32.13⟧ 0.32.130 10.32.13";`, ""},
		{"a comment of a script", "postPatch = ''\n  # 0.32.13\n  echo ⟦0.32.13⟧\n'';", ""},
		{"what passes through", `passthru.x = "0.32.13"; y = "⟦0.32.13⟧";`, ""},
		{"added to a path", `x = ./patches + "/0.32.13.patch";`, file},
		{"added to a path by a variable", `x = let p = ./patches; in p + "/0.32.13.patch";`, file},
		{"added to a path and more", `x = ./patches + "/a-" + "0.32.13.patch";`, file},
		{"added to text", `x = "a" + "-⟦0.32.13⟧";`, ""},
		{"added to the name", `x = old.pname + "/⟦0.32.13⟧";`, ""},
		{"added to a URL", `x = https://a/ + "/⟦0.32.13⟧";`, ""},
		{"added to what is not known", `x = y + "-⟦0.32.13⟧";`, ""},
		{"added to what may be a folder", `x = y + "/0.32.13";`, file},
		{"added behind an interpolation", `x = y + "${z}⟦0.32.13⟧";`, ""},
		{"appended to a path", `x = lib.path.append ./patches "0.32.13.patch";`, file},
		{"appended to something else", `x = lib.f y "⟦0.32.13⟧";`, ""},
		{"below a path", `x = "${./patches}/0.32.13.patch";`, file},
		{"below a path as text", `x = "${toString ./patches}/0.32.13.patch";`, file},
		{"below what may be a folder", `x = "${y}/0.32.13.patch";`, file},
		{"below a placeholder", `x = "${placeholder "out"}/⟦0.32.13⟧";`, ""},
		{"below the name", `x = "${pname}/⟦0.32.13⟧";`, ""},
		{"below text with a path in it", `x = "${"a${./b}"}/⟦0.32.13⟧";`, ""},
		{"below a string that begins with a path", `x = "${"${./b}/c"}/0.32.13";`, file},
		{"below nothing", `x = "${""}/⟦0.32.13⟧";`, ""},
		{"beside what is not known", `x = "${y}-⟦0.32.13⟧";`, ""},
		{"behind a file", `x = "cp ${./patches}/0.32.13.patch ⟦0.32.13⟧";`, file},
		{"behind a folder", `x = "${./patches} ${y}-⟦0.32.13⟧";`, ""},
		{"in one word with a path", `x = "${./patches}/a${y}-0.32.13";`, file},
		{"in a URL", `x = "https://${y}/⟦0.32.13⟧";`, ""},
		{"in a URL behind a word", `x = "a=b/c ${y}/0.32.13";`, file},
		{"a path", `x = ./0.32.13.patch;`, ""},
		{"the attributes of a source", `x = { hash = "sha256-x"; url = "0.32.13"; };`, ""},
		{"the attributes of a source with another hash", `x = { sha512 = "sha512-x"; url = "0.32.13"; };`, ""},
		{"a hash of something else", `cargoHash = "new-hash-for-0.32.13";`, ""},
		{"the attributes of a package", `x = { pname = "x"; version = "0.32.13"; };`, ""},
		{"attributes with a version only", `x = { version = "⟦0.32.13⟧"; };`, ""},
		{"attributes with a source", `x = { src = 1; y = "0.32.13"; };`, ""},
		{
			"another package",
			`x = [ (pkgs.other.overrideAttrs (o: { y = "0.32.13"; version = "0.32.13"; src = 1; })) ];`, "",
		},
		{"what another package is changed by", `x = pkgs.other.overrideAttrs (o: { y = "0.32.13"; });`, ""},
		{"its modules", `x = old.goModules.overrideAttrs (o: { y = "⟦0.32.13⟧"; });`, ""},
		{"a comparison with what is overridden", `x = lib.optional (lib.versionOlder old.version "⟦0.32.13⟧") 1;`, ""},
		{
			"a comparison with another",
			`x = lib.optional (lib.versionOlder pkgs.other.version "0.32.13") 1;`, "is compared",
		},
	} {
		t.Run(tt.name, func(t *testing.T) { requireVersions(t, aroundPin("PIN", tt.attrs), tt.note) })
	}
}

// A function that nobody knows makes a package when its argument has a source, and a name or a version.
func TestBuildersOfTheirOwn(t *testing.T) {
	const source = `src = nixpkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v0.32.13"; hash = ""; };`
	for attrs, made := range map[string]bool{
		`pname = "ollama"; ` + source:      true,
		`version = "0.32.13"; ` + source:   true,
		`name = "ollama"; ` + source:       false,
		`pname = "ollama"; x` + source[1:]: false,
	} {
		file, err := nixexpr.Parse("flake.nix", []byte(
			`{ outputs = { nixpkgs, ... }: { packages.`+System()+`.default = nixpkgs.lib.mine { `+attrs+` }; }; }`))
		require.NoError(t, err)
		files := &Files{Flake: "flake.nix", Nix: map[string]*nixexpr.File{"flake.nix": file}}
		found, err := Find(t.Context(), files, &Ollama)
		if made {
			require.NoError(t, err, attrs)
			assert.Len(t, found.Pins, 1, attrs)
		} else {
			require.Error(t, err, attrs)
		}
	}
}
