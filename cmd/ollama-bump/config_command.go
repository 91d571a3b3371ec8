package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// configCommand prints the values that a run would have, as a configuration file, and where each is from.
func configCommand(p *program) *cobra.Command {
	s := newSettings()
	cmd := &cobra.Command{
		Use:                   "config [flags]",
		Short:                 "print the effective configuration, and where each value comes from",
		Args:                  cobra.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := conflicts(cmd.Flags())
			if err == nil {
				err = p.printConfig(cmd.Flags())
			}
			if err != nil {
				p.status = p.fail(err)
			}
			return nil
		},
	}
	for _, g := range s.groups() {
		cmd.Flags().AddFlagSet(g.set)
	}
	cmd.Flags().SortFlags = false
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagError(cmd.Flags(), err) })
	return cmd
}

// printConfig writes the settings of every flake.
func (p *program) printConfig(given *pflag.FlagSet) error {
	runs, err := p.plan(given, nil)
	if err != nil {
		return err
	}
	var b strings.Builder
	if runs[0].flake == "" {
		writeConfig(&b, runs[0], "")
		return mustWrite(p.stdout, b.String())
	}
	b.WriteString("flakes:\n")
	for _, r := range runs {
		writeConfig(&b, r, "    ")
	}
	return mustWrite(p.stdout, b.String())
}

// writeConfig writes the keys of one flake, each with its origin in a comment.
func writeConfig(b *strings.Builder, r task, indent string) {
	var lines [][2]string
	width := 0
	keys(r.set, func(f *pflag.Flag) {
		value := scalar(f.Value.String())
		if values, ok := f.Value.(*list); ok {
			value = sequence(*values.to)
		}
		if f.Name == "flake" {
			value = scalar(cmp.Or(r.flake, r.Dir))
		}
		line := f.Name + ": " + value
		width = max(width, len(line))
		lines = append(lines, [2]string{line, r.origins[f.Name]})
	})
	for i, line := range lines {
		start := indent
		if i == 0 && indent != "" {
			start = strings.Replace(indent, "    ", "  - ", 1)
		}
		fmt.Fprintf(b, "%s%-*s  # %s\n", start, width, line[0], line[1])
	}
}

// scalar returns a text as YAML writes it.
func scalar(text string) string {
	out, err := yaml.Marshal(text)
	if err != nil || text == "" {
		return `""`
	}
	if text == "true" || text == "false" {
		return text
	}
	return strings.TrimSuffix(string(out), "\n")
}

func sequence(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = scalar(item)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// keys calls do for every flag of a set that is a key of the configuration file, the flake first.
func keys(set *pflag.FlagSet, do func(*pflag.Flag)) {
	do(set.Lookup("flake"))
	set.VisitAll(func(f *pflag.Flag) {
		if f.Name != "flake" && !slices.Contains(unconfigurable, f.Name) {
			do(f)
		}
	})
}

// schemaCommand prints the JSON schema of the configuration file, which is kept in docs.
func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "schema",
		Short:  "print the JSON schema of " + configName,
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := schema()
			if err != nil {
				return err
			}
			return mustWrite(cmd.OutOrStdout(), text)
		},
	}
}

// schema returns the JSON schema of the configuration file, made from the flags.
func schema() (string, error) {
	properties := map[string]any{}
	keys(newSettings().flags(), func(f *pflag.Flag) {
		_, usage := pflag.UnquoteUsage(f)
		properties[f.Name] = schemaOf(f, usage)
	})
	flake := map[string]any{
		"type": "object", "properties": properties, "required": []string{"flake"}, "additionalProperties": false,
	}
	top := map[string]any{
		"flakes": map[string]any{
			"description": "flakes of the repository, each with keys of its own",
			"type":        "array", "minItems": 1, "items": flake,
		},
	}
	for name, key := range properties {
		top[name] = key
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": configName,
		"description": summary, "type": []string{"object", "null"}, "properties": top, "additionalProperties": false,
	})
	return b.String(), err
}

// schemaOf returns what a schema says of one key.
func schemaOf(f *pflag.Flag, usage string) map[string]any {
	key := map[string]any{"description": usage, "type": "string"}
	switch f.Value.Type() {
	case "bool":
		key["type"] = "boolean"
	case "list":
		key["type"], key["items"] = []string{"array", "string"}, map[string]any{"type": "string"}
	case "level":
		key["pattern"] = "^(hashes|eval|build|build=.+)$"
	case "age":
		key["pattern"] = `^([0-9]+d|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$`
	case "duration":
		key["pattern"] = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`
	}
	return key
}
