{
  description = "Machines of mine";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }: {
    overlays.default = import ./overlays/ollama.nix;

    nixosConfigurations.box = nixpkgs.lib.nixosSystem {
      system = "x86_64-linux";
      modules = [
        ./hosts/box.nix
        { nixpkgs.overlays = [ self.overlays.default ]; }
      ];
    };

    packages.x86_64-linux.ollama = self.nixosConfigurations.box.pkgs.ollama;
  };
}
