# Another Go program, which moves on its own.
{ buildGoModule, fetchFromGitHub, owner, repo, version, hash, vendorHash }:
buildGoModule rec {
  pname = repo;
  inherit version vendorHash;
  src = fetchFromGitHub {
    inherit owner repo hash;
    tag = "v${version}";
  };
  meta.mainProgram = repo;
}
