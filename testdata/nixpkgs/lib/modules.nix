# A small module system: imports, options with defaults, mkIf, mkMerge and priorities. Unlike the
# real one it takes settings that no module declares.
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

  mergeLeaf = path: values:
    let chosen = best (active values); in
    if chosen == [ ] then throw "The option `${builtins.concatStringsSep "." path}' is used but not defined."
    else if builtins.isList (builtins.head chosen) then builtins.concatLists chosen
    else if builtins.length chosen == 1 then builtins.head chosen
    else if builtins.all builtins.isFunction chosen then
      argument: mergeLeaf path (map (f: f argument) chosen)
    else if builtins.all isTree chosen then mergeTree path chosen
    else if builtins.all (value: value == builtins.head chosen) chosen then builtins.head chosen
    else throw "The option `${builtins.concatStringsSep "." path}' has conflicting definition values.";

  mergeTree = path: definitions:
    let
      pushed = builtins.concatMap push definitions;
      names = lib.unique (builtins.concatMap (value: builtins.attrNames (bare value)) pushed);
      at = name: builtins.concatMap
        (value: let set = bare value; in if set ? ${name} then [ (wrap value set.${name}) ] else [ ])
        pushed;
    in
    lib.genAttrs names (name:
      let
        values = builtins.concatMap push (at name);
      in
      if builtins.any (value: isTree (bare value)) values && builtins.all (value: isTree (bare value)) values
      then mergeTree (path ++ [ name ]) values
      else mergeLeaf (path ++ [ name ]) values);

  optionDefaults = options:
    if isType "option" options then
      (if options ? default then special "override" { priority = 1500; content = options.default; } else special "merge" { contents = [ ]; })
    else builtins.mapAttrs (_: optionDefaults) options;

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
    ++ lib.optional (called ? options) (optionDefaults called.options)
    ++ [ body ];
in
{
  evalModules = { modules, specialArgs ? { }, ... }:
    let
      config = mergeTree [ ] ([{ _module.args = { }; }] ++ builtins.concatMap (collect args) modules);
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
  mkEnableOption = description: special "option" { default = false; inherit description; };
  mkPackageOption = pkgs: name: more:
    special "option" { default = pkgs.${if builtins.isString name then name else builtins.head name}; };
  types =
    let
      plain = lib.genAttrs
        [ "bool" "str" "int" "path" "package" "attrs" "anything" "port" "raw" "lines" "float" "unspecified" ]
        (name: { inherit name; });
      one = lib.genAttrs [ "listOf" "attrsOf" "nullOr" "enum" "submodule" "lazyAttrsOf" "functionTo" ] (name: _: { inherit name; });
    in
    plain // one // { either = _: _: { name = "either"; }; oneOf = _: { name = "oneOf"; }; };
}
