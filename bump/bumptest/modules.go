package bumptest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"path"
	"sort"
	"strings"
)

// module is one version of a Go module that ollama needs: "gguf v1.4.0" is
// example.org/gguf@v1.4.0. Its content follows from its name and version.
type module struct{ name, version string }

const moduleHost = "example.org/"

func parseModule(text string) (module, error) {
	name, version, ok := strings.Cut(text, " ")
	if !ok || !strings.HasPrefix(version, "v") {
		return module{}, fmt.Errorf("read module %q: want NAME vX.Y.Z", text)
	}
	return module{name, version}, nil
}

func (m module) path() string { return moduleHost + m.name }

func (m module) goMod() string { return "module " + m.path() + "\n\ngo 1.21\n" }

func (m module) tree() tree {
	t := tree{}
	t.add("go.mod", m.goMod())
	t.add("LICENSE", "MIT License\n")
	t.add(m.name+".go", fmt.Sprintf("// Package %s is a stand-in.\npackage %s\n\n// Version is this module's.\nconst "+
		"Version = %q\n", m.name, m.name, m.version))
	// go mod vendor leaves out what nothing imports, go mod download does not
	t.add("extra/extra.go", "// Package extra is imported by nobody.\npackage extra\n")
	return t
}

// zip is the module as a Go proxy serves it.
func (m module) zip() ([]byte, error) {
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	t := m.tree()
	for _, name := range t.paths() {
		part, err := w.CreateHeader(&zip.FileHeader{Name: m.path() + "@" + m.version + "/" + name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := part.Write(t[name].data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// dirHash is Go's h1: hash of files, as go.sum has it.
func dirHash(files map[string][]byte) string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	sum := sha256.New()
	for _, name := range names {
		fmt.Fprintf(sum, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	return "h1:" + base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

// goSum is the two lines of go.sum about the module.
func (m module) goSum() string {
	files := map[string][]byte{}
	for name, f := range m.tree() {
		files[m.path()+"@"+m.version+"/"+name] = f.data
	}
	return fmt.Sprintf("%s %s %s\n%s %s/go.mod %s\n", m.path(), m.version, dirHash(files),
		m.path(), m.version, dirHash(map[string][]byte{"go.mod": []byte(m.goMod())}))
}

// goProxy is a folder for GOPROXY=file://… that holds the modules.
func goProxy(modules []module) (tree, error) {
	t := tree{}
	lists := map[string][]string{}
	for _, m := range modules {
		at := path.Join(m.path(), "@v", m.version)
		packed, err := m.zip()
		if err != nil {
			return nil, fmt.Errorf("pack module %s: %w", m.name, err)
		}
		t[at+".zip"] = file{data: packed}
		t.add(at+".mod", m.goMod())
		t.add(at+".info", fmt.Sprintf(`{"Version":%q,"Time":%q}`, m.version, epoch.Format("2006-01-02T15:04:05Z")))
		lists[m.path()] = append(lists[m.path()], m.version)
	}
	for name, versions := range lists {
		t.add(path.Join(name, "@v", "list"), strings.Join(versions, "\n")+"\n")
	}
	return t, nil
}

// require adds go.mod, go.sum and a main package that needs the modules to t. goVersion is go.mod's go line.
func require(t tree, modulePath, goVersion string, modules []module, run string) {
	var mod, sum, imports, uses strings.Builder
	fmt.Fprintf(&mod, "module %s\n\ngo %s\n", modulePath, goVersion)
	if len(modules) > 0 {
		io.WriteString(&mod, "\nrequire (\n")
	}
	for _, m := range modules {
		fmt.Fprintf(&mod, "\t%s %s\n", m.path(), m.version)
		io.WriteString(&sum, m.goSum())
		fmt.Fprintf(&imports, "\t%q\n", m.path())
		fmt.Fprintf(&uses, "\t_ = %s.Version\n", m.name)
	}
	if len(modules) > 0 {
		io.WriteString(&mod, ")\n")
	}
	t.add("go.mod", mod.String())
	t.add("go.sum", sum.String())
	t.add("main.go", fmt.Sprintf("package main\n\nimport (\n\t\"os\"\n\n%s%s)\n\nvar (\n%s\t_ = os.Args\n)\n\nfunc "+
		"main() {\n\t%s\n}\n",
		imports.String(), mainImport(run, modulePath), uses.String(), run))
}

func mainImport(run, modulePath string) string {
	if strings.Contains(run, "cmd.") {
		return fmt.Sprintf("\t%q\n", modulePath+"/cmd")
	}
	return ""
}
