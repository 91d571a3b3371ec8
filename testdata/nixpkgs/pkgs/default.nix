# The packages, as a function of the final set.
{ lib, era, host, overlays, pkgs, system, config }:
let
  stdenv = import ../stdenv { inherit lib system host config; };
  fetchers = import ../fetch { inherit lib era; inherit (pkgs) stdenv; };
  callPackage = lib.callPackageWith pkgs;
  ollamaFile =
    if !era.finalModules then ./ollama/before-24-11.nix
    else if !era.companion then ./ollama/before-2026-06.nix
    else if era.finalCompanion then ./ollama
    else ./ollama/before-2026-08.nix;

  # a package that is only named, never looked into; building it makes an empty folder
  stub = name: pkgs.runCommand name { pname = name; version = "1.0"; } "mkdir -p $out/bin";
  stubs = lib.genAttrs [
    "addDriverRunpath" "apple-sdk_15" "autoAddDriverRunpath" "autoPatchelfHook" "bash" "buildPackages" "cacert" "ccache" "clblast" "coreutils" "curl"
    "findutils" "gcc" "git" "gitMinimal" "gnugrep" "gnused" "hello" "installShellFiles" "jq" "libdrm" "makeBinaryWrapper" "makeWrapper" "nix"
    "nix-update-script-hook" "nodejs" "ninja" "openssl" "patchelf" "pkg-config" "python3" "ripgrep" "shaderc" "spirv-headers" "unzip"
    "gofumpt" "go-tools" "shellcheck" "versionCheckHook" "vulkan-headers" "vulkan-loader" "which" "writableTmpDirAsHomeHook" "zlib" "zstd" "htop" "vim" "tmux" "wget"
  ] stub;

  # what takes hours: only the package itself needs it, so a run that builds it went too far
  heavy = meta: name: pkgs.runCommand name { pname = name; version = "12.8"; inherit meta; } ''
    echo "${name}: this would build the GPU toolkit, which takes hours" >&2
    exit 1
  '';
  cudaLicense = { shortName = "CUDA EULA"; fullName = "CUDA Toolkit End User License Agreement (EULA)"; free = false; };
  cudaMeta = { license = cudaLicense; platforms = lib.platforms.linux; };
in
stubs // fetchers // rec {
  inherit lib system overlays config stdenv;
  inherit (stdenv) hostPlatform buildPlatform targetPlatform;
  inherit pkgs callPackage;
  stdenvNoCC = stdenv;
  pkgsCuda = import ../. { inherit system overlays; config = config // { cudaSupport = true; }; };
  pkgsRocm = import ../. { inherit system overlays; config = config // { rocmSupport = true; }; };
  path = ../.;
  newScope = extra: lib.callPackageWith (pkgs // extra);
  callPackages = callPackage;
  inherit (lib) recurseIntoAttrs;

  runCommand = name: attrs: buildCommand: pkgs.stdenv.mkDerivation ({ inherit name buildCommand; } // attrs);
  runCommandLocal = runCommand;
  runCommandNoCC = runCommand;
  writeText = name: text: runCommand name { inherit text; passAsFile = [ "text" ]; } "cp $textPath $out";
  writeTextFile = { name, text, executable ? false, destination ? "" }:
    runCommand name { inherit text; passAsFile = [ "text" ]; } ''
      target=$out${destination}
      mkdir -p "$(dirname "$target")"
      cp "$textPath" "$target"
      ${lib.optionalString executable ''chmod +x "$target"''}
    '';
  writeTextDir = path: text: writeTextFile { name = baseNameOf path; inherit text; destination = "/${path}"; };
  writeScript = name: text: writeTextFile { inherit name text; executable = true; };
  writeScriptBin = name: text: writeTextFile { inherit name text; executable = true; destination = "/bin/${name}"; };
  writeShellScript = name: text: writeScript name "#!${host.shell}\n${text}";
  writeShellScriptBin = name: text: writeScriptBin name "#!${host.shell}\n${text}" // { meta.mainProgram = name; };
  writeShellApplication = { name, text, runtimeInputs ? [ ], ... }: writeShellScriptBin name text;
  symlinkJoin = { name, paths, postBuild ? "", ... }@args:
    runCommand name (builtins.removeAttrs args [ "name" "paths" "postBuild" ]) ''
      mkdir -p $out
      for path in ${lib.concatMapStringsSep " " toString paths}; do cp -rsf "$path"/. $out/; done
      ${postBuild}
    '';
  buildEnv = { name, paths, ... }: symlinkJoin { inherit name paths; };
  linkFarm = name: entries: runCommand name { } ''
    mkdir -p $out
    ${lib.concatMapStrings (entry: "ln -s ${entry.path} $out/${entry.name}\n") entries}
  '';
  dockerTools = rec {
    buildLayeredImage = { name, contents ? [ ], config ? { }, ... }:
      runCommand "docker-image-${name}.tar.gz" { inherit contents; config = builtins.toJSON config; } "touch $out";
    buildImage = { name, copyToRoot ? [ ], config ? { }, ... }: buildLayeredImage { inherit name config; contents = copyToRoot; };
    pullImage = { imageName, finalImageTag ? "latest", ... }: runCommand "docker-image-${baseNameOf imageName}-${finalImageTag}.tar" { } "touch $out";
  };
  emacsPackages.trivialBuild = args: stdenv.mkDerivation ({ buildPhase = "true"; installPhase = "mkdir $out"; } // args);
  mkShell = args: stdenv.mkDerivation ({ name = "nix-shell"; buildCommand = "mkdir $out"; } // args);
  mkShellNoCC = mkShell;
  emptyDirectory = runCommand "empty-directory" { } "mkdir $out";
  lndir = stub "lndir";
  nix-update-script = _: [ "nix-update" ];
  testers.testVersion = { package, version ? lib.getVersion package, ... }:
    runCommand "${package.name}-test-version" { inherit package version; } "touch $out";
  nixosTests = lib.genAttrs [ "ollama" "ollama-cuda" "ollama-rocm" "ollama-vulkan" ] (name: stub "vm-test-${name}");

  go = stub "go" // { version = era.go; inherit (stdenv.hostPlatform.go) GOOS GOARCH; CGO_ENABLED = 0; };
  go_1_25 = go;
  go_1_24 = go;
  buildGoModule = callPackage (if era.finalModules then ../go else ../go/before-24-11.nix) { };
  buildGo124Module = pkgs.buildGoModule;
  buildGo125Module = pkgs.buildGoModule;
  buildGoLatestModule = pkgs.buildGoModule;

  # enough of CMake to run a script, configure nothing and build nothing
  cmake = writeShellScriptBin "cmake" (builtins.readFile ./cmake.sh) // { setupHook = ""; };
  vulkan-tools = stub "vulkan-tools" // { inherit stdenv; };
  cudaPackages = lib.genAttrs [ "cuda_cudart" "libcublas" "cccl" "cudatoolkit" "cuda_cccl" "cudnn" ] (heavy cudaMeta) // {
    cuda_nvcc = pkgs.runCommand "cuda_nvcc" { pname = "cuda_nvcc"; version = "12.8"; meta = cudaMeta; } "mkdir -p $out/bin";
    backendStdenv = stdenv;
    flags = { realArches = [ "sm_75" "sm_86" "sm_89" ]; cudaCapabilities = [ "7.5" "8.6" "8.9" ]; };
    cudaVersion = "12.8";
    cudaMajorVersion = "12";
  };
  cudaPackages_12 = cudaPackages;
  cudaPackages_12_8 = cudaPackages;
  cudaPackages_13 = cudaPackages;
  rocmPackages = lib.genAttrs [ "hipblas" "hipblas-common" "rocblas" "rocsolver" "rocsparse" "rocm-device-libs" "rocm-smi" "rocm-path" ] (heavy { }) // {
    clr = heavy { } "clr" // { version = "7.1.0"; gpuTargets = [ "gfx1030" "gfx1100" ]; localGpuTargets = [ "gfx1030" "gfx1100" ]; };
    llvm.bintools = stub "bintools";
    inherit stdenv;
  };

  ollama = callPackage ollamaFile { };
  ollama-cpu = callPackage ollamaFile { acceleration = false; };
  ollama-cuda = callPackage ollamaFile { acceleration = "cuda"; };
  ollama-rocm = callPackage ollamaFile { acceleration = "rocm"; };
  ollama-vulkan = callPackage ollamaFile { acceleration = "vulkan"; };

  llama-cpp = callPackage ./llama-cpp.nix { };
  llama-cpp-cuda = callPackage ./llama-cpp.nix { cudaSupport = true; };
  llama-cpp-vulkan = callPackage ./llama-cpp.nix { vulkanSupport = true; };
  llama-swap = callPackage ./go-sibling.nix {
    owner = "mostlygeek"; repo = "llama-swap"; version = "212"; hash = "@tree:mostlygeek/llama-swap#v212@"; vendorHash = "@modules:mostlygeek/llama-swap#v212@";
  };
  crush = callPackage ./go-sibling.nix {
    owner = "charmbracelet"; repo = "crush"; version = "0.32.13"; hash = "@tree:charmbracelet/crush#v0.32.13@"; vendorHash = "@modules:charmbracelet/crush#v0.32.13@";
  };
  neovim-unwrapped = stdenv.mkDerivation (finalAttrs: {
    pname = "neovim-unwrapped";
    version = "0.32.13";
    src = pkgs.fetchFromGitHub {
      owner = "neovim";
      repo = "neovim";
      tag = "v${finalAttrs.version}";
      hash = "@tree:neovim/neovim#v0.32.13@";
    };
    installPhase = "cp -r . $out";
    meta.mainProgram = "nvim";
  });
  neovim = neovim-unwrapped;
  open-webui = stub "open-webui";
  python3Packages.ollama = stub "python3.13-ollama";
}
