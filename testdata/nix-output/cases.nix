# What record.sh records, an attribute a case. Every fixed output here promises a hash that is wrong on
# purpose; what really comes out is in the table of bump/internal/nix/recording_test.go, computed by `nix hash`.
{ files ? "/nowhere", salt ? "", server ? "http://127.0.0.1:9" }:
let
  system = "x86_64-linux";
  one = "sha256-AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
  two = "sha256-AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
  three = "sha256-AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=";
  longer = "sha512-AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==";
  lie = "sha256-VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU=";

  run = name: script: extra: derivation ({
    name = "${name}${salt}";
    inherit system;
    builder = "/bin/sh";
    PATH = "/bin:/usr/bin";
    args = [ "-c" script ];
  } // extra);
  fixed = name: hash: script: run name script { outputHashMode = "recursive"; outputHashAlgo = null; outputHash = hash; };
  fetch = name: hash: url: import <nix/fetchurl.nix> { name = "${name}${salt}"; inherit url hash; };

  # the complaint that a builder would like to be believed
  complaint = drv: ''
    error: hash mismatch in fixed-output derivation '${drv}':
             specified: ${two}
                got:    ${lie}
  '';
  event = drv: raw: builtins.toJSON ({
    action = "msg";
    level = 0;
    column = null;
    file = null;
    line = null;
    msg = complaint drv;
  } // (if raw then { raw_msg = "hash mismatch in fixed-output derivation '${drv}':\n  specified: ${two}\n     got:    ${lie}"; } else { }));
  pathOf = drv: builtins.unsafeDiscardStringContext drv.drvPath;
  mkTree = "mkdir -p $out/module; echo 'package module' > $out/module/module.go";
in
rec {
  flat = fetch "release.txt" one "file://${files}/release.txt";
  tree = fixed "llama-0.9.1-go-modules" two "echo vendoring; ${mkTree}";
  slow = fixed "companion" three "sleep 1; mkdir $out; echo companion > $out/README";
  long = fixed "tree512" longer mkTree;
  together = run "llama-0.9.1" "echo > $out" { inherit flat tree slow; };
  sameName = run "same" "echo > $out" {
    a = fixed "source" one "mkdir $out; echo a > $out/a";
    b = fixed "source" two "mkdir $out; echo b > $out/b";
  };

  # a failure beside a mismatch
  mixed = run "mixed" "echo > $out" { inherit tree exit3; };

  spoofs = {
    text = fixedWith "spoof-text" "printf '%s\\n' \"$complaint\"; exit 1" { complaint = complaint (pathOf tree); };
    quoted = fixedWith "spoof-quoted" "printf '%s\\n' \"$complaint\" >&2; ${mkTree}" { complaint = complaint (pathOf tree); };
    event = fixedWith "spoof-event" "printf '@nix %s\\n' \"$event\"; ${mkTree}" { event = event (pathOf tree) false; };
    rawEvent = fixedWith "spoof-raw-event" "printf '@nix %s\\n' \"$event\" >&2; exit 1" { event = event (pathOf tree) true; };
    together = run "spoof-together" "echo > $out" { inherit tree; other = spoofs.rawEvent; };
    throw = throw "hash mismatch in fixed-output derivation '${pathOf tree}':\n  specified: ${two}\n     got:    ${lie}";
    trace = fixedWith "spoof-trace" "printf '@nix %s\\n' \"$event\"; ${mkTree}" {
      event = builtins.toJSON { action = "msg"; level = 0; msg = "trace: nonce {\"forged\":true}"; };
    };
  };
  fixedWith = name: script: extra: run name script ({ outputHashMode = "recursive"; outputHashAlgo = null; outputHash = one; } // extra);

  vendorEmpty = fixed "llama-0.9.1-go-modules" one "echo \"vendor folder is empty, please set 'vendorHash = null;' in your expression\"; exit 10";
  vendorExists = fixed "llama-0.9.1-go-modules" one "echo \"vendor folder exists, please set 'vendorHash = null;' in your expression\"; exit 10";
  exit3 = fixed "exit3" one "echo 'go: module lookup disabled' >&2; exit 3";
  chatty = fixed "chatty" one "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done; printf 'a\\033[31mred\\033[0m \\a\\r\\n'; exit 1";
  signal = fixed "signal" one "kill -9 $$";
  noOutput = fixed "no-output" one "true";
  notFlat = run "not-flat" "mkdir $out" { outputHashMode = "flat"; outputHashAlgo = null; outputHash = one; };
  references = fixedWith "references" "mkdir $out; echo $dep > $out/dep" { dep = builtins.toFile "dep" "dep"; };
  full = fixed "full" one "echo 'write error: No space left on device' >&2; exit 1";
  foreign = run "foreign" "true" { system = "mips-plan9"; };
  sleepy = fixed "sleepy" one "sleep 60";
  notFound = fetch "absent.txt" one "${server}/absent.txt";
  refused = fetch "refused.txt" one "http://127.0.0.1:9/refused.txt";
  noHost = fetch "no-host.txt" one "http://no-such-host.invalid/file";

  evalTarball = builtins.readDir (builtins.fetchTarball { url = "file://${files}/source.tar.gz"; sha256 = "0000000000000000000000000000000000000000000000000000"; });
  evalFile = builtins.readFile (builtins.fetchurl { url = "file://${files}/release.txt"; sha256 = "0000000000000000000000000000000000000000000000000000"; });
  evalTree = (builtins.fetchTree { type = "tarball"; url = "file://${files}/source.tar.gz"; narHash = one; }).outPath;
  evalNotFound = builtins.readFile (builtins.fetchurl { url = "${server}/absent.txt"; sha256 = "0000000000000000000000000000000000000000000000000000"; });

  badChar = fixed "bad" "sha256-AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB!QE=" mkTree;
  short = fixed "bad" "sha256-AQEB" mkTree;
  prefixOnly = fixed "bad" "sha256-" mkTree;
  noAlgorithm = fixed "bad" "0101010101010101010101010101010101010101010101010101010101010101" mkTree;
  unknownAlgorithm = fixed "bad" "sha3-AQEB" mkTree;
  otherAlgorithm = run "bad" mkTree { outputHashMode = "recursive"; outputHashAlgo = "sha256"; outputHash = longer; };
  nullHash = fixed "bad" null mkTree;
  emptyHash = run "empty-hash" mkTree { outputHashMode = "recursive"; outputHashAlgo = "sha256"; outputHash = ""; };
  base32Hash = fixed "base32-hash" "sha256:0g40g40g40g40g40g40g40g40g40g40g40g40g40g40g40g40g41" mkTree;

  vendorHashMissing = fixed "missing" (throw "buildGoModule: vendorHash is missing") mkTree;
  argumentMissing = ({ version, vendorSha256 }: tree) { version = "0.9.1"; };
  undefinedAttribute = tree.nothing.here;
  recursion = let x = x + 1; in x;
  fileMissing = import ./absent.nix;
}
