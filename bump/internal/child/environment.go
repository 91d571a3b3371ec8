package child

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind says what a program needs of the caller's environment.
type Kind int

// The kinds of programs.
const (
	// Nix reads inputs, caches and stores as the caller's own nix would. Its access token is no part of
	// this: package nix adds it.
	Nix Kind = iota
	// Git reads the caller's repository. It needs the caller's configuration, which says what repositories
	// of other owners are trusted, and no token.
	Git
	// Bare is git in a repository of our own: nothing that the caller configured may act there.
	Bare
)

// allowed are the variables that a kind of program gets; a * at an end of a name stands for anything.
//
// Of the caller's GIT_* only those pass that choose certificates, keys and configuration files. None that
// chooses a repository, an index, objects or hooks does: they are set when a hook of git runs us, and
// mean the caller's repository, not the one that the child is to look at.
var allowed = map[Kind][]string{
	Nix: {
		"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LC_*", "LOCALE_ARCHIVE", "XDG_*",
		"NIX_*", "NIXPKGS_*", "LD_LIBRARY_PATH", "DYLD_*", "GC_*", "OBJC_DISABLE_INITIALIZE_FORK_SAFETY",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "KRB5CCNAME", "AWS_*",
		"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
		"FTP_PROXY", "ALL_PROXY", "NO_PROXY", "SOCKS_SERVER",
		// impureEnvVars of nixpkgs' fetchers and of buildGoModule
		"GOPROXY", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOSUMDB", "GOINSECURE", "GOTOOLCHAIN",
		"GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_PROXY_COMMAND",
		"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
	},
	Git: {
		"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "XDG_CONFIG_HOME",
		"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
	},
	Bare: {"PATH", "TMPDIR", "TZ"},
}

// Environment returns what a kind of program gets of the caller's environment.
func Environment(env []string, kind Kind) []string {
	kept := []string{}
	for _, entry := range env {
		name, _, ok := strings.Cut(entry, "=")
		if ok && matches(allowed[kind], name) {
			kept = append(kept, entry)
		}
	}
	if kind == Git {
		kept = append(kept, safeDirectories(env)...)
	}
	return kept
}

// safeDirectories are the repositories of other owners that the caller trusts by variables, as containers do,
// for they have no file to write it in. Any other setting could make git run a program or look elsewhere.
func safeDirectories(env []string) []string {
	count, err := strconv.Atoi(Getenv(env, "GIT_CONFIG_COUNT"))
	if err != nil || count > maxSettings {
		return nil
	}
	var kept []string
	n := 0
	for i := range count {
		number := strconv.Itoa(i)
		if strings.EqualFold(Getenv(env, "GIT_CONFIG_KEY_"+number), "safe.directory") {
			kept = append(kept, fmt.Sprintf("GIT_CONFIG_KEY_%d=safe.directory", n),
				fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", n, Getenv(env, "GIT_CONFIG_VALUE_"+number)))
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return append(kept, fmt.Sprintf("GIT_CONFIG_COUNT=%d", n))
}

// maxSettings bounds how many settings are looked through.
const maxSettings = 1000

// Impure returns the environment of a Nix whose evaluation may read variables, because the caller asked for
// it with --impure: everything but tokens, the files by which a step talks to its CI, and what the
// allow-list keeps away from git.
func Impure(env []string) []string {
	kept := []string{}
	for _, entry := range env {
		name, _, ok := strings.Cut(entry, "=")
		if ok && (matches(allowed[Nix], name) || !matches(secret, name)) {
			kept = append(kept, entry)
		}
	}
	return kept
}

// secret are the variables that not even an impure evaluation reads.
var secret = []string{
	"GITHUB_*", "GH_*", "GITEA_*", "FORGEJO_*", "ACTIONS_*", "RUNNER_*", "INPUT_*", "CI_JOB_TOKEN",
	"SYSTEM_ACCESSTOKEN", "GIT_*", "*_TOKEN", "*_SECRET", "*_PASSWORD",
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		prefix, start := strings.CutSuffix(pattern, "*")
		suffix, end := strings.CutPrefix(pattern, "*")
		return start && strings.HasPrefix(name, prefix) || end && strings.HasSuffix(name, suffix) || pattern == name
	})
}

// With returns an environment with variables set; one that is set to nothing is removed.
func With(env []string, settings ...string) []string {
	out := make([]string, 0, len(env)+len(settings))
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		replaced := slices.ContainsFunc(settings, func(s string) bool { return strings.HasPrefix(s, name+"=") })
		if !replaced {
			out = append(out, entry)
		}
	}
	for _, setting := range settings {
		if !strings.HasSuffix(setting, "=") {
			out = append(out, setting)
		}
	}
	return out
}
