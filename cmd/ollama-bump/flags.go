package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/nixtars/ollama-bump/bump"
)

// flags are the values of the command line.
type flags struct {
	dir                          string
	dryRun, noPR, check          bool
	to                           string
	pre, allowDowngrade          bool
	force, acceptRetag           bool
	attr, verify                 string
	repo, base, branch           string
	labels, reviewers, assignees []string
	draft, autoMerge, recreate   bool
	apiURL, upstreamAPIURL       string
	timeout, maxWait             time.Duration
	json, verbose, quiet         bool
	version, help                bool

	nixArgs []string
}

// group is some flags under a heading of the help.
type group struct {
	title string
	set   *pflag.FlagSet
}

// groups registers every flag. Help, manual page and completions are made from the usage strings here.
func (f *flags) groups() []group {
	return []group{f.modeFlags(), f.releaseFlags(), f.packageFlags(), f.pullRequestFlags(), f.otherFlags()}
}

func newGroup(title string) (group, *pflag.FlagSet) {
	set := pflag.NewFlagSet(title, pflag.ContinueOnError)
	set.SortFlags = false
	return group{title, set}, set
}

func (f *flags) modeFlags() group {
	g, set := newGroup("What to do (default: open or refresh a pull request)")
	set.BoolVar(&f.dryRun, "dry-run", false, "do everything but write and send: print the diff, which git apply takes, and the pull request")
	set.BoolVar(&f.noPR, "no-pr", false, "write the files below DIR and open no pull request")
	set.BoolVar(&f.check, "check", false, "only look, without Nix: exit status 3 when a newer release exists")
	set.StringVar(&f.dir, "flake", ".", "bump the flake in `DIR`, which may lie below the repository's root")
	return g
}

func (f *flags) releaseFlags() group {
	g, set := newGroup("Which release")
	set.StringVar(&f.to, "to", "", "bump to release `X.Y.Z` instead of the newest stable one")
	set.BoolVar(&f.pre, "pre", false, "let release candidates count too")
	set.BoolVar(&f.allowDowngrade, "allow-downgrade", false, "let --to go below what is pinned")
	set.BoolVar(&f.force, "force", false, "resolve the hashes again although the version is current: repairs a wrong hash, shows a re-tagged release")
	set.BoolVar(&f.acceptRetag, "accept-retag", false, "take the new hash of a release whose source changed under the same version")
	return g
}

func (f *flags) packageFlags() group {
	g, set := newGroup("Which package, and how sure to be")
	set.StringVar(&f.attr, "attr", "", "flake attribute `PATH` of the package, such as packages.x86_64-linux.ollama (default: found)")
	set.StringVar(&f.verify, "verify", string(bump.VerifyHashes), "`LEVEL` of proof: hashes (they build and the package carries them), eval (and every configuration evaluates) or build (and the package builds and runs)")
	return g
}

func (f *flags) pullRequestFlags() group {
	g, set := newGroup("The pull request")
	set.StringVar(&f.repo, "repo", "", "repository `OWNER/NAME` (default: $GITHUB_REPOSITORY, else the git remote origin)")
	set.StringVar(&f.base, "base", "", "`BRANCH` to merge into (default: the repository's default branch)")
	set.StringVar(&f.branch, "branch", "", "branch `NAME` to push (default: ollama-bump/X.Y.Z)")
	set.StringArrayVar(&f.labels, "label", nil, "add label `NAME`; repeatable, or with commas")
	set.StringArrayVar(&f.reviewers, "reviewer", nil, "ask `USER` or ORG/TEAM for a review; repeatable, or with commas")
	set.StringArrayVar(&f.assignees, "assignee", nil, "assign `USER`; repeatable, or with commas")
	set.BoolVar(&f.draft, "draft", false, "open it as a draft")
	set.BoolVar(&f.autoMerge, "auto-merge", false, "let GitHub merge it once its checks pass, where the repository allows that")
	set.BoolVar(&f.recreate, "recreate", false, "propose again a version whose pull request somebody closed")
	set.StringVar(&f.apiURL, "api-url", "", "`URL` of the API of the repository (default: $GITHUB_API_URL, else https://api.github.com)")
	set.StringVar(&f.upstreamAPIURL, "upstream-api-url", "", "`URL` of the API that ollama's releases are read from (default: $OLLAMA_BUMP_UPSTREAM_API_URL, else https://api.github.com)")
	return g
}

func (f *flags) otherFlags() group {
	g, set := newGroup("Output and limits")
	set.BoolVar(&f.json, "json", false, "print one JSON object on stdout and nothing else there")
	set.DurationVar(&f.timeout, "timeout", bump.DefaultTimeout, "give up after `TIME`, such as 45m")
	set.DurationVar(&f.maxWait, "max-wait", time.Minute, "wait at most `TIME` for one of GitHub's rate limits")
	set.BoolVarP(&f.verbose, "verbose", "v", false, "tell more of what happens")
	set.BoolVarP(&f.quiet, "quiet", "q", false, "tell nothing but warnings and errors")
	set.BoolVar(&f.version, "version", false, "print the version of ollama-bump")
	set.BoolVarP(&f.help, "help", "h", false, "show this help")
	return g
}

// takeArgs keeps what follows -- for Nix. dash is the count of arguments before it, -1 without it.
func (f *flags) takeArgs(dash int, args []string) error {
	before := args
	if dash >= 0 {
		before, f.nixArgs = args[:dash], args[dash:]
	}
	if len(before) > 0 {
		return &bump.UsageError{Text: fmt.Sprintf("unexpected argument %q: arguments for Nix stand after --, a folder after --flake", before[0])}
	}
	return nil
}

// conflicts returns what is wrong with the flags taken together, "" when nothing is. What is wrong with
// the value of one is bump.Options.Check's to say.
func (f *flags) conflicts() string {
	proposal := f.base != "" || f.branch != "" || f.draft || f.autoMerge || f.recreate ||
		len(f.labels)+len(f.reviewers)+len(f.assignees) > 0
	for _, c := range []struct {
		wrong bool
		text  string
	}{
		{f.dryRun && f.noPR, "--dry-run and --no-pr exclude each other"},
		{f.dryRun && f.check, "--dry-run and --check exclude each other"},
		{f.noPR && f.check, "--no-pr and --check exclude each other"},
		{f.verbose && f.quiet, "--verbose and --quiet exclude each other"},
		{f.check && f.force, "--check starts no Nix, so --force cannot resolve hashes"},
		{f.noPR && proposal, "--no-pr opens no pull request, so flags that shape one have no effect"},
		{f.check && proposal, "--check opens no pull request, so flags that shape one have no effect"},
		{f.allowDowngrade && f.to == "", "--allow-downgrade needs --to"},
		{f.dir == "", "--flake needs a folder"},
		{f.timeout <= 0, "--timeout takes a time above zero, such as 45m"},
		{f.maxWait <= 0, "--max-wait takes a time above zero, such as 60s"},
	} {
		if c.wrong {
			return c.text
		}
	}
	if text := wrongURL("--api-url", f.apiURL); text != "" {
		return text
	}
	return wrongURL("--upstream-api-url", f.upstreamAPIURL)
}

// wrongURL says what is wrong with an API's address. The address itself is not repeated: somebody
// may have put a password in it.
func wrongURL(flag, address string) string {
	if address == "" {
		return ""
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return flag + " takes an address such as https://github.example.com/api/v3"
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return flag + " takes an address without user, query or fragment; the token comes from $GITHUB_TOKEN"
	}
	return ""
}

// options checks the flags and turns them into bump's.
func (f *flags) options(p *program) (bump.Options, error) {
	f.labels, f.reviewers, f.assignees = list(f.labels), list(f.reviewers), list(f.assignees)
	if text := f.conflicts(); text != "" {
		return bump.Options{}, &bump.UsageError{Text: text}
	}
	opts := bump.Options{
		Dir: f.dir, Mode: f.mode(),
		To: f.to, Pre: f.pre, AllowDowngrade: f.allowDowngrade, Force: f.force, AcceptRetag: f.acceptRetag,
		Attr: f.attr, Verify: bump.VerifyLevel(f.verify),
		Repo: f.repo, Base: f.base, Branch: f.branch,
		Labels: f.labels, Reviewers: f.reviewers, Assignees: f.assignees,
		Draft: f.draft, AutoMerge: f.autoMerge, Recreate: f.recreate,
		APIURL: f.apiURL, UpstreamAPIURL: f.upstreamAPIURL,
		NixArgs: f.nixArgs, Env: p.env,
		Timeout: f.timeout, MaxWait: f.maxWait,
		Version: programVersion(),
	}
	return opts, opts.Check()
}

func (f *flags) mode() bump.Mode {
	switch {
	case f.dryRun:
		return bump.DryRun
	case f.noPR:
		return bump.Write
	case f.check:
		return bump.Check
	}
	return bump.Propose
}

// list splits values at commas and line ends, and drops blanks and repetitions.
func list(values []string) []string {
	var all []string
	seen := map[string]bool{}
	for _, value := range values {
		for _, item := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' }) {
			item = strings.TrimSpace(item)
			if item != "" && !seen[item] {
				seen[item] = true
				all = append(all, item)
			}
		}
	}
	return all
}
