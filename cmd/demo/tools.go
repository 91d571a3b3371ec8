package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// needTools makes sure that Nix and git are there. As root on Debian it installs them if they are not; on every other
// machine it says what to do.
func needTools(lookPath func(string) (string, error), root bool) error {
	var missing []string
	for _, tool := range []string{"nix", "git"} {
		if _, err := lookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	names := strings.Join(missing, " and ")
	if _, err := lookPath("apt-get"); err != nil || !root {
		return fmt.Errorf("%s not found in PATH: the demo needs Go, Nix (https://nixos.org/download) and git; "+
			"as root on Debian it installs Nix and git itself", names)
	}
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("find the source of the demo: %w", err)
	}
	setup := exec.Command(filepath.Join(strings.TrimSpace(string(module)), ".ci", "setup"), "demo")
	setup.Stdout, setup.Stderr = os.Stderr, os.Stderr
	if err := setup.Run(); err != nil {
		return fmt.Errorf("install %s: %w", names, err)
	}
	return nil
}

// curlName is the name under which this program stands in for curl, which the stand-in fetchers use.
const curlName = "curl"

// provideCurl puts this program in the place of curl if the machine has none.
func provideCurl(dir string) error {
	if _, err := exec.LookPath(curlName); err == nil {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("provide curl: %w", err)
	}
	if err := os.Symlink(self, filepath.Join(dir, curlName)); err != nil {
		return fmt.Errorf("provide curl: %w", err)
	}
	return os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// curl downloads a URL as the fetchers ask for it: [FLAG...] --cacert FILE --output FILE URL. Proxy and certificates
// come from the environment.
func curl(args []string) error {
	output, url := "", ""
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--output" && i+1 < len(args):
			i++
			output = args[i]
		case arg == "--cacert" && i+1 < len(args):
			i++
			if err := os.Setenv("SSL_CERT_FILE", args[i]); err != nil {
				return err
			}
		case arg == "--max-time":
			i++
		case !strings.HasPrefix(arg, "-"):
			url = arg
		}
	}
	if output == "" || url == "" {
		return errors.New("usage: curl --output FILE URL")
	}
	return download(url, output)
}

func download(url, path string) (err error) {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s", url, response.Status)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = io.Copy(file, response.Body)
	return err
}
