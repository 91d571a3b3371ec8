//go:build look

package text

import (
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tests in this file show the golden bodies in Chromium as GitHub does, and need its program: run
// them with make test-look.

var screenshots = flag.String("screenshots", "", "also write pictures of the golden bodies to this folder")

// widths are those of a comment's box on GitHub, in CSS pixels: in a wide window and on a phone.
var widths = []int{886, 420}

// measure finds what is wider than its box. A box is the comment's, or one that scrolls by itself: on a
// phone nobody sees what is to be scrolled to.
const measure = `
const found = [];
for (const box of document.querySelectorAll(".markdown-body")) {
  const right = box.getBoundingClientRect().right - parseFloat(getComputedStyle(box).paddingRight);
  for (const e of box.querySelectorAll("*")) {
    const beyond = e.getBoundingClientRect().right - right, inner = e.scrollWidth - e.clientWidth;
    if (beyond > 0.5 || e.clientWidth > 0 && inner > 0)
      found.push([box.dataset.width + ":", e.tagName, Math.max(beyond, inner), "px:",
        e.textContent.slice(0, 60)].join(" "));
  }
}
document.getElementById("result").textContent = JSON.stringify(found);`

func TestLook(t *testing.T) {
	chromium := findChromium(t)
	for name := range goldens {
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile("testdata/" + name + ".html")
			require.NoError(t, err)
			assert.Empty(t, overflows(t, chromium, string(body)))
			if *screenshots != "" {
				picture(t, chromium, string(body), filepath.Join(*screenshots, name+".png"))
			}
		})
	}
}

// The measure finds what it is for.
func TestLookFindsWhatIsTooWide(t *testing.T) {
	chromium := findChromium(t)
	long := "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	wide := overflows(
		t,
		chromium,
		rendered(
			t,
			"| Where | What | Old | New |\n| - | - | - | - |\n| `flake.nix:13` | src hash | `"+long+"` | `"+long+
				"` |\n",
		),
	)
	assert.NotEmpty(t, wide)
	assert.Contains(t, wide[0], "886: TABLE")
	assert.NotEmpty(t, overflows(t, chromium, rendered(t, "```\n"+long+long+"\n```\n")))
	assert.Empty(t, overflows(t, chromium, rendered(t, "- `"+long+long+"`\n")))
}

func findChromium(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("chromium")
	require.NoError(t, err, "install Debian's package chromium, or run make test-look")
	return program
}

// page shows a body in both widths, folds opened.
func page(t *testing.T, body string) string {
	t.Helper()
	css, err := os.ReadFile("testdata/look/github-markdown-light.css")
	require.NoError(t, err)
	text := "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<style>\n" + string(css) +
		"\nbody{margin:0}\n.markdown-body{box-sizing:border-box;padding:16px;font-size:14px;" +
		"margin-bottom:40px;border:1px solid #d1d9e0}\n</style>\n"
	opened := regexp.MustCompile(`<details>`).ReplaceAllString(body, "<details open>")
	for _, width := range widths {
		text += fmt.Sprintf(
			"<div class=\"markdown-body\" data-width=\"%d\" style=\"width:%dpx\">\n%s</div>\n",
			width,
			width,
			opened,
		)
	}
	file := filepath.Join(t.TempDir(), "page.html")
	require.NoError(
		t,
		os.WriteFile(
			file,
			[]byte(text+"<pre id=\"result\" style=\"display:none\"></pre>\n<script>"+measure+"</script>\n"),
			0o644,
		),
	)
	return file
}

var result = regexp.MustCompile(`(?s)<pre id="result"[^>]*>(.*?)</pre>`)

func overflows(t *testing.T, chromium, body string) []string {
	t.Helper()
	out, err := headless(t, chromium, "--dump-dom", "file://"+page(t, body)).Output()
	require.NoError(t, err)
	match := result.FindSubmatch(out)
	require.NotNil(t, match, "%s", out)
	var found []string
	require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(string(match[1]))), &found))
	return found
}

func picture(t *testing.T, chromium, body, file string) {
	t.Helper()
	file, err := filepath.Abs(file)
	require.NoError(t, err)
	out, err := headless(
		t,
		chromium,
		"--screenshot="+file,
		"--window-size=900,4200",
		"file://"+page(t, body),
	).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func headless(t *testing.T, chromium string, args ...string) *exec.Cmd {
	t.Helper()
	flags := []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--user-data-dir=" + t.TempDir(),
	}
	cmd := exec.CommandContext(t.Context(), chromium, append(flags, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	return cmd
}
