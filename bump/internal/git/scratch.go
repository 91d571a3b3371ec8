package git

import (
	"context"
	"fmt"
	"os"

	"github.com/nixtars/ollama-bump/bump/internal/child"
)

// Scratch is a throw-away repository. Nothing that the caller or the machine configured acts in it: no
// hook, template, filter, signature or conversion of line ends.
type Scratch struct{ repo Repository }

// scratchEnv has git read no configuration but the repository's own.
var scratchEnv = []string{
	"HOME=/nonexistent", "XDG_CONFIG_HOME=/nonexistent", "GIT_CONFIG_GLOBAL=" + os.DevNull,
	"GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1",
	"GIT_AUTHOR_NAME=ollama-bump", "GIT_AUTHOR_EMAIL=ollama-bump@localhost",
	"GIT_COMMITTER_NAME=ollama-bump", "GIT_COMMITTER_EMAIL=ollama-bump@localhost",
}

// NewScratch makes a repository of the folder dir.
func NewScratch(ctx context.Context, dir string, env []string) (*Scratch, error) {
	s := &Scratch{Repository{Root: dir, env: child.With(environment(env, child.Bare), scratchEnv...)}}
	var err error
	if s.repo.git, err = child.Look(s.repo.env, "git"); err != nil {
		return nil, fmt.Errorf("make repository: %w", err)
	}
	_, err = s.repo.run(ctx, dir, "init", "--quiet", "--template=")
	return s, err
}

// Commit commits all files as they are, ignored ones too.
func (s *Scratch) Commit(ctx context.Context, message string) error {
	if _, err := s.repo.run(ctx, s.repo.Root, "add", "--all", "--force"); err != nil {
		return err
	}
	_, err := s.repo.run(ctx, s.repo.Root, "commit", "--quiet", "--allow-empty", "--no-verify", "--message="+message)
	return err
}
