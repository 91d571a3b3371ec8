package nixexpr_test

import (
	"errors"
	"fmt"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// Parse a package and find the value of an attribute.
func Example() {
	src := []byte(`{ buildGoModule, fetchFromGitHub }:
buildGoModule rec {
  pname = "ollama";
  version = "0.1.0";
}
`)
	file, err := nixexpr.Parse("package.nix", src)
	if err != nil {
		fmt.Println(err)
		return
	}
	nixexpr.Walk(file.Root, func(n nixexpr.Node) bool {
		b, ok := n.(*nixexpr.Binding)
		if !ok || b.Value == nil || b.Path[0].Name != "version" {
			return true
		}
		if s, ok := b.Value.(*nixexpr.Str); ok {
			value, _ := file.StringValue(s)
			fmt.Printf("%s: the version is %s\n", file.Position(s.Start()), value)
		}
		return true
	})
	// Output: package.nix:4:13: the version is 0.1.0
}

// Change a literal, and nothing else.
func ExampleFile_Apply() {
	file, err := nixexpr.Parse("package.nix", []byte("{\n  version = \"0.1.0\"; # pinned\n}\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	version := &file.Root.(*nixexpr.AttrSet).Bindings[0]
	edit, err := file.ReplaceString(version.Value.(*nixexpr.Str), "0.2.0")
	if err != nil {
		fmt.Println(err)
		return
	}
	hash, err := file.InsertString(version, "vendorHash", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := file.Apply([]nixexpr.Edit{edit, hash})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(out))
	// Output:
	// {
	//   version = "0.2.0"; # pinned
	//   vendorHash = "";
	// }
}

// Change the version within an address, in a string with interpolations.
func ExampleFile_ReplaceStringPart() {
	file, err := nixexpr.Parse("flake.nix", []byte(`"https://example.org/v0.1.0/${system}.tgz"`))
	if err != nil {
		fmt.Println(err)
		return
	}
	url := file.Root.(*nixexpr.Str)
	edit, err := file.ReplaceStringPart(url, 0, len("https://example.org/v"), len("https://example.org/v0.1.0"),
		"0.2.0")
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := file.Apply([]nixexpr.Edit{edit})
	fmt.Println(string(out), err)
	// Output: "https://example.org/v0.2.0/${system}.tgz" <nil>
}

// An error says where, what was expected and what was found.
func ExampleSyntaxError() {
	_, err := nixexpr.Parse("overlay.nix", []byte("final: prev: {\n  ollama = prev.ollama.override { cuda = true "+
		"}\n}\n"))
	var syntax *nixexpr.SyntaxError
	if errors.As(err, &syntax) {
		fmt.Println(syntax)
		fmt.Println(syntax.Line, syntax.Column)
	}
	// Output:
	// overlay.nix:2:47: expected ';' after attribute, found '}'
	// 2 47
}
