# llama.cpp as a package of its own: its version is a bare number, b1234 is the tag.
{ lib, stdenv, fetchFromGitHub, cmake, cudaSupport ? false, vulkanSupport ? false, rocmSupport ? false, ... }:
stdenv.mkDerivation (finalAttrs: {
  pname = "llama-cpp";
  version = "7205";
  src = fetchFromGitHub {
    owner = "ggml-org";
    repo = "llama.cpp";
    tag = "b${finalAttrs.version}";
    hash = "@llama:b7205@";
  };
  nativeBuildInputs = [ cmake ];
  installPhase = "cp -r . $out";
  meta.mainProgram = "llama-cli";
})
