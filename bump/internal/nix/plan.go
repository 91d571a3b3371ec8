package nix

import (
	"context"
	"regexp"
	"strconv"
	"strings"
)

// Plan is what building would take, as nix build --dry-run says.
type Plan struct {
	Builds   int      // derivations to build
	Build    []string // their paths, as many as are kept
	Fetches  int      // store paths to fetch
	Download int64    // bytes; 0 when unknown
	Unpacked int64    // bytes
}

// maxPlanned bounds the paths that are kept of a plan; a NixOS system has some thousands.
const maxPlanned = 10_000

// The heads of the plan's lists, since Nix 2.4; Nix before 2.26 has sizes in MiB only.
var (
	planBuild = regexp.MustCompile(`^(?:this|these (\d+)) derivations? will be built:$`)
	planFetch = regexp.MustCompile(`^(?:this|these (\d+)) paths? will be fetched ` +
		`\(` + planSize + ` download, ` + planSize + ` unpacked\):$`)
)

const planSize = `(\d+(?:\.\d+)?) ([KMGT]?i?B)`

// planReader reads a plan, message by message.
type planReader struct {
	plan     Plan
	building bool // the list of derivations to build is being read
}

// read takes one message of Nix. A trace of the evaluation begins with "trace:" and is none of these.
func (r *planReader) read(message string) {
	if path, ok := strings.CutPrefix(message, "  /"); ok {
		if r.building && len(r.plan.Build) < maxPlanned {
			r.plan.Build = append(r.plan.Build, "/"+path)
		}
		return
	}
	r.building = false
	if head := planBuild.FindStringSubmatch(message); head != nil {
		r.building = true
		r.plan.Builds += number(head[1])
	} else if head := planFetch.FindStringSubmatch(message); head != nil {
		r.plan.Fetches += number(head[1])
		r.plan.Download += bytesOf(head[2], head[3])
		r.plan.Unpacked += bytesOf(head[4], head[5])
	}
}

// number reads the number of a list; one of a single element has none.
func number(digits string) int {
	if digits == "" {
		return 1
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0 // longer than any real one
	}
	return n
}

// bytesOf reads a size as Nix prints it.
func bytesOf(amount, unit string) int64 {
	n, err := strconv.ParseFloat(amount, 64)
	factor := map[byte]float64{'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}[unit[0]]
	if factor == 0 {
		factor = 1
	}
	if n *= factor; err != nil || n > 1<<60 {
		return 0
	}
	return int64(n)
}

// Names returns what people call the derivations to build.
func (p *Plan) Names(ctx context.Context) []string {
	var all []string
	for _, path := range p.Build {
		name := derivationName(path)
		if name == sourceName {
			if d, err := ReadDerivation(ctx, path); err == nil {
				name = labelOf(path, d).full
			}
		}
		all = append(all, name)
	}
	return all
}
