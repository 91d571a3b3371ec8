package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/nixtars/ollama-bump/bump"
)

// settings is what one run is told: the options of the bump, and what concerns this command only.
type settings struct {
	bump.Options

	dryRun, noPR, check   bool // become Options.Mode
	json, full            bool
	verbose, quiet        bool
	showVersion, showHelp bool
}

// group is some flags under a heading of the help.
type group struct {
	title string
	set   *pflag.FlagSet
}

// newSettings returns the default settings.
func newSettings() *settings {
	return &settings{Options: bump.Options{
		Dir: ".", Verify: bump.VerifyHashes, Timeout: bump.DefaultTimeout, MaxWait: time.Minute,
	}}
}

// groups returns every flag, bound to s. Help, manual page, completions, the Action's inputs and the
// keys of the configuration file are made from them.
func (s *settings) groups() []group {
	return []group{s.modeFlags(), s.releaseFlags(), s.packageFlags(), s.pullRequestFlags(), s.otherFlags()}
}

// flags returns the flags of all groups as one set.
func (s *settings) flags() *pflag.FlagSet {
	all := pflag.NewFlagSet("ollama-bump", pflag.ContinueOnError)
	all.SortFlags = false
	for _, g := range s.groups() {
		all.AddFlagSet(g.set)
	}
	return all
}

func newGroup(title string) (group, *pflag.FlagSet) {
	set := pflag.NewFlagSet(title, pflag.ContinueOnError)
	set.SortFlags = false
	return group{title, set}, set
}

func (s *settings) modeFlags() group {
	g, set := newGroup("What to do (default: open or refresh a pull request)")
	set.BoolVar(&s.dryRun, "dry-run", false,
		"compute everything, change nothing: print the diff (for git apply) and the pull request")
	set.BoolVar(&s.noPR, "no-pr", false, "change the files in DIR and open no pull request")
	set.BoolVar(&s.check, "check", false, "only look for a newer release, without Nix; exit status 3 if there is one")
	set.BoolVar(&s.Unpin, "unpin", false, "remove the pin when nixpkgs has caught up with it, else bump it")
	set.StringVar(&s.Dir, "flake", s.Dir, "bump the flake in `DIR`, which may lie below the repository's root")
	return g
}

func (s *settings) releaseFlags() group {
	g, set := newGroup("Which release")
	set.StringVar(&s.To, "to", "", "bump to release `X.Y.Z` instead of the newest stable one")
	set.BoolVar(&s.Pre, "pre", false, "include release candidates")
	set.Var(&age{to: &s.MinAge}, "min-age", "wait until a release is `AGE` old, such as 3d or 36h; --to does not wait")
	set.Var(&list{to: &s.Skip}, "skip", "never take release `X.Y.Z`, X.Y.x or X.x; repeatable or comma-separated")
	set.StringVar(&s.Allow, "allow", "", "take only releases that meet `CONSTRAINT`, such as '<0.33'")
	set.BoolVar(&s.IgnoreGo, "ignore-go", false, "take a release that needs a newer Go than nixpkgs has")
	set.BoolVar(&s.AllowDowngrade, "allow-downgrade", false, "let --to go below the pinned version")
	set.BoolVar(&s.Force, "force", false,
		"work the hashes out again although the version is current: repairs a wrong hash, shows a re-tagged release")
	set.BoolVar(&s.AcceptRetag, "accept-retag", false,
		"take the new hash of a release whose source changed under the same version")
	return g
}

func (s *settings) packageFlags() group {
	g, set := newGroup("Package and verification")
	set.StringVar(&s.Attr, "attr", "",
		"flake attribute `PATH` of the package, such as packages.x86_64-linux.ollama (default: auto-detected)")
	set.Var(&level{&s.Options}, "verify",
		"verification `LEVEL`: hashes, eval (also evaluate every configuration), build (also build and run the "+
			"package) or build=ATTR,ATTR (these outputs instead)")
	return g
}

func (s *settings) pullRequestFlags() group {
	g, set := newGroup("The pull request")
	set.StringVar(&s.Repo, "repo", "",
		"repository `OWNER/NAME` (default: $GITHUB_REPOSITORY, else the git remote origin)")
	set.StringVar(&s.Base, "base", "", "`BRANCH` to merge into (default: the repository's default branch)")
	set.StringVar(&s.Branch, "branch", "", "branch `NAME` to push (default: ollama-bump/X.Y.Z)")
	set.Var(&list{to: &s.Labels}, "label", "add label `NAME`; repeatable or comma-separated")
	set.Var(&list{to: &s.Reviewers}, "reviewer",
		"request a review from `USER` or ORG/TEAM; repeatable or comma-separated")
	set.Var(&list{to: &s.Assignees}, "assignee", "assign `USER`; repeatable or comma-separated")
	set.StringVar(&s.Title, "title", "", "use `TEMPLATE` for the title (Go text/template)")
	set.StringVar(&s.CommitMessage, "commit-message", "", "use `TEMPLATE` for the commit message")
	set.StringVar(&s.BodyAppend, "body-append", "", "add `TEMPLATE` to the end of the body")
	set.BoolVar(&s.Draft, "draft", false, "open it as a draft")
	set.BoolVar(&s.AutoMerge, "auto-merge", false,
		"let GitHub merge it once its checks pass, where the repository allows that")
	set.BoolVar(&s.Recreate, "recreate", false, "propose again a version whose pull request somebody closed")
	set.StringVar(&s.APIURL, "api-url", "",
		"`URL` of the repository's API (default: $GITHUB_API_URL, else https://api.github.com)")
	set.StringVar(&s.UpstreamAPIURL, "upstream-api-url", "",
		"`URL` of the API that lists ollama's releases (default: $OLLAMA_BUMP_UPSTREAM_API_URL, "+
			"else https://api.github.com)")
	return g
}

func (s *settings) otherFlags() group {
	g, set := newGroup("Output and limits")
	set.BoolVar(&s.json, "json", false, "print the result as one JSON object")
	set.BoolVar(&s.full, "full", false, "with --dry-run on a terminal, show all of the pull request")
	set.Var(&duration{to: &s.Timeout, example: "45m"}, "timeout", "give up after `TIME`, such as 45m")
	set.Var(&duration{to: &s.MaxWait, example: "60s"}, "max-wait",
		"wait at most `TIME` for one of GitHub's rate limits")
	set.BoolVarP(&s.verbose, "verbose", "v", false, "also print every Nix command and build logs")
	set.BoolVarP(&s.quiet, "quiet", "q", false, "print only warnings and errors")
	set.BoolVar(&s.showVersion, "version", false, "print the version of ollama-bump")
	set.BoolVarP(&s.showHelp, "help", "h", false, "show this help")
	return g
}

// takeArgs keeps the arguments after -- for Nix. dash is the count of arguments before it, -1 without it.
func (s *settings) takeArgs(dash int, args []string) error {
	before := args
	if dash >= 0 {
		before, s.NixArgs = args[:dash], args[dash:]
	}
	if len(before) > 0 {
		return &bump.UsageError{
			Text: fmt.Sprintf("unexpected argument %q", before[0]), Hint: suggestFor(s.flags(), before[0]),
		}
	}
	return nil
}

// proposalFlags are the flags that shape a pull request and nothing else.
var proposalFlags = []string{
	"base", "branch", "label", "reviewer", "assignee", "draft", "auto-merge", "recreate",
	"title", "commit-message", "body-append",
}

// conflicts returns a usage error for flags of the command line that contradict each other. What is
// wrong with the value of one is for bump.Options.Check to say.
func conflicts(given *pflag.FlagSet) error {
	on := func(name string) bool {
		f := given.Lookup(name)
		return f != nil && f.Changed && f.Value.String() != "false"
	}
	shaping := func(without ...string) string { // the first flag that shapes a pull request
		for _, name := range proposalFlags {
			if on(name) && given.Lookup(name).Value.String() != "" && !slices.Contains(without, name) {
				return name
			}
		}
		return ""
	}
	written, checked := shaping(), shaping("base", "branch") // a check may look for the pull request
	for _, c := range []struct {
		wrong bool
		text  string
	}{
		{on("dry-run") && on("check"), "--dry-run and --check cannot be used together"},
		{on("unpin") && on("check"), "--check and --unpin cannot be used together"},
		{on("verbose") && on("quiet"), "--verbose and --quiet cannot be used together"},
		{on("check") && on("force"), "--check starts no Nix, so --force cannot resolve hashes"},
		{on("no-pr") && written != "", "--no-pr and --" + written + " cannot be used together"},
		{on("check") && checked != "", "--check and --" + checked + " cannot be used together"},
		{on("allow-downgrade") && !given.Changed("to"), "--allow-downgrade needs --to"},
	} {
		if c.wrong {
			return usage("%s", c.text)
		}
	}
	return nil
}

// validate returns a usage error for a value that cannot be right, whatever the flake and GitHub say.
func (s *settings) validate() error {
	if err := wrongURL("--api-url", s.APIURL); err != nil {
		return err
	}
	if err := wrongURL("--upstream-api-url", s.UpstreamAPIURL); err != nil {
		return err
	}
	return s.Options.Check()
}

// wrongURL returns what is wrong with an API's address. The address itself is not repeated: somebody
// may have put a password in it.
func wrongURL(flag, address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return usage("%s must be an address such as https://github.example.com/api/v3", flag)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return usage("%s must be an address without user, query or fragment; the token comes from $GITHUB_TOKEN", flag)
	}
	return nil
}

// mode returns what the three flags say together. --no-pr beside one of the others is what that one would
// look at, not something to do.
func (s *settings) mode() bump.Mode {
	switch {
	case s.check:
		return bump.Check
	case s.dryRun:
		return bump.DryRun
	case s.noPR:
		return bump.Write
	}
	return bump.Propose
}

// usage returns a usage error.
func usage(format string, args ...any) error {
	return &bump.UsageError{Text: fmt.Sprintf(format, args...)}
}

// flagError says what is wrong with a flag as this program says it.
func flagError(set *pflag.FlagSet, err error) error {
	var invalid *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &invalid):
		return usage("--%s %v", invalid.GetFlag().Name,
			valueError(invalid.GetFlag(), invalid.GetValue(), invalid.Unwrap()))
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		return &bump.UsageError{Text: err.Error(), Hint: suggestFlag(set, unknown.GetSpecifiedName())}
	}
	return usage("%v", err)
}

// valueError says what a flag's value must be. Our own values say it themselves.
func valueError(f *pflag.Flag, value string, err error) error {
	if f.Value.Type() == "bool" {
		return fmt.Errorf("must be true or false, not %q", value)
	}
	return err
}

// list is a flag of several values, split at commas and line ends, without blanks and repetitions. What
// is set first replaces what stood there by default.
type list struct {
	to    *[]string
	begun bool
}

func (l *list) Type() string { return "list" }

func (l *list) String() string {
	if l.to == nil || len(*l.to) == 0 {
		return ""
	}
	return strings.Join(*l.to, ",")
}

func (l *list) Set(value string) error {
	if !l.begun {
		*l.to, l.begun = nil, true
	}
	for _, item := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(",\n\r", r) }) {
		if item = strings.TrimSpace(item); item != "" && !slices.Contains(*l.to, item) {
			*l.to = append(*l.to, item)
		}
	}
	return nil
}

// duration is a flag that takes a time above zero.
type duration struct {
	to      *time.Duration
	example string
}

func (d *duration) Type() string { return "duration" }

func (d *duration) String() string {
	if d.to == nil || *d.to == 0 {
		return ""
	}
	text := d.to.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func (d *duration) Set(value string) error {
	parsed, err := time.ParseDuration(value)
	if err != nil || parsed <= 0 {
		return fmt.Errorf("must be a time above zero such as %s, not %q", d.example, value)
	}
	*d.to = parsed
	return nil
}

// age is a flag that takes a time in days or as Go writes it. A bare number could be anything.
type age struct {
	to   *time.Duration
	text string // as it was given
}

func (a *age) Type() string { return "age" }

func (a *age) String() string { return a.text }

const day = 24 * time.Hour

func (a *age) Set(value string) error {
	wrong := fmt.Errorf("must be an age such as 3d or 36h, not %q", value)
	if strings.HasPrefix(value, "-") || strings.HasPrefix(value, "+") {
		return wrong
	}
	if days, ok := strings.CutSuffix(value, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return wrong
		}
		*a.to, a.text = time.Duration(n)*day, value
		return nil
	}
	parsed, err := time.ParseDuration(value)
	if err != nil || !strings.ContainsAny(value, "hmsnuµ") {
		return wrong
	}
	*a.to, a.text = parsed, value
	return nil
}

// level is the flag for the depth of verification, build with the attributes to build: build=ATTR,ATTR.
type level struct{ o *bump.Options }

func (l *level) Type() string { return "level" }

func (l *level) String() string {
	if l.o == nil {
		return ""
	}
	if len(l.o.Build) > 0 {
		return string(l.o.Verify) + "=" + strings.Join(l.o.Build, ",")
	}
	return string(l.o.Verify)
}

func (l *level) Set(value string) error {
	name, attrs, some := strings.Cut(value, "=")
	l.o.Verify, l.o.Build = bump.VerifyLevel(name), nil
	if some && (l.o.Verify != bump.VerifyBuild || slices.Contains(strings.Split(attrs, ","), "")) {
		return fmt.Errorf("must be hashes, eval, build or build=ATTR,ATTR, not %q", value)
	}
	if some {
		l.o.Build = strings.Split(attrs, ",")
	}
	if !slices.Contains([]bump.VerifyLevel{bump.VerifyHashes, bump.VerifyEval, bump.VerifyBuild}, l.o.Verify) {
		return fmt.Errorf("must be hashes, eval, build or build=ATTR,ATTR, not %q", value)
	}
	return nil
}
