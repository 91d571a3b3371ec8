package text

import (
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/notes"
)

const maxNames = 12 // of derivations and outputs in one line

// effect says what the bump changes in what the flake builds, and what building that takes.
func effect(e Effect) string {
	var lines []string
	lines = append(lines, e.changes()...)
	if e.Plan != nil {
		lines = append(lines, e.Plan.line())
	}
	switch {
	case e.Missing == "":
	case len(e.Outputs) > 0:
		lines = append(lines, "The rest was not compared: "+sentence(e.Missing))
	default:
		lines = append(lines, "Not compared: "+sentence(e.Missing))
	}
	text := section("What changes", lines)
	rebuilt := e.rebuilt()
	if text == "" || len(rebuilt) == 0 {
		return text
	}
	return text + fold("What is rebuilt", bullets(rebuilt))
}

// changes lists what changes, one line for the outputs in which it is the same.
func (e Effect) changes() []string {
	var all []string // in the order of the first output
	outputs := map[string][]string{}
	for _, o := range e.Outputs {
		text := o.text()
		if outputs[text] == nil {
			all = append(all, text)
		}
		outputs[text] = append(outputs[text], o.Name)
	}
	for i, text := range all {
		all[i] = names(outputs[text], maxNames) + ": " + text
	}
	return all
}

func (o OutputChange) text() string {
	if o.Missing != "" {
		return "not compared: " + sentence(o.Missing)
	}
	var parts []string
	for _, u := range o.Updated {
		parts = append(parts, u.text())
	}
	if len(parts) > maxNames {
		parts = append(parts[:maxNames], fmt.Sprintf("and %d more", len(parts)-maxNames))
	}
	text := strings.Join(parts, ", ")
	switch n := len(o.Rebuilt); {
	case n > 0 && text != "":
		text += "; " + are(n, "other") + " rebuilt"
	case n > 0:
		text = are(n, "derivation") + " rebuilt"
	}
	if text == "" {
		return "nothing changes"
	}
	return text + "; nothing else changes"
}

// are is count with the verb.
func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return count(n, noun) + " are"
}

func (u Update) text() string {
	name := notes.Text(clip(u.Name))
	switch {
	case u.Old == "" && u.New == "":
		return name
	case u.Old == "":
		return name + " " + plain(u.New) + " (new)"
	case u.New == "":
		return name + " " + plain(u.Old) + " (gone)"
	}
	return name + " " + plain(u.Old) + " → " + plain(u.New)
}

// rebuilt lists the names of Rebuilt of all outputs, one line an output.
func (e Effect) rebuilt() []string {
	var lines []string
	for _, o := range e.Outputs {
		if len(o.Rebuilt) > 0 {
			lines = append(lines, notes.Code(clip(o.Name))+": "+names(o.Rebuilt, 4*maxNames))
		}
	}
	return lines
}

// names lists names as code, as many as limit.
func names(all []string, limit int) string {
	var parts []string
	for i, name := range all {
		if i == limit {
			parts = append(parts, fmt.Sprintf("and %d more", len(all)-limit))
			break
		}
		parts = append(parts, notes.Code(clip(name)))
	}
	return strings.Join(parts, ", ")
}

func (p *Plan) line() string {
	if p.Missing != "" {
		return "Build plan: not known: " + sentence(p.Missing)
	}
	elsewhere := ""
	if len(p.Elsewhere) > 0 {
		elsewhere = "; built on other systems: " + names(p.Elsewhere, maxNames)
	}
	if p.Builds == 0 && p.Fetch == 0 {
		return "Build plan: nothing to build or fetch" + elsewhere
	}
	build := "nothing to build"
	if p.Builds > 0 {
		build = count(p.Builds, "derivation") + " to build"
		if len(p.Build) > 0 {
			build += " (" + names(p.Build, maxNames) + ")"
		}
	}
	fetch := "nothing to fetch"
	if p.Fetch > 0 {
		fetch = count(p.Fetch, "path") + " to fetch"
		if p.Download > 0 {
			fetch += fmt.Sprintf(" (%s, %s unpacked)", size(p.Download), size(p.Unpacked))
		}
	}
	return "Build plan: " + build + ", " + fetch + elsewhere
}

// size is a number of bytes as Nix writes it.
func size(bytes int64) string {
	switch {
	case bytes >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
}
