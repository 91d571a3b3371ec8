{
  description = "A stand-in flake-parts";

  inputs.nixpkgs-lib.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs-lib }: {
    lib.mkFlake = { inputs, ... }: module:
      let
        lib = nixpkgs-lib.lib;
        body = if builtins.isFunction module then module { inherit inputs lib; self = inputs.self; } else module;
        forSystem = system: body.perSystem {
          inherit system inputs lib;
          pkgs = inputs.nixpkgs.legacyPackages.${system};
          inputs' = builtins.mapAttrs (_: input: builtins.mapAttrs (_: output: output.${system} or output) input) inputs;
          self' = { };
          config = { };
          final = { };
        };
        bySystem = lib.genAttrs body.systems forSystem;
        names = lib.unique (builtins.concatMap builtins.attrNames (builtins.attrValues bySystem));
      in
      lib.genAttrs (builtins.filter (name: name != "_module") names) (name: builtins.mapAttrs (_: outputs: outputs.${name}) bySystem)
        // (body.flake or { });
  };
}
