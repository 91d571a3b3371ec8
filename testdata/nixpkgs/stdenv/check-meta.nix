# What nixpkgs refuses: looked at when the path of a derivation is needed, whatever it is needed for. Version, source
# and vendorHash of a package that is refused evaluate.
{ lib, config, system }:
let
  may = name: option: config.${option} or false || builtins.getEnv name == "1";
  allowUnfree = may "NIXPKGS_ALLOW_UNFREE" "allowUnfree";
  allowBroken = may "NIXPKGS_ALLOW_BROKEN" "allowBroken";
  allowUnsupported = may "NIXPKGS_ALLOW_UNSUPPORTED_SYSTEM" "allowUnsupportedSystem";
  allowInsecure = may "NIXPKGS_ALLOW_INSECURE" "allowInsecure";

  licensesOf = meta: lib.toList (meta.license or [ ]);
  isUnfree = license: builtins.isAttrs license && !(license.free or true);
  shortNames = licenses: builtins.concatStringsSep ", " (map (license: "‘${license.shortName or "unknown"}’") licenses);

  positionOf = attrs:
    let
      at = builtins.unsafeGetAttrPos (if attrs ? pname then "pname" else "name") attrs;
    in
    if at == null then "«unknown-file»" else "${at.file}:${toString at.line}";

  refusal = attrs: meta: reason: remedy: throw ''
    Package ‘${attrs.name or "${attrs.pname}-${attrs.version}"}’ in ${meta.position or (positionOf attrs)} ${reason}, refusing to evaluate.

    ${remedy}
  '';
  allowing = what: variable: option: ''
    a) To temporarily allow ${what} packages, you can use an environment variable
       for a single invocation of the nix tools.

         $ export ${variable}=1

       Note: When using `nix shell`, `nix build`, `nix develop`, etc with a flake,
             then pass `--impure` in order to allow use of environment variables.

    b) For `nixos-rebuild` you can set
      { nixpkgs.config.${option} = true; }
    in configuration.nix to override this.'';
in
# attrs: what mkDerivation was called with; value: what is to be shown
attrs: value:
let
  meta = attrs.meta or { };
  unfree = builtins.filter isUnfree (licensesOf meta);
  vulnerabilities = meta.knownVulnerabilities or [ ];
  name = attrs.name or "${attrs.pname}-${attrs.version}";
in
if meta == { } then value
else if meta.broken or false && !allowBroken then
  refusal attrs meta "is marked as broken" (allowing "broken" "NIXPKGS_ALLOW_BROKEN" "allowBroken")
else if unfree != [ ] && !allowUnfree && !((config.allowUnfreePredicate or (_: false)) attrs) then
  refusal attrs meta "has an unfree license (${shortNames unfree})" (allowing "unfree" "NIXPKGS_ALLOW_UNFREE" "allowUnfree")
else if vulnerabilities != [ ] && !allowInsecure && !((config.allowInsecurePredicate or (_: false)) attrs)
  && !(builtins.elem name (config.permittedInsecurePackages or [ ])) then
  refusal attrs meta "is marked as insecure" ''
    Known issues:
    ${lib.concatMapStrings (issue: " - ${issue}\n") vulnerabilities}''
else if meta ? platforms && !(builtins.elem system meta.platforms) && !allowUnsupported then
  refusal attrs meta ''
    is not available on the requested hostPlatform:
      hostPlatform.system = "${system}"
      package.meta.platforms = [ ${lib.concatMapStrings (p: "\"${p}\" ") meta.platforms}]
      package.meta.badPlatforms = [ ]
    '' (allowing "unsupported" "NIXPKGS_ALLOW_UNSUPPORTED_SYSTEM" "allowUnsupportedSystem")
else value
