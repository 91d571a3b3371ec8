{
  description = "Machines of mine";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }: {
    overlays.default = import ./overlays/ollama.nix;

    nixosConfigurations.box = nixpkgs.lib.nixosSystem {
      system = "@system@";
      modules = [
        ./hosts/box.nix
        { nixpkgs.overlays = [ self.overlays.default ]; }
      ];
    };

    packages.@system@.ollama = self.nixosConfigurations.box.pkgs.ollama;
  };
}
