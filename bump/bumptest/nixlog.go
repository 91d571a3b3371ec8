package bumptest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// NixRun is one Nix process that was started through the world's PATH.
type NixRun struct {
	Program  string   // nix, nix-build, …
	Args     []string // without the program
	EnvNames []string // names only: values may be secret
}

// wrapper records how it was started and becomes the real program. Each record is a file of its
// own, named by the process, so that processes at the same time do not mix.
const wrapper = `#!/bin/sh
record='%s'/%s-$$
%s
for word do printf '%%s\0' "$word"; done >"$record.args"
env -0 | tr '\n' ' ' | tr '\0' '\n' | sed 's/=.*//' >"$record.env"
exec '%s' "$@"
`

// writeWrappers puts a recording program in front of each of Nix's.
func (w *World) writeWrappers() error {
	records := filepath.Join(w.Dir, "log", "nix")
	bin := filepath.Join(w.Dir, "bin")
	if err := errors.Join(os.MkdirAll(records, 0o755), os.MkdirAll(bin, 0o755)); err != nil {
		return err
	}
	for _, program := range []string{
		"nix", "nix-build", "nix-store", "nix-instantiate", "nix-prefetch-url",
		"nix-hash",
	} {
		real, err := exec.LookPath(program)
		if err != nil {
			return fmt.Errorf("find %s: %w", program, err)
		}
		script := fmt.Sprintf(wrapper, records, program, w.countCalls, real)
		if err := os.WriteFile(filepath.Join(bin, program), []byte(script), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// CountCalls makes Nix count what Calls returns, which costs a little time.
func CountCalls() Option {
	return func(w *World) {
		w.countCalls = `export NIX_SHOW_STATS=1 NIX_COUNT_CALLS=1 NIX_SHOW_STATS_PATH="$record.stats"`
	}
}

// Calls is how often the Nix processes of NixRuns called the Nix function of that name. A world without CountCalls
// knows of none.
func (w *World) Calls(function string) int {
	w.tb.Helper()
	records, err := filepath.Glob(filepath.Join(w.Dir, "log", "nix", "*.stats"))
	w.fail("list statistics of Nix", err)
	calls := 0
	for _, record := range records {
		text, err := os.ReadFile(record)
		w.fail("read statistics of Nix", err)
		var stats struct {
			Functions []struct {
				Name  string
				Count int
			}
		}
		w.fail("read statistics of Nix", json.Unmarshal(text, &stats))
		for _, f := range stats.Functions {
			if f.Name == function {
				calls += f.Count
			}
		}
	}
	return calls
}

// HostFunction is the name of the function that is called each time that a NixOS, nix-darwin or home-manager
// configuration is evaluated.
const HostFunction = "hostModule"

// NixRuns lists the Nix processes that were started through the world's environment, oldest first.
func (w *World) NixRuns() []NixRun {
	w.tb.Helper()
	records, err := filepath.Glob(filepath.Join(w.Dir, "log", "nix", "*.args"))
	w.fail("list Nix processes", err)
	started := map[string]int64{}
	for _, record := range records {
		info, err := os.Stat(record)
		w.fail("list Nix processes", err)
		started[record] = info.ModTime().UnixNano()
	}
	sort.Slice(records, func(i, j int) bool { return started[records[i]] < started[records[j]] })
	var runs []NixRun
	for _, record := range records {
		args, err := os.ReadFile(record)
		w.fail("read a Nix process", err)
		names, err := os.ReadFile(strings.TrimSuffix(record, ".args") + ".env")
		if !errors.Is(err, fs.ErrNotExist) { // killed before it was written
			w.fail("read a Nix process", err)
		}
		base := filepath.Base(record)
		run := NixRun{Program: base[:strings.LastIndex(base, "-")], EnvNames: strings.Fields(string(names))}
		if len(args) > 0 {
			run.Args = strings.Split(strings.TrimSuffix(string(args), "\x00"), "\x00")
		}
		runs = append(runs, run)
	}
	return runs
}

// ForgetNixRuns empties the list of NixRuns.
func (w *World) ForgetNixRuns() {
	w.tb.Helper()
	for _, run := range w.NixRuns() {
		w.Saw("arguments of "+run.Program, strings.Join(run.Args, "\x00"))
	}
	dir := filepath.Join(w.Dir, "log", "nix")
	w.fail("forget Nix processes", errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)))
}

// Saw takes note of a text that a run in this world gave, where Token must not show.
func (w *World) Saw(name, text string) {
	if strings.Contains(text, Token) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.leaks = append(w.leaks, name)
	}
}

// allLeaks looks for Token in all that is left of a test.
func (w *World) allLeaks() []string {
	if w.GitHub == nil || w.net == nil {
		return nil // it never began
	}
	texts := map[string]string{}
	for _, call := range w.GitHub.Calls() {
		texts["body of "+call.Method+" "+call.Path] += string(call.Body)
		texts["query of "+call.Method+" "+call.Path] += call.Query.Encode()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(w.leaks, w.Leaks(Token, texts)...)
}

// Leaks lists the places where secret shows although it should not: Nix's arguments, requests to
// the world's network other than in an Authorization header for api.github.com, every file in the
// world (the tree, the store, temporary files, logs), and the named texts.
func (w *World) Leaks(secret string, texts map[string]string) []string {
	w.tb.Helper()
	var leaks []string
	for name, text := range texts {
		if strings.Contains(text, secret) {
			leaks = append(leaks, name)
		}
	}
	for _, run := range w.NixRuns() {
		if strings.Contains(strings.Join(run.Args, "\x00"), secret) {
			leaks = append(leaks, "arguments of "+run.Program)
		}
	}
	for _, request := range w.Requests() {
		for name, values := range request.Header {
			mayHave := name == "Authorization" && strings.HasPrefix(request.URL, "api.github.com/")
			if strings.Contains(strings.Join(values, "\n"), secret) && !mayHave {
				leaks = append(leaks, name+" of "+request.URL)
			}
		}
		if strings.Contains(request.URL, secret) {
			leaks = append(leaks, request.URL)
		}
	}
	w.fail("look for a secret", filepath.WalkDir(w.Dir, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(at)
		if strings.Contains(string(data), secret) {
			leaks = append(leaks, at)
		}
		return err
	}))
	sort.Strings(leaks)
	return leaks
}
