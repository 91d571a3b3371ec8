package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/nixtars/ollama-bump/bump"
)

// newCommand returns the command with its subcommands. Errors that Execute returns are wrong
// usage; everything else ends in p.status.
func newCommand(p *program) *cobra.Command {
	s := newSettings()
	root := &cobra.Command{
		Use:   "ollama-bump [flags] [-- NIX-ARGS...]",
		Short: summary,
		Args: func(cmd *cobra.Command, args []string) error {
			return s.takeArgs(cmd.ArgsLenAtDash(), args)
		},
		DisableFlagsInUseLine: true,
		SilenceErrors:         true,
		SilenceUsage:          true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.showVersion {
				_, err := fmt.Fprintf(p.stdout, "ollama-bump %s\n", programVersion())
				return err
			}
			p.status = p.execute(s, cmd.Flags())
			return nil
		},
	}
	root.SetOut(p.stdout) // completion looks at it when it is made
	root.SetErr(p.stderr)
	groups := s.groups()
	for _, g := range groups {
		root.Flags().AddFlagSet(g.set)
	}
	root.Flags().SortFlags = false
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagError(cmd.Flags(), err) })
	setHelp(root, groups)
	complete(root, p)
	root.AddCommand(configCommand(p), schemaCommand(), manCommand(groups), actionCommand(p))
	root.InitDefaultCompletionCmd("completion")
	needShell(root)
	wrapArgs(root)
	return root
}

// unquoteUsage takes the quotes around a value's name out of what shells show beside a flag.
func unquoteUsage(root *cobra.Command) {
	root.Flags().VisitAll(func(f *pflag.Flag) { _, f.Usage = pflag.UnquoteUsage(f) })
}

// needShell makes completion without a shell that it knows an error; cobra would show its help.
func needShell(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Args = cobra.ArbitraryArgs
			cmd.RunE = func(*cobra.Command, []string) error {
				return usage("completion needs a shell: bash, zsh, fish or powershell")
			}
		}
	}
}

// wrapArgs makes the errors of the subcommands' arguments usage errors too.
func wrapArgs(cmd *cobra.Command) {
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		err := check(cmd, args)
		var wrong *bump.UsageError
		if err == nil || errors.As(err, &wrong) {
			return err
		}
		return usage("%v", err)
	}
	for _, sub := range cmd.Commands() {
		wrapArgs(sub)
	}
}

// setHelp puts our own help in place of cobra's, for the command itself; completion keeps its own.
func setHelp(root *cobra.Command, groups []group) {
	inherited := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if cmd != root {
			inherited(cmd, args)
			return
		}
		writeHelp(cmd.OutOrStdout(), groups)
	})
}

// completionTime is how long somebody who pressed the tab key waits at most, for GitHub or for Nix. It is a
// variable for the scripts of the tests, whose machine may be busy.
var completionTime = 3 * time.Second

// complete tells shells what a flag's value may be.
func complete(root *cobra.Command, p *program) {
	register := func(name string, fn cobra.CompletionFunc) {
		if err := root.RegisterFlagCompletionFunc(name, fn); err != nil {
			panic(err) // a flag of that name is missing: no input can cause it
		}
	}
	register("verify", cobra.FixedCompletions([]string{
		string(bump.VerifyHashes) + "\tevery hash builds and the package carries it",
		string(bump.VerifyEval) + "\tand every configuration with the package evaluates",
		string(bump.VerifyBuild) + "\tand the package builds and says its version",
	}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder))
	register("to", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(p.ctx, completionTime)
		defer cancel()
		versions, err := bump.Releases(ctx, bump.Options{Env: p.env, MaxWait: time.Nanosecond})
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return versions, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	})
	register("attr", p.completeAttr)
	register("flake", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
	root.Flags().VisitAll(func(flag *pflag.Flag) {
		if _, ok := root.GetFlagCompletionFunc(flag.Name); !ok && flag.NoOptDefVal == "" {
			register(flag.Name, cobra.NoFileCompletions)
		}
	})
	root.ValidArgsFunction = cobra.NoFileCompletions
}

// completeAttr offers the packages of the flake that show a pin.
func (p *program) completeAttr(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	dir := p.dir
	if f := cmd.Flags().Lookup("flake"); f.Changed {
		dir = f.Value.String()
	}
	ctx, cancel := context.WithTimeout(p.ctx, completionTime)
	defer cancel()
	outputs, err := bump.Outputs(ctx, bump.Options{Dir: findFlake(dir), Env: p.env, Mode: bump.DryRun})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return outputs, cobra.ShellCompDirectiveNoFileComp
}

// manCommand prints the manual page; packagers run it.
func manCommand(groups []group) *cobra.Command {
	return &cobra.Command{
		Use:    "man",
		Short:  "print the manual page in roff",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return writeMan(cmd.OutOrStdout(), groups)
		},
	}
}

// mustWrite is for text to stdout whose loss must not go unseen.
func mustWrite(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}
