{
  description = "A stand-in nixpkgs: the interfaces that flakes which pin ollama use, and nothing else";

  outputs = { self }:
    let
      lib = import ./lib;
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
    in
    {
      lib = lib // {
        nixosSystem = args: import ./nixos (args // { nixpkgs = ./.; });
      };
      legacyPackages = lib.genAttrs systems (system: import ./. { inherit system; });
      nixosModules.notDetected = { };
    };
}
