# The probe flake: evaluates the outputs of the flake in hand, in order, and says of each what
# the package there is made of, as one line of JSON behind the request's nonce on the trace. Its
# targets are the fixed outputs of the first package that every pin shows in.
{
  inputs.flake.url = "@url@";

  outputs =
    { self, flake }:
    let
      req = builtins.fromJSON (builtins.readFile ./request.json);
      inherit (req) system;

      say = x: builtins.trace "${req.nonce} ${builtins.toJSON x}";
      say' = cond: x: v: if cond then say x v else v;
      attempt =
        x:
        let
          t = builtins.tryEval x;
        in
        if t.success then t.value else null;
      str = x: if builtins.isString x then x else null;
      isDrv = x: builtins.isAttrs x && x.type or null == "derivation";
      namesOf = x: if builtins.isAttrs x then builtins.attrNames x else [ ];
      without = drop: builtins.filter (n: !(builtins.elem n drop));
      only = keep: builtins.filter (n: builtins.elem n keep);

      # known names first: most flakes answer with the first one
      named = set: only (namesOf set) req.names ++ without req.names (namesOf set);
      location = where: value: { inherit where value; other = false; off = false; strict = false; set = { }; };
      # other packages are looked at only as long as a pin is missing
      inSet = prefix: names: set:
        map (n: location "${prefix}.${n}" set.${n} // { other = !(builtins.elem n req.names); }) names;

      # the nixpkgs that overlays are applied to. Hashes do not depend on licences, and an overlay by itself has no
      # settings that could allow anything: here everything is allowed.
      nixpkgs = if nixpkgsInput == null then null else (permissive nixpkgsInput).legacyPackages.${system} or null;
      nixpkgsInput =
        let
          has = i: attempt (flake.inputs.${i} ? legacyPackages) == true;
          candidates =
            builtins.filter has (only (namesOf flake.inputs) [ "nixpkgs" ]
              ++ without [ "nixpkgs" ] (namesOf flake.inputs));
        in
        if candidates == [ ] then null else flake.inputs.${builtins.head candidates};
      permissive =
        input:
        if attempt (input ? lib.nixosSystem && builtins.pathExists "${input}/default.nix") == true then
          input
            // { legacyPackages = builtins.mapAttrs (s: _: import input { system = s; config = everythingAllowed; })
              input.legacyPackages; }
        else
          input;
      everythingAllowed = {
        allowUnfree = true;
        allowBroken = true;
        allowUnsupportedSystem = true;
        allowInsecurePredicate = _: true;
      };

      # the flake in hand, made again of inputs that allow everything
      permissiveFlake =
        let
          inputs = builtins.mapAttrs (_: permissive) flake.inputs;
          outputs = (import "${flake}/flake.nix").outputs (inputs // { self = again; });
          again = flake // outputs // { inherit inputs outputs; };
        in
        if builtins.pathExists "${flake}/flake.nix" then again else flake;

      ofOverlay =
        prefix: overlay:
        let
          set = nixpkgs.extend overlay;
          own = attempt (namesOf (overlay set nixpkgs));
        in
        if nixpkgs == null then
          [ ]
        else
          inSet prefix
            (only (if own == null then [ ] else own) req.names
              ++ without req.names (if own == null then [ ] else own)) set;

      isNamed = p: builtins.match ".*${req.package}.*" (toString (attempt (p.pname or p.name or ""))) != null;
      inList =
        prefix: list:
        let
          l = attempt list;
        in
        if !builtins.isList l then [ ]
          else numbered (map (p: location "${prefix}: ${str (attempt p.name)}" p)
          (builtins.filter (p: isDrv p && isNamed p) l));
      # two variants of a package have one name
      numbered =
        list:
        builtins.genList (
          i:
          let
            l = builtins.elemAt list i;
            before = builtins.length (builtins.filter (o: o.where == l.where)
              (builtins.genList (builtins.elemAt list) i));
          in
          if before == 0 then l else l // { where = "${l.where} (${toString (before + 1)})"; }
        ) (builtins.length list);
      # the package of a service; that of a service that is off is only looked at for pins
      ofService =
        prefix: services:
        location "${prefix}.services.${req.package}.package" (services.${req.package}.package or null)
        // { strict = req.strict; off = attempt (services.${req.package}.enable or true) == false; };

      allowing = given:
        if attempt (given ? extendModules) == true
        then given.extendModules { modules = [ { nixpkgs.config = everythingAllowed; } ]; }
        else given;
      # what a NixOS, nix-darwin or home-manager configuration holds
      ofConfiguration =
        root: prefix: given:
        let
          # a configuration has settings of its own
          c = if root.allow then allowing given else given;
          pkgs = attempt (c.pkgs or { });
          cfg = attempt (c.config or { });
          users = attempt (cfg.home-manager.users or { });
        in
        # what a module system throws is caught everywhere but here
        map (l: l // { set = pkgs; }) (
          (if req.strict then [ (location prefix (builtins.seq c.config (builtins.seq c.pkgs null))
            // { strict = true; }) ]
            else [ ])
          ++ [ (ofService "${prefix}.config" (cfg.services or { })) ]
          ++ inSet "${prefix}.pkgs" (builtins.filter (n: attempt (pkgs ? ${n}) == true) req.names) pkgs
          ++ inList "${prefix}.config.environment.systemPackages" (cfg.environment.systemPackages or [ ])
          ++ inList "${prefix}.config.home.packages" (cfg.home.packages or [ ])
          ++ builtins.concatMap (
            u:
            [ (ofService "${prefix}.config.home-manager.users.${u}" (users.${u}.services or { })) ]
            ++ inList "${prefix}.config.home-manager.users.${u}.home.packages" (users.${u}.home.packages or [ ])
          ) (namesOf users)
        );

      # Locations come in groups, so that what is not looked at is not evaluated: a configuration costs seconds.
      group = prefix: locations: { inherit prefix locations; };
      each = flake: key: f:
        map (n: group "${key}.${n}" (f "${key}.${n}" flake.${key}.${n})) (namesOf (attempt (flake.${key} or { })));

      path = set: builtins.foldl' (s: n: s.${n}) set;
      has = set: p:
        p == [ ] || builtins.isAttrs set && set ? ${builtins.head p} && has set.${builtins.head p} (builtins.tail p);
      # where an attribute may be, as nix build looks for it
      placesOf = flake: attr: builtins.filter (p: attempt (has flake p) == true) [
        attr
        ([ "packages" system ] ++ attr)
        ([ "legacyPackages" system ] ++ attr)
      ];
      ofAttr =
        flake:
        let
          tries = placesOf flake req.attr;
        in
        map (p: location (builtins.concatStringsSep "." p) (path flake p))
          (if tries == [ ] then [ req.attr ] else [ (builtins.head tries) ]);

      families = familiesOf { inherit flake; allow = false; };
      familiesOf =
        root:
        if req.attr != [ ] then
          [ { key = "attr"; groups = [ (group "" (ofAttr root.flake)) ]; } ]
        else
          map (key: { inherit key; groups = familyOf.${key} root; }) req.families;
      familyOf = {
        packages = { flake, ... }:
          [ (group "packages"
          (inSet "packages.${system}" (named (flake.packages.${system} or { })) flake.packages.${system})) ];
        legacyPackages = { flake, ... }: [ (group "legacyPackages" (inSet "legacyPackages.${system}" (builtins.filter (
          n: attempt (flake.legacyPackages.${system} ? ${n}) == true
        ) (if attempt (flake ? legacyPackages.${system}) == true then req.names else [ ]))
          flake.legacyPackages.${system})) ];
        overlays = { flake, ... }:
          each flake "overlays" ofOverlay
          ++ (if flake ? overlay then [ (group "overlay" (ofOverlay "overlay" flake.overlay)) ] else [ ]);
        nixosConfigurations = root: each root.flake "nixosConfigurations" (ofConfiguration root);
        darwinConfigurations = root: each root.flake "darwinConfigurations" (ofConfiguration root);
        homeConfigurations = root: each root.flake "homeConfigurations" (ofConfiguration root);
      };
      leads = prefix: where:
        prefix == "" || builtins.substring 0 (builtins.stringLength prefix + 1) where == "${prefix}.";
      # the same location with everything allowed, in a list; an empty one when there is none
      permitted =
        where:
        builtins.filter (l: l.where == where) (
          builtins.concatMap (g: if leads g.prefix where then g.locations else [ ]) (
            builtins.concatMap (family: family.groups) (familiesOf { flake = permissiveFlake; allow = true; })
          )
        );

      # The package that an override makes another version of: that of the nixpkgs in which its recipe stands, without
      # overlays. A recipe of the flake's own is compared with that of nixpkgs.
      recipeOf =
        loc: p:
        let
          recipe = str (attempt (p.meta.position or null));
          holds = { input, ... }:
            recipe != null && builtins.substring 0 (builtins.stringLength "${input}/") recipe == "${input}/";
          inputsOf = path: input:
            map (n: { path = path ++ [ n ]; input = input.inputs.${n}; }) (namesOf (input.inputs or { }));
          direct = inputsOf [ ] flake;
          from = builtins.filter (i: attempt (holds i && i.input ? legacyPackages) == true) (
            direct ++ builtins.concatMap (i: inputsOf i.path i.input) direct
          );
          packages = if from == [ ] then nixpkgs else (builtins.head from).input.legacyPackages.${system};
          last = builtins.match ".*[.]([^. :]+)" loc.where;
          name = if last != null && attempt (packages ? ${builtins.head last}) == true
            then builtins.head last else req.package;
          base = packages.${name} or { };
        in
        {
          own = from == [ ];
          input = if from == [ ] then [ ] else (builtins.head from).path;
          go = str (attempt (p.passthru.go.version or null));
          base = str (attempt (base.version or null));
        }
        // (if !req.base then { } else {
          baseSrc = str (attempt (base.src.outputHash or null));
          baseMod = str (attempt (base.goModules.outputHash or null));
        } // sameOf {
          inherit loc p name;
          input = if from == [ ] then nixpkgsInput else (builtins.head from).input;
        });

      # The derivation of nixpkgs' own package that a package is the same as, under one of the settings that it may come
      # from, and how many .override were done to both; that of another one if it is the same as none.
      sameOf =
        { loc, p, name, input }:
        let
          trail = p.__unpinned or { set = null; name = null; overrides = [ ]; };
          set = if attempt (trail.set ? config) == true then trail.set else loc.set;
          known = attempt (builtins.isAttrs (set.config or null)) == true;
          settings = if known then [ set.config ] else [ { } { cudaSupport = true; } { rocmSupport = true; } ];
          # with the settings for the compiler that the set's system has
          platform =
            let
              inherit (set.stdenv) buildPlatform hostPlatform;
            in
            if known && attempt (set ? stdenv.hostPlatform.system) == true then
              { localSystem = buildPlatform; }
                // (if buildPlatform.system == hostPlatform.system then { } else { crossSystem = hostPlatform; })
            else
              { inherit system; };
          importable = attempt (input ? lib.nixosSystem && builtins.pathExists "${input}/default.nix") == true;
          packages = config:
            if importable then
              import input (platform // { inherit config; overlays = [ ]; })
            else
              input.legacyPackages.${system};
          names = if trail.name != null && known then [ trail.name ] else [ name ] ++ without [ name ] req.names;
          drvOf =
            config: n:
            let
              own = packages (builtins.removeAttrs config [ "packageOverrides" ]);
              again = packages (builtins.removeAttrs config [ "packageOverrides" ] // everythingAllowed);
              overridden = pkgs:
                if attempt (pkgs ? ${n}) == true then builtins.foldl' (b: args: b.override args)
                  pkgs.${n} trail.overrides
                else null;
              drv = attempt (overridden own).drvPath or null;
            in
            if drv != null then drv else attempt (overridden again).drvPath or null;
          wanted = attempt (allowed loc.where (p: p) p).drvPath;
          # the rest is evaluated only as long as it differs
          same = drvs: if drvs == [ ] || builtins.head drvs == wanted then drvs else same (builtins.tail drvs);
          all = builtins.concatMap (config: map (drvOf config) names) settings;
        in
        {
          baseDrv = str (builtins.head (same all ++ all));
          overridden = builtins.length trail.overrides;
        };

      describe =
        loc: p:
        let
          inherit (loc) where;
          info = {
            inherit where;
            version = str (attempt (p.version or null));
            pname = str (attempt (p.pname or null));
            src = str (attempt (p.src.outputHash or null));
            mod = str (attempt (p.goModules.outputHash or null));
            vendor = str (attempt (p.vendorHash or null));
          };
          srcs = attempt (map (s: s.outputHash or null) (p.srcs or [ ]));
          hashes = [ info.src info.mod info.vendor ] ++ (if builtins.isList srcs then srcs else [ ]);
          shows = pin: builtins.any (f: builtins.elem f hashes) pin.marks
            || pin.marks == [ ] && info.version == pin.version
              && builtins.any (n: builtins.match ".*[.]${n}" where != null) pin.names;
          pins = map (pin: pin.id) (builtins.filter shows req.pins);
        in
        info
        // (if pins == [ ] then { } else {
          inherit pins;
          srcDrv = str (attempt (p.src.drvPath or null));
          # what a builtin fetched is a path, not a derivation
          srcOut = str (attempt (if builtins.isString (p.src or null) then p.src else p.src.outPath or null));
          hasMod = attempt (isDrv (p.goModules or null)) == true;
        })
        // (if pins == [ ] && !req.base then { } else { recipe = recipeOf loc p; });
      # said after the rest: goModules may need the source to be there before it evaluates
      deeper =
        info: p:
        info
        // {
          modDrv = str (attempt ((allowed info.where (p: p.goModules or null) p).drvPath or null));
          drv =
            if req.deep || builtins.elem info.where req.whole
            then str (attempt (if req.base then allowed info.where (p: p) p else p).drvPath)
            else null;
        };

      firstOf = id: (builtins.head (builtins.filter (pin: pin.id == id) req.pins)).first;
      # state: pin id -> the package that shows it
      step =
        st: loc:
        let
          p = if loc.strict then loc.value else attempt loc.value;
          info = describe loc p;
          fresh = builtins.filter (i: !(st ? ${toString i}) || loc.where == firstOf i) (info.pins or [ ]);
        in
        if (loc.other || !req.all) && complete st || builtins.elem loc.where req.skip
          || req.only != [ ] && !(builtins.elem loc.where req.only) then
          st
        else
          say { try = loc.where; } (
            if !builtins.isAttrs p then
              say { inherit (loc) where; absent = true; } st
            else if loc.off && !(info ? pins || builtins.elem loc.where req.only) then
              st
            else
              say info
                (say' (info ? pins || builtins.elem loc.where req.whole) (deeper info p)
                (st // builtins.listToAttrs (map (i: { name = toString i; value = { inherit p info; }; }) fresh)))
          );
      # Every pin was seen: where it was seen first, when that is known. Another package may have the hashes by itself.
      complete =
        st:
        req.only == [ ]
        && builtins.all (pin: st ? ${toString pin.id}
          && (pin.first == "" || pin.first == st.${toString pin.id}.info.where)) req.pins;
      wanted = g: req.only == [ ] || builtins.any (leads g.prefix) req.only;
      # a group is said before its locations are known: a configuration may fail as soon as it is looked at
      steps =
        st: g:
        if !req.all && complete st || !(wanted g) || builtins.elem g.prefix req.skip then
          st
        else
          say { group = g.prefix; } (builtins.foldl' step st g.locations);
      scan =
        st: fams:
        if fams == [ ] || complete st then st
          else scan (say { family = (builtins.head fams).key; }
          (builtins.foldl' steps st (builtins.head fams).groups))
          (builtins.tail fams);
      found = say { nix = builtins.nixVersion; } (scan { } families);

      # what nixpkgs refuses under the settings of the flake is taken from where everything is allowed
      allowed =
        where: select: p:
        let
          mine = select p;
          again = permitted where;
        in
        if isDrv mine && attempt mine.drvPath == null && again != [ ] then select (builtins.head again).value else mine;
      fixedOutput = pin: f: allowed f.info.where (p: fixedOutputOf pin (f // { inherit p; })) f.p;
      fixedOutputOf =
        pin: f:
        if pin.vendor && f.info.hasMod then f.p.goModules
        else if isDrv (f.p.src or null) then f.p.src
        else if f.p.srcs or [ ] != [ ] then builtins.head f.p.srcs
        else f.p.goModules or (throw "${req.nonce} nothing to build");
      target =
        pin:
        if found ? ${toString pin.id} then
          # the last place that is tried is the one that fails
          say { try = found.${toString pin.id}.info.where; } (fixedOutput pin found.${toString pin.id})
        else if found != { } then
          target (builtins.head (builtins.filter (other: found ? ${toString other.id}) req.pins))
        else
          throw "${req.nonce} no output shows the new version";
      ofConfigurations = {
        nixosConfigurations = builtins.mapAttrs (_: c: c.config.system.build.toplevel.drvPath)
          (flake.nixosConfigurations or { });
        darwinConfigurations = builtins.mapAttrs (_: c: c.system.drvPath) (flake.darwinConfigurations or { });
        homeConfigurations = builtins.mapAttrs (_: c: c.activationPackage.drvPath) (flake.homeConfigurations or { });
      };
      # The package's program as a builder, which says its version in the build's log: Nix's sandbox holds it. There
      # need not be a shell, and a home is where the build is.
      asksVersion =
        p:
        derivation {
          name = "${req.package}-version";
          system = p.system or system;
          builder = "${p.bin or p.out or p}/bin/${req.program}";
          args = [ "--version" ];
          HOME = ".";
          inherit (req) nonce; # never the build of another run
          preferLocalBuild = true;
          allowSubstitutes = false;
        };
      # Derivations that may be made with the package, though they are none: where, and the path of what is built. They
      # are evaluated as a whole, so only those that are asked for.
      consumersOf =
        { flake, allow }:
        let
          perSystem = kind: pathOf:
            let set = attempt (flake.${kind}.${system} or { });
            in map (n: { where = "${kind}.${system}.${n}"; drv = pathOf set.${n}; }) (namesOf set);
          single = kind:
            if attempt (isDrv (flake.${kind}.${system} or null)) == true
            then [ { where = "${kind}.${system}"; drv = flake.${kind}.${system}.drvPath; } ]
            else [ ];
          # a configuration has settings of its own
          configurations = kind: pathOf:
            map (n: { where = "${kind}.${n}";
              drv = pathOf (if allow then allowing flake.${kind}.${n} else flake.${kind}.${n}); })
            (namesOf (attempt (flake.${kind} or { })));
          drvOf = p: if isDrv p then p.drvPath else null;
          # what a program in the store was built by
          programOf = app:
            let drvs = builtins.attrNames (builtins.getContext (if isDrv app then app.outPath else app.program));
            in if drvs == [ ] then null else builtins.head drvs;
          # what legacyPackages hold, and sets that say that there are packages in them; but not all of nixpkgs
          nested =
            depth: where: x:
            if isDrv x then [ { inherit where; drv = x.drvPath; } ]
            else if depth == 0 || !builtins.isAttrs x || attempt (x.recurseForDerivations or false) != true
              || x ? stdenv then [ ]
            else builtins.concatMap (n: nested (depth - 1) "${where}.${n}" (attempt x.${n})) (namesOf x);
          # outputs of names that Nix does not know, for this system or for none
          under =
            depth: where: x:
            if isDrv x then [ { inherit where; drv = x.drvPath; } ]
            else if depth == 0 || !builtins.isAttrs x then [ ]
            else builtins.concatMap (n: under (depth - 1) "${where}.${n}" (attempt x.${n}))
              (without otherSystems (namesOf x));
        in
        {
          packages = perSystem "packages" drvOf ++ single "defaultPackage";
          devShells = perSystem "devShells" drvOf ++ single "devShell";
          apps = perSystem "apps" programOf
            ++ (if attempt (flake ? defaultApp.${system}) == true
              then [ { where = "defaultApp.${system}"; drv = programOf flake.defaultApp.${system}; } ]
              else [ ]);
          checks = perSystem "checks" drvOf;
          formatter = single "formatter";
          # a bundler is a function of what it bundles
          bundlers = perSystem "bundlers" (bundler: drvOf (bundler bundled));
          sets = builtins.concatMap (
            kind:
            let set = attempt (flake.${kind}.${system} or { });
            in if attempt (set ? stdenv) == true then [ ]
              else builtins.concatMap (n: nested 2 "${kind}.${system}.${n}" (attempt set.${n})) (namesOf set)
          ) [ "packages" "legacyPackages" ];
          others = builtins.concatMap (n: under 3 n (attempt flake.${n}))
            (without known (namesOf (flake.outputs or { })));
          homeConfigurations = configurations "homeConfigurations" (c: c.activationPackage.drvPath);
          nixosConfigurations = configurations "nixosConfigurations" (c: c.config.system.build.toplevel.drvPath);
          darwinConfigurations = configurations "darwinConfigurations" (c: c.system.drvPath);
        };
      bundled = derivation { name = "bundled"; inherit system; builder = "/bin/false"; };
      otherSystems = without [ system ]
        [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" "i686-linux" "armv7l-linux" "riscv64-linux" ];
      # the outputs that Nix or others look for, and those that hold no derivations
      known = [
        "packages" "legacyPackages" "devShells" "devShell" "defaultPackage" "defaultApp"
        "apps" "checks" "formatter" "bundlers" "overlays" "overlay"
        "nixosConfigurations" "darwinConfigurations" "homeConfigurations"
        "nixosModules" "nixosModule" "darwinModules" "homeModules"
        "homeManagerModules" "flakeModules" "modules" "lib" "templates" "defaultTemplate"
      ];
      consumersIn = root: builtins.concatMap (kind: (consumersOf root).${kind}) req.consumers;
      # where everything is allowed a consumer may evaluate that the flake's own settings refuse
      listed = map (
        c:
        let
          mine = attempt c.drv;
          again = builtins.filter (p: p.where == c.where) (consumersIn { flake = permissiveFlake; allow = true; });
          theirs = if again == [ ] then null else attempt (builtins.head again).drv;
        in
        {
          consumer = c.where;
          drv =
            let drv = if req.strict then c.drv else if mine == null then theirs else mine;
            in if builtins.isString drv then builtins.unsafeDiscardStringContext drv else null;
          refused = !req.strict && mine == null && theirs != null;
        }
      ) (builtins.filter (c: (req.only == [ ] || builtins.elem c.where req.only) && !(builtins.elem c.where req.skip))
        (consumersIn { inherit flake; allow = false; }));
      # Each configuration by itself: nix flake check goes on after one that does not evaluate, whatever ends it.
      survey = builtins.listToAttrs (
        map (g: {
          name = g.prefix;
          value = say { group = g.prefix; } (builtins.seq (builtins.foldl' step { } g.locations)
            (say { passed = g.prefix; } bundled));
        }) (builtins.filter (g: wanted g && !(builtins.elem g.prefix req.skip))
          (builtins.concatMap (family: family.groups) families))
      );
      # An output that is named, or what a configuration is built to. It is asked for its version if it is the package.
      asked =
        let
          places = placesOf flake req.output;
          where = builtins.head places;
          value = path flake where;
          built = if isDrv value then value else value.config.system.build.toplevel or value.activationPackage or value;
          isPackage = attempt (built.pname or null) == req.package;
        in
        if places == [ ] then
          throw "${req.nonce} no such output"
        else
          say {
            target = builtins.concatStringsSep "." where;
            version = if isPackage then str (attempt built.version) else null;
            program = if isPackage then (asksVersion built).drvPath else null;
          } built;
      ofPins = prefix: f:
        builtins.listToAttrs (map (pin: { name = "${prefix}${toString pin.id}"; value = f pin; }) req.pins);
    in
    if req.survey != "" then { checks.${req.survey} = survey; } else {
      # this system's fetchzip, made to fetch and run what another system's does
      unpack =
        let
          fetch = nixpkgs.fetchzip { inherit (req.unpack) hash stripRoot; url = builtins.head req.unpack.urls; };
          drv = fetch.overrideAttrs (_: { inherit (req.unpack) name urls postFetch; });
        in
        say { unpack = drv.drvPath; } drv;
      output = asked;
      # one derivation for all pins: Nix evaluates the flake anew for each that it is told to build
      fixed =
        let
          drvs = map target (builtins.filter (pin: builtins.elem pin.id req.fixed) req.pins);
        in
        if builtins.length drvs == 1 then
          builtins.head drvs
        else
          derivation {
            name = "fixed-outputs";
            system = "builtin";
            builder = "builtin:buildenv";
            derivations = "";
            manifest = "/nonexistent";
            inputs = drvs;
            preferLocalBuild = true;
            allowSubstitutes = false;
          };
    }
    // ofPins "package" (pin: let p = found.${toString pin.id}.p; in say { program = (asksVersion p).drvPath; } p)
    // {
      # says each consumer as it is evaluated, and is never built
      consumers = derivation {
        name = "consumers";
        inherit system;
        builder = "/bin/false";
        allowSubstitutes = false;
        count = toString (builtins.foldl' (n: c: say { try = c.consumer; }
          (builtins.seq c.drv (say c (n + 1)))) 0 listed);
      };
      configurations = builtins.mapAttrs (_: set: builtins.attrNames set) ofConfigurations;
      # what the flake builds: the packages that are asked for and the configurations; null for what throws
      derivations = {
        inherit (builtins) nixVersion;
        drvs = builtins.mapAttrs (_: builtins.mapAttrs (_: attempt)) (
          ofConfigurations
          // { packages = builtins.listToAttrs
            (map (name: { inherit name; value = flake.packages.${system}.${name}.drvPath; }) req.compare); }
        );
        # the same packages for other systems, which are not evaluated
        elsewhere = builtins.concatMap (s:
          map (name: "${s}.${name}") (only req.compare (namesOf (attempt flake.packages.${s})))) (
          without [ system ] (namesOf (attempt (flake.packages or { })))
        );
      };
      # names need not be what an installable can spell
      configuration = ofConfigurations.${req.configuration.kind}.${req.configuration.name};
    };
}
