package main

import (
	"runtime/debug"
	"strings"
)

// version is set by packagers: go build -ldflags "-X main.version=1.2.3".
var version string

// programVersion returns the version of this program without a leading v: the one set when it was
// linked, else what Go noted when it was built, else "devel".
func programVersion() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok && v == "" {
		v = info.Main.Version
	}
	v = strings.TrimPrefix(v, "v")
	if v == "" || v == "(devel)" {
		return "devel"
	}
	return v
}
