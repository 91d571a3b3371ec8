package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// stranger is a user whom the daemon does not trust.
const stranger = 65534

// daemon starts a Nix daemon for the world's store, which trusts root alone, and lets stranger into the world.
func (s *site) daemon() {
	s.t.Helper()
	real, err := exec.LookPath("nix-daemon")
	require.NoError(s.t, err)
	cmd := s.Command(s.Dir, []string{"PATH=" + os.Getenv("PATH")}, real)
	require.NoError(s.t, cmd.Start())
	s.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	socket := filepath.Join(s.Dir, "nix", "var", "nix", "daemon-socket", "socket")
	require.Eventually(s.t, func() bool { _, err := os.Stat(socket); return err == nil }, 20*time.Second,
		20*time.Millisecond)
	for dir := filepath.Dir(s.Dir); dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o5 != 0o5 {
			require.NoError(s.t, os.Chmod(dir, 0o755))
		}
	}
	for _, name := range []string{"tmp", "home", "log/nix"} {
		require.NoError(s.t, os.Chmod(filepath.Join(s.Dir, name), 0o1777))
	}
	copyTree(s.t, s.program, filepath.Join(s.Dir, "program"))
	s.program = filepath.Join(s.Dir, "program")
}

// runAs is run as another user.
func (s *site) runAs(uid uint32, dir string, extra []string, args ...string) ended {
	home := filepath.Join(s.Dir, "tmp", "home")
	env := []string{"NIX_REMOTE=daemon", "HOME=" + home}
	for _, name := range []string{"CACHE", "CONFIG", "DATA", "STATE"} {
		env = append(env, "XDG_"+name+"_HOME="+filepath.Join(home, strings.ToLower(name)))
	}
	r := s.prepare(dir, append(env, extra...), args...)
	const searchFolders = 2 // CAP_DAC_READ_SEARCH: the Nix that is tested may be below /root
	r.cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: uid, Gid: uid},
		AmbientCaps: []uintptr{searchFolders},
	}
	r.start()
	return r.wait()
}

// Most people's Nix: a daemon that does as it likes with the wishes of its users.
func TestUntrustedUser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	s.daemon()
	flake := filepath.Join(dir, "flake.nix")
	out, err := exec.Command("chown", "-R", fmt.Sprint(stranger, ":", stranger), dir).CombinedOutput()
	require.NoError(t, err, string(out))

	// the folder is the user's, the file is not
	require.NoError(t, os.Chown(flake, 0, 0))
	require.NoError(t, os.Chmod(flake, 0o666))
	before := inventory(t, dir)
	e := s.runAs(stranger, dir, nil, "--no-pr")
	require.Equal(t, 1, e.status, e.String())
	require.Contains(t, e.stderr, "ollama-bump: write flake.nix: it belongs to user 0, group 0: operation not "+
		"permitted\nhint: run as the owner of the file; nothing was changed")
	require.Equal(t, before, inventory(t, dir))

	require.NoError(t, os.Chown(flake, stranger, stranger))
	e = s.runAs(stranger, dir, nil, "--no-pr", "-v", "--", "--option", "sandbox", "false")
	require.Zero(t, e.status, e.String())
	text, err := os.ReadFile(flake)
	require.NoError(t, err)
	require.Equal(t, s.moved(overlayFlake), string(text))
	require.Equal(t, "-rw-rw-rw- 65534:65534 "+string(text), inventory(t, dir)["flake.nix"])
}

// remote makes a second machine of this one: an SSH server whose Nix has a store of its own, at the place that the
// store here has. It returns what Nix needs to be told in its environment.
func (s *site) remote() []string {
	s.t.Helper()
	in := func(name string) string { return filepath.Join(s.Dir, "remote", name) }
	require.NoError(s.t, os.MkdirAll(in("nix/store"), 0o755))
	for _, key := range []string{"host", "user"} {
		out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", in(key)).CombinedOutput()
		require.NoError(s.t, err, string(out))
	}
	script := "#!/bin/sh\n"
	for _, setting := range s.Env("PATH="+os.Getenv("PATH"), "GITHUB_TOKEN=") {
		name, value, _ := strings.Cut(setting, "=")
		script += "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n"
	}
	script += fmt.Sprintf("exec unshare -m sh -c 'mount --bind %s %s && exec %s'\n", in("nix"),
		filepath.Join(s.Dir, "nix"), `$SSH_ORIGINAL_COMMAND`)
	require.NoError(s.t, os.WriteFile(in("enter"), []byte(script), 0o755))
	public, err := os.ReadFile(in("user.pub"))
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(in("keys"), []byte(`command="`+in("enter")+`" `+string(public)), 0o600))

	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	port := free.Addr().(*net.TCPAddr).Port
	require.NoError(s.t, free.Close())
	config := fmt.Sprintf("Port %d\nListenAddress 127.0.0.1\nHostKey %s\nAuthorizedKeysFile %s\nStrictModes "+
		"no\nPermitRootLogin yes\nPidFile none\nUsePAM no\nPasswordAuthentication no\n",
		port, in("host"), in("keys"))
	require.NoError(s.t, os.WriteFile(in("sshd_config"), []byte(config), 0o600))
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		sshd = "/usr/sbin/sshd" // not in everyone's PATH
	}
	require.NoError(s.t, os.MkdirAll("/run/sshd", 0o755)) // where it locks itself in
	server := exec.Command(sshd, "-D", "-e", "-f", in("sshd_config"))
	said, err := os.Create(in("log"))
	require.NoError(s.t, err)
	server.Stderr = said
	require.NoError(s.t, server.Start())
	s.t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait(); said.Close() })
	require.Eventually(s.t, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
	return []string{fmt.Sprintf("NIX_SSHOPTS=-F none -p %d -i %s -o StrictHostKeyChecking=no -o "+
		"UserKnownHostsFile=/dev/null -o LogLevel=ERROR", port, in("user"))}
}

// The builds of a bump run where Nix sends them.
func TestRemoteBuilder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	env := s.remote()
	e := s.bumps(dir, env, "--no-pr", "-v", "--", "--builders", "ssh://root@127.0.0.1 "+bumptest.System()+" - 1 1",
		"--max-jobs", "0")
	s.isBumped(dir)
	built, err := filepath.Glob(filepath.Join(s.Dir, "remote", "nix", "store", "*-ollama-0.32.15-go-modules"))
	require.NoError(t, err)
	require.NotEmpty(t, built, "it was built on the other machine")
	t.Logf("a bump with a remote builder: %s, %d downloads of the source, %d Nix processes",
		e.took.Round(time.Millisecond), s.Downloads("/v0.32.15.tar.gz"), len(s.NixRuns()))
}

// With a binary cache the hashes are the same: each is forced through a fake one, which no cache has.
func TestBinaryCache(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cache := "file://" + filepath.Join(s.Dir, "cache")
	here := s.Flake(map[string]string{"flake.nix": overlayFlake})
	plain := s.bumps(here, nil, "--no-pr")
	s.isBumped(here)
	name := "path:" + here + "#packages." + bumptest.System() + ".ollama"
	s.Nix(here, "build", "--no-link", name+".src", name+".goModules")
	s.Nix(here, "copy", "--to", cache, name+".src", name+".goModules")

	s.Nix(here, "store", "gc") // so that only the cache has them
	require.Empty(t, s.stored("*-ollama-0.32.15-go-modules"))

	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	e := s.bumps(dir, nil, "--no-pr", "--", "--option", "substituters", cache)
	s.isBumped(dir)
	require.Equal(t, 2, s.Downloads("/v0.32.15.tar.gz"), "one a run: what a fake hash asks for is in no cache")
	t.Logf("a bump without a cache: %s; with one: %s", plain.took.Round(time.Millisecond),
		e.took.Round(time.Millisecond))
}

// isBumped looks at the flake's file.
func (s *site) isBumped(dir string) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "flake.nix"))
	require.NoError(s.t, err)
	require.Equal(s.t, s.moved(overlayFlake), string(text))
}

// stored lists what the store here has of a name.
func (s *site) stored(name string) []string {
	found, err := filepath.Glob(filepath.Join(s.Dir, "nix", "store", name))
	require.NoError(s.t, err)
	return found
}
