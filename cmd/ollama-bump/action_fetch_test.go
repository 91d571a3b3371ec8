package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// releaseHost stands in for the host that has this project's releases.
type releaseHost struct {
	url    string
	ca     string            // file with its certificate
	files  map[string][]byte // of release v1.0.0, by name
	commit string            // of its tag
}

// archiveName is the archive of this machine in release v1.0.0.
const archiveName = "ollama-bump_1.0.0_" + runtime.GOOS + "_" + runtime.GOARCH

// newReleaseHost serves a release whose program is the given one; without a program it has no release. The change
// is made before the server starts: its clients are other processes, so that nothing orders a later one.
func newReleaseHost(t *testing.T, program []byte, change func(*testing.T, *releaseHost)) *releaseHost {
	t.Helper()
	h := &releaseHost{
		files: map[string][]byte{}, commit: strings.Repeat("0123abcd", 5),
		ca: filepath.Join(t.TempDir(), "ca.pem"),
	}
	if program != nil {
		h.release(t, program)
	}
	if change != nil {
		change(t, h)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(h.serve))
	t.Cleanup(server.Close)
	h.url = server.URL
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(h.ca, certificate, 0o644))
	return h
}

func (h *releaseHost) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/nixtars/ollama-bump/info/refs" { // git's protocol of files
		fmt.Fprintf(w, "%s\trefs/tags/v1.0.0\n", h.commit)
		return
	}
	data, ok := h.files[strings.TrimPrefix(r.URL.Path, "/nixtars/ollama-bump/releases/download/v1.0.0/")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(data)
}

// release makes the files of release v1.0.0.
func (h *releaseHost) release(t *testing.T, program []byte) {
	t.Helper()
	var data bytes.Buffer
	zipped := gzip.NewWriter(&data)
	archive := tar.NewWriter(zipped)
	header := &tar.Header{Name: archiveName + "/ollama-bump", Mode: 0o755, Size: int64(len(program))}
	require.NoError(t, archive.WriteHeader(header))
	_, err := archive.Write(program)
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	require.NoError(t, zipped.Close())
	h.files[archiveName+".tar.gz"] = data.Bytes()
	h.files["SHA256SUMS"] = fmt.Appendf(nil, "%x  %s.tar.gz\n%064d  other.tar.gz\n", sha256.Sum256(data.Bytes()),
		archiveName, 0)
	h.files["ollama-bump_1.0.0.sigstore.json"] = []byte("{}")
}

// env is what a step needs to reach the host.
func (h *releaseHost) env() []string {
	return []string{
		"GITHUB_SERVER_URL=" + h.url, "CURL_CA_BUNDLE=" + h.ca, "GIT_SSL_CAINFO=" + h.ca,
		"no_proxy=127.0.0.1",
	}
}

// printsVersion is a program that answers --version.
const printsVersion = "#!/bin/sh\necho ollama-bump 1.0.0\n"

// fetchStep runs the step of the Action that fetches, and returns its log and its outputs.
func fetchStep(t *testing.T, h *releaseHost, env ...string) (log string, outputs map[string]string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "outputs")
	cmd := exec.Command("bash", filepath.Join(projectRoot(t), ".github", "action", "fetch.sh"))
	cmd.Env = append(append(os.Environ(), h.env()...), "CHECK=true", "REPOSITORY=nixtars/ollama-bump",
		"RUNNER_TEMP="+t.TempDir(),
		"RUNNER_TOOL_CACHE=/tools", "GITHUB_OUTPUT="+file)
	cmd.Env = append(cmd.Env, env...)
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	outputs = map[string]string{}
	lines := strings.Split(strings.TrimSpace(string(written)), "\n")
	for i := 0; i < len(lines); i++ {
		if name, end, ok := strings.Cut(lines[i], "<<"); ok {
			for i++; lines[i] != end; i++ {
				outputs[name] += lines[i] + "\n"
			}
			continue
		}
		name, value, ok := strings.Cut(lines[i], "=")
		require.True(t, ok, lines[i])
		outputs[name] = value
	}
	return string(text), outputs
}

// A workflow that names a release gets its program; every other one compiles what it named.
func TestActionFetchesItsRelease(t *testing.T) {
	t.Parallel()
	h := newReleaseHost(t, []byte(printsVersion), nil)
	for ref, fetched := range map[string]bool{
		"v1": true, "v1.0": true, "v1.0.0": true, "1.0.0": true, h.commit: true,
		"v1.0.1": false, "v2": false, "main": false, "": false, strings.Repeat("4567abcd", 5): false, "$(id)": false,
	} {
		log, outputs := fetchStep(t, h, "REF="+ref)
		if !fetched {
			assert.Empty(t, outputs["program"], ref)
			assert.Regexp(t, `^[0-9a-f]{64}$`, outputs["key"])
			_, modules, _ := strings.Cut(goEnv(t, "GOMODCACHE"), "=")
			assert.Equal(t, "/tools/ollama-bump/go-build\n"+modules+"/cache/download\n", outputs["caches"])
			continue
		}
		require.NotEmpty(t, outputs["program"], "%q: %s", ref, log)
		output, err := command(t, "", outputs["program"], "--version")
		require.NoError(t, err)
		assert.Equal(t, "ollama-bump 1.0.0\n", output)
	}
	// a copy in a repository without releases
	_, outputs := fetchStep(t, h, "REF=v1", "REPOSITORY=you/fork")
	assert.Empty(t, outputs["program"])
}

// Without a release binary and without Go it says which of the two to add.
func TestActionWithoutGo(t *testing.T) {
	t.Parallel()
	h := newReleaseHost(t, nil, nil)
	cmd := exec.Command("bash", filepath.Join(projectRoot(t), ".github", "action", "fetch.sh"))
	cmd.Env = append(h.env(), "CHECK=true", "REPOSITORY=nixtars/ollama-bump", "REF=v1", "RUNNER_TEMP="+t.TempDir(),
		"GITHUB_OUTPUT="+filepath.Join(t.TempDir(), "outputs"), "PATH="+tools(t, runnerTools...))
	log, err := cmd.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(log), "\n::error title=ollama-bump::there is no release binary, and go is not "+
		"installed: add a step before this one that installs it, such as actions/setup-go\n")
}

// What cannot be verified is never run: the action compiles instead, and says why.
func TestActionRefusesAnUnverifiedRelease(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		change     func(*testing.T, *releaseHost)
		gh         string
	}{
		{
			name: "another checksum", text: "::warning title=ollama-bump::the release binary does not have the " +
				"checksum", change: func(_ *testing.T, h *releaseHost) {
				h.files[archiveName+".tar.gz"] = append(h.files[archiveName+".tar.gz"], 0)
			},
		},
		{name: "no checksum", text: "does not have the checksum", change: func(_ *testing.T, h *releaseHost) {
			h.files["SHA256SUMS"] = []byte("")
		}},
		{
			name: "no checksums", text: "404",
			change: func(_ *testing.T, h *releaseHost) { delete(h.files, "SHA256SUMS") },
		},
		{
			name: "no archive", text: "404",
			change: func(_ *testing.T, h *releaseHost) { delete(h.files, archiveName+".tar.gz") },
		},
		{name: "another program", text: "", change: func(t *testing.T, h *releaseHost) {
			h.release(t, []byte("#!/bin/sh\ntouch \"$HOME/ran\"\necho something else\n"))
		}},
		{
			name: "no attestation", text: "could not be verified", gh: "exit 0",
			change: func(_ *testing.T, h *releaseHost) {
				delete(h.files, "ollama-bump_1.0.0.sigstore.json")
			},
		},
		{
			name: "a wrong attestation", text: "no attestations found",
			gh: `case "$*" in *--help) ;; *) echo no attestations found; exit 1 ;; esac`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newReleaseHost(t, []byte(printsVersion), c.change)
			bin := t.TempDir()
			if c.gh == "" {
				c.gh = "exit 1" // a gh that knows no attestations
			}
			writeProgram(t, filepath.Join(bin, "gh"), "#!/bin/sh\n"+c.gh+"\n")
			log, outputs := fetchStep(t, h, "REF=v1", "PATH="+bin+":"+os.Getenv("PATH"))
			assert.Empty(t, outputs["program"], log)
			assert.NotEmpty(t, outputs["key"], log)
			assert.Contains(t, log, c.text)
		})
	}
}

// gh verifies that this repository's release workflow made the archive, from the release's own file and with no token.
func TestActionVerifiesTheAttestation(t *testing.T) {
	t.Parallel()
	h := newReleaseHost(t, []byte(printsVersion), nil)
	bin, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
	writeProgram(t, filepath.Join(bin, "gh"), "#!/bin/sh\necho \"$@\" >>"+log+"\n")
	_, outputs := fetchStep(t, h, "REF=v1", "PATH="+bin+":"+os.Getenv("PATH"))
	require.NotEmpty(t, outputs["program"])
	asked, err := os.ReadFile(log)
	require.NoError(t, err)
	dir := filepath.Dir(outputs["program"])
	assert.Equal(t, "attestation verify --help\nattestation verify "+dir+"/"+archiveName+".tar.gz --bundle "+dir+
		"/ollama-bump_1.0.0.sigstore.json --repo nixtars/ollama-bump --signer-workflow "+
		"nixtars/ollama-bump/.github/workflows/release.yml"+
		" --source-ref refs/tags/v1.0.0\n", string(asked))
}
