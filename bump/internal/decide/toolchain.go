package decide

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/gomod"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Evaluated is what a decision needs and only an evaluation of the flake shows. The zero value is that of a flake which
// was not evaluated.
type Evaluated struct {
	Toolchain
	kept map[string]string // why pins may not have what their inputs provide, by their places
}

// Again ends a run that aimed at what cannot be had, as the evaluation showed: it is to be decided again.
type Again struct{ Evaluated }

func (e *Again) Error() string { return "select release: it cannot be had with this nixpkgs" }

// Toolchain is what the nixpkgs of a pin builds with.
type Toolchain struct {
	goVersion string          // of the compiler; "" when nothing is known of it
	below     version.Version // releases from here on need what the recipe does not have; "" for no bound
	why       string          // the recipe has not
}

// GoLines is what is known of the Go that releases need.
type GoLines map[version.Version]goLine

// goLine is the Go that a release's go.mod asks for.
type goLine struct {
	wants string // "" for any
	known bool
}

// and is the less that two toolchains can do: pins may have a nixpkgs each.
func (t Toolchain) and(other Toolchain) Toolchain {
	if t.goVersion == "" || other.goVersion != "" && gomod.Builds(t.goVersion, other.goVersion) {
		t.goVersion = other.goVersion
	}
	if t.below == "" || other.below != "" && version.Compare(other.below, t.below) < 0 {
		t.below, t.why = other.below, other.why
	}
	return t
}

// Gate returns a function that checks whether a pin, which outputs show, may and can have what was selected: whether
// its nixpkgs builds the release, and which version an input provides. It is for the time when the outputs are known
// and no hash is. An *Again asks for another selection.
func Gate(ctx context.Context, job Job, tools Tools, sel *Selection) func(*pin.Pin, []probe.Output) error {
	d, to := &decider{job, tools}, sel.Release.Version
	return func(p *pin.Pin, outputs []probe.Output) error {
		if p.Follows() {
			return d.checkProvided(sel, p, outputs[0])
		}
		if _, binary := p.Origin.(pin.Asset); binary {
			return nil
		}
		recipe := outputs[0].Recipe
		var t Toolchain
		wants, err := d.newerGo(ctx, to, recipe)
		if err != nil {
			return err
		}
		if wants != "" {
			t.goVersion = recipe.Go
		}
		t.below, t.why = lackOf(d.pkg(), p, to, recipe)
		switch all := d.Evaluated.Toolchain.and(t); {
		case all == d.Evaluated.Toolchain:
			return nil
		case d.To == "":
			return &Again{Evaluated{all, d.Evaluated.kept}}
		case wants != "":
			return diag.At(p.Pos,
				fmt.Sprintf("select release: %s needs Go %s, and the nixpkgs of this pin has %s", to, wants, recipe.Go),
				"update the nixpkgs input, or go on with Options.IgnoreGo")
		}
		d.Log(diag.Warning, "%s: %s", p.Pos, t.why)
		return nil
	}
}

// checkProvided checks the version that an input provides with the package, which is another one than the selected
// release: it is what the branch of the input has now.
func (d *decider) checkProvided(sel *Selection, p *pin.Pin, o probe.Output) error {
	v, ok := version.ParseRef(o.Version)
	if !p.Input().Provides || !ok || d.Evaluated.kept[p.String()] != "" {
		return nil
	}
	policy := d.policy(nil)
	provided := release.Candidate{Version: v}
	for _, r := range sel.Release.Candidates(true, nil) {
		if r.Version == v {
			provided = r
		}
	}
	for _, c := range sel.cohorts {
		if policy.Holds = c.holds; !slices.Contains(c.pins, p) {
			continue
		}
		if why := policy.Objection(provided); why != "" {
			kept := maps.Clone(d.Evaluated.kept)
			if kept == nil {
				kept = map[string]string{}
			}
			kept[p.String()] = notTaken(v, why)
			return &Again{Evaluated{d.Evaluated.Toolchain, kept}}
		}
	}
	return nil
}

// newerGo returns the Go that the release needs when it is newer than the compiler. Where one of the two is not
// known, nothing is held back.
func (d *decider) newerGo(ctx context.Context, to version.Version, recipe probe.Recipe) (string, error) {
	if d.IgnoreGo {
		return "", nil
	}
	if recipe.Go == "" {
		d.Log(diag.Detail, "the Go version that this recipe builds with is not known: it has no passthru.go")
		return "", nil
	}
	wants, known := d.goOf(ctx, to)
	if !known || gomod.Builds(recipe.Go, wants) {
		return "", ctx.Err()
	}
	return wants, nil
}

// goOf returns the Go that a release needs, "" for any, and whether that is known; a note says when it is not. A
// release is asked for once, and in a run gomod.MaxRequests of them at most.
func (d *decider) goOf(ctx context.Context, v version.Version) (wants string, known bool) {
	if line, ok := d.GoLines[v]; ok {
		return line.wants, line.known
	}
	err := errors.New("enough go.mod files were read")
	var line goLine
	if len(d.GoLines) < gomod.MaxRequests {
		line.wants, err = d.askGoLine(ctx, v)
		line.known = err == nil
		d.GoLines[v] = line
	}
	if err != nil {
		d.Log(diag.Detail, "the Go version that %s needs is not known: %v", v, err)
	}
	return line.wants, line.known
}

// askGoLine returns the go line of a release's go.mod, "" when it has none.
func (d *decider) askGoLine(ctx context.Context, v version.Version) (string, error) {
	src, err := d.Upstream.Contents(ctx, d.pkg().Owner(), d.pkg().Repo, v.Tag(), "go.mod")
	if none := (*github.NotFound)(nil); errors.As(err, &none) {
		d.Log(diag.Detail, "%s has no go.mod: any version of Go is accepted", v)
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

// newestBuildable returns the first of the releases, which come newest first, that the toolchain of the pin builds;
// "" for none. waits says what the newest waits for, when it is another one.
func (d *decider) newestBuildable(
	ctx context.Context, open []version.Version,
) (to version.Version, waits string, err error) {
	t := d.Evaluated.Toolchain
	for t.below != "" && len(open) > 0 && version.Compare(open[0], t.below) >= 0 {
		waits = cmp.Or(waits, fmt.Sprintf("%s waits: %s; update the nixpkgs input", open[0], t.why))
		open = open[1:]
	}
	if t.goVersion == "" || len(open) == 0 {
		return first(open), waits, nil
	}
	choice := gomod.Newest(t.goVersion, len(open), func(i int) (string, bool) { return d.goOf(ctx, open[i]) })
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
