# A small module system: imports, options with defaults and types, mkIf, mkMerge and priorities. As in the real one,
# a definition that no option takes makes every access to the configuration throw, whatever its conditions say; and a
# value of a wrong type throws where it is used.
lib:
let
  special = type: content: { _type = type; } // content;
  isType = type: value: builtins.isAttrs value && value._type or null == type;
  defaultPriority = 100;

  # definitions: [ { value; } ] with mkIf and mkMerge still inside, pushed down one attribute
  push = value:
    if isType "merge" value then builtins.concatMap push value.contents
    else if isType "if" value then map (content: pushIf value.condition content) (push value.content)
    else [ value ];
  pushIf = condition: content:
    if isType "if" content then special "if" { condition = condition && content.condition; inherit (content) content; }
    else special "if" { inherit condition content; };

  wrap = like: value:
    if isType "if" like then special "if" { inherit (like) condition; content = wrap like.content value; }
    else if isType "override" like then special "override" { inherit (like) priority; content = value; }
    else value;
  bare = value:
    if isType "if" value || isType "override" value || isType "order" value then bare value.content else value;

  isTree = value: builtins.isAttrs value && !(lib.isDerivation value) && !(value ? _type) && !(value ? __functor) && !(value ? outPath);

  active = builtins.concatMap (value:
    if isType "merge" value then active value.contents
    else if isType "if" value then (if value.condition then active [ value.content ] else [ ])
    else [ value ]);
  priority = value: if isType "override" value then value.priority else defaultPriority;
  best = values:
    let top = builtins.foldl' (least: value: lib.min least (priority value)) 9999 values;
    in map bare (builtins.filter (value: priority value == top) values);

  mergeLeaf = options: path: values:
    let chosen = best (active values); in
    if chosen == [ ] then throw "The option `${builtins.concatStringsSep "." path}' is used but not defined."
    else if builtins.isList (builtins.head chosen) then builtins.concatLists chosen
    else if builtins.length chosen == 1 then builtins.head chosen
    else if builtins.all builtins.isFunction chosen then
      argument: mergeLeaf options path (map (f: f argument) chosen)
    else if builtins.all isTree chosen then mergeTree options path chosen
    else if builtins.all (value: value == builtins.head chosen) chosen then builtins.head chosen
    else throw "The option `${builtins.concatStringsSep "." path}' has conflicting definition values.";

  # options: what is declared below path. Inside an option a name exists when a definition of it is active.
  mergeTree = options: path: definitions:
    let
      pushed = builtins.concatMap push definitions;
      all = lib.unique (builtins.concatMap (value: builtins.attrNames (bare value)) pushed);
      names = if isType "option" options then builtins.filter (name: active (at name) != [ ]) all else all;
      at = name: builtins.concatMap
        (value: let set = bare value; in if set ? ${name} then [ (wrap value set.${name}) ] else [ ])
        pushed;
    in
    lib.genAttrs names (name:
      let
        values = builtins.concatMap push (at name);
        below = if isType "option" options then options else options.${name} or { };
      in
      if builtins.any (value: isTree (bare value)) values && builtins.all (value: isTree (bare value)) values
      then mergeTree below (path ++ [ name ]) values
      else mergeLeaf below (path ++ [ name ]) values);

  optionDefaults = options:
    if isType "option" options then special "override" { priority = 1500; content = options.default; }
    else builtins.mapAttrs (_: optionDefaults) (lib.filterAttrs (_: option: !(isType "option" option) || option ? default) options);

  # the definitions that no option takes
  strays = options: path: value:
    if isType "option" options then [ ] # what is inside is the option's, and not looked at: it may need the configuration
    else if isType "merge" value then builtins.concatMap (strays options path) value.contents
    else if isType "if" value || isType "override" value || isType "order" value then strays options path value.content
    else if !(isTree value) then [ ]
    else builtins.concatMap
      (name:
        if path == [ ] && name == "_module" then [ ]
        else if options ? ${name} then strays options.${name} (path ++ [ name ]) value.${name}
        else [ { path = path ++ [ name ]; value = value.${name}; } ])
      (builtins.attrNames value);

  show = value:
    if builtins.isBool value || builtins.isInt value || builtins.isString value then builtins.toJSON value
    else if builtins.isList value then "<list>"
    else "<set>";
  defined = file: value: "Definition values:\n- In `${file}': ${show value}";
  refuseStrays = declared: modules: result:
    let
      found = builtins.concatMap (m: map (stray: stray // { inherit (m) file; }) (strays declared [ ] m.body)) modules;
      stray = builtins.head found;
    in
    if found == [ ] then result
    else throw "The option `${builtins.concatStringsSep "." stray.path}' does not exist. ${defined stray.file (bare stray.value)}";

  # attrsOf (submodule …): every attribute is a configuration of its own
  submodules = option: option.type.name or null == "attrsOf" && option.type.elem.name or null == "submodule";
  submodule = module: path: name: value:
    let
      inherit (if lib.isFunction module then module { inherit name lib; inherit (config) config; } else module) options;
      config = { config = typed options path (mergeTree options path [ (optionDefaults options) value ]); };
    in
    refuseStrays options [ { file = "<unknown-file>"; body = value; } ] config.config;

  # the configuration with the types of its options
  typed = options: path: config:
    config // builtins.mapAttrs
      (name: option:
        let
          at = path ++ [ name ];
          value = config.${name};
        in
        if !(isType "option" option) then typed option at value
        else if submodules option then builtins.mapAttrs (name: submodule option.type.elem.module (at ++ [ name ]) name) value
        else if !(option ? type.check) || option.type.check value then value
        else throw "A definition for option `${builtins.concatStringsSep "." at}' is not of type `${option.type.description}'. ${defined "<unknown-file>" value}")
      (builtins.intersectAttrs config options);

  mergeOptions = lib.recursiveUpdateUntil (_: a: b: isType "option" a || isType "option" b);

  # every module with what it imports: { file; options; body; }
  collect = args: module:
    let
      loaded = if builtins.isPath module || builtins.isString module then import module else module;
      called =
        if lib.isFunction loaded then
          loaded (builtins.mapAttrs (name: _: args.${name} or args.config._module.args.${name}) (lib.functionArgs loaded) // args)
        else loaded;
      structured = called ? config || called ? options;
      body = if structured then called.config or { } else builtins.removeAttrs called [ "imports" "_file" "key" "disabledModules" ];
    in
    builtins.concatMap (collect args) (called.imports or [ ])
    ++ [ {
      file = if builtins.isPath module || builtins.isString module then toString module else called._file or "<unknown-file>";
      options = called.options or { };
      inherit body;
    } ];
  checked = builtins.mapAttrs (name: type: type // { inherit name; }) {
    bool = { description = "boolean"; check = builtins.isBool; };
    str = { description = "string"; check = builtins.isString; };
    int = { description = "signed integer"; check = builtins.isInt; };
    package = { description = "package"; check = value: lib.isDerivation value || builtins.isPath value || builtins.isString value; };
  };
in
{
  evalModules = { modules, specialArgs ? { }, ... }:
    let
      collected = builtins.concatMap (collect args) modules;
      declared = builtins.foldl' mergeOptions { } (map (m: m.options) collected);
      merged = mergeTree declared [ ] ([ { _module.args = { }; } (optionDefaults declared) ] ++ map (m: m.body) collected);
      config = refuseStrays declared collected (typed declared [ ] merged);
      args = { inherit config lib; options = { }; pkgs = config._module.args.pkgs; } // specialArgs;
    in
    { inherit config; options = { }; inherit (args) pkgs; _module.args = config._module.args; type = "configuration"; };

  mkIf = condition: content: special "if" { inherit condition content; };
  mkMerge = contents: special "merge" { inherit contents; };
  mkOverride = priority: content: special "override" { inherit priority content; };
  mkForce = content: special "override" { priority = 50; inherit content; };
  mkDefault = content: special "override" { priority = 1000; inherit content; };
  mkOptionDefault = content: special "override" { priority = 1500; inherit content; };
  mkVMOverride = content: special "override" { priority = 10; inherit content; };
  mkBefore = content: special "order" { priority = 500; inherit content; };
  mkAfter = content: special "order" { priority = 1500; inherit content; };
  mkOption = content: special "option" content;
  mkEnableOption = description: special "option" { default = false; type = checked.bool; inherit description; };
  mkPackageOption = pkgs: name: more:
    special "option" { default = pkgs.${if builtins.isString name then name else builtins.head name}; type = checked.package; };
  types =
    let
      plain = lib.genAttrs
        [ "path" "attrs" "anything" "port" "raw" "lines" "float" "unspecified" ]
        (name: { inherit name; });
      one = lib.genAttrs [ "listOf" "nullOr" "enum" "lazyAttrsOf" "functionTo" ] (name: _: { inherit name; }) // {
        attrsOf = elem: { name = "attrsOf"; inherit elem; };
        submodule = module: { name = "submodule"; inherit module; };
      };
    in
    plain // one // checked // { either = _: _: { name = "either"; }; oneOf = _: { name = "oneOf"; }; };
}
