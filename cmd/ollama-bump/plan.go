package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/nixtars/ollama-bump/bump"
)

// task is the bump of one flake.
type task struct {
	flake string // as it was named; "" when it is the only one
	*settings
	set     *pflag.FlagSet    // bound to the settings
	origins map[string]string // of the values, by flag
}

// plan returns what is to be bumped: for each flake the settings that the command line, the environment
// and the configuration file make together.
func (p *program) plan(given *pflag.FlagSet, nixArgs []string) ([]task, error) {
	dir, chosen := given.Lookup("flake").Value.String(), given.Changed("flake")
	if named := p.getenv(variable("flake")); !chosen && named != "" {
		dir, chosen = named, true
	}
	if !chosen {
		dir = p.dir
	}
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	start := findFlake(dir)
	config, err := findConfiguration(start)
	if err != nil {
		return nil, err
	}
	if config == nil {
		config = &configuration{dir: start}
	}
	var runs []task
	for _, own := range config.chosen(chosen, start) {
		r, err := p.resolve(given, config, own)
		if err != nil {
			return nil, err
		}
		r.NixArgs = nixArgs
		if err := r.place(config, own, start, chosen); err != nil {
			return nil, err
		}
		if err := r.validate(); err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// place finds the folder of a run's flake. A flake of a list gets branches of its own.
func (r *task) place(config *configuration, own section, start string, chosen bool) error {
	inFile, ok := own["flake"]
	if ok {
		r.flake = filepath.ToSlash(filepath.Clean(inFile.values[0]))
		if r.flake != "." {
			r.BranchFolder = r.flake
		}
	} else if !chosen {
		inFile, ok = config.common["flake"]
	}
	if !ok {
		r.Dir = start
		return noFlake(start)
	}
	r.Dir = filepath.Join(config.dir, inFile.values[0])
	r.origins["flake"] = r.from(inFile)
	this := filepath.Join(config.dir, filepath.Base(config.name))
	if other := filepath.Join(r.Dir, configName); exists(other) && absolute(other) != absolute(this) {
		return &usageAt{&bump.Error{
			Pos:  inFile.pos,
			Text: "read configuration: the flake in " + inFile.values[0] + " has a file of its own",
			Hint: "keep one of the two files",
		}}
	}
	return nil
}

// noFlake returns the error for a folder of a repository that is in no flake, when there are some below it.
func noFlake(dir string) error {
	if repositoryRoot(dir) == "" {
		return nil // all of the machine may be below it
	}
	below := flakesBelow(dir)
	if exists(filepath.Join(dir, "flake.nix")) || len(below) == 0 {
		return nil
	}
	return &bump.Error{
		Text: "open flake: no flake.nix in " + absolute(dir) + ", nor in a folder that it is in",
		Hint: "there is one in " + strings.Join(below, ", ") + ": write Options.Dir=" + below[0],
	}
}

// chosen returns the sections of the flakes to bump: all of the file, or the one that the command line
// names. A flake that the file does not list has no section of its own.
func (c *configuration) chosen(one bool, start string) []section {
	if len(c.flakes) == 0 {
		return []section{nil}
	}
	if !one {
		return c.flakes
	}
	for _, own := range c.flakes {
		if absolute(filepath.Join(c.dir, own["flake"].values[0])) == absolute(start) {
			return []section{own}
		}
	}
	return []section{nil}
}

// variable returns the environment variable for a key of the configuration file.
func variable(key string) string {
	return "OLLAMA_BUMP_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// resolve finds the value of every flag: that of the command line, of the environment, of the flake's own
// section, of the file's common keys, or the default.
func (p *program) resolve(given *pflag.FlagSet, config *configuration, own section) (task, error) {
	r := task{settings: newSettings(), origins: map[string]string{}}
	r.set = r.flags()
	var wrong error
	r.set.VisitAll(func(f *pflag.Flag) {
		value := p.getenv(variable(f.Name))
		inFile, ok := own[f.Name]
		if !ok {
			inFile, ok = config.common[f.Name]
		}
		var err error
		switch keyed := !slices.Contains(unconfigurable, f.Name); {
		case given.Changed(f.Name):
			r.origins[f.Name] = "command line"
			err = copyValue(f, given.Lookup(f.Name))
		case keyed && value != "":
			r.origins[f.Name] = "$" + variable(f.Name)
			if err = checkAlone(f.Name, []string{value}); err != nil {
				err = usage("$%s %v", variable(f.Name), err)
			} else {
				err = f.Value.Set(value)
			}
		case keyed && ok:
			r.origins[f.Name] = r.from(inFile)
			for _, value := range inFile.values {
				err = cmp.Or(err, f.Value.Set(value))
			}
		default:
			r.origins[f.Name] = "default"
		}
		wrong = cmp.Or(wrong, err)
	})
	// What the file or the environment says and does not concern the run is no contradiction.
	if r.check && r.origins["force"] != "command line" {
		r.Force = false
	}
	if r.check && r.origins["unpin"] != "command line" {
		r.Unpin = false
	}
	if r.verbose && r.origins["verbose"] == "command line" && r.origins["quiet"] != "command line" {
		r.quiet = false
	}
	return r, wrong
}

// from names the place of a value in the file.
func (r task) from(e entry) string { return fmt.Sprintf("%s:%d", e.pos.File, e.pos.Line) }

// copyValue gives a flag the value of the same flag of another set.
func copyValue(to, from *pflag.Flag) error {
	if values, ok := from.Value.(*list); ok {
		return to.Value.Set(strings.Join(*values.to, ","))
	}
	return to.Value.Set(from.Value.String())
}
