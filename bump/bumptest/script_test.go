package bumptest_test

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nixtars/ollama-bump/bump/bumptest"
)

func TestScripts(t *testing.T) { testscript.Run(t, bumptest.ScriptParams("testdata/script")) }
