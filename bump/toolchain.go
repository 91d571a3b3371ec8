package bump

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/gomod"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// toolchain is what the nixpkgs of a pin builds with. It is known only once the flake was evaluated: then a
// run that aimed too high starts over, below it.
type toolchain struct {
	goVersion string          // of the compiler; "" when nothing is known of it
	below     version.Version // releases from here on need what the recipe does not have; "" for no bound
	why       string          // the recipe has not
}

// goLine is the Go that a release's go.mod asks for.
type goLine struct {
	wants string // "" for any
	known bool
}

// and is the less that two toolchains can do: pins may have a nixpkgs each.
func (t toolchain) and(other toolchain) toolchain {
	if t.goVersion == "" || other.goVersion != "" && gomod.Builds(t.goVersion, other.goVersion) {
		t.goVersion = other.goVersion
	}
	if t.below == "" || other.below != "" && version.Compare(other.below, t.below) < 0 {
		t.below, t.why = other.below, other.why
	}
	return t
}

// checkToolchain returns a function that checks, before any hash is taken, whether the nixpkgs of a pin can build a
// release. known is what an earlier round has found.
func (r *run) checkToolchain(
	ctx context.Context, to version.Version, known toolchain,
) func(*pin.Pin, []probe.Output) error {
	return func(p *pin.Pin, outputs []probe.Output) error {
		if _, binary := p.Origin.(pin.Asset); binary || p.Follows() {
			return nil
		}
		recipe := outputs[0].Recipe
		var t toolchain
		wants, err := r.newerGo(ctx, to, recipe)
		if err != nil {
			return err
		}
		if wants != "" {
			t.goVersion = recipe.Go
		}
		t.below, t.why = lackOf(r.pkg, p, to, recipe)
		switch all := known.and(t); {
		case all == known:
			return nil
		case r.opts.To == "":
			return &tooNew{all}
		case wants != "":
			return diag.At(p.Pos,
				fmt.Sprintf("select release: %s needs Go %s, and the nixpkgs of this pin has %s", to, wants, recipe.Go),
				"update the nixpkgs input, or go on with Options.IgnoreGo")
		}
		r.warn("release", "%s: %s", p.Pos, t.why)
		return nil
	}
}

// newerGo returns the Go that the release needs when it is newer than the compiler. Where one of the two is not
// known, nothing is held back.
func (r *run) newerGo(ctx context.Context, to version.Version, recipe probe.Recipe) (string, error) {
	if r.opts.IgnoreGo {
		return "", nil
	}
	if recipe.Go == "" {
		r.say(Detail, "release", "the Go version that this recipe builds with is not known: it has no passthru.go")
		return "", nil
	}
	wants, known := r.goOf(ctx, to)
	if !known || gomod.Builds(recipe.Go, wants) {
		return "", ctx.Err()
	}
	return wants, nil
}

// goOf returns the Go that a release needs, "" for any, and whether that is known; a note says when it is not. A
// release is asked for once, and in a run gomod.MaxRequests of them at most.
func (r *run) goOf(ctx context.Context, v version.Version) (wants string, known bool) {
	if line, ok := r.goLines[v]; ok {
		return line.wants, line.known
	}
	err := errors.New("enough go.mod files were read")
	var line goLine
	if len(r.goLines) < gomod.MaxRequests {
		line.wants, err = r.askGoLine(ctx, v)
		line.known = err == nil
		r.goLines[v] = line
	}
	if err != nil {
		r.say(Detail, "release", "the Go version that %s needs is not known: %v", v, err)
	}
	return line.wants, line.known
}

// askGoLine returns the go line of a release's go.mod, "" when it has none.
func (r *run) askGoLine(ctx context.Context, v version.Version) (string, error) {
	upstream, err := r.upstream()
	if err != nil {
		return "", err
	}
	src, err := upstream.Contents(ctx, r.pkg.Owner(), r.pkg.Repo, v.Tag(), "go.mod")
	if none := (*github.NotFound)(nil); errors.As(err, &none) {
		r.say(Detail, "release", "%s has no go.mod: any version of Go is accepted", v)
		return "", nil
	} else if err != nil {
		return "", err
	}
	return gomod.Go("go.mod", src)
}

// lackOf returns the version from which on releases are built with a companion that nixpkgs' own recipe does not
// know and the pin does not bring. An own recipe is its author's business, and so is a pin that is there already.
func lackOf(pkg *pin.Package, p *pin.Pin, to version.Version, recipe probe.Recipe) (below version.Version, why string) {
	base, err := version.Parse(recipe.Base)
	if recipe.Own || err != nil || len(p.Companions) > 0 {
		return "", ""
	}
	for _, c := range pkg.Companions {
		if version.Compare(to, c.Since) >= 0 && version.Compare(base, c.Since) < 0 &&
			version.Compare(p.Version, c.Since) < 0 {
			return c.Since, fmt.Sprintf("%s is built with %s since %s, which the recipe of this nixpkgs (%s) does "+
				"not have", pkg.Name, c.Name, c.Since, base)
		}
	}
	return "", ""
}

// buildable leaves out the candidates that the toolchain of the pin does not build. waits says what the newest of
// them waits for.
func (r *run) buildable(
	ctx context.Context, t toolchain, policy release.Policy, oldest version.Version, all []release.Candidate,
) (left []release.Candidate, waits string, err error) {
	if t == (toolchain{}) {
		return all, "", nil
	}
	var open []version.Version
	for _, c := range all {
		if version.Compare(c.Version, oldest) > 0 && policy.Takes(c) {
			open = append(open, c.Version)
		}
	}
	if len(open) == 0 && oldest == "" {
		return all, "", nil // none may be taken, whatever it needs
	}
	slices.SortFunc(open, func(a, b version.Version) int { return version.Compare(b, a) })
	to, waits, err := r.newestBuildable(ctx, t, open)
	switch {
	case err != nil:
		return nil, "", err
	case to == "" && oldest == "":
		return nil, "", &Error{
			Text: "select release: " + waits,
			Hint: "update the nixpkgs input, or name a release with Options.To=X.Y.Z",
		}
	case waits != "":
		r.warn("release", "%s", waits)
	}
	for _, c := range all {
		if version.Compare(c.Version, to) <= 0 {
			left = append(left, c)
		}
	}
	return left, waits, nil
}

// newestBuildable returns the first of the releases, which come newest first, that the toolchain of the pin builds;
// "" for none. waits says what the newest waits for, when it is another one.
func (r *run) newestBuildable(
	ctx context.Context, t toolchain, open []version.Version,
) (to version.Version, waits string, err error) {
	for t.below != "" && len(open) > 0 && version.Compare(open[0], t.below) >= 0 {
		waits = cmp.Or(waits, fmt.Sprintf("%s waits: %s; update the nixpkgs input", open[0], t.why))
		open = open[1:]
	}
	if t.goVersion == "" || len(open) == 0 {
		return first(open), waits, nil
	}
	choice := gomod.Newest(t.goVersion, len(open), func(i int) (string, bool) { return r.goOf(ctx, open[i]) })
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case choice.Wants != "":
		waits = fmt.Sprintf("%s waits: it needs Go %s, and the nixpkgs of this pin has %s; update the nixpkgs input",
			open[0], choice.Wants, t.goVersion)
	}
	if choice.Index < 0 {
		return "", waits, nil
	}
	return open[choice.Index], waits, nil
}

func first(list []version.Version) version.Version {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
