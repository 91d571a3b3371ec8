package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// lone puts the overlay of overlayFlake into a file of its own.
var lone = strings.Replace(overlayFlake, "overlays.default = "+overlayText, "overlays.default = import ./overlay.nix",
	1)

// overlayText is the overlay in overlayFlake.
var overlayText = overlayFlake[strings.Index(overlayFlake, "final: prev: {"):strings.Index(overlayFlake,
	";\n    packages.")]

// odd is a name that people give folders, and that Nix or a shell may misread.
const odd = `my nix #1 50% "flake" it's für ollama`

// places are trees that a bump must do its work in. Each makes one and returns the flake's folder
// and the files that must be new afterwards, with their text before.
var places = map[string]func(s *site) (dir string, files map[string]string){
	"odd names of folder and file": func(s *site) (string, map[string]string) {
		name := "over lay #1 50% ü.nix"
		text := strings.Replace(lone, "import ./overlay.nix", "import (./. + \"/"+name+"\")", 1)
		dir := s.Flake(map[string]string{"flake.nix": text, name: overlayText})
		there := filepath.Join(filepath.Dir(dir), odd)
		require.NoError(s.t, os.Rename(dir, there))
		return there, map[string]string{name: overlayText}
	},
	"no git": func(s *site) (string, map[string]string) {
		dir := s.Tree(map[string]string{"flake.nix": overlayFlake})
		s.Nix(dir, "flake", "lock", "path:"+dir)
		return dir, map[string]string{"flake.nix": overlayFlake}
	},
	"no git and an odd folder": func(s *site) (string, map[string]string) {
		dir := s.Tree(map[string]string{"flake.nix": overlayFlake})
		s.Nix(dir, "flake", "lock", "path:"+dir)
		there := filepath.Join(filepath.Dir(dir), "plain "+odd)
		require.NoError(s.t, os.Rename(dir, there))
		return there, map[string]string{"flake.nix": overlayFlake}
	},
	"no git but a socket and a pipe": func(s *site) (string, map[string]string) {
		dir := s.Tree(map[string]string{"flake.nix": overlayFlake})
		s.Nix(dir, "flake", "lock", "path:"+dir)
		special(s.t, dir)
		return dir, map[string]string{"flake.nix": overlayFlake}
	},
	"git and a socket and a pipe": func(s *site) (string, map[string]string) {
		dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
		special(s.t, dir)
		return dir, map[string]string{"flake.nix": overlayFlake}
	},
	"git worktree": func(s *site) (string, map[string]string) {
		main := s.Flake(map[string]string{"flake.nix": overlayFlake})
		dir := filepath.Join(s.Dir, "tree", "linked worktree")
		s.Git(main, "worktree", "add", "-q", "-b", "side", dir)
		return dir, map[string]string{"flake.nix": overlayFlake}
	},
	"subfolder": func(s *site) (string, map[string]string) {
		dir := s.FlakeIn("hosts/gpu", map[string]string{"hosts/gpu/flake.nix": overlayFlake, "README": "x"})
		s.Git(dir, "mv", "hosts/gpu", "hosts/gpu #1 box")
		return filepath.Join(dir, "hosts/gpu #1 box"), map[string]string{"flake.nix": overlayFlake}
	},
	"subfolder that imports from its parent": func(s *site) (string, map[string]string) {
		text := strings.Replace(lone, "./overlay.nix", "../common/overlay.nix", 1)
		root := s.Tree(map[string]string{"nix/flake.nix": text, "common/overlay.nix": overlayText})
		s.Git(root, "init", "-q")
		s.Git(root, "add", "-A")
		s.Nix(root, "flake", "lock", "git+file://"+root+"?dir=nix")
		s.Git(root, "add", "-A")
		s.Git(root, "commit", "-q", "-m", "x")
		return filepath.Join(root, "nix"), map[string]string{"../common/overlay.nix": overlayText}
	},
	"submodule beside": func(s *site) (string, map[string]string) {
		dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
		other := s.Flake(map[string]string{"flake.nix": "{ outputs = _: { }; }"})
		s.Git(dir, "-c", "protocol.file.allow=always", "submodule", "add", "-q", other, "third/party")
		s.Git(dir, "commit", "-q", "-m", "submodule")
		return dir, map[string]string{"flake.nix": overlayFlake}
	},
	"dirty tree": func(s *site) (string, map[string]string) {
		dir := s.Flake(map[string]string{"flake.nix": overlayFlake, "other.nix": "{ }", "gone.nix": "{ }"})
		text := strings.Replace(overlayFlake, "{\n", "{\n  # not committed yet\n", 1)
		require.NoError(s.t, os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(s.Expand(text)), 0o644))
		require.NoError(s.t, os.WriteFile(filepath.Join(dir, "other.nix"), []byte("{ a = 1; }"), 0o644))
		require.NoError(s.t, os.Remove(filepath.Join(dir, "gone.nix")))
		return dir, map[string]string{"flake.nix": text}
	},
	"the flake's folder is a link": func(s *site) (string, map[string]string) {
		dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
		link := filepath.Join(s.Dir, "tree", "link")
		require.NoError(s.t, os.Symlink(dir, link))
		return link, map[string]string{"flake.nix": overlayFlake}
	},
	"the file is a link within the flake": func(s *site) (string, map[string]string) {
		dir := s.Flake(map[string]string{"flake.nix": lone, "real/overlay.nix": overlayText, "overlay.nix": "x"})
		require.NoError(s.t, os.Remove(filepath.Join(dir, "overlay.nix")))
		require.NoError(s.t, os.Symlink("real/overlay.nix", filepath.Join(dir, "overlay.nix")))
		s.Git(dir, "add", "-A")
		return dir, map[string]string{"real/overlay.nix": overlayText}
	},
}

// special makes a socket and a named pipe.
func special(t *testing.T, dir string) {
	socket, err := net.Listen("unix", filepath.Join(dir, "socket"))
	require.NoError(t, err)
	t.Cleanup(func() { socket.Close() })
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
}

func TestTreesOfAllKinds(t *testing.T) {
	t.Parallel()
	for name, make := range places {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			dir, files := make(s)
			want := inventory(t, dir+"/")
			s.bumps(dir, nil, "--no-pr")
			now := inventory(t, dir+"/")
			for file, before := range files {
				got, err := os.ReadFile(filepath.Join(dir, file))
				require.NoError(t, err)
				require.Equal(t, s.moved(before), string(got))
				delete(want, file)
				delete(now, file)
			}
			require.Equal(t, want, now, "everything else is as it was")
		})
	}
}

// A link to a file outside is not followed: that file is not the flake's to change.
func TestLinksOutOfTheFlake(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	outside := filepath.Join(s.Dir, "outside.nix")
	require.NoError(t, os.WriteFile(outside, []byte(s.Expand(overlayText)), 0o644))
	dir := s.Flake(map[string]string{"flake.nix": lone, "overlay.nix": overlayText})
	require.NoError(t, os.Remove(filepath.Join(dir, "overlay.nix")))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "overlay.nix")))
	s.refuses(dir, nil, []string{"--no-pr"},
		"ollama-bump: overlay.nix:1:1: read: a link to "+outside+", outside of the flake",
		"hint: put the file itself into the flake")
	text, err := os.ReadFile(outside)
	require.NoError(t, err)
	require.Equal(t, s.Expand(overlayText), string(text))
}

// mount mounts something for the length of the test. It needs root, as the tests' setup does.
func mount(t *testing.T, at string, args ...string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(at, 0o755))
	out, err := exec.Command("mount", append(args, at)...).CombinedOutput()
	require.NoError(t, err, "mount: %s", out)
	t.Cleanup(func() {
		out, err := exec.Command("umount", "-l", at).CombinedOutput()
		require.NoError(t, err, "umount: %s", out)
	})
}

// fill fills the disk that dir is on.
func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	require.NoError(t, err)
	defer f.Close()
	for block := make([]byte, 4096); ; {
		if _, err := f.Write(block); err != nil {
			require.ErrorIs(t, err, syscall.ENOSPC)
			return
		}
	}
}

func TestFullDisks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	full := filepath.Join(s.Dir, "full")
	mount(t, full, "-t", "tmpfs", "-o", "size=1m", "tmpfs")

	tmp := filepath.Join(full, "tmp")
	require.NoError(t, os.Mkdir(tmp, 0o755))
	onIt := filepath.Join(full, "flake")
	copyTree(t, dir, onIt)
	fill(t, full)
	s.refuses(dir, []string{"TMPDIR=" + tmp}, []string{"--no-pr"}, "no space left on device", "hint: make room")

	e := s.refuses(onIt, nil, []string{"--no-pr"}, "write flake.nix: no space left on device",
		"hint: the disk is full: make room and run again; nothing was changed")
	require.NotContains(t, e.stderr, "ollama-bump-", "no names of temporary files")
	require.NoError(t, os.Remove(filepath.Join(full, "filler")))
	s.bumps(onIt, nil, "--no-pr")
}

// A disk that Nix fills in the middle of the work.
func TestNixFillsTheDisk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	small := filepath.Join(s.Dir, "small")
	mount(t, small, "-t", "tmpfs", "-o", "size=60k", "tmpfs")
	builds := filepath.Join(s.Dir, "nix", "var", "nix", "builds") // where Nix builds since 2.30
	mount(t, builds, "-t", "tmpfs", "-o", "size=60k,mode=0755", "tmpfs")
	s.refuses(dir, []string{"TMPDIR=" + small}, []string{"--no-pr"}, "o space left on device", "hint: ")
	left, err := os.ReadDir(small)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestTreesThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	s.Repository(dir, "me/flake")
	fixed := filepath.Join(s.Dir, "fixed")
	mount(t, fixed, "--bind", dir)
	out, err := exec.Command("mount", "-o", "remount,ro,bind", fixed).CombinedOutput()
	require.NoError(t, err, string(out))
	s.ForgetNixRuns()
	s.refuses(fixed, nil, []string{"--no-pr"}, "write flake.nix: read-only file system", "nothing was changed")
	require.Empty(t, s.NixRuns(), "it is told before any work is done")
	e := s.bumps(fixed, nil, "--repo", "me/flake")
	require.Contains(t, e.stderr, "created pull request #1")

	file := filepath.Join(dir, "flake.nix")
	require.NoError(t, os.Chmod(file, 0o444))
	s.refuses(dir, nil, []string{"--no-pr"}, "write flake.nix: the file is read-only",
		"hint: chmod u+w flake.nix; nothing was changed")
	require.NoError(t, os.Chmod(file, 0o644))
	s.bumps(dir, nil, "--no-pr")
}

// without is the world's PATH without a program.
func (s *site) without(program string) string {
	bin := filepath.Join(s.Dir, "without-"+program)
	require.NoError(s.t, os.MkdirAll(bin, 0o755))
	for _, name := range []string{"git", "sh", "env"} {
		real, err := exec.LookPath(name)
		require.NoError(s.t, err)
		if name != program {
			require.NoError(s.t, os.Symlink(real, filepath.Join(bin, name)))
		}
	}
	return "PATH=" + bin
}

func TestMachinesThatLackSomething(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	dry := []string{"--dry-run"}
	s.refuses(dir, []string{s.without("nix")}, dry, "nix not found in PATH", "hint: install Nix 2.4 or newer")
	s.refuses(dir, []string{"NIX_CONFIG=experimental-features =\nsubstituters =", "NIX_STATE_DIR=/proc/none"}, dry,
		"hint: ")
	fixed := filepath.Join(s.Dir, "fixed-store")
	mount(t, fixed, "-t", "tmpfs", "-o", "ro", "tmpfs")
	s.refuses(dir, []string{
		"NIX_STORE_DIR=" + filepath.Join(fixed, "store"),
		"NIX_STATE_DIR=" + filepath.Join(fixed, "var"),
	}, dry,
		"ead-only file system", "hint: see that the Nix store")

	current := s.Flake(map[string]string{"flake.nix": strings.ReplaceAll(overlayFlake, "0.32.13", "0.32.15")})
	noGit := []string{s.without("git")}
	s.refuses(current, noGit, []string{"--no-pr"}, "is a git repository: git not found in PATH", "hint: install git")
	require.NoError(t, os.RemoveAll(filepath.Join(current, ".git")))
	e := s.bumps(current, noGit, "--no-pr")
	require.Contains(t, e.stderr, "is current")

	for _, home := range []string{"HOME=", "HOME=/nonexistent"} {
		s.bumps(dir, []string{home, "XDG_CACHE_HOME=", "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "XDG_STATE_HOME="}, dry...)
	}
	s.bumps(dir, []string{"NIX_CONFIG=sandbox = false\nbuild-users-group =\nsubstituters ="},
		dry...) // flakes are ours to switch on
}
