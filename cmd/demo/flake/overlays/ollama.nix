# Newer than nixpkgs, which takes a while. 0.32.13 fixed the crash that we saw.
final: prev:
let
  # must be what LLAMA_CPP_VERSION in ollama's source says
  llamaCppSrc = prev.fetchFromGitHub {
    owner = "ggml-org";
    repo = "llama.cpp";
    tag = "@llama-tag:0.32.13@";
    hash = "@llama:0.32.13@";
  };
in
{
  ollama = prev.ollama.overrideAttrs (finalAttrs: old: {
    version = "0.32.13";
    src = prev.fetchFromGitHub {
      owner = "ollama";
      repo = "ollama";
      tag = "v${finalAttrs.version}";
      hash = "@src:0.32.13@";
    };
    vendorHash = "@vendor:0.32.13@";

    postPatch = ''
      substituteInPlace version/version.go --replace-fail 0.0.0 '${finalAttrs.version}'
      cp -r ${llamaCppSrc} "$TMPDIR/llama-cpp"
      chmod -R u+w "$TMPDIR/llama-cpp"
      (cd "$TMPDIR/llama-cpp" && cmake -P "$NIX_BUILD_TOP/source/llama/compat/apply-patch.cmake")
    '';
  });

  # moves on its own
  llama-swap = prev.llama-swap.overrideAttrs {
    version = "212";
  };
}
