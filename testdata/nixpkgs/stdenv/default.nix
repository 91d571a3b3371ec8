# mkDerivation: attributes or a function of the final attributes in, a derivation out, with every
# form of overrideAttrs. Builders are bash and the machine's own tools.
{ lib, system, host, config }:
let
  setup = ./setup.sh;
  checked = import ./check-meta.nix { inherit lib config system; };

  # what stays out of the derivation's environment
  hidden = [ "passthru" "meta" "env" "pos" "finalPackage" "overrideModAttrs" ];

  outcome = attrs:
    let
      named = attrs // lib.optionalAttrs (!(attrs ? name)) {
        name = "${attrs.pname}-${attrs.version}";
      };
      given = builtins.removeAttrs named hidden;
      env = attrs.env or { };
      clash = builtins.filter (name: given ? ${name}) (builtins.attrNames env);
    in
    if clash != [ ] then
      throw "The `env` attribute set cannot contain any attributes passed to derivation: ${toString clash}"
    else
      derivation (given // env // {
        inherit system;
        builder = host.shell;
        args = [ "-e" (if attrs ? builder then attrs.builder else ./builder.sh) ];
        PATH = host.path;
        stdenvSetup = setup;
        __ignoreNulls = true;
        nativeBuildInputs = lib.flatten (attrs.nativeBuildInputs or [ ]) ++ lib.flatten (attrs.nativeInstallCheckInputs or [ ]);
        buildInputs = lib.flatten (attrs.buildInputs or [ ]) ++ lib.flatten (attrs.propagatedBuildInputs or [ ]);
        outputs = attrs.outputs or [ "out" ];
      });

  # where a package is described, else where its version is written
  positionOf = attrs:
    let
      named = if attrs ? version then "version" else if attrs ? name then "name" else "pname";
      at = if attrs ? meta.description then builtins.unsafeGetAttrPos "description" attrs.meta else builtins.unsafeGetAttrPos named attrs;
    in
    lib.optionalAttrs (at != null) { position = "${at.file}:${toString at.line}"; };
  metaOf = attrs: { available = true; outputsToInstall = [ "out" ]; name = attrs.name or "${attrs.pname}-${attrs.version}"; }
    // positionOf attrs
    // (attrs.meta or { });

  # says so when a version changes without its source
  noticed = extension: final: prev:
    let change = extension final prev; in
    lib.warnIf
      (prev ? src && prev ? version && change ? version && change.version != prev.version && !(change ? src))
      "${prev.pname or "package"}-${prev.version} was overridden with `version` but not `src`"
      change;

  fixedPoint = rattrs:
    let
      attrs = rattrs (attrs // { finalPackage = package; inherit overrideAttrs; });
      overrideAttrs = change: fixedPoint (lib.extends (noticed (lib.toExtension change)) rattrs);
      made = outcome attrs;
      package = made // (attrs.passthru or { }) // {
        inherit overrideAttrs;
        drvPath = checked attrs made.drvPath;
        outPath = checked attrs made.outPath;
        passthru = attrs.passthru or { };
        meta = metaOf attrs;
      };
    in
    package;
in
rec {
  mkDerivation = arg:
    if lib.isFunction arg
    then fixedPoint (final: arg final)
    else fixedPoint (_: arg);

  inherit system;
  hostPlatform = lib.platform system;
  buildPlatform = hostPlatform;
  targetPlatform = hostPlatform;
  inherit (hostPlatform) isLinux isDarwin isx86_64 isAarch64;
  cc = { cc.lib = ""; };
  shell = host.shell;
}
