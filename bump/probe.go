package bump

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

//go:embed probe.nix
var probeFlake string

// probe evaluates the candidate and builds its fixed outputs, one Nix process a round.
type probe struct {
	run   *nix.Runner
	cand  *candidate
	nonce string
	req   probeRequest
	found map[string]probeInfo // what every output showed in the last round, by place
	order []string             // the places, as they were tried
	nix   string               // version
	// failed are outputs that do not evaluate, with what Nix says of them.
	failed map[string]string
	// otherSystem are those of them that need a build on another system.
	otherSystem []string
	rounds      int
	// ours says whether a hash is a fake that the resolver put in.
	ours func(nix.Hash) bool
	last string // what was being evaluated last: an output, or a family of them
	// unpackDrv is the derivation of the request's unpacking.
	unpackDrv string
	// programDrv is the derivation that runs the program of the package that was built last.
	programDrv string
}

// probeRequest is what probe.nix reads.
type probeRequest struct {
	Nonce    string     `json:"nonce"`
	System   string     `json:"system"`
	Package  string     `json:"package"`
	Attr     []string   `json:"attr"`
	Names    []string   `json:"names"`
	Families []string   `json:"families"`
	Skip     []string   `json:"skip"`
	Only     []string   `json:"only"`
	Deep     bool       `json:"deep"`
	Whole    []string   `json:"whole"` // outputs whose packages are evaluated as a whole
	Pins     []probePin `json:"pins"`
	Unpack   *unpacking `json:"unpack"`
	Compare  []string   `json:"compare"` // packages that derivations has

	Program       string         `json:"program"`       // in the package's bin
	Configuration *configuration `json:"configuration"` // that is evaluated by itself
}

type probePin struct {
	ID      int      `json:"id"`
	Names   []string `json:"names"`
	Marks   []string `json:"marks"` // hashes that only this pin has
	Version string   `json:"version"`
	Vendor  bool     `json:"vendor"`
}

// probeInfo is one line of what probe.nix says.
type probeInfo struct {
	Try, Family, Nix string
	Absent           bool

	Where               string
	Version, Pname      string
	Src, Mod, Vendor    string // hashes, as the derivations carry them
	SrcDrv, ModDrv, Drv string
	SrcOut              string
	Pins                []int
	HasMod              bool

	Program string // the .drv that runs the package's program
	Unpack  string // the .drv of the request's unpacking
}

// families are the flake's outputs that are looked at, in this order.
var families = []string{
	"packages", "legacyPackages", "overlays", "nixosConfigurations", "darwinConfigurations", "homeConfigurations",
}

func newProbe(run *nix.Runner, c *candidate, pkg *pin.Package, o Options) (*probe, error) {
	var word [16]byte
	if _, err := rand.Read(word[:]); err != nil {
		return nil, fmt.Errorf("make nonce: %w", err)
	}
	p := &probe{run: run, cand: c, nonce: hex.EncodeToString(word[:]), failed: map[string]string{}}
	p.req = probeRequest{
		Nonce: p.nonce, System: pin.System(), Package: pkg.Name, Program: pkg.Program, Attr: splitAttr(o.Attr), Families: families,
		Names: []string{}, Skip: []string{}, Only: []string{}, Whole: []string{}, Compare: []string{}, Pins: []probePin{},
	}
	text := strings.Replace(probeFlake, "@url@", c.url(), 1)
	if err := os.WriteFile(p.path("flake.nix"), []byte(text), 0o644); err != nil {
		return nil, fmt.Errorf("write probe: %w", err)
	}
	return p, nil
}

func (p *probe) path(name string) string { return filepath.Join(p.cand.ws.Dir, "probe", name) }

// splitAttr splits an attribute path: names between dots, quoted where they hold one.
func splitAttr(attr string) []string {
	parts := []string{}
	var b strings.Builder
	quoted := false
	for _, c := range attr {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '.' && !quoted:
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteRune(c)
		}
	}
	if b.Len() > 0 || len(parts) > 0 {
		parts = append(parts, b.String())
	}
	return parts
}

// round evaluates the candidate as it stands and builds the fixed outputs of the pins of ids. An
// output that does not evaluate is passed over in another attempt.
func (p *probe) round(ctx context.Context, ids []int, prefix string) (*nix.BuildReport, error) {
	for {
		rep, err := p.attempt(ctx, ids, prefix)
		fail := asFailure(err)
		if fail == nil || !evaluation(fail.Kind) || p.noneShown(fail) || len(rep.Mismatches) > 0 || fail.Fetched != nil && p.ours(fail.Fetched.Specified) {
			return rep, err
		}
		last := p.last
		if last == "" || p.req.skips(last) || len(p.req.Attr) > 0 || len(p.req.Only) > 0 {
			return rep, err
		}
		p.failed[last] = fail.Text
		if fail.Kind == nix.WrongSystem {
			p.otherSystem = append(p.otherSystem, last)
		}
		p.req.Skip = append(p.req.Skip, last)
		p.req.Families = remove(p.req.Families, last)
	}
}

func evaluation(k nix.Kind) bool {
	switch k {
	case nix.Eval, nix.MissingAttribute, nix.MissingFile, nix.EvalFetch, nix.HashInvalid, nix.WrongSystem:
		return true
	}
	return false
}

func (r *probeRequest) skips(where string) bool {
	for _, s := range r.Skip {
		if s == where {
			return true
		}
	}
	return false
}

func remove(list []string, drop string) []string {
	kept := []string{}
	for _, s := range list {
		if s != drop {
			kept = append(kept, s)
		}
	}
	return kept
}

func (p *probe) attempt(ctx context.Context, ids []int, prefix string) (*nix.BuildReport, error) {
	dryRun := len(ids) == 0 // everything is known already: that the edits take effect is still to be seen
	if dryRun {
		for _, pin := range p.req.Pins {
			ids = append(ids, pin.ID)
		}
	}
	var attrs []string
	for _, id := range ids {
		attrs = append(attrs, fmt.Sprintf("%s%d", prefix, id))
	}
	return p.build(ctx, dryRun, attrs...)
}

// configuration is a system or home configuration of the flake.
type configuration struct {
	Kind string `json:"kind"` // the output
	Name string `json:"name"`
}

// prepare writes the request, and commits the candidate where Nix sees commits only.
func (p *probe) prepare(ctx context.Context) error {
	req, err := json.Marshal(p.req)
	if err != nil {
		return fmt.Errorf("write probe: %w", err)
	}
	if err := os.WriteFile(p.path("request.json"), req, 0o644); err != nil {
		return fmt.Errorf("write probe: %w", err)
	}
	return p.cand.commit(ctx)
}

// build is one Nix process, which builds attributes of the probe flake.
func (p *probe) build(ctx context.Context, dryRun bool, attrs ...string) (*nix.BuildReport, error) {
	if err := p.prepare(ctx); err != nil {
		return nil, err
	}
	build := nix.BuildRequest{TraceNonce: p.nonce, DryRun: dryRun}
	for _, attr := range attrs {
		build.Installables = append(build.Installables, fmt.Sprintf("path:%s#%s", filepath.Dir(p.path("flake.nix")), attr))
	}
	p.rounds++
	rep, err := p.run.Build(ctx, build)
	p.found, p.order, p.last, p.unpackDrv, p.programDrv = map[string]probeInfo{}, nil, "", "", ""
	if rep == nil {
		return nil, err
	}
	for _, line := range rep.Traces {
		var info probeInfo
		if json.Unmarshal([]byte(line), &info) != nil {
			continue
		}
		p.note(info)
	}
	return rep, err
}

// buildDerivation builds the outputs of a .drv file. Since 2.13 Nix wants to be told that it is the outputs
// that are meant.
func (p *probe) buildDerivation(ctx context.Context, path string) (*nix.BuildReport, error) {
	p.rounds++
	return p.run.Build(ctx, nix.BuildRequest{Installables: []string{p.outputsOf(path)}})
}

func (p *probe) outputsOf(drv string) string {
	if !strings.HasPrefix(p.nix, "2.") || nixMinor(p.nix) >= 13 {
		return drv + "^*"
	}
	return drv
}

func nixMinor(version string) int {
	minor := 0
	_, rest, _ := strings.Cut(version, ".")
	fmt.Sscanf(rest, "%d", &minor)
	return minor
}

func (p *probe) note(info probeInfo) {
	switch {
	case info.Try != "":
		p.last = info.Try
	case info.Family != "":
		p.last = info.Family
	case info.Nix != "":
		p.nix = info.Nix
	case info.Program != "":
		p.programDrv = info.Program
	case info.Unpack != "":
		p.unpackDrv = info.Unpack
	case info.Where != "" && !info.Absent:
		if _, ok := p.found[info.Where]; !ok {
			p.order = append(p.order, info.Where)
		}
		p.found[info.Where] = info
	}
}

// shown lists the outputs that show a pin, as they were tried.
func (p *probe) shown(id int) []probeInfo {
	var list []probeInfo
	for _, where := range p.order {
		info := p.found[where]
		for _, i := range info.Pins {
			if i == id {
				list = append(list, info)
			}
		}
	}
	return list
}
