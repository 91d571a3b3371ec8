let
  lib = builtins // import ./modules.nix lib // {
    inherit lib;

    # attribute sets
    genAttrs = names: f: builtins.listToAttrs (map (name: lib.nameValuePair name (f name)) names);
    nameValuePair = name: value: { inherit name value; };
    optionalAttrs = cond: set: if cond then set else { };
    recursiveUpdate = lib.recursiveUpdateUntil (_: a: b: !(builtins.isAttrs a && builtins.isAttrs b));
    recursiveUpdateUntil = stop: a: b:
      let
        go = path: x: y:
          builtins.mapAttrs
            (name: value:
              if x ? ${name} && y ? ${name} && !(stop (path ++ [ name ]) x.${name} y.${name})
              then go (path ++ [ name ]) x.${name} y.${name}
              else value)
            (x // y);
      in
      go [ ] a b;
    filterAttrs = pred: set:
      builtins.removeAttrs set (builtins.filter (name: !(pred name set.${name})) (builtins.attrNames set));
    mapAttrs' = f: set: builtins.listToAttrs (map (name: f name set.${name}) (builtins.attrNames set));
    mapAttrsToList = f: set: map (name: f name set.${name}) (builtins.attrNames set);
    attrByPath = path: default: set:
      if path == [ ] then set
      else if builtins.isAttrs set && set ? ${builtins.head path}
      then lib.attrByPath (builtins.tail path) default set.${builtins.head path}
      else default;
    hasAttrByPath = path: set:
      path == [ ] || (builtins.isAttrs set && set ? ${builtins.head path}
        && lib.hasAttrByPath (builtins.tail path) set.${builtins.head path});
    getAttrFromPath = path: set: builtins.foldl' (at: name: at.${name}) set path;
    setAttrByPath = path: value:
      if path == [ ] then value else { ${builtins.head path} = lib.setAttrByPath (builtins.tail path) value; };
    getAttrs = names: set: lib.genAttrs names (name: set.${name});
    attrValues = builtins.attrValues;
    foldlAttrs = f: init: set: builtins.foldl' (acc: name: f acc name set.${name}) init (builtins.attrNames set);
    mergeAttrsList = builtins.foldl' (a: b: a // b) { };
    isDerivation = value: builtins.isAttrs value && value.type or null == "derivation";
    recurseIntoAttrs = set: set // { recurseForDerivations = true; };
    dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };

    # lists
    optional = cond: value: if cond then [ value ] else [ ];
    optionals = cond: list: if cond then list else [ ];
    flatten = value: if builtins.isList value then builtins.concatMap lib.flatten value else [ value ];
    toList = value: if builtins.isList value then value else [ value ];
    singleton = value: [ value ];
    unique = builtins.foldl' (acc: value: if builtins.elem value acc then acc else acc ++ [ value ]) [ ];
    remove = value: builtins.filter (other: other != value);
    subtractLists = drop: builtins.filter (value: !(builtins.elem value drop));
    last = list: builtins.elemAt list (builtins.length list - 1);
    init = list: lib.take (builtins.length list - 1) list;
    take = n: list: builtins.genList (builtins.elemAt list) (lib.min n (builtins.length list));
    drop = n: list: builtins.genList (i: builtins.elemAt list (i + n)) (lib.max 0 (builtins.length list - n));
    foldr = f: init: list:
      if list == [ ] then init else f (builtins.head list) (lib.foldr f init (builtins.tail list));
    foldl = builtins.foldl';
    fold = lib.foldr;
    imap0 = f: list: builtins.genList (i: f i (builtins.elemAt list i)) (builtins.length list);
    findFirst = pred: default: list:
      let found = builtins.filter pred list; in if found == [ ] then default else builtins.head found;
    any = builtins.any;
    all = builtins.all;
    zipListsWith = f: a: b:
      builtins.genList (i: f (builtins.elemAt a i) (builtins.elemAt b i)) (lib.min (builtins.length a) (builtins.length b));
    reverseList = list: builtins.genList (i: builtins.elemAt list (builtins.length list - 1 - i)) (builtins.length list);

    # numbers, booleans, functions
    min = a: b: if a < b then a else b;
    max = a: b: if a > b then a else b;
    id = value: value;
    const = value: _: value;
    flip = f: a: b: f b a;
    pipe = builtins.foldl' (value: f: f value);
    fix = f: let self = f self; in self;
    extends = overlay: f: final: let prev = f final; in prev // overlay final prev;
    composeExtensions = f: g: final: prev:
      let first = f final prev; in first // g final (prev // first);
    composeManyExtensions = lib.foldr lib.composeExtensions (_: _: { });
    makeExtensible = f: lib.fix f // { extend = overlay: lib.makeExtensible (lib.extends overlay f); };
    toExtension = f:
      if builtins.isFunction f then final: prev:
        let once = f prev; in if builtins.isFunction once then f final prev else once
      else _: _: f;
    functionArgs = f: if f ? __functor then f.__functionArgs or (lib.functionArgs (f.__functor f)) else builtins.functionArgs f;
    setFunctionArgs = f: args: { __functor = _: f; __functionArgs = args; };
    isFunction = f: builtins.isFunction f || (f ? __functor && builtins.isFunction (f.__functor f));
    toFunction = value: if lib.isFunction value then value else _: value;
    mirrorFunctionArgs = f: g: lib.setFunctionArgs g (lib.functionArgs f);
    warn = message: builtins.trace "warning: ${message}";
    warnIf = cond: message: if cond then lib.warn message else lib.id;
    warnIfNot = cond: lib.warnIf (!cond);
    throwIf = cond: message: if cond then throw message else lib.id;
    throwIfNot = cond: lib.throwIf (!cond);
    assertMsg = cond: message: if cond then true else builtins.trace message false;
    importJSON = path: builtins.fromJSON (builtins.readFile path);
    importTOML = path: builtins.fromTOML (builtins.readFile path);
    trivial = { inherit (lib) importJSON importTOML warn id release; };
    version = "${lib.release}.20260101.standin";
    inherit (import ../era.nix) release;
    inPureEvalMode = !(builtins ? currentSystem);

    # strings
    concatStrings = builtins.concatStringsSep "";
    concatMapStrings = f: list: lib.concatStrings (map f list);
    concatMapStringsSep = sep: f: list: builtins.concatStringsSep sep (map f list);
    concatLines = lines: lib.concatMapStrings (line: line + "\n") lines;
    optionalString = cond: text: if cond then text else "";
    hasPrefix = prefix: text: builtins.substring 0 (builtins.stringLength prefix) text == prefix;
    hasSuffix = suffix: text:
      let n = builtins.stringLength text - builtins.stringLength suffix;
      in n >= 0 && builtins.substring n (-1) text == suffix;
    hasInfix = infix: text: builtins.replaceStrings [ infix ] [ "" ] text != text;
    removePrefix = prefix: text:
      if lib.hasPrefix prefix text then builtins.substring (builtins.stringLength prefix) (-1) text else text;
    removeSuffix = suffix: text:
      if lib.hasSuffix suffix text
      then builtins.substring 0 (builtins.stringLength text - builtins.stringLength suffix) text
      else text;
    splitString = sep: text:
      let quoted = builtins.replaceStrings [ "." "+" "*" "?" "(" ")" "[" "|" "^" "$" "\\" ] [ "\\." "\\+" "\\*" "\\?" "\\(" "\\)" "\\[" "\\|" "\\^" "\\$" "\\\\" ] sep;
      in builtins.filter builtins.isString (builtins.split quoted text);
    trim = text:
      let found = builtins.match "[ \t\n\r]*(.*[^ \t\n\r])[ \t\n\r]*" text;
      in if found == null then "" else builtins.head found;
    fileContents = path: lib.removeSuffix "\n" (builtins.readFile path);
    escapeShellArg = value: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] (toString value)}'";
    escapeShellArgs = lib.concatMapStringsSep " " lib.escapeShellArg;
    toUpper = builtins.replaceStrings lib.lowerChars lib.upperChars;
    toLower = builtins.replaceStrings lib.upperChars lib.lowerChars;
    lowerChars = lib.stringToCharacters "abcdefghijklmnopqrstuvwxyz";
    upperChars = lib.stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    stringToCharacters = text: builtins.genList (i: builtins.substring i 1 text) (builtins.stringLength text);
    versionOlder = a: b: builtins.compareVersions b a == 1;
    versionAtLeast = a: b: !(lib.versionOlder a b);
    getVersion = value: if builtins.isAttrs value then value.version else (builtins.parseDrvName value).version;
    getName = value: if builtins.isAttrs value then value.pname or (builtins.parseDrvName value.name).name else (builtins.parseDrvName value).name;
    versions = {
      major = text: builtins.elemAt (lib.splitString "." text) 0;
      minor = text: builtins.elemAt (lib.splitString "." text) 1;
      patch = text: builtins.elemAt (lib.splitString "." text) 2;
      majorMinor = text: builtins.concatStringsSep "." (lib.take 2 (lib.splitString "." text));
    };
    makeBinPath = lib.concatMapStringsSep ":" (package: "${package}/bin");
    makeLibraryPath = lib.concatMapStringsSep ":" (package: "${package}/lib");
    makeSearchPath = sub: lib.concatMapStringsSep ":" (package: "${package}/${sub}");
    cmakeFeature = name: value: "-D${name}:STRING=${value}";
    cmakeBool = name: value: "-D${name}:BOOL=${if value then "TRUE" else "FALSE"}";
    enableFeature = on: name: "--${if on then "enable" else "disable"}-${name}";
    boolToString = value: if value then "true" else "false";
    generators.toJSON = _: builtins.toJSON;
    strings = lib;
    attrsets = lib;
    lists = lib;
    customisation = lib;

    # packages
    getExe = package: lib.getExe' package (package.meta.mainProgram or package.pname or (lib.getName package));
    getExe' = package: name: "${package}/bin/${name}";
    getBin = package: package.bin or package;
    getLib = package: package.lib or package;
    getDev = package: package.dev or package;
    getOutput = output: package: package.${output} or package;
    fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    fakeSha256 = "0000000000000000000000000000000000000000000000000000000000000000";
    fakeSha512 = lib.fakeSha256 + lib.fakeSha256;
    licenses = lib.genAttrs [ "mit" "asl20" "bsd3" "unfree" "gpl3Only" "gpl3Plus" ] (id: { spdxId = id; shortName = id; free = id != "unfree"; });
    maintainers = { };
    platforms = rec {
      linux = [ "x86_64-linux" "aarch64-linux" ];
      darwin = [ "x86_64-darwin" "aarch64-darwin" ];
      unix = linux ++ darwin;
      all = unix;
    };
    systems = {
      flakeExposed = lib.platforms.all;
      doubles = lib.platforms;
      elaborate = name: lib.platform (if builtins.isAttrs name then name.system else name);
    };
    sourceTypes = { fromSource.shortName = "fromSource"; binaryNativeCode.shortName = "binaryNativeCode"; };
    fetchers = {
      proxyImpureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" ];
    };
    cleanSource = src: src;
    sources.cleanSource = lib.cleanSource;
    teams = { };

    platform = system: rec {
      inherit system;
      isLinux = lib.hasSuffix "-linux" system;
      isDarwin = lib.hasSuffix "-darwin" system;
      isx86_64 = lib.hasPrefix "x86_64-" system;
      isAarch64 = lib.hasPrefix "aarch64-" system;
      isUnix = true;
      is64bit = true;
      config = system;
      parsed = {
        cpu.name = builtins.head (lib.splitString "-" system);
        kernel.name = lib.last (lib.splitString "-" system);
      };
      go = {
        GOOS = parsed.kernel.name;
        GOARCH = if isAarch64 then "arm64" else "amd64";
      };
      extensions.sharedLibrary = if isDarwin then ".dylib" else ".so";
    };

    # overriding
    makeOverridable = f:
      lib.mirrorFunctionArgs f (args:
        let
          result = f args;
          again = new: lib.makeOverridable f (args // (if lib.isFunction new then new args else new));
          onResult = g: lib.makeOverridable (lib.mirrorFunctionArgs f (args: g (f args))) args;
        in
        if builtins.isAttrs result then
          result // {
            override = lib.mirrorFunctionArgs f again;
            overrideDerivation = g: onResult (package: lib.extendDerivation package g);
            ${if result ? overrideAttrs then "overrideAttrs" else null} = change: onResult (package: package.overrideAttrs change);
          }
        else if lib.isFunction result then
          lib.setFunctionArgs result (lib.functionArgs result) // { override = again; }
        else result);
    extendDerivation = package: g: package.overrideAttrs (old: g (package.drvAttrs // old));
    callPackageWith = scope: file: args:
      let
        f = if lib.isFunction file then file else import file;
        wanted = lib.functionArgs f;
        missing = builtins.filter (name: !(wanted.${name} || scope ? ${name} || args ? ${name})) (builtins.attrNames wanted);
      in
      if missing != [ ] then
        throw "Function called without required argument \"${builtins.head missing}\""
      else lib.makeOverridable f (builtins.intersectAttrs wanted scope // args);
    callPackagesWith = lib.callPackageWith;
    extendMkDerivation =
      { constructDrv, excludeDrvArgNames ? [ ], extendDrvArgs, inheritFunctionArgs ? true }:
      lib.setFunctionArgs
        (fpargs: constructDrv (finalAttrs:
          let args = lib.toFunction fpargs finalAttrs;
          in builtins.removeAttrs args excludeDrvArgNames // extendDrvArgs finalAttrs args))
        (lib.functionArgs (extendDrvArgs { }));
  };
in
lib
