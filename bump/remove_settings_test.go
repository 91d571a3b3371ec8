package bump_test

import "strings"

// inPackages is a removal from a package output, made of a nixpkgs with settings, which are pkgs in the outputs.
func inPackages(name, config, before, after string, same map[string]string) removal {
	settings := func(outputs string) string {
		return strings.NewReplacer("PKGS", "(import nixpkgs { inherit system; config = "+config+"; })",
			"ATTRS", strings.ReplaceAll(plainAll, "prev", "pkgs")).Replace(outputs)
	}
	r := output(name, settings(before), settings(after), same)
	r.config = config
	return r
}

// inHost is a removal from a configuration, of whose package something else is the same.
func inHost(name, before, after, attr, own, config string) removal {
	host := func(module string) string {
		module = strings.ReplaceAll(module, "ATTRS", strings.ReplaceAll(plainAll, "prev", "pkgs"))
		return "nixosConfigurations.desk = nixpkgs.lib.nixosSystem { inherit system; modules = [ ({ pkgs, ... }: {\n" +
			"      boot.isContainer = true;\n" + module + "    }) ]; };"
	}
	r := output(name, host(before), host(after), map[string]string{"nixosConfigurations.desk." + attr: own})
	r.config = config
	return r
}

const (
	cuda  = `{ allowUnfree = true; cudaSupport = true; }`
	attrs = "(old: {\n      ATTRS    })"
)

// In these the settings of nixpkgs matter, or what .override makes of the package.
var removalsUnderSettings = []removal{
	inPackages("settings of nixpkgs", `{ allowUnfree = true; cudaSupport = true; }`,
		"packages.x86_64-linux.ollama = let pkgs = PKGS; in pkgs.ollama.overrideAttrs "+attrs+";",
		"packages.x86_64-linux.ollama = let pkgs = PKGS; in pkgs.ollama;",
		map[string]string{"packages.x86_64-linux.ollama": "ollama"}),
	inPackages("settings of nixpkgs behind with", `{ allowUnfree = true; rocmSupport = true; }`,
		"packages.x86_64-linux.ollama = let pkgs = PKGS; in with pkgs; ollama.overrideAttrs "+attrs+";",
		"packages.x86_64-linux.ollama = let pkgs = PKGS; in with pkgs; ollama;",
		map[string]string{"packages.x86_64-linux.ollama": "ollama"}),
	inPackages("unfree and not allowed", `{ cudaSupport = true; allowUnfreePredicate = _: true; }`,
		"packages.x86_64-linux.ollama = let pkgs = PKGS; in pkgs.ollama.overrideAttrs "+attrs+";",
		"packages.x86_64-linux.ollama = let pkgs = PKGS; in pkgs.ollama;",
		map[string]string{"packages.x86_64-linux.ollama": "ollama"}),
	inPackages("a variant under another name", `{ allowUnfree = true; }`,
		"packages.x86_64-linux.default = let pkgs = PKGS; in pkgs.ollama-rocm.overrideAttrs "+attrs+";",
		"packages.x86_64-linux.default = let pkgs = PKGS; in pkgs.ollama-rocm;",
		map[string]string{"packages.x86_64-linux.default": "ollama-rocm"}),
	inPackages("a variable for the package",
		`{ allowUnfree = true; }`,
		"packages.x86_64-linux.ollama = let\n      pkgs = PKGS;\n      cuda = pkgs.ollama.override { acceleration = "+
			"\"cuda\"; };\n    in cuda.overrideAttrs "+attrs+";",
		"packages.x86_64-linux.ollama = let\n      pkgs = PKGS;\n      cuda = pkgs.ollama.override { acceleration = "+
			"\"cuda\"; };\n    in cuda;",
		map[string]string{"packages.x86_64-linux.ollama": `ollama.override { acceleration = "cuda"; }`}),
	inPackages("a helper for a package that is overridden",
		`{ allowUnfree = true; }`,
		"packages.x86_64-linux.ollama = let\n      pkgs = PKGS;\n      newer = drv: drv.overrideAttrs "+attrs+
			";\n    in newer (pkgs.ollama.override { acceleration = \"rocm\"; });",
		"packages.x86_64-linux.ollama = let\n      pkgs = PKGS;\n    in pkgs.ollama.override { acceleration = "+
			"\"rocm\"; };",
		map[string]string{"packages.x86_64-linux.ollama": `ollama.override { acceleration = "rocm"; }`}),
	inPackages("overridden twice, once by a function", `{ allowUnfree = true; }`,
		"packages.x86_64-linux.ollama = let pkgs = PKGS; in\n    ((pkgs.ollama.override { acceleration = \"rocm\"; "+
			"}).overrideAttrs "+attrs+").override (old: { rocmGpuTargets = [ \"gfx90a\" ]; });",
		"packages.x86_64-linux.ollama = let pkgs = PKGS; in\n    (pkgs.ollama.override { acceleration = \"rocm\"; "+
			"}).override (old: { rocmGpuTargets = [ \"gfx90a\" ]; });",
		map[string]string{
			"packages.x86_64-linux.ollama": `(ollama.override { acceleration = "rocm"; }).override ` +
				`{ rocmGpuTargets = [ "gfx90a" ]; }`,
		}),
	overlaid("another package is made of it", "final: prev: {\n  ollama = prev.ollama.overrideAttrs (old: rec {\n    "+
		pinAll+"  });\n  ollama-cpu = final.ollama.override { acceleration = \"vulkan\"; };\n}\n",
		"final: prev: {\n  ollama-cpu = final.ollama.override { acceleration = \"vulkan\"; };\n}\n",
		`ollama-cpu = ollama.override { acceleration = "vulkan"; }`),
	inHost("settings of a host", "      nixpkgs.config = "+cuda+";\n      services.ollama.enable = true;\n"+
		"      services.ollama.package = pkgs.ollama.overrideAttrs "+attrs+";\n",
		"      nixpkgs.config = "+cuda+";\n      services.ollama.enable = true;\n"+
			"      services.ollama.package = pkgs.ollama;\n",
		"config.services.ollama.package", "ollama", cuda),
	inHost("an overlay of a host", "      nixpkgs.config = "+cuda+" // { packageOverrides = pkgs: { a = 1; }; };\n"+
		"      nixpkgs.overlays = [ (final: prev: { b = 1; ollama = prev.ollama.overrideAttrs "+
		strings.ReplaceAll(attrs, "ATTRS", plainAll)+"; }) ];\n",
		"      nixpkgs.config = "+cuda+" // { packageOverrides = pkgs: { a = 1; }; };\n"+
			"      nixpkgs.overlays = [ (final: prev: { b = 1; }) ];\n",
		"pkgs.ollama", "ollama", cuda),
	inHost("an override in a host", "      nixpkgs.config.allowUnfree = true;\n      services.ollama.enable = true;\n"+
		"      services.ollama.package = (pkgs.ollama.override { acceleration = \"cuda\"; }).overrideAttrs "+
		attrs+";\n",
		"      nixpkgs.config.allowUnfree = true;\n      services.ollama.enable = true;\n"+
			"      services.ollama.package = pkgs.ollama.override { acceleration = \"cuda\"; };\n",
		"config.services.ollama.package", `ollama.override { acceleration = "cuda"; }`, ""),
}
