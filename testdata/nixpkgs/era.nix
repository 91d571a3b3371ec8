# What this branch of nixpkgs brings: one row of the table in bump/bumptest/era.go.
{
  release = "25.11";
  # version of the package ollama
  ollama = "0.32.9";
  # version of the Go compiler
  go = "1.26.3";
  # the oldest Nix that may evaluate it
  nix = "2.3";
  # vendorHash and goModules are attributes of the derivation, which overrideAttrs reaches (since 24.11)
  finalModules = true;
  # so are the url, tag and rev of a fetcher (since 2026)
  finalFetchers = true;
  # the recipe of ollama brings llama.cpp (since June 2026)
  companion = true;
  # passthru.llamaCppSrc and passthru.llamaCppVersion of ollama can be overridden (since August 2026)
  finalCompanion = true;
}
