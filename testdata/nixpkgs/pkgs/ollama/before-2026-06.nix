# ollama as nixpkgs had it before June 2026: without llama.cpp, which ollama did not need.
{ lib
, buildGoModule
, fetchFromGitHub
, stdenv
, cmake
, gitMinimal
, makeBinaryWrapper
, rocmPackages
, rocmGpuTargets ? rocmPackages.clr.localGpuTargets or [ ]
, cudaPackages
, cudaArches ? cudaPackages.flags.realArches or [ ]
, vulkan-headers
, vulkan-loader
, config
, acceleration ? null
}:

assert builtins.elem acceleration [ null false "rocm" "cuda" "vulkan" ];

let
  wants = name: fallback: acceleration == name || (acceleration == null && fallback);
  withRocm = wants "rocm" config.rocmSupport && stdenv.hostPlatform.isLinux;
  withCuda = wants "cuda" config.cudaSupport && stdenv.hostPlatform.isLinux;
  withVulkan = wants "vulkan" false && stdenv.hostPlatform.isLinux;
in
buildGoModule (finalAttrs: {
  pname = "ollama";
  version = "0.13.5";

  src = fetchFromGitHub {
    owner = "ollama";
    repo = "ollama";
    tag = "v${finalAttrs.version}";
    hash = "@src:0.13.5@";
  };

  vendorHash = "@vendor:0.13.5@";
  proxyVendor = true;

  env = lib.optionalAttrs withCuda { CUDA_ARCHITECTURES = toString cudaArches; }
    // lib.optionalAttrs withRocm { ROCM_TARGETS = toString rocmGpuTargets; };

  nativeBuildInputs = [ cmake gitMinimal ]
    ++ lib.optional withCuda cudaPackages.cuda_nvcc
    ++ lib.optional (withCuda || withRocm) makeBinaryWrapper;
  buildInputs = lib.optionals withCuda [ cudaPackages.cuda_cudart cudaPackages.libcublas ]
    ++ lib.optionals withRocm [ rocmPackages.clr rocmPackages.rocblas ]
    ++ lib.optionals withVulkan [ vulkan-headers vulkan-loader ];

  # goModules runs this too
  postPatch = ''
    substituteInPlace version/version.go --replace-fail 0.0.0 '${finalAttrs.version}'
    rm -r app
  '';

  # the runners need the compiler, the modules do not
  overrideModAttrs = _: _: { preBuild = ""; };
  preBuild = ''
    cmake -B build
    cmake --build build -j "$NIX_BUILD_CORES"
  '';
  postInstall = ''
    mkdir -p $out/lib
    cp -r build/lib/ollama $out/lib/
  '';

  ldflags = [
    "-X=github.com/ollama/ollama/version.Version=${finalAttrs.version}"
    "-X=github.com/ollama/ollama/server.mode=release"
  ];

  passthru.updateScript = "none";
  meta = {
    description = "Get up and running with large language models locally";
    homepage = "https://github.com/ollama/ollama";
    changelog = "https://github.com/ollama/ollama/releases/tag/v${finalAttrs.version}";
    license = lib.licenses.mit;
    platforms = lib.platforms.unix;
    mainProgram = "ollama";
  };
})
