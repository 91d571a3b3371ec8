package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// stage is what a world needs of a test, without one.
type stage struct {
	cleanups []func()
	dirs     []string
}

// failure is how Fatalf leaves: end turns it into an error.
type failure string

func (*stage) Helper() {}

func (*stage) Fatalf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }

func (s *stage) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *stage) TempDir() string {
	dir, err := os.MkdirTemp("", "ollama-bump-demo-")
	if err != nil {
		s.Fatalf("make a temporary directory: %v", err)
	}
	s.dirs = append(s.dirs, dir)
	return dir
}

// end cleans up; recovered is what recover returned.
func (s *stage) end(recovered any) error {
	for _, f := range slices.Backward(s.cleanups) {
		f()
	}
	var err error
	for _, dir := range s.dirs {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if text, ok := recovered.(failure); ok {
		return errors.Join(errors.New(string(text)), err)
	}
	if recovered != nil {
		panic(recovered)
	}
	return err
}
