package main

// The words of the manual. Help and manual page are made from them and from the flags.

const summary = "keep the ollama that a Nix flake pins in step with ollama's releases"

// homepage has the documentation.
const homepage = "https://github.com/nixtars/ollama-bump"

const synopsis = "ollama-bump [flags] [-- NIX-ARGS...]"

// commands are the other ways to call the program.
var commands = []string{
	"ollama-bump config [flags]",
	"ollama-bump completion bash|zsh|fish|powershell",
}

// afterDashes says what follows the flags.
const afterDashes = "Arguments after -- are passed to every Nix command."

// description has one paragraph an element.
var description = []string{
	"Finds where a flake pins ollama, asks GitHub for the newest release, lets Nix compute src.hash and vendorHash, " +
		"verifies the result, and opens a pull request.",
	"No file changes before every hash is known and verified, and then all files change at once. When the pin is " +
		"current, no Nix process is started.",
}

// chapter is a table of the manual: a term and what it means.
type chapter struct {
	title string
	lead  string // said before the rows; may be empty
	rows  []row
}

type row struct{ term, text string }

var examples = chapter{title: "Examples", rows: []row{
	{"ollama-bump --check", "check for a newer release (exit status 3 if there is one)"},
	{"ollama-bump --dry-run", "show the change and the pull request"},
	{"ollama-bump --dry-run | git apply", "apply the change and do nothing else"},
	{"ollama-bump --no-pr", "change the files here, open no pull request"},
	{"ollama-bump", "open or refresh the pull request"},
	{"ollama-bump --min-age 3d --skip 0.32.1", "wait three days, and leave out a bad release"},
	{"ollama-bump --to 0.32.13 --allow-downgrade --no-pr", "go back to an older release"},
	{"ollama-bump --flake hosts/gpu --label deps,nix", "a flake in a subfolder, two labels"},
	{"ollama-bump --no-pr --force", "repair a wrong hash"},
	{"ollama-bump --dry-run -- --max-jobs 0", "build on remote builders only"},
}}

var manual = []chapter{
	examples,
	{
		title: "Configuration",
		lead: "ollama-bump.yaml beside flake.nix, or .github/ollama-bump.yaml for the whole repository, sets " +
			"defaults. Flags override the environment, which overrides the file.",
		rows: []row{
			{
				"KEY: VALUE",
				"any long flag, such as min-age: 3d or label: [deps, nix], except --repo, the API URLs, --json, " +
					"--check, --dry-run and --no-pr",
			},
			{"flakes: [{flake: DIR, KEY: VALUE}]", "bump several flakes, each with a pull request of its own"},
			{
				"# ollama-bump: hold <0.32 until 2026-12-01: REASON",
				"a comment beside a pin that says how far it may move; constraint, date and reason are optional",
			},
		},
	},
	{title: "Environment", rows: []row{
		{
			"GITHUB_TOKEN, GH_TOKEN",
			"the token; the first one set is used. --check, --dry-run and --no-pr work without one, at 60 requests " +
				"an hour",
		},
		{"GITHUB_REPOSITORY", "default of --repo, OWNER/NAME"},
		{"GITHUB_API_URL", "default of --api-url"},
		{
			"OLLAMA_BUMP_KEY",
			"default of a flag that the configuration file may set, such as OLLAMA_BUMP_MIN_AGE; also " +
				"OLLAMA_BUMP_UPSTREAM_API_URL",
		},
		{"NIX_CONFIG", "passed to Nix, with the token added as access-tokens unless you have set them"},
		{"NO_COLOR", "turns colours off"},
		{"PAGER", "shows what --dry-run prints, if it does not fit on the terminal (default: less)"},
		{"TMPDIR", "holds the throw-away copy of the flake; Nix's build users must be able to read it"},
		{"HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE", "used for every request, by Nix too"},
	}},
	{title: "Exit status", rows: []row{
		{"0", "bumped, already current, or left alone because someone closed or took over the pull request"},
		{"1", "failed; see the error on stderr"},
		{"2", "wrong usage or configuration"},
		{"3", "--check found a newer release"},
	}},
	{
		title: "Output",
		lead:  "Progress and messages go to stderr. Stdout holds only the result.",
		rows: []row{
			{"(default)", "the URL of the pull request"},
			{
				"--dry-run",
				"the unified diff, then title and body of the pull request, each line prefixed with |; on a " +
					"terminal, a preview",
			},
			{
				"--json",
				"an object with schema, status (bumped, current, available, skipped or failed), reason, old_version, " +
					"new_version, base_version, pin_state, pins, unpinned, files, diff, title, body, pull_request, " +
					"verified, security, warnings and, after a failure, error",
			},
		},
	},
}
