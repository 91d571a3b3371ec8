package bump

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/propose"
	releases "github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
)

// Mode says what a run does with what it finds.
type Mode int

// The modes. The zero value proposes a pull request.
const (
	Propose Mode = iota // open or refresh a pull request; the checkout is not touched
	DryRun              // neither write nor send
	Write               // replace the files under Options.Dir
	Check               // only look whether a newer release exists: no Nix, no write
)

// VerifyLevel says how far a bump is verified.
type VerifyLevel string

// The levels; the empty string means VerifyHashes.
const (
	VerifyHashes VerifyLevel = "hashes" // every hash builds and the package carries it
	VerifyEval   VerifyLevel = "eval"   // and every configuration that contains the package evaluates
	VerifyBuild  VerifyLevel = "build"  // and the package builds, and says its version
)

// Options is one bump. The zero value bumps the flake in the current directory to the newest
// stable release and proposes it to the repository of the git remote origin.
type Options struct {
	Dir  string // the flake's folder; "" is "."
	Mode Mode

	To             string // this release, with or without v; "" is the newest
	Pre            bool   // release candidates count too
	AllowDowngrade bool   // To may be lower than what is pinned
	Force          bool   // resolve the hashes although the version is current
	AcceptRetag    bool   // a hash that changed under the same version is no error

	MinAge   time.Duration // only releases at least this old, unless To names one
	Skip     []string      // never these: X.Y.Z, X.Y.x or X.x, unless To names one
	Allow    string        // only releases that meet this constraint of hashicorp/go-version, such as "< 0.33"
	IgnoreGo bool          // do not compare the release's Go with that of nixpkgs
	Unpin    bool          // remove a pin that nixpkgs has caught up with, instead of moving it

	Attr   string      // flake attribute of the package; "" finds it
	Verify VerifyLevel // "" is VerifyHashes
	Build  []string    // flake attributes that VerifyBuild builds; empty is the package

	Repo   string // OWNER/NAME; "" is $GITHUB_REPOSITORY, else the git remote origin
	Base   string // "" is the repository's default branch
	Branch string // "" is ollama-bump/VERSION
	// BranchFolder makes the default branch ollama-bump/FOLDER/VERSION, for several flakes of one repository.
	BranchFolder string
	Labels       []string
	Reviewers    []string // users, or teams as ORG/TEAM
	Assignees    []string
	Draft        bool
	AutoMerge    bool
	Recreate     bool // propose again what somebody closed

	// Unproposed makes Check look, with a token, for releases that still have to be proposed: one that is proposed, or
	// that somebody refused, is not available.
	Unproposed bool

	// Brief leaves out of Result.Body what only evaluating every configuration tells, for runs whose Body nobody reads.
	Brief bool

	// Templates of text/template with the fields of TemplateData. "" is the default text; BodyAppend adds to it.
	Title, CommitMessage, BodyAppend string

	APIURL         string // of the repository; "" is $GITHUB_API_URL, else https://api.github.com
	UpstreamAPIURL string // ollama's releases; "" is $OLLAMA_BUMP_UPSTREAM_API_URL, else https://api.github.com

	NixArgs []string // given to every Nix run
	Env     []string // the environment, as os.Environ has it; nil is os.Environ()

	Timeout time.Duration // for the whole run; 0 is DefaultTimeout
	MaxWait time.Duration // one wait for a rate limit; 0 is 60 seconds

	Progress func(Event) // is told what happens; may be nil; called from one goroutine at a time
	Version  string      // of this program, for the User-Agent and the report
}

// Check returns a *UsageError for values that cannot be right, whatever the flake and GitHub say.
func (o Options) Check() error {
	_, _, named := github.SplitRepository(o.Repo)
	branch := strings.TrimPrefix(o.Branch, propose.Refs)
	for _, c := range []struct {
		wrong bool
		text  string
	}{
		{
			o.Verify != "" && o.Verify != VerifyHashes && o.Verify != VerifyEval && o.Verify != VerifyBuild,
			fmt.Sprintf("Options.Verify must be hashes, eval or build, not %q", o.Verify),
		},
		{len(o.Build) > 0 && o.Verify != VerifyBuild, "Options.Build needs Options.Verify=build"},
		{o.Repo != "" && !named, fmt.Sprintf("Options.Repo must be OWNER/NAME, not %q", o.Repo)},
		{o.MinAge < 0, fmt.Sprintf("Options.MinAge must not be negative: %s", o.MinAge)},
		{
			o.Base != "" && !github.ValidBranch(o.Base),
			fmt.Sprintf("Options.Base: %q is not a valid branch name", o.Base),
		},
		{
			o.Branch != "" && !github.ValidBranch(o.Branch),
			fmt.Sprintf("Options.Branch: %q is not a valid branch name", o.Branch),
		},
		{
			o.BranchFolder != "" && !github.ValidBranch(propose.BranchPrefix+o.BranchFolder),
			fmt.Sprintf("Options.BranchFolder: git allows no branch below %q; set Options.Branch",
				propose.BranchPrefix+o.BranchFolder),
		},
		{
			o.Branch != "" && branch == strings.TrimPrefix(o.Base, propose.Refs),
			fmt.Sprintf("Options.Base and Options.Branch are both %q", branch),
		},
		{o.Unpin && o.Mode == Check, "Options.Unpin and Options.Mode=Check cannot be used together"},
	} {
		if c.wrong {
			return &UsageError{Text: c.text}
		}
	}
	if err := releases.Skips(o.Skip).Check(); err != nil {
		return &UsageError{Text: "Options.Skip " + err.Error()}
	}
	if err := releases.Allowed(o.Allow).Check(); err != nil {
		return &UsageError{Text: "Options.Allow " + err.Error()}
	}
	if err := o.templates().Check(); err != nil {
		usage := &UsageError{Text: err.Error()}
		if wrong := (*text.TemplateError)(nil); errors.As(err, &wrong) {
			usage.Hint = wrong.Hint()
		}
		return usage
	}
	if o.To == "" {
		return nil
	}
	_, err := parseTo(o.To)
	return err
}

// TemplateData is what the templates of Options may name.
type TemplateData = text.Fields

func (o Options) templates() text.Templates {
	return text.Templates{Title: o.Title, Message: o.CommitMessage, Append: o.BodyAppend}
}

// Event is one thing to tell whoever watches.
type Event = diag.Event

// EventKind says how loud an Event is.
type EventKind = diag.EventKind

// The kinds.
const (
	Step    = diag.Step    // a stage begins or ends: a line in CI, the live line on a terminal
	Detail  = diag.Detail  // with -v only
	Live    = diag.Live    // what Nix does just now: the live line only, never a line in CI
	Warning = diag.Warning // always shown
)

// Status is how a run ended.
type Status string

// The statuses.
const (
	Bumped    Status = "bumped"    // files written, or a pull request created or updated
	Current   Status = "current"   // nothing to do
	Available Status = "available" // a newer release exists (Check, DryRun)
	Skipped   Status = "skipped"   // people had the last word: a closed pull request, say
)

// Result is what a run did; it marshals to a JSON object.
type Result struct {
	Schema     int    `json:"schema"` // 1
	Status     Status `json:"status"`
	Reason     string `json:"reason,omitempty"` // why nothing was proposed: one sentence without a full stop
	OldVersion string `json:"old_version"`
	NewVersion string `json:"new_version"`

	// What nixpkgs has without the pin; a run that evaluates nothing does not know. Of several pins it is the
	// first, and Pins has all.
	BaseVersion string    `json:"base_version,omitempty"`
	PinState    PinState  `json:"pin_state,omitempty"`
	Pins        []PinInfo `json:"pins,omitempty"`
	Unpinned    bool      `json:"unpinned,omitempty"` // the pin is removed: NewVersion is the base's

	Files       []FileChange `json:"files"`
	Diff        string       `json:"diff"` // unified, paths from the repository's root
	PullRequest *PullRequest `json:"pull_request,omitempty"`
	Warnings    []string     `json:"warnings,omitempty"`
	Security    []Advisory   `json:"security,omitempty"` // what the bump fixes
	Verified    []Verified   `json:"verified,omitempty"` // what was checked of each output

	Title string `json:"title,omitempty"` // of the pull request, proposed or shown by a dry run
	Body  string `json:"body,omitempty"`  // of it, in Markdown
}

// Verified is how far an output of the flake was checked.
type Verified struct {
	Attr   string `json:"attr"` // packages.x86_64-linux.ollama, nixosConfigurations.desk
	System string `json:"system"`
	Level  string `json:"level"` // ran, built, evaluated or unchecked
}

// Advisory is a vulnerability in what is pinned.
type Advisory = text.Advisory

// FileChange is what changes in one file.
type FileChange struct {
	Path  string `json:"path"` // from the repository's root, with slashes
	Edits []Edit `json:"edits"`
}

// Edit is one rewritten value.
type Edit = source.Edit

// PullRequest is what became of the proposal.
type PullRequest struct {
	Number    int    `json:"number"`
	URL       string `json:"url"`
	Branch    string `json:"branch"`
	Operation string `json:"operation"` // created, updated, none
}

// ErrNoToken is the cause of an Error about a proposal without a token.
var ErrNoToken = propose.ErrNoToken

// UsageError is a wrong combination of options (exit status 2).
type UsageError struct {
	Text string
	Hint string // what to do; "" where the documentation of the option says it
}

func (e *UsageError) Error() string { return e.Text }

// Pos is a place in a file of the flake.
type Pos = diag.Pos

// Error is a failed run: where, what and what to do.
type Error = diag.Error

// Printable returns foreign text as one line that is safe to show: without escape sequences, control
// characters, what reorders or hides text, and commands for CI runners.
func Printable(text string) string { return diag.Line(text) }

// WithoutCommands returns text in which no CI runner finds a command, and everything else as it was.
func WithoutCommands(text string) string { return diag.Neutral(text) }

// PrintableLines is Printable for text of several lines.
func PrintableLines(text string) string { return diag.Lines(text) }

// Secrets are texts that no output may show.
type Secrets = diag.Secrets

// SecretsOf returns the secrets of an environment.
func SecretsOf(env []string) Secrets { return diag.SecretsOf(env) }

// DefaultTimeout bounds a run whose Options name no timeout.
const DefaultTimeout = 2 * time.Hour

// System is this machine as Nix names it, such as x86_64-linux.
func System() string { return pin.System() }
