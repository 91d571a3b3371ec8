package propose

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/github"
)

// scope tells the proposals for one repository apart as Nix names what they are for: FOLDER#ATTR.
func (j Job) scope() string {
	if j.Options.Attr == "" {
		return j.Tree.Sub
	}
	return j.Tree.Sub + "#" + j.Options.Attr
}

// otherScope is a branch that was made for another flake of the repository, or another attribute.
type otherScope struct{ *github.OtherScope }

func (e otherScope) Error() string {
	return fmt.Sprintf("write branch %s: it belongs to the pull request for %s, and this run is for %s", e.Branch,
		scopeName(e.Scope), scopeName(e.Wanted))
}

func (e otherScope) Hint() string {
	return "give each flake, and each Options.Attr, a branch of its own with Options.Branch"
}

func (e otherScope) Unwrap() error { return e.OtherScope }

// inScope says of an error which repository it is about, and names scopes in it as people know them.
func inScope(p github.Proposal, err error) error {
	var other *github.OtherScope
	if errors.As(err, &other) {
		err = otherScope{other}
	}
	if err != nil {
		err = fmt.Errorf("propose to %s/%s: %w", p.Owner, p.Repo, err)
	}
	return err
}

// scopeName is a scope in words.
func scopeName(scope string) string {
	folder, attr, _ := strings.Cut(scope, "#")
	flake := "the flake in the repository's root"
	if folder != "" {
		flake = "the flake in " + folder
	}
	if attr == "" {
		return flake
	}
	return "Options.Attr=" + attr + " of " + flake
}
