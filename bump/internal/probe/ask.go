// Package probe asks Nix about a flake in which a bump is tried out.
//
// A Bench is a throw-away copy of the flake with a second flake beside it, the probe (probe.nix). A Question
// says what the copy holds and what is to be evaluated and built; the probe evaluates the outputs of the
// copy, in order, and says of each what the package there is made of. Nothing is kept between two questions.
package probe

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

//go:embed probe.nix
var probeFlake string

// families are the flake's outputs that are looked at, in this order.
var families = []string{
	"packages", "legacyPackages", "overlays", "nixosConfigurations", "darwinConfigurations", "homeConfigurations",
}

// State is what the copy holds. The zero value is the flake as it stands.
type State struct {
	Values map[pin.SlotID]string
	Lock   []byte            // nil for the flake's own
	Files  map[string][]byte // whole contents, instead of the values in those files
}

// A Question is what to evaluate and to build of a flake in a state.
type Question struct {
	State  State
	System string   // that is evaluated for
	Pins   []Pin    // that are looked for
	Names  []string // of attributes that are looked at first
	Only   []string // outputs to look at; nil for all
	Strict bool     // fail on the first configuration that does not evaluate
	All    bool     // look at all of a family, not only until each pin is seen
	Skip   []string // outputs, configurations, or families of outputs, to pass over
	Depth  Depth
	Whole  []string // outputs whose packages are evaluated as a whole
	Base   bool     // what nixpkgs' own packages are made of is asked, too
	Build  Build
}

// Depth says how far the packages are evaluated that show a pin.
type Depth int

// The depths.
const (
	Sources  Depth = iota // src and goModules
	Packages              // everything that the package needs
)

// Build says what is built. The zero value builds nothing: that the edits take effect is still seen.
type Build struct {
	Fixed      []int      // the fixed outputs of these pins
	Package    []int      // the packages of these pins
	Output     string     // this output, or what it is built to when it is a configuration
	Unpack     *Unpacking // a fetch of another system, made to run here
	Derivation string     // a .drv file; nothing is evaluated then
	NixVersion string     // of the answer that named Derivation
}

// Pin is a pin as the probe recognises it.
type Pin struct {
	ID      int      `json:"id"`
	Names   []string `json:"names"`
	Marks   []string `json:"marks"` // hashes that only this pin has
	Version string   `json:"version"`
	First   string   `json:"first"`  // where the pin was seen first; "" as long as that is not known
	Vendor  bool     `json:"vendor"` // its goModules are built, with its source
}

// Unpacking is what an unpacked archive's fetch has of its own, whatever the system.
type Unpacking struct {
	Name      string   `json:"name"`
	URLs      []string `json:"urls"`
	PostFetch string   `json:"postFetch"`
	StripRoot bool     `json:"stripRoot"`
	Hash      string   `json:"hash"`
}

// An Answer is what Nix said.
type Answer struct {
	Outputs    []Output // as they were tried
	Broken     []Broken // what does not evaluate and was passed over
	Last       string   // what was evaluated last: an output, a configuration, or a family of outputs
	Looked     []string // configurations that were looked at, in order
	NixVersion string

	Mismatches []nix.Mismatch
	Built      bool  // everything that was asked for
	Failure    error // of Nix; nil when it did what was asked
	NoneShown  bool  // the failure is the probe's own: no output shows a pin

	UnpackDrv  string // of the Build's unpacking
	ProgramDrv string // of the last package that was built: it runs the program

	consumers []Consumer // as they were evaluated

	Target        string // the Build's Output: the whole path
	TargetVersion string // of it; "" when it is another package
}

// Output is a package in an output of the flake.
type Output struct {
	Where               string // attribute path, as people are shown it
	Version, Pname      string
	Src, Mod, Vendor    string // hashes, as the derivations carry them
	SrcDrv, ModDrv, Drv string
	SrcOut              string
	Made                string `json:"-"` // the package's own derivation, where the output is made with it
	Pins                []int  // that it shows
	Recipe              Recipe // of an output that shows a pin
}

// Recipe is what a package is made by. Strings are empty for what is not known.
type Recipe struct {
	Own   bool     // it stands in no nixpkgs among the flake's inputs
	Input []string // the way to that one: its name, or that of another input and its name there
	Go    string   // version of the compiler: passthru.go.version
	Base  string   // version of nixpkgs' own package, without overlays

	BaseSrc, BaseMod string // what that is made of, when it was asked for; as in Output

	// BaseDrv, asked for with them, is the package's own derivation when nixpkgs' own package is the same under one of
	// the settings that it may come from, and with as many .override as the package says in its trail; see package
	// unpin. It is another one when it is the same under none.
	BaseDrv    string
	Overridden int // how many those are
}

// Broken is an output, or a family of them, that does not evaluate.
type Broken struct {
	Where string
	Kind  nix.Kind
	Text  string // what Nix says
}

// Shown is a pin with the outputs that show it.
type Shown struct {
	*pin.Pin
	Outputs []Output
}

// Shown lists the outputs that show a pin.
func (a *Answer) Shown(id int) []Output {
	var list []Output
	for _, o := range a.Outputs {
		if slices.Contains(o.Pins, id) {
			list = append(list, o)
		}
	}
	return list
}

// Output returns the output at an attribute path; the zero value for one that was not seen.
func (a *Answer) Output(where string) Output {
	for _, o := range a.Outputs {
		if o.Where == where {
			return o
		}
	}
	return Output{}
}

// request is what probe.nix reads.
type request struct {
	Nonce    string     `json:"nonce"`
	System   string     `json:"system"`
	Package  string     `json:"package"`
	Program  string     `json:"program"` // in the package's bin
	Attr     []string   `json:"attr"`
	Names    []string   `json:"names"`
	Families []string   `json:"families"`
	Skip     []string   `json:"skip"`
	Only     []string   `json:"only"`
	All      bool       `json:"all"`
	Strict   bool       `json:"strict"`
	Deep     bool       `json:"deep"`
	Whole    []string   `json:"whole"`
	Base     bool       `json:"base"`
	Pins     []Pin      `json:"pins"`
	Fixed    []int      `json:"fixed"` // pins whose fixed outputs are built
	Unpack   *Unpacking `json:"unpack"`
	Compare  []string   `json:"compare"` // packages that derivations has
	Output   []string   `json:"output"`  // that is built

	Consumers []string `json:"consumers"` // families of them that are evaluated

	Configuration *Configuration `json:"configuration"` // that is evaluated by itself

	Survey string `json:"survey"` // the system of this machine, for a survey
}

// line is one line of what probe.nix says.
type line struct {
	Try, Group, Family, Nix string
	Passed                  string
	Absent                  bool
	Output
	Program, Unpack, Target string
	Consumer                string
	Refused                 bool
}

// Ask asks one question. An output that does not evaluate is passed over in another attempt. The error is that of a
// machine or a run that ended; what Nix has against the flake is in the answer.
//
// A process of Nix ends with the first error that no builtins.tryEval catches, so that each costs another attempt.
// Machines of one flake often have one reason to fail: after the second of them, a survey finds all that do.
func (b *Bench) Ask(ctx context.Context, q Question) (Answer, error) {
	if q.Build.Derivation != "" {
		return b.answer(b.run.Build(ctx, nix.BuildRequest{
			Installables: []string{outputsOf(q.Build.Derivation, q.Build.NixVersion)},
		}))
	}
	if err := b.put(ctx, q.State); err != nil {
		return Answer{}, err
	}
	var broken []Broken
	for surveyed := false; ; {
		a, err := b.attempt(ctx, q)
		if err != nil {
			return Answer{}, err
		}
		fail := Failed(a.Failure)
		if fail == nil || !b.passesOver(q, a, fail) || again(broken, a, fail) {
			a.Broken = broken
			return a, nil
		}
		found := []Broken{{a.Last, fail.Kind, fail.Text}}
		if !surveyed && slices.ContainsFunc(broken, ofConfiguration) && ofConfiguration(found[0]) {
			surveyed = true
			if found, err = b.survey(ctx, q, found); err != nil {
				return Answer{}, err
			}
		}
		broken = append(broken, found...)
		q.Skip = slices.Clone(q.Skip)
		for _, f := range found {
			q.Skip = append(q.Skip, f.Where)
		}
	}
}

// passesOver reports whether a failure is that of one output among others.
func (b *Bench) passesOver(q Question, a Answer, fail *nix.Failure) bool {
	known := a.Last == "" || slices.Contains(q.Skip, a.Last)
	known = known || q.Strict || slices.Contains(q.Whole, a.Last)
	return Evaluation(fail) && !q.State.fetches(fail) && !a.NoneShown && len(a.Mismatches) == 0 && !known &&
		len(b.attr) == 0 && len(q.Only) == 0
}

// again reports whether an output that shows a pin fails as another one did: it is the pin that fails, wherever it is
// looked at. What only another system builds is not: another output may be one of this system.
func again(broken []Broken, a Answer, fail *nix.Failure) bool {
	return fail.Kind != nix.WrongSystem && len(a.Output(a.Last).Pins) > 0 &&
		slices.ContainsFunc(broken, func(b Broken) bool { return b.Text == fail.Text })
}

// fetches reports whether what failed is a fetch during the evaluation, of a hash that is a value of the state.
func (s State) fetches(fail *nix.Failure) bool {
	return fail.Fetched != nil && s.holds(fail.Fetched.Specified)
}

// holds reports whether a hash is a value of the state.
func (s State) holds(h nixhash.Hash) bool {
	for _, value := range s.Values {
		if value == h.SRI() {
			return true
		}
	}
	return false
}

// Failed returns the failure of a Nix process that an error is, or nil.
func Failed(err error) *nix.Failure {
	var f *nix.Failure
	errors.As(err, &f)
	return f
}

// Evaluation reports whether a failure is that of an evaluation.
func Evaluation(f *nix.Failure) bool {
	switch f.Kind {
	case nix.Eval, nix.OldForNixpkgs, nix.MissingAttribute, nix.MissingFile, nix.EvalFetch, nix.HashInvalid,
		nix.WrongSystem:
		return true
	}
	return false
}

// attempt is one Nix process.
func (b *Bench) attempt(ctx context.Context, q Question) (Answer, error) {
	req := b.request(q)
	if err := b.prepare(ctx, req); err != nil {
		return Answer{}, err
	}
	attrs := q.Build.attrs()
	build := nix.BuildRequest{TraceNonce: b.nonce, DryRun: len(attrs) == 0}
	if build.DryRun {
		attrs = []string{"fixed"}
	}
	for _, attr := range attrs {
		build.Installables = append(build.Installables, b.installable(attr))
	}
	return b.answer(b.run.Build(ctx, build))
}

// attrs are the attributes of the probe flake that are built.
func (b Build) attrs() []string {
	var attrs []string
	if len(b.Fixed) > 0 {
		attrs = append(attrs, "fixed")
	}
	for _, id := range b.Package {
		attrs = append(attrs, fmt.Sprintf("package%d", id))
	}
	if b.Output != "" {
		attrs = append(attrs, "output")
	}
	if b.Unpack != nil {
		attrs = append(attrs, "unpack")
	}
	return attrs
}

// request makes of a question what probe.nix reads; JSON has lists where the question has none.
func (b *Bench) request(q Question) request {
	list := func(names []string) []string { return append([]string{}, names...) }
	families := slices.DeleteFunc(familiesOf(q.Only), func(f string) bool { return slices.Contains(q.Skip, f) })
	return request{
		Nonce: b.nonce, System: q.System, Package: b.pkg.Name, Program: b.pkg.Program, Attr: list(b.attr),
		Names: list(q.Names), Families: list(families), Skip: list(q.Skip), Only: list(q.Only), All: q.All,
		Strict: q.Strict,
		Deep:   q.Depth == Packages, Whole: list(q.Whole), Base: q.Base, Pins: append([]Pin{}, q.Pins...),
		Unpack: q.Build.Unpack, Compare: []string{}, Consumers: []string{},
		Output: list(splitAttr(q.Build.Output)), Fixed: q.fixed(),
	}
}

// fixed are the pins whose fixed outputs are built, or, where nothing is built, evaluated: all of them.
func (q Question) fixed() []int {
	ids := append([]int{}, q.Build.Fixed...)
	for _, p := range q.Pins {
		if len(q.Build.attrs()) == 0 {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// familiesOf are the families that outputs lie in; all of them for no outputs.
func familiesOf(places []string) []string {
	if len(places) == 0 {
		return slices.Clone(families)
	}
	var list []string
	for _, f := range families {
		in := func(where string) bool {
			return strings.HasPrefix(where, f) || f == "overlays" && strings.HasPrefix(where, "overlay.")
		}
		if slices.ContainsFunc(places, in) {
			list = append(list, f)
		}
	}
	return list
}

// prepare writes the request, and commits the copy where Nix sees commits only.
func (b *Bench) prepare(ctx context.Context, req request) error {
	data, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("write probe: %w", err)
	}
	if err := os.WriteFile(b.probeFile("request.json"), data, 0o644); err != nil {
		return fmt.Errorf("write probe: %w", err)
	}
	return b.commit(ctx)
}

func (b *Bench) probeFile(name string) string { return filepath.Join(b.ws.Dir, "probe", name) }

// flakeRef is the reference of the probe flake.
func (b *Bench) flakeRef() string { return "path:" + filepath.Dir(b.probeFile("flake.nix")) }

func (b *Bench) installable(attr string) string { return b.flakeRef() + "#" + attr }

// answer makes an answer of what Nix reports.
func (b *Bench) answer(rep *nix.BuildReport, err error) (Answer, error) {
	fail := Failed(err)
	if rep == nil || err != nil && fail == nil {
		return Answer{}, err
	}
	a := Answer{
		Mismatches: rep.Mismatches, Built: rep.Built, Failure: err,
		NoneShown: fail != nil && strings.Contains(fail.Text, b.nonce),
	}
	for _, text := range rep.Traces {
		var l line
		if json.Unmarshal([]byte(text), &l) == nil {
			a.note(l)
		}
	}
	return a, nil
}

func (a *Answer) note(l line) {
	switch {
	case l.Try != "":
		a.Last = l.Try
	case l.Group != "":
		a.Last = l.Group
		if isConfiguration(l.Group) {
			a.Looked = append(a.Looked, l.Group)
		}
	case l.Family != "":
		a.Last = l.Family
	case l.Nix != "":
		a.NixVersion = l.Nix
	case l.Consumer != "":
		a.consumers = append(a.consumers, Consumer{Where: l.Consumer, Drv: l.Drv, Refused: l.Refused})
	case l.Target != "":
		a.Target, a.TargetVersion, a.ProgramDrv = l.Target, l.Version, l.Program
	case l.Program != "":
		a.ProgramDrv = l.Program
	case l.Unpack != "":
		a.UnpackDrv = l.Unpack
	case l.Where != "" && !l.Absent:
		i := slices.IndexFunc(a.Outputs, func(o Output) bool { return o.Where == l.Where })
		if i < 0 {
			a.Outputs = append(a.Outputs, l.Output)
		} else {
			a.Outputs[i] = l.Output
		}
	}
}

// outputsOf names the outputs of a .drv file. Since 2.13 Nix wants to be told that it is they that are meant.
func outputsOf(drv, nixVersion string) string {
	minor := 0
	fmt.Sscanf(nixVersion, "2.%d", &minor)
	if minor >= 13 || !strings.HasPrefix(nixVersion, "2.") {
		return drv + "^*"
	}
	return drv
}

// Log returns what the builder of a derivation said, which an answer of a version of Nix named.
func (b *Bench) Log(ctx context.Context, drv, nixVersion string) ([]string, error) {
	return b.run.BuilderLog(ctx, outputsOf(drv, nixVersion))
}

// Configuration is a system or home configuration of the flake.
type Configuration struct {
	Kind string `json:"kind"` // the family
	Name string `json:"name"`
}

func (c Configuration) String() string { return c.Kind + "." + c.Name }

// Configurations lists the configurations that the flake has in a state.
func (b *Bench) Configurations(ctx context.Context, s State) ([]Configuration, error) {
	out, err := b.eval(ctx, s, nil, "configurations")
	if err != nil {
		return nil, err
	}
	var names map[string][]string
	if err := json.Unmarshal(out, &names); err != nil {
		return nil, fmt.Errorf("verify: read configurations: %w", err)
	}
	var list []Configuration
	for _, kind := range families {
		for _, name := range names[kind] {
			list = append(list, Configuration{kind, name})
		}
	}
	return list, nil
}

// Evaluate evaluates a configuration of the flake in a state.
func (b *Bench) Evaluate(ctx context.Context, s State, c Configuration) error {
	_, err := b.eval(ctx, s, &c, "configuration")
	return err
}

func (b *Bench) eval(ctx context.Context, s State, c *Configuration, attr string) ([]byte, error) {
	if err := b.put(ctx, s); err != nil {
		return nil, err
	}
	req := b.request(Question{System: pin.System()})
	req.Configuration = c
	if err := b.prepare(ctx, req); err != nil {
		return nil, err
	}
	return b.run.Eval(ctx, b.installable(attr))
}

// Derived are the derivations that a flake is built to.
type Derived struct {
	Drvs       map[string]string // by output; "" for one that throws
	Elsewhere  []string          // the packages that other systems have, unevaluated
	NixVersion string
}

// Derivations returns the derivations of packages of this system and of every configuration that the flake has in a
// state.
func (b *Bench) Derivations(ctx context.Context, s State, packages []string) (Derived, error) {
	if err := b.put(ctx, s); err != nil {
		return Derived{}, err
	}
	req := b.request(Question{System: pin.System()})
	req.Compare = append(req.Compare, packages...)
	if err := b.prepare(ctx, req); err != nil {
		return Derived{}, err
	}
	out, err := b.run.Eval(ctx, b.installable("derivations"))
	if err != nil {
		return Derived{}, err
	}
	var said struct {
		NixVersion string
		Elsewhere  []string
		Drvs       map[string]map[string]*string
	}
	if err := json.Unmarshal(out, &said); err != nil {
		return Derived{}, fmt.Errorf("read derivations: %w", err)
	}
	slices.Sort(said.Elsewhere)
	d := Derived{Drvs: map[string]string{}, Elsewhere: said.Elsewhere, NixVersion: said.NixVersion}
	for kind, set := range said.Drvs {
		for name, drv := range set {
			if kind == "packages" {
				name = pin.System() + "." + name
			}
			d.Drvs[kind+"."+name] = ""
			if drv != nil {
				d.Drvs[kind+"."+name] = *drv
			}
		}
	}
	return d, nil
}

// Plan returns what building derivations takes here. They are for the system of this machine.
func (b *Bench) Plan(ctx context.Context, derivations []string, nixVersion string) (nix.Plan, error) {
	request := nix.BuildRequest{DryRun: true}
	for _, drv := range derivations {
		request.Installables = append(request.Installables, outputsOf(drv, nixVersion))
	}
	report, err := b.run.Build(ctx, request)
	return report.Plan, err
}
