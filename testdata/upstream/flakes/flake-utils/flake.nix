{
  description = "A stand-in flake-utils";

  outputs = { self }: {
    lib = rec {
      defaultSystems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      allSystems = defaultSystems;
      eachSystem = systems: f:
        builtins.foldl'
          (acc: system:
            let outputs = f system; in
            acc // builtins.mapAttrs (name: value: (acc.${name} or { }) // { ${system} = value; }) outputs)
          { }
          systems;
      eachDefaultSystem = eachSystem defaultSystems;
      mkApp = { drv, name ? drv.pname or drv.name }: { type = "app"; program = "${drv}/bin/${name}"; };
    };
  };
}
