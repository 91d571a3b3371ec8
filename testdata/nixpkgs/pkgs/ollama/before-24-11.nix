# ollama as nixpkgs had it before 24.11: called with plain attributes, no llama.cpp, no proxyVendor.
{ lib, buildGoModule, fetchFromGitHub, stdenv, cmake, cudaPackages, cudaArches ? [ ], rocmPackages, config, acceleration ? null }:
let
  withCuda = acceleration == "cuda" || (acceleration == null && config.cudaSupport);
in
buildGoModule rec {
  pname = "ollama";
  version = "0.11.4";

  src = fetchFromGitHub {
    owner = "ollama";
    repo = "ollama";
    rev = "v${version}";
    hash = "@src:0.11.4@";
  };

  vendorHash = "@vendor-plain:0.11.4@";

  nativeBuildInputs = [ cmake ];
  buildInputs = lib.optional withCuda cudaPackages.libcublas;

  postPatch = ''
    substituteInPlace version/version.go --replace 0.0.0 '${version}'
  '';

  ldflags = [ "-s" "-w" "-X=github.com/ollama/ollama/version.Version=${version}" ];

  meta = {
    description = "Get up and running with large language models locally";
    homepage = "https://github.com/ollama/ollama";
    mainProgram = "ollama";
    platforms = lib.platforms.unix;
  };
}
