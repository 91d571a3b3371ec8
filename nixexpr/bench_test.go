package nixexpr_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// The pieces that large sources are made of, in the mix of package collections and of NixOS
// modules. %[1]d is a number that makes names differ.
var samples = []string{
	`  # A tool that does something useful, in version %[1]d.
  tool-%[1]d = callPackage (
    { lib, stdenv, fetchFromGitHub, cmake, pkg-config, openssl, zlib, withGui ? false, ... }:
    stdenv.mkDerivation (finalAttrs: {
      pname = "tool-%[1]d";
      version = "1.%[1]d.0";

      src = fetchFromGitHub {
        owner = "example";
        repo = "tool-%[1]d";
        tag = "v${finalAttrs.version}";
        hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
      };

      nativeBuildInputs = [ cmake pkg-config ];
      buildInputs = [ openssl zlib ] ++ lib.optionals withGui [ gtk%[1]d qtbase ];

      cmakeFlags = [ (lib.cmakeBool "WITH_GUI" withGui) "-DJOBS=%[1]d" ];

      postInstall = ''
        install -Dm644 README.md $out/share/doc/tool-%[1]d/README.md
        substituteInPlace $out/bin/tool \
          --replace-fail /usr/bin/env ${lib.getExe' stdenv.cc "env"}
        for f in $out/lib/*.so; do
          patchelf --set-rpath "''${origin}:${lib.makeLibraryPath [ zlib ]}" "$f"
        done
      '';

      meta = {
        description = "Useful tool number %[1]d that does one thing and does it well";
        homepage = "https://example.org/tool-%[1]d";
        license = with lib.licenses; [ mit asl20 ];
        platforms = lib.platforms.linux ++ lib.optional (!withGui) "aarch64-darwin";
        mainProgram = "tool";
      };
    })
  ) { inherit (darwin) apple_sdk; python3 = python31%[1]d or python3; };
`,
	`  service-%[1]d = { config, lib, pkgs, ... }:
    let
      cfg = config.services.service%[1]d;
      settingsFormat = pkgs.formats.json { };
    in
    {
      options.services.service%[1]d = {
        enable = lib.mkEnableOption "the service number %[1]d";
        port = lib.mkOption {
          type = lib.types.port;
          default = %[1]d;
          description = ''
            The port to listen on. Ports below 1024 need privileges,
            which the unit has only when {option}` + "`openFirewall`" + ` is set.
          '';
        };
        settings = lib.mkOption {
          type = settingsFormat.type;
          default = { };
          example = { log.level = "debug"; cache.size = 1.5e3; };
        };
      };

      config = lib.mkIf (cfg.enable && cfg.port > 0 -> cfg.settings != { }) {
        # the unit runs as a user of its own
        systemd.services."service%[1]d-${cfg.name}" = {
          wantedBy = [ "multi-user.target" ];
          after = [ "network.target" ];
          serviceConfig.ExecStart = "${pkgs.service}/bin/service --port ${toString cfg.port}";
          serviceConfig.DynamicUser = true;
        };
        networking.firewall.allowedTCPPorts = lib.optional cfg.openFirewall cfg.port;
        environment.etc."service%[1]d.json".source = settingsFormat.generate "service.json" (
          lib.recursiveUpdate { inherit (cfg) port; nested.a.b = null; } cfg.settings
        );
      };
    };
`,
	`  "lib-%[1]d" = rec {
    imports = [ ./module-%[1]d.nix ../common/default.nix <nixpkgs/nixos> ];
    double = x: x * 2 + %[1]d;
    compose = f: g: x: f (g x);
    names = builtins.attrNames (builtins.removeAttrs set [ "a" "b" ]);
    set = { a.b.c = 1; a.b.d = 2; a.e = if names == [ ] then "none" else "some"; };
    inherit (set.a) b e;
    inherit lib;
    version = assert set ? a.b; with set.a; "${toString b.c}.%[1]d";
    merged = set // { f = throw "not implemented"; } // lib.optionalAttrs (!set.a ? x) { g = -1; };
  };
`,
}

// realistic is a source of about so many bytes.
func realistic(size int) []byte {
	var out strings.Builder
	out.WriteString("{ lib, callPackage, darwin, python3, ... }@args:\n\nwith args; {\n")
	for i := 0; out.Len() < size; i++ {
		fmt.Fprintf(&out, samples[i%len(samples)], i)
		out.WriteString("\n")
	}
	out.WriteString("}\n")
	return []byte(out.String())
}

var sizes = []struct {
	name string
	size int
}{{"10kB", 10_000}, {"100kB", 100_000}, {"1MB", 1_000_000}, {"10MB", 10_000_000}}

// BenchmarkParse shows that time and memory grow with the source and no faster. A/B is the
// number of bytes allocated for each byte of the source.
func BenchmarkParse(b *testing.B) {
	for _, s := range sizes {
		b.Run(s.name, func(b *testing.B) {
			src := realistic(s.size)
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				if _, err := nixexpr.Parse("bench.nix", src); err != nil {
					b.Fatal(err)
				}
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/float64(len(src)), "A/B")
		})
	}
}

// BenchmarkNixInstantiate parses what BenchmarkParse/10MB parses. Nix also prints it.
func BenchmarkNixInstantiate(b *testing.B) {
	src := realistic(10_000_000)
	file := writeSource(b, src)
	o := newOracle(b)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		o.parseFile(b, file)
	}
}

// BenchmarkWalk and BenchmarkApply are what a user of the tree pays.
func BenchmarkWalk(b *testing.B) {
	f, err := nixexpr.Parse("bench.nix", realistic(1_000_000))
	require.NoError(b, err)
	b.SetBytes(int64(len(f.Src)))
	b.ReportAllocs()
	for b.Loop() {
		nixexpr.Walk(f.Root, func(nixexpr.Node) bool { return true })
	}
}

func BenchmarkApply(b *testing.B) {
	f, err := nixexpr.Parse("bench.nix", realistic(1_000_000))
	require.NoError(b, err)
	s, _ := firstOf[*nixexpr.Str](f)
	edit, err := f.ReplaceString(s, "changed")
	require.NoError(b, err)
	b.SetBytes(int64(len(f.Src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Apply([]nixexpr.Edit{edit}); err != nil {
			b.Fatal(err)
		}
	}
}

func writeSource(t testing.TB, src []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "source.nix")
	require.NoError(t, os.WriteFile(file, src, 0o600))
	return file
}

// parseFile has Nix parse a file and throw the result away.
func (o *oracle) parseFile(t testing.TB, file string) {
	t.Helper()
	cmd := exec.Command("nix-instantiate", "--parse", file)
	cmd.Dir, cmd.Env = o.dir, o.env
	require.NoError(t, cmd.Run())
}
